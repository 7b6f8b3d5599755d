//! The kernel's table of TCP sockets.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};

use procfs::FromReadSI;
use procfs::net::{TcpNetEntries, TcpNetEntry};
use procfs::process::Process;

/// A TCP socket in the kernel's table, whoever holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    /// The number by which descriptors refer to it; 0 while no process holds it
    /// (a connection that waits to be accepted, or one in TIME_WAIT).
    pub inode: u64,
    /// The address of this end.
    pub local: SocketAddr,
    /// The address of the other end; `0.0.0.0:0` for a listening socket.
    pub remote: SocketAddr,
    /// Its state.
    pub state: TcpState,
    /// Bytes that arrived and were not read; for a listening socket, the
    /// connections that wait to be accepted.
    pub receive_queue: u32,
    /// Bytes that were written and are not yet acknowledged.
    pub send_queue: u32,
}

/// The states of RFC 9293, section 3.3.2, in Linux's spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TcpState {
    Established,
    SynSent,
    SynReceived,
    FinWait1,
    FinWait2,
    TimeWait,
    Closed,
    CloseWait,
    LastAck,
    Listen,
    Closing,
}

/// All TCP sockets of a network namespace.
#[derive(Clone, Debug, Default)]
pub struct Sockets {
    all: Vec<Socket>,
    by_inode: HashMap<u64, usize>,
}

impl Sockets {
    /// The sockets of the network namespace in which process `pid` lives.
    ///
    /// # Errors
    /// There is no such process, or `/proc` cannot be read.
    pub fn of(pid: u32) -> std::io::Result<Sockets> {
        let process = Process::new(pid.cast_signed()).map_err(crate::process::io_error)?;
        Sockets::seen_by(&process).map_err(crate::process::io_error)
    }

    /// The sockets in a table of the form of `/proc/net/tcp` (proc_pid_net(5)).
    ///
    /// # Errors
    /// It cannot be read, or has another form.
    pub fn read(table: impl Read) -> std::io::Result<Sockets> {
        let entries = TcpNetEntries::from_read(table, procfs::current_system_info());
        Ok(Sockets::from(entries.map_err(crate::process::io_error)?.0))
    }

    pub(crate) fn seen_by(process: &Process) -> procfs::ProcResult<Sockets> {
        let mut entries = process.tcp()?;
        // A kernel without IPv6 has no such file.
        entries.extend(process.tcp6().unwrap_or_default());
        Ok(Sockets::from(entries))
    }
}

impl From<Vec<TcpNetEntry>> for Sockets {
    fn from(entries: Vec<TcpNetEntry>) -> Sockets {
        let all: Vec<Socket> = entries.into_iter().map(Socket::from).collect();
        let by_inode = all
            .iter()
            .enumerate()
            .filter(|(_, socket)| socket.inode != 0)
            .map(|(index, socket)| (socket.inode, index))
            .collect();
        Sockets { all, by_inode }
    }
}

impl Sockets {
    /// The socket with this inode.
    pub fn by_inode(&self, inode: u64) -> Option<&Socket> {
        Some(&self.all[*self.by_inode.get(&inode)?])
    }

    /// The end of a connection whose own address is `local` and whose peer is `remote`.
    pub fn between(&self, local: SocketAddr, remote: SocketAddr) -> Option<&Socket> {
        self.all
            .iter()
            .find(|socket| socket.local == local && socket.remote == remote)
    }

    /// The sockets that listen on `address`.
    pub fn listening_on(&self, address: SocketAddr) -> impl Iterator<Item = &Socket> {
        self.iter()
            .filter(move |socket| socket.state == TcpState::Listen && socket.local == address)
    }

    /// All of them, in the kernel's order.
    pub fn iter(&self) -> impl Iterator<Item = &Socket> {
        self.all.iter()
    }
}

impl From<TcpNetEntry> for Socket {
    fn from(entry: TcpNetEntry) -> Socket {
        let state = TcpState::from(entry.state);
        // The peer's FIN takes a sequence number, and the kernel counts it among the
        // bytes that were not read. It is none.
        let fin = u32::from(state.has_peers_fin());
        Socket {
            inode: entry.inode,
            local: canonical(entry.local_address),
            remote: canonical(entry.remote_address),
            state,
            receive_queue: entry.rx_queue.saturating_sub(fin),
            send_queue: entry.tx_queue,
        }
    }
}

/// An IPv4 address that an IPv6 socket shows as `::ffff:127.0.0.1`, as IPv4.
fn canonical(address: SocketAddr) -> SocketAddr {
    let ip: IpAddr = address.ip().to_canonical();
    SocketAddr::new(ip, address.port())
}

impl From<procfs::net::TcpState> for TcpState {
    fn from(state: procfs::net::TcpState) -> TcpState {
        use procfs::net::TcpState as Raw;
        match state {
            Raw::Established => TcpState::Established,
            Raw::SynSent => TcpState::SynSent,
            Raw::SynRecv | Raw::NewSynRecv => TcpState::SynReceived,
            Raw::FinWait1 => TcpState::FinWait1,
            Raw::FinWait2 => TcpState::FinWait2,
            Raw::TimeWait => TcpState::TimeWait,
            Raw::Close => TcpState::Closed,
            Raw::CloseWait => TcpState::CloseWait,
            Raw::LastAck => TcpState::LastAck,
            Raw::Listen => TcpState::Listen,
            Raw::Closing => TcpState::Closing,
        }
    }
}

impl TcpState {
    /// Whether the peer's FIN has arrived.
    pub fn has_peers_fin(self) -> bool {
        matches!(
            self,
            TcpState::CloseWait | TcpState::LastAck | TcpState::Closing | TcpState::TimeWait
        )
    }
}

impl fmt::Display for TcpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TcpState::Established => "ESTABLISHED",
            TcpState::SynSent => "SYN_SENT",
            TcpState::SynReceived => "SYN_RECV",
            TcpState::FinWait1 => "FIN_WAIT_1",
            TcpState::FinWait2 => "FIN_WAIT_2",
            TcpState::TimeWait => "TIME_WAIT",
            TcpState::Closed => "CLOSED",
            TcpState::CloseWait => "CLOSE_WAIT",
            TcpState::LastAck => "LAST_ACK",
            TcpState::Listen => "LISTEN",
            TcpState::Closing => "CLOSING",
        })
    }
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state {
            TcpState::Listen => write!(
                f,
                "listening on {}, {} waiting",
                self.local, self.receive_queue
            ),
            _ => {
                write!(f, "{} → {}, {}", self.local, self.remote, self.state)?;
                if self.receive_queue > 0 {
                    write!(f, ", {} bytes not read", self.receive_queue)?;
                }
                if self.send_queue > 0 {
                    write!(f, ", {} bytes not acknowledged", self.send_queue)?;
                }
                Ok(())
            }
        }
    }
}
