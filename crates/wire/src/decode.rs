//! What a frame says, if it carries a TCP segment.

use std::net::{Ipv4Addr, SocketAddr};

use etherparse::{LaxNetSlice, LaxSlicedPacket, TcpSlice, TransportSlice};

/// A TCP segment over IPv4, as its frame spells it. The frame may have been cut short
/// in recording; the lengths are those of the segment that was sent.
#[derive(Clone, Debug)]
pub struct Tcp<'a> {
    /// Who sent it.
    pub source: SocketAddr,
    /// To whom.
    pub destination: SocketAddr,
    /// The header's fields.
    pub header: TcpSlice<'a>,
    /// How many bytes of data it carries.
    pub length: u32,
}

impl<'a> Tcp<'a> {
    /// The segment in an Ethernet frame; `None` if there is none, or not all of its header.
    pub fn of(frame: &'a [u8]) -> Option<Tcp<'a>> {
        let packet = LaxSlicedPacket::from_ethernet(frame).ok()?;
        let Some(LaxNetSlice::Ipv4(ip)) = &packet.net else {
            return None;
        };
        let Some(TransportSlice::Tcp(header)) = packet.transport else {
            return None;
        };
        let address = |ip: Ipv4Addr, port| SocketAddr::from((ip, port));
        let source = address(ip.header().source_addr(), header.source_port());
        let destination = address(ip.header().destination_addr(), header.destination_port());
        let headers = u32::from(ip.header().ihl()) * 4 + header.header_len() as u32;
        let whole = u32::from(ip.header().total_len());
        Some(Tcp {
            source,
            destination,
            header,
            length: whole.saturating_sub(headers),
        })
    }

    /// How many sequence numbers it takes: SYN and FIN count one each.
    pub fn numbers(&self) -> u32 {
        self.length + u32::from(self.header.syn()) + u32::from(self.header.fin())
    }

    /// The data, as far as it was recorded.
    pub fn data(&self) -> &'a [u8] {
        let data = self.header.payload();
        &data[..data.len().min(self.length as usize)]
    }
}
