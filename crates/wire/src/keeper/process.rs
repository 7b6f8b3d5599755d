//! The keeper's own side: a process of one thread that makes hosts.
//!
//! Every executable that links this crate can be a keeper: a constructor, run by the
//! loader before `main`, looks for [`VARIABLE`].

use std::fs::{self, File};
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::libc;
use nix::net::if_::if_nametoindex;
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::prctl;
use nix::unistd::{Gid, Uid, setsid};
use socket2::{Domain, Socket, Type};

use super::links::{Links, Mac, no_offloads};
use super::message::{Layout, Protocol, Reply, Request, receive, send};
use super::{Place, VARIABLE};
use crate::network::{CLIENT, SERVER};
use crate::trace::End;

/// Becomes a keeper, if that is asked for.
#[ctor::ctor(unsafe)]
fn become_keeper() {
    let Some(number) = std::env::var_os(VARIABLE) else {
        return;
    };
    let Some(number) = number.to_str().and_then(|number| number.parse().ok()) else {
        return;
    };
    // SAFETY: whoever started the keeper has left this descriptor open for it, and
    // nothing else has run in this process.
    let control = unsafe { OwnedFd::from_raw_fd(number) };
    let ended_well = keep(&control).is_ok();
    std::process::exit(if ended_well { 0 } else { 1 });
}

/// A call that has failed, and with what.
struct Failed {
    call: String,
    errno: Errno,
}

type Done<T> = Result<T, Failed>;

/// Names the call in an error.
fn at<E: Into<io::Error>>(call: &str) -> impl FnOnce(E) -> Failed {
    let call = call.to_owned();
    move |error| Failed {
        call,
        errno: Errno::from_raw(error.into().raw_os_error().unwrap_or(libc::EIO)),
    }
}

