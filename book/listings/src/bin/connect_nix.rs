//! A client, with nix: it sends a line, and prints what one read gives.

use nix::sys::socket::AddressFamily::Inet;
use nix::sys::socket::SockType::Stream;
use nix::sys::socket::{SockFlag, SockaddrIn, connect, getsockname, socket};
use nix::unistd::{read, write};
use std::error::Error;
use std::net::SocketAddrV4;
use std::os::fd::AsRawFd;

const CLOEXEC: SockFlag = SockFlag::SOCK_CLOEXEC;

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .ok_or("usage: connect_nix IP:PORT")?;
    talk(address.parse()?)?;
    Ok(())
}

// ANCHOR: talk
fn talk(address: SocketAddrV4) -> nix::Result<()> {
    let fd = socket(Inet, Stream, CLOEXEC, None)?;
    let server = SockaddrIn::from(address);
    connect(fd.as_raw_fd(), &server)?;
    let own: SockaddrIn = getsockname(fd.as_raw_fd())?;
    println!("connected from {own}");

    write(&fd, b"hello\n")?;
    let mut buffer = [0; 64];
    let count = read(&fd, &mut buffer)?;
    let text = buffer[..count].escape_ascii();
    println!("read \"{text}\"");
    Ok(()) // the OwnedFd is dropped, and so closed
}
// ANCHOR_END: talk
