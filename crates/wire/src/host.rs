//! A host: a place with an address of its own, where programs run and sockets are.

use std::fs::File;
use std::io::{self, Seek};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;

use nix::sched::{CloneFlags, setns};

use crate::cable::Shared;
use crate::keeper::{Keeper, Protocol};
use crate::socket::Socket;
use crate::trace::End;

/// One of the hosts of a network.
#[derive(Clone)]
pub struct Host {
    pub(crate) end: End,
    pub(crate) address: Ipv4Addr,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) user: Option<Arc<OwnedFd>>,
    pub(crate) network: Arc<OwnedFd>,
    pub(crate) table: Arc<File>,
    pub(crate) shared: Arc<Shared>,
}

impl Host {
    /// Which one it is.
    pub fn end(&self) -> End {
        self.end
    }

    /// Its address, with a port.
    pub fn address(&self, port: u16) -> SocketAddr {
        (self.address, port).into()
    }

    /// A TCP socket on this host, whose calls are recorded.
    ///
    /// # Errors
    /// The kernel makes none.
    pub fn socket(&self) -> io::Result<Socket> {
        Ok(Socket::new(self.plain_socket()?, self.end, &self.shared))
    }

    /// A socket of this host that listens on `port`.
    ///
    /// # Errors
    /// Of bind(2) and listen(2).
    pub fn listens(&self, port: u16, backlog: i32) -> io::Result<Socket> {
        let socket = self.socket()?;
        socket.plain().set_reuse_address(true)?;
        socket.bind(self.address(port))?;
        socket.listen(backlog)?;
        Ok(socket)
    }

    /// A TCP socket on this host, as any other.
    ///
    /// # Errors
    /// The kernel makes none.
    pub fn plain_socket(&self) -> io::Result<socket2::Socket> {
        Ok(self.keeper.socket(self.end, Protocol::Tcp)?.into())
    }

    /// Sets a parameter of this host's network: `net.ipv4.tcp_syn_linear_timeouts`.
    ///
    /// # Errors
    /// The kernel has no such parameter, or takes no such value.
    pub fn set(&self, parameter: &str, value: &str) -> io::Result<()> {
        self.keeper.set(self.end, parameter, value)
    }

    /// Has `command` run on this host.
    pub fn runs(&self, command: &mut Command) {
        let place = self.entrance();
        // SAFETY: between fork and exec only setns(2) is called, with descriptors that the
        // closure owns.
        unsafe {
            command.pre_exec(move || place.enter());
        }
    }

    /// The way in, for whoever starts a program itself.
    pub fn entrance(&self) -> Entrance {
        Entrance {
            user: self.user.clone(),
            network: Arc::clone(&self.network),
        }
    }

    /// The TCP sockets of this host.
    ///
    /// # Errors
    /// The kernel's table cannot be read.
    pub fn sockets(&self) -> io::Result<xray::Sockets> {
        // The table has one reading position, and the cable's thread reads it, too.
        let _turn = self.shared.lock();
        let mut table = &*self.table;
        table.rewind()?;
        xray::Sockets::read(table)
    }
}

/// The way into a host, for a process that is about to execute a program.
#[derive(Clone, Debug)]
pub struct Entrance {
    user: Option<Arc<OwnedFd>>,
    network: Arc<OwnedFd>,
}

impl Entrance {
    /// Moves the calling process, which must have one thread, to the host. Only system calls
    /// are made, so a copy of a process with many threads may do it, too.
    ///
    /// # Errors
    /// Of setns(2).
    pub fn enter(&self) -> io::Result<()> {
        if let Some(user) = &self.user {
            setns(user.as_fd(), CloneFlags::CLONE_NEWUSER)?;
        }
        setns(self.network.as_fd(), CloneFlags::CLONE_NEWNET)?;
        Ok(())
    }
}

impl AsFd for Host {
    /// The network namespace.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.network.as_fd()
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let network = self.network.as_raw_fd();
        write!(f, "{:?} {} (network {network})", self.end, self.address)
    }
}
