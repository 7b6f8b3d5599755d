//! The **keeper**: the process that lives where the hosts are.
//!
//! An ordinary user may make networks inside a user namespace (user_namespaces(7)),
//! which only a process of one thread can enter. So one is started for each network:
//! it makes the hosts and the links between them, hands their descriptors over, makes
//! sockets there when it is asked, and ends when this end of its socket is closed. The
//! namespaces last as long as somebody holds a descriptor of them, so nothing is left
//! behind, also if this process is killed.
//!
//! The keeper is this same executable, started again: see [`process`].

mod links;
mod message;
mod process;

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use crate::error::Error;
use crate::trace::End;
pub use message::{Layout, Protocol};
use message::{Reply, Request};

/// Tells an executable that it is to be a keeper: the descriptor of its socket.
const VARIABLE: &str = "WIREBOOK_KEEPER";

/// A keeper that runs.
pub struct Keeper {
    child: Child,
    control: Mutex<OwnedFd>,
}

/// One host, by its descriptors.
#[derive(Debug)]
pub struct Place {
    /// Its network namespace.
    pub network: OwnedFd,
    /// Its table of TCP sockets, `/proc/net/tcp`.
    pub sockets: File,
    /// A packet socket at the cable's end, or at the host's own loopback.
    pub tap: OwnedFd,
}

/// What a keeper has made.
pub struct Made {
    pub keeper: Keeper,
    /// The user namespace of the hosts; `None` if they are in this process's own.
    pub user: Option<OwnedFd>,
    /// The hosts: two, or one that is alone.
    pub places: Vec<Place>,
}

impl Keeper {
    /// Starts a keeper and has it make the hosts of `layout`.
    ///
    /// # Errors
    /// The machine does not allow it; the error says what to do.
    pub fn start(layout: Layout) -> Result<Made, Error> {
        let kind = SockType::SeqPacket;
        let (control, theirs) =
            socketpair(AddressFamily::Unix, kind, None, SockFlag::SOCK_CLOEXEC)?;
        let number = theirs.as_raw_fd();
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("wirebook-keeper")
            .env(VARIABLE, number.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        // SAFETY: between fork and exec only fcntl(2) is called, on a descriptor that
        // is open there: `theirs` lives until after the spawn.
        unsafe {
            command.pre_exec(move || {
                let theirs = BorrowedFd::borrow_raw(number);
                fcntl(theirs, FcntlArg::F_SETFD(FdFlag::empty()))?;
                Ok(())
            });
        }
        let child = command.spawn().map_err(Error::no_proc)?;
        drop(theirs);
        let keeper = Keeper {
            child,
            control: Mutex::new(control),
        };
        let (reply, fds) = keeper.ask(&Request::Make(layout))?;
        let Reply::Made { own_user } = reply else {
            return Err(Error::keeper("it gave another answer than was asked for"));
        };
        let mut fds = fds.into_iter();
        let user = if own_user { fds.next() } else { None };
        let mut places = Vec::new();
        while let (Some(network), Some(sockets), Some(tap)) = (fds.next(), fds.next(), fds.next()) {
            places.push(Place {
                network,
                sockets: sockets.into(),
                tap,
            });
        }
        Ok(Made {
            keeper,
            user,
            places,
        })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Makes a socket on a host.
    ///
    /// # Errors
    /// The kernel makes none.
    pub fn socket(&self, host: End, protocol: Protocol) -> io::Result<OwnedFd> {
        let (_, fds) = self.ask_io(&Request::Socket(host, protocol))?;
        fds.into_iter()
            .next()
            .ok_or_else(|| io::Error::other("the keeper sent no socket"))
    }

    /// Sets a parameter of a host's network, as sysctl(8) names it:
    /// `net.ipv4.tcp_syn_linear_timeouts`.
    ///
    /// # Errors
    /// There is no such parameter in this kernel, or it may not be set.
    pub fn set(&self, host: End, name: &str, value: &str) -> io::Result<()> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.ask_io(&Request::Set(host, name, value)).map(|_| ())
    }

    fn ask_io(&self, request: &Request) -> io::Result<(Reply, Vec<OwnedFd>)> {
        let answer = self.ask(request)?;
        Ok(answer)
    }

    fn ask(&self, request: &Request) -> Result<(Reply, Vec<OwnedFd>), Error> {
        let control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = |error: io::Error| Error::keeper(format!("it does not answer: {error}"));
        message::send(&*control, request, &[]).map_err(gone)?;
        let (reply, fds) = message::receive::<Reply>(&*control).map_err(gone)?;
        match reply {
            // Only now the keeper holds no copy of what it has sent.
            Reply::Failed { call, errno } => Err(Error::Forbidden { call, errno }),
            reply => {
                let (done, _) = message::receive::<Reply>(&*control).map_err(gone)?;
                debug_assert!(matches!(done, Reply::Done));
                Ok((reply, fds))
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let control = self
            .control
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        // The end of the socket tells it to end.
        nix::sys::socket::shutdown(control.as_raw_fd(), nix::sys::socket::Shutdown::Both).ok();
        self.child.wait().ok();
    }
}
