//! Who may have an address, and what becomes of a socket that asks for none.

use nix::errno::Errno;
use nix::sys::socket::AddressFamily::Inet;
use nix::sys::socket::SockType::Stream;
use nix::sys::socket::{Backlog, SockFlag, SockaddrIn, bind, getsockname, listen, socket};
use std::os::fd::{AsRawFd, OwnedFd};

fn main() -> nix::Result<()> {
    twice()?;
    any_port()?;
    unasked()?;
    Ok(())
}

// ANCHOR: twice
fn twice() -> nix::Result<()> {
    let first = new_socket()?;
    bind(first.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0))?;
    let taken = name_of(&first)?;
    println!("the first is bound to {}", shown(taken));

    let port = taken.port();
    try_bind("the same again", SockaddrIn::new(127, 0, 0, 1, port))?;
    try_bind("any address", SockaddrIn::new(0, 0, 0, 0, port))?;
    try_bind("another address", SockaddrIn::new(127, 0, 0, 2, port))?;
    drop(first);
    try_bind("the same, after close", SockaddrIn::new(127, 0, 0, 1, port))
}
// ANCHOR_END: twice

fn try_bind(what: &str, address: SockaddrIn) -> nix::Result<()> {
    let second = new_socket()?;
    match bind(second.as_raw_fd(), &address) {
        Ok(()) => println!("{what}: is bound"),
        Err(error) => println!("{what}: {error}"),
    }
    Ok(())
}

// ANCHOR: any-port
fn any_port() -> nix::Result<()> {
    let (one, other) = (new_socket()?, new_socket()?);
    for socket in [&one, &other] {
        let any_port = SockaddrIn::new(127, 0, 0, 1, 0);
        bind(socket.as_raw_fd(), &any_port)?;
        println!(
            "asked for {any_port}, got port {}",
            kind_of(name_of(socket)?.port())
        );
    }
    println!("the same port: {}", name_of(&one)? == name_of(&other)?);
    Ok(())
}
// ANCHOR_END: any-port

// ANCHOR: unasked
fn unasked() -> nix::Result<()> {
    let taken = new_socket()?;
    bind(taken.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0))?;

    let careless = new_socket()?;
    bind(careless.as_raw_fd(), &name_of(&taken)?).ok(); // fails
    listen(&careless, Backlog::new(128)?)?; // succeeds
    let name = name_of(&careless)?;
    println!("listens on {}", shown(name));
    println!(
        "the port it wanted: {}",
        name.port() == name_of(&taken)?.port()
    );
    Ok(())
}
// ANCHOR_END: unasked

fn new_socket() -> Result<OwnedFd, Errno> {
    socket(Inet, Stream, SockFlag::SOCK_CLOEXEC, None)
}

fn name_of(socket: &OwnedFd) -> nix::Result<SockaddrIn> {
    getsockname(socket.as_raw_fd())
}

/// The address, with a word in place of a port that differs each time.
fn shown(address: SockaddrIn) -> String {
    format!("{}, port {}", address.ip(), kind_of(address.port()))
}

/// Whether a port is of those that the kernel gives out.
fn kind_of(port: u16) -> String {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let range = range.unwrap_or_default();
    let mut ends = range.split_whitespace().filter_map(|end| end.parse().ok());
    match (ends.next(), ends.next()) {
        (Some(first), Some(last)) if (first..=last).contains(&port) => {
            format!("{port} (between {first} and {last})")
        }
        _ => port.to_string(),
    }
}