/// Answers until nobody asks any more.
fn keep(control: &OwnedFd) -> io::Result<()> {
    // The terminal's Ctrl-C is not for the keeper.
    setsid()?;
    prctl::set_name(c"wirebook-keeper")?;
    fcntl(control, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    let mut places: Vec<OwnedFd> = Vec::new();
    loop {
        let request = match receive(control) {
            Ok((request, _)) => request,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        let answer = match request {
            Request::Make(layout) => make(layout).map(|made| {
                let own_user = made.user.is_some();
                let mut fds: Vec<OwnedFd> = made.user.into_iter().collect();
                for place in made.places {
                    places.extend(place.network.try_clone());
                    fds.extend([place.network, place.sockets.into(), place.tap]);
                }
                (Reply::Made { own_user }, fds)
            }),
            Request::Socket(host, protocol) => enter(&places, host)
                .and_then(|()| socket(protocol))
                .map(|socket| (Reply::Socket, vec![socket])),
            Request::Set(host, name, value) => enter(&places, host)
                .and_then(|()| set(&name, &value))
                .map(|()| (Reply::Set, Vec::new())),
        };
        match answer {
            Ok((reply, fds)) => {
                let numbers: Vec<RawFd> = fds.iter().map(AsRawFd::as_raw_fd).collect();
                send(control, &reply, &numbers)?;
                drop(fds);
                send(control, &Reply::Done, &[])?;
            }
            Err(Failed { call, errno }) => {
                let errno = errno as i32;
                send(control, &Reply::Failed { call, errno }, &[])?;
            }
        }
    }
}

/// The hosts, as they are handed over.
struct Hosts {
    user: Option<OwnedFd>,
    places: Vec<Place>,
}

fn make(layout: Layout) -> Done<Hosts> {
    let user = own_user_namespace()?;
    let places = match layout {
        Layout::Two { mtu } => two(mtu)?,
        Layout::Alone { mtu } => vec![alone(mtu)?],
    };
    Ok(Hosts { user, places })
}

/// Enters a user namespace, where this process may make networks, unless it may
/// already; a first network namespace comes with it.
fn own_user_namespace() -> Done<Option<OwnedFd>> {
    if unshare(CloneFlags::CLONE_NEWNET).is_ok() {
        return Ok(None);
    }
    let (user, group) = (Uid::effective(), Gid::effective());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)
        .map_err(at("unshare(CLONE_NEWUSER | CLONE_NEWNET)"))?;
    // Kernels before 3.19 have no such file.
    fs::write("/proc/self/setgroups", "deny").ok();
    fs::write("/proc/self/uid_map", format!("{user} {user} 1")).map_err(at("uid_map"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1")).map_err(at("gid_map"))?;
    let namespace = File::open("/proc/self/ns/user").map_err(at("/proc/self/ns/user"))?;
    Ok(Some(namespace.into()))
}

/// Two hosts. Their cable's ends are in the namespace between them, where packet
/// sockets take what a host sends, and give it what it is to receive.
fn two(mtu: u32) -> Done<Vec<Place>> {
    let middle = here()?;
    // A table of sockets for each host alone, short to read (since Linux 6.1).
    set("net.ipv4.tcp_child_ehash_entries", "16384").ok();
    let mac = |host: u8| -> Mac { [2, 0, 0, 0, 0, host] };
    let client = host(
        middle.as_fd(),
        "client",
        (CLIENT, mac(1)),
        (SERVER, mac(2)),
        mtu,
    )?;
    let server = host(
        middle.as_fd(),
        "server",
        (SERVER, mac(2)),
        (CLIENT, mac(1)),
        mtu,
    )?;
    Ok(vec![client, server])
}

/// One host, with a device `eth0` whose other end is in `middle`, named after the host.
fn host(
    middle: BorrowedFd,
    name: &str,
    (address, mac): (Ipv4Addr, Mac),
    (peer, peers_mac): (Ipv4Addr, Mac),
    mtu: u32,
) -> Done<Place> {
    unshare(CloneFlags::CLONE_NEWNET).map_err(at("unshare(CLONE_NEWNET)"))?;
    let network = here()?;
    let sockets = File::open("/proc/self/net/tcp").map_err(at("/proc/self/net/tcp"))?;
    move_to(middle)?;
    let outside = Links::here().map_err(at("netlink"))?;
    outside
        .add_pair(name, "eth0", network.as_fd())
        .map_err(at("a pair of veth devices"))?;
    no_offloads(name).map_err(at("ethtool"))?;
    let tap = tap(name)?;
    // First the cable, then the host: so eth0 has its carrier when it comes up, and takes
    // packets from then on. One that gets it later takes them only when the kernel has found
    // time to notice.
    outside
        .bring_up(name, None, mtu)
        .map_err(at("bringing up the cable"))?;
    move_to(network.as_fd())?;
    parameters();
    let inside = Links::here().map_err(at("netlink"))?;
    no_offloads("eth0").map_err(at("ethtool"))?;
    let set_up = || -> io::Result<()> {
        inside.bring_up("lo", None, 65536)?;
        inside.add_address("eth0", address)?;
        inside.bring_up("eth0", Some(mac), mtu)?;
        inside.add_neighbour("eth0", peer, peers_mac)
    };
    set_up().map_err(at("setting up eth0"))?;
    move_to(middle)?;
    Ok(Place {
        network,
        sockets,
        tap,
    })
}

/// A host that has only its loopback.
fn alone(mtu: u32) -> Done<Place> {
    set("net.ipv4.tcp_child_ehash_entries", "16384").ok();
    unshare(CloneFlags::CLONE_NEWNET).map_err(at("unshare(CLONE_NEWNET)"))?;
    let network = here()?;
    let sockets = File::open("/proc/self/net/tcp").map_err(at("/proc/self/net/tcp"))?;
    parameters();
    no_offloads("lo").map_err(at("ethtool"))?;
    let tap = tap("lo")?;
    let links = Links::here().map_err(at("netlink"))?;
    links
        .bring_up("lo", None, mtu)
        .map_err(at("bringing up lo"))?;
    Ok(Place {
        network,
        sockets,
        tap,
    })
}

/// What is other on these hosts than the kernel's defaults, for every network: where a
/// kernel has no such parameter, nothing is to be changed.
fn parameters() {
    for (name, value) in [
        // The book is about IPv4; IPv6 would speak before anybody asked it to.
        ("net.ipv6.conf.all.disable_ipv6", "1"),
        // A connection learns nothing from those before it.
        ("net.ipv4.tcp_no_metrics_save", "1"),
        // A server under test may listen on any port.
        ("net.ipv4.ip_unprivileged_port_start", "0"),
        ("net.ipv4.ip_local_port_range", "40000 49999"),
    ] {
        set(name, value).ok();
    }
}

/// A socket that takes and gives whole frames at the device `name` (packet(7)).
fn tap(name: &str) -> Done<OwnedFd> {
    // Protocol 0: nothing is received until it is bound to the device.
    let socket = Socket::new(Domain::PACKET, Type::RAW, None).map_err(at("a packet socket"))?;
    let index = if_nametoindex(name).map_err(at("the cable's end"))?;
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: (libc::ETH_P_ALL as u16).to_be(),
        sll_ifindex: index.cast_signed(),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let length = size_of_val(&address) as libc::socklen_t;
    // SAFETY: the address is a `sockaddr_ll` of that length.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    Errno::result(bound).map_err(at("binding a packet socket"))?;
    Ok(socket.into())
}

fn socket(protocol: Protocol) -> Done<OwnedFd> {
    let kind = match protocol {
        Protocol::Tcp => Type::STREAM,
        Protocol::Udp => Type::DGRAM,
    };
    let socket = Socket::new(Domain::IPV4, kind, None).map_err(at("socket"))?;
    Ok(socket.into())
}

/// Sets a parameter of the network namespace in which this process is now.
fn set(name: &str, value: &str) -> Done<()> {
    let path = format!("/proc/sys/{}", name.replace('.', "/"));
    fs::write(&path, value).map_err(at(&format!("{name} = {value}")))
}

/// The network namespace in which this process is now.
fn here() -> Done<OwnedFd> {
    let file = File::open("/proc/self/ns/net").map_err(at("/proc/self/ns/net"))?;
    Ok(file.into())
}

fn move_to(namespace: BorrowedFd) -> Done<()> {
    setns(namespace, CloneFlags::CLONE_NEWNET).map_err(at("setns"))
}

fn enter(places: &[OwnedFd], host: End) -> Done<()> {
    // A host that is alone is both ends.
    let place = places.get(host as usize).or(places.first());
    match place {
        Some(place) => move_to(place.as_fd()),
        None => Err(Failed {
            call: "entering a host that is not there".into(),
            errno: Errno::EINVAL,
        }),
    }
}
