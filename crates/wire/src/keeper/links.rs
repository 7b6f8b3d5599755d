//! The links of a network namespace, over netlink (rtnetlink(7)) and ethtool.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr};
use nix::errno::Errno;
use nix::libc;
use nix::net::if_::if_nametoindex;

/// An Ethernet address.
pub type Mac = [u8; 6];

/// The links of the namespace in which this was opened.
pub struct Links {
    netlink: Socket,
}

impl Links {
    /// Those of the namespace in which this process is now.
    pub fn here() -> io::Result<Links> {
        let mut netlink = Socket::new(NETLINK_ROUTE)?;
        netlink.bind_auto()?;
        netlink.connect(&SocketAddr::new(0, 0))?;
        Ok(Links { netlink })
    }

    /// Makes a pair of virtual Ethernet devices: `name` here, `peer` in `namespace`.
    pub fn add_pair(&self, name: &str, peer: &str, namespace: BorrowedFd) -> io::Result<()> {
        let mut there = LinkMessage::default();
        there.attributes = vec![
            LinkAttribute::IfName(peer.to_owned()),
            LinkAttribute::NetNsFd(namespace.as_raw_fd()),
        ];
        let mut here = LinkMessage::default();
        here.attributes = vec![
            LinkAttribute::IfName(name.to_owned()),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Veth),
                LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(there))),
            ]),
        ];
        let flags = NLM_F_CREATE | NLM_F_EXCL;
        self.request(RouteNetlinkMessage::NewLink(here), flags)
    }

    /// Gives a device its Ethernet address and its MTU, where they are to be changed, and
    /// brings it up.
    pub fn bring_up(&self, name: &str, mac: Option<Mac>, mtu: u32) -> io::Result<()> {
        let mut link = LinkMessage::default();
        link.header.index = if_nametoindex(name)?;
        link.header.flags = LinkFlags::Up;
        link.header.change_mask = LinkFlags::Up;
        link.attributes = vec![LinkAttribute::Mtu(mtu)];
        link.attributes
            .extend(mac.map(|mac| LinkAttribute::Address(mac.to_vec())));
        self.request(RouteNetlinkMessage::SetLink(link), 0)
    }

    /// Gives a device an address in a network of 24 bits.
    pub fn add_address(&self, name: &str, address: Ipv4Addr) -> io::Result<()> {
        let mut message = AddressMessage::default();
        message.header.family = AddressFamily::Inet;
        message.header.prefix_len = 24;
        message.header.index = if_nametoindex(name)?;
        message.attributes = vec![
            AddressAttribute::Local(address.into()),
            AddressAttribute::Address(address.into()),
        ];
        let flags = NLM_F_CREATE | NLM_F_EXCL;
        self.request(RouteNetlinkMessage::NewAddress(message), flags)
    }

    /// Tells, once and for all, which Ethernet address `address` has: so nobody asks.
    pub fn add_neighbour(&self, name: &str, address: Ipv4Addr, mac: Mac) -> io::Result<()> {
        let mut message = NeighbourMessage::default();
        message.header.family = AddressFamily::Inet;
        message.header.ifindex = if_nametoindex(name)?;
        message.header.state = NeighbourState::Permanent;
        message.attributes = vec![
            NeighbourAttribute::Destination(NeighbourAddress::Inet(address)),
            NeighbourAttribute::LinkLayerAddress(mac.to_vec()),
        ];
        let flags = NLM_F_CREATE | NLM_F_EXCL;
        self.request(RouteNetlinkMessage::NewNeighbour(message), flags)
    }

    fn request(&self, message: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
        let mut message = NetlinkMessage::from(message);
        message.header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        self.netlink.send(&bytes, 0)?;
        let (answer, _) = self.netlink.recv_from_full()?;
        let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&answer)
            .map_err(io::Error::other)?;
        match answer.payload {
            NetlinkPayload::Error(error) => match error.code {
                None => Ok(()),
                Some(_) => Err(error.to_io()),
            },
            other => Err(io::Error::other(format!("netlink answered {other:?}"))),
        }
    }
}

/// Has the kernel compute checksums and cut segments to size before they reach the device
/// `name`: else a recording shows frames that no wire would carry. What a device cannot
/// change, it keeps.
pub fn no_offloads(name: &str) -> io::Result<()> {
    const TX_CHECKSUM: u32 = 0x17;
    const TCP_SEGMENTATION: u32 = 0x1f;
    const SEGMENTATION: u32 = 0x24;
    const RECEIVE: u32 = 0x2c;
    #[repr(C)]
    struct Value {
        command: u32,
        data: u32,
    }
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
    for command in [TX_CHECKSUM, TCP_SEGMENTATION, SEGMENTATION, RECEIVE] {
        let mut value = Value { command, data: 0 };
        // SAFETY: all zeroes is an `ifreq`.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
            *to = from.cast_signed();
        }
        request.ifr_ifru.ifru_data = (&raw mut value).cast();
        // SAFETY: the kernel reads and writes a `Value` at the address in the request, and
        // both outlive the call.
        let done = unsafe {
            libc::ioctl(
                socket.as_fd().as_raw_fd(),
                libc::SIOCETHTOOL as _,
                &raw mut request,
            )
        };
        match Errno::result(done) {
            Ok(_) | Err(Errno::EOPNOTSUPP) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
