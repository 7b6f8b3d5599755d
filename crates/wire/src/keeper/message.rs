//! What a keeper is asked and answers: a packet of JSON each, with descriptors.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::trace::End;

/// Which hosts to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layout {
    /// Two, with a cable between them.
    Two { mtu: u32 },
    /// One, which has only its loopback.
    Alone { mtu: u32 },
}

/// What kind of socket to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    Tcp,
    Udp,
}

/// What a keeper is asked.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    Make(Layout),
    Socket(End, Protocol),
    Set(End, String, String),
}

/// What it answers. All but a failure are followed by a [`Reply::Done`], when the
/// keeper holds no copy any more of the descriptors that came with it.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// With the user namespace, if there is one of its own, and each host's network
    /// namespace, table of sockets, and packet socket.
    Made {
        own_user: bool,
    },
    /// With a socket.
    Socket,
    Set,
    Done,
    /// A system call has failed: what was to be done, and the error's number.
    Failed {
        call: String,
        errno: i32,
    },
}

/// The longest message, in bytes.
const LONGEST: usize = 4096;

/// The most descriptors in a message.
const MOST: usize = 8;

/// Sends a message with descriptors.
pub fn send(control: &impl AsRawFd, message: &impl Serialize, fds: &[RawFd]) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    let rights = [ControlMessage::ScmRights(fds)];
    let rights = if fds.is_empty() {
        &rights[..0]
    } else {
        &rights[..]
    };
    let flags = MsgFlags::MSG_NOSIGNAL;
    let fd = control.as_raw_fd();
    loop {
        match sendmsg::<()>(fd, &[IoSlice::new(&text)], rights, flags, None) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Receives a message with its descriptors.
///
/// # Errors
/// Of the socket; `UnexpectedEof` when the other side has hung up.
pub fn receive<T: DeserializeOwned>(control: &impl AsFd) -> io::Result<(T, Vec<OwnedFd>)> {
    let mut text = [0; LONGEST];
    let mut space = cmsg_space!([RawFd; MOST]);
    let fd = control.as_fd().as_raw_fd();
    let mut fds = Vec::new();
    let length = loop {
        let mut parts = [IoSliceMut::new(&mut text)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let received = match recvmsg::<()>(fd, &mut parts, Some(&mut space), flags) {
            Ok(received) => received,
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(error.into()),
        };
        for message in received.cmsgs()? {
            if let ControlMessageOwned::ScmRights(numbers) = message {
                // SAFETY: the kernel has made these descriptors for this process with
                // this message, and nobody else knows their numbers.
                let owned = numbers.iter().map(|&n| unsafe { OwnedFd::from_raw_fd(n) });
                fds.extend(owned);
            }
        }
        break received.bytes;
    };
    if length == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((serde_json::from_slice(&text[..length])?, fds))
}
