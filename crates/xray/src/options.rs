//! The options of another process's socket, read from the socket itself.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use nix::libc;
use procfs::process::Process;
use socket2::{Protocol, SockAddr, Socket};

/// What getsockopt(2) tells of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// SO_REUSEADDR.
    pub reuse_address: bool,
    /// SO_REUSEPORT.
    pub reuse_port: bool,
    /// SO_KEEPALIVE and its figures, where it is on.
    pub keepalive: Option<Keepalive>,
    /// SO_LINGER's time, where it is on.
    pub linger: Option<Duration>,
    /// TCP_NODELAY.
    pub no_delay: bool,
    /// SO_RCVBUF, in bytes, as the kernel keeps it: twice what was asked for.
    pub receive_buffer: usize,
    /// SO_SNDBUF, likewise.
    pub send_buffer: usize,
}

/// When keepalive probes are sent (tcp(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// TCP_KEEPIDLE: silence before the first probe.
    pub idle: Duration,
    /// TCP_KEEPINTVL: time between probes.
    pub interval: Duration,
    /// TCP_KEEPCNT: unanswered probes before the connection is given up.
    pub probes: u32,
}

impl SocketOptions {
    /// The options of the TCP socket that process `pid` holds as `descriptor`.
    ///
    /// The socket is copied into this process for the time of the look (see
    /// pidfd_getfd(2)) and no longer: a copy that stays open would withhold the
    /// FIN when the program closes its own.
    ///
    /// # Errors
    /// No such process or descriptor, not a socket, or no permission: the process
    /// must be one that the caller may trace.
    pub fn of(pid: u32, descriptor: i32) -> io::Result<SocketOptions> {
        let socket = Socket::from(copy(pid, descriptor)?);
        let keepalive = if socket.keepalive()? {
            Some(Keepalive {
                idle: socket.tcp_keepalive_time()?,
                interval: socket.tcp_keepalive_interval()?,
                probes: socket.tcp_keepalive_retries()?,
            })
        } else {
            None
        };
        Ok(SocketOptions {
            reuse_address: socket.reuse_address()?,
            reuse_port: socket.reuse_port()?,
            keepalive,
            linger: socket.linger()?,
            no_delay: socket.tcp_nodelay()?,
            receive_buffer: socket.recv_buffer_size()?,
            send_buffer: socket.send_buffer_size()?,
        })
    }
}

/// The two addresses of the TCP socket that thread `thread` holds as `descriptor`: its own,
/// unless it has none yet, and its peer's, if it is connected. `None` if it is no such socket, or
/// the caller may not look.
pub fn tcp_ends(thread: u32, descriptor: i32) -> Option<(Option<SocketAddr>, Option<SocketAddr>)> {
    let process = Process::new(thread.cast_signed()).ok()?.status().ok()?.tgid;
    let socket = Socket::from(copy(process.cast_unsigned(), descriptor).ok()?);
    if socket.protocol().ok()? != Some(Protocol::TCP) {
        return None;
    }
    let address = |address: io::Result<SockAddr>| address.ok()?.as_socket();
    let local = address(socket.local_addr()).filter(|address| address.port() != 0);
    Some((local, address(socket.peer_addr())))
}

/// The address that a socket of another process is bound to, if it is bound to one and
/// the caller may look. The table of TCP sockets does not have those that neither
/// listen nor are connected.
pub(crate) fn bound_address(pid: u32, descriptor: i32) -> Option<SocketAddr> {
    let socket = Socket::from(copy(pid, descriptor).ok()?);
    let address = socket.local_addr().ok()?.as_socket()?;
    (address.port() != 0).then_some(address)
}

/// A descriptor of this process for what `descriptor` is in process `pid`.
fn copy(pid: u32, descriptor: i32) -> io::Result<OwnedFd> {
    // SAFETY: both calls take integers only and return a new descriptor, which
    // nobody else owns, or -1.
    unsafe {
        let process = owned(libc::syscall(libc::SYS_pidfd_open, pid, 0))?;
        let number = process.as_raw_fd();
        owned(libc::syscall(libc::SYS_pidfd_getfd, number, descriptor, 0))
    }
}

/// # Safety
/// `result` is what a system call returned that makes a descriptor.
unsafe fn owned(result: libc::c_long) -> io::Result<OwnedFd> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the caller vouches that it is a fresh descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(result as i32) })
}
