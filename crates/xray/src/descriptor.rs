//! What a process holds: its descriptors.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;

use procfs::process::{FDTarget, Process};

use crate::options;
use crate::socket::{Socket, Sockets};

/// One entry of a process's table of descriptors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The number the program knows it by.
    pub number: i32,
    /// What it refers to.
    pub target: Target,
    /// O_NONBLOCK: a call that would wait returns EAGAIN. A property of the open
    /// file description, so of every descriptor that refers to it.
    pub nonblocking: bool,
    /// FD_CLOEXEC: closed when the process executes another program.
    pub close_on_exec: bool,
}

/// What a descriptor refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A TCP socket in the kernel's table.
    Tcp(Socket),
    /// A socket that is not in the table of TCP sockets: it neither listens nor is
    /// connected, or is of another kind. With the address that it is bound to.
    Socket {
        inode: u64,
        bound: Option<SocketAddr>,
    },
    /// One end of a pipe. Both ends show the same inode.
    Pipe { inode: u64 },
    /// An epoll instance, with the descriptors it is asked to watch.
    Epoll { watched: Vec<i32> },
    /// A file, a directory or a device.
    File(PathBuf),
    /// Anything else, in the kernel's words: `anon_inode:[eventfd]`.
    Other(String),
}

impl Descriptor {
    /// All descriptors of a process, in order of their numbers.
    pub(crate) fn all_of(
        process: &Process,
        sockets: &Sockets,
    ) -> procfs::ProcResult<Vec<Descriptor>> {
        let mut descriptors = Vec::new();
        for info in process.fd()? {
            // One that was closed in the meantime.
            let Ok(info) = info else { continue };
            let Ok(fdinfo) = FdInfo::read(process, info.fd) else {
                continue;
            };
            let target = match info.target {
                FDTarget::Socket(inode) => match sockets.by_inode(inode) {
                    Some(socket) => Target::Tcp(*socket),
                    None => Target::Socket {
                        inode,
                        bound: options::bound_address(process.pid().cast_unsigned(), info.fd),
                    },
                },
                FDTarget::Pipe(inode) => Target::Pipe { inode },
                FDTarget::AnonInode(name) if name == "[eventpoll]" => Target::Epoll {
                    watched: fdinfo.watched,
                },
                FDTarget::AnonInode(name) => Target::Other(format!("anon_inode:{name}")),
                FDTarget::Path(path) => Target::File(path),
                other => Target::Other(format!("{other:?}")),
            };
            descriptors.push(Descriptor {
                number: info.fd,
                target,
                nonblocking: fdinfo.flags & nix::libc::O_NONBLOCK != 0,
                close_on_exec: fdinfo.flags & nix::libc::O_CLOEXEC != 0,
            });
        }
        descriptors.sort_by_key(|descriptor| descriptor.number);
        Ok(descriptors)
    }

    /// The TCP socket it refers to.
    pub fn tcp(&self) -> Option<&Socket> {
        match &self.target {
            Target::Tcp(socket) => Some(socket),
            _ => None,
        }
    }
}

/// What `/proc/PID/fdinfo/FD` says (see proc_pid_fdinfo(5)).
struct FdInfo {
    flags: i32,
    watched: Vec<i32>,
}

impl FdInfo {
    fn read(process: &Process, number: i32) -> procfs::ProcResult<FdInfo> {
        let mut text = String::new();
        let mut file = process.open_relative(format!("fdinfo/{number}"))?;
        file.read_to_string(&mut text)?;
        let fields: HashMap<&str, &str> = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name, value.trim()))
            .collect();
        let flags = fields.get("flags").copied().unwrap_or("0");
        let watched = text
            .lines()
            .filter_map(|line| line.strip_prefix("tfd:"))
            .filter_map(|rest| rest.split_whitespace().next()?.parse().ok())
            .collect();
        Ok(FdInfo {
            flags: i32::from_str_radix(flags, 8).unwrap_or(0),
            watched,
        })
    }
}

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fd {}  {}", self.number, self.target)?;
        if self.nonblocking {
            f.write_str(", non-blocking")?;
        }
        Ok(())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Tcp(socket) => write!(f, "{socket}"),
            Target::Socket {
                bound: Some(address),
                ..
            } => write!(f, "socket, bound to {address}, not connected"),
            Target::Socket { bound: None, .. } => f.write_str("socket, not connected"),
            Target::Pipe { inode } => write!(f, "pipe {inode}"),
            Target::Epoll { watched } => write!(f, "epoll, watches {watched:?}"),
            Target::File(path) => write!(f, "{}", path.display()),
            Target::Other(what) => f.write_str(what),
        }
    }
}
