//! A server in six calls, with nix: it greets one client, and ends.

use nix::sys::socket::AddressFamily::Inet;
use nix::sys::socket::SockType::Stream;
use nix::sys::socket::{Backlog, SockFlag, SockaddrIn, accept4, bind, getsockname, listen, socket};
use nix::unistd::{read, write};
use std::error::Error;
use std::net::SocketAddrV4;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

const CLOEXEC: SockFlag = SockFlag::SOCK_CLOEXEC;

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("usage: six_calls IP:PORT")?;
    let address: SocketAddrV4 = address.parse()?;

    // ANCHOR: socket
    let listener = socket(Inet, Stream, CLOEXEC, None)?;
    // ANCHOR_END: socket

    // ANCHOR: bind
    let wanted = SockaddrIn::from(address);
    bind(listener.as_raw_fd(), &wanted)?;
    // ANCHOR_END: bind

    // ANCHOR: listen
    listen(&listener, Backlog::new(128)?)?;
    // ANCHOR_END: listen

    // ANCHOR: getsockname
    let fd = listener.as_raw_fd();
    let bound: SockaddrIn = getsockname(fd)?;
    println!("listening on {bound}");
    // ANCHOR_END: getsockname

    // ANCHOR: accept
    let fd = accept4(listener.as_raw_fd(), CLOEXEC)?;
    // SAFETY: accept4 made it, and nobody else owns it.
    let connection = unsafe { OwnedFd::from_raw_fd(fd) };
    // ANCHOR_END: accept

    // ANCHOR: read
    let mut buffer = [0; 64];
    let count = read(&connection, &mut buffer)?;
    let bytes = &buffer[..count];
    // ANCHOR_END: read
    println!("read \"{}\"", bytes.escape_ascii());

    // ANCHOR: write
    let taken = write(&connection, b"welcome\n")?;
    // ANCHOR_END: write
    println!("wrote {taken} bytes");

    // ANCHOR: close
    drop(connection);
    drop(listener);
    // ANCHOR_END: close
    Ok(())
}
