//! Three attempts to connect that do not wait, and how each of them ends.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::AddressFamily::Inet;
use nix::sys::socket::SockType::Stream;
use nix::sys::socket::sockopt::SocketError;
use nix::sys::socket::{Backlog, SockFlag, SockaddrIn, bind, connect, getsockname};
use nix::sys::socket::{getsockopt, listen, socket};
use nix::unistd::write;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

// ANCHOR: start
fn start(server: &SockaddrIn) -> nix::Result<OwnedFd> {
    let mut flags = SockFlag::SOCK_CLOEXEC;
    flags |= SockFlag::SOCK_NONBLOCK;
    let fd = socket(Inet, Stream, flags, None)?;
    match connect(fd.as_raw_fd(), server) {
        // Under way, or complete already.
        Err(Errno::EINPROGRESS) | Ok(()) => Ok(fd),
        Err(error) => Err(error),
    }
}
// ANCHOR_END: start

// ANCHOR: result
fn result(fd: &OwnedFd) -> nix::Result<()> {
    match getsockopt(fd, SocketError)? {
        0 => Ok(()),
        error => Err(Errno::from_raw(error)),
    }
}
// ANCHOR_END: result

// ANCHOR: wait
fn wait(fd: &OwnedFd) -> nix::Result<PollFlags> {
    let events = PollFlags::POLLOUT;
    let mut fds = [PollFd::new(fd.as_fd(), events)];
    poll(&mut fds, PollTimeout::from(300u16))?;
    Ok(fds[0].revents().unwrap_or(PollFlags::empty()))
}
// ANCHOR_END: wait

fn main() -> Result<(), Box<dyn Error>> {
    let (_listener, open) = listener(5)?;
    let (closed, refused) = listener(5)?;
    drop(closed);
    let (_full, silent) = listener(0)?;
    let _the_only_one_with_room = start(&silent)?;

    // ANCHOR: attempts
    for (name, address) in [
        ("somebody listens", &open),
        ("nobody listens", &refused),
        ("nobody answers", &silent),
    ] {
        let fd = start(address)?;
        let events = wait(&fd)?;
        println!("{name}");
        if events.is_empty() {
            println!("  300 ms, and nothing has happened");
            continue;
        }
        println!("  {}", names(events));
        println!("  SO_ERROR: {:?}", result(&fd));
        println!("  SO_ERROR, asked again: {:?}", result(&fd));
        println!("  write: {:?}", write(&fd, b"hello\n"));
    }
    // ANCHOR_END: attempts
    Ok(())
}

fn names(events: PollFlags) -> String {
    let names: Vec<&str> = events.iter_names().map(|(name, _)| name).collect();
    names.join(" ")
}

/// A socket that listens on a free port of 127.0.0.1, and where.
fn listener(backlog: i32) -> Result<(OwnedFd, SockaddrIn), Box<dyn Error>> {
    let fd = socket(Inet, Stream, SockFlag::SOCK_CLOEXEC, None)?;
    let any = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);
    bind(fd.as_raw_fd(), &SockaddrIn::from(any))?;
    listen(&fd, Backlog::new(backlog)?)?;
    let address = getsockname(fd.as_raw_fd())?;
    Ok((fd, address))
}
