//! An echo server for one client after the other.

use std::convert::Infallible;
use std::net::SocketAddrV4;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::process::ExitCode;

use nix::Result;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, accept4, bind, getsockname, listen,
    socket,
};
use nix::unistd::{read, write};

fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1).and_then(|word| word.parse().ok()) else {
        eprintln!("usage: first-server IP:PORT");
        return ExitCode::from(2);
    };
    let Err(error) = run(address);
    eprintln!("first-server: {address}: {error}");
    ExitCode::FAILURE
}

fn run(address: SocketAddrV4) -> Result<Infallible> {
    let listener = open(address)?;
    let bound: SockaddrIn = getsockname(listener.as_raw_fd())?;
    println!("listening on {bound}");
    serve(&listener)
}

/// A socket that listens on `address`.
fn open(address: SocketAddrV4) -> Result<OwnedFd> {
    let listener = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    // Without the `?` an address in use would go unnoticed: listen would choose
    // another port, and nobody would find the server.
    bind(listener.as_raw_fd(), &SockaddrIn::from(address))?;
    listen(&listener, Backlog::MAXCONN)?;
    Ok(listener)
}

/// Accepts clients for ever, one after the other, and sends back what each one sends.
fn serve(listener: &OwnedFd) -> Result<Infallible> {
    loop {
        let connection = match accept4(listener.as_raw_fd(), SockFlag::SOCK_CLOEXEC) {
            // An integer, which nobody would close, gets an owner, who does.
            // SAFETY: accept4 has made this descriptor, and nobody else owns it.
            Ok(number) => unsafe { OwnedFd::from_raw_fd(number) },
            // The client had gone before it was its turn.
            Err(Errno::ECONNABORTED) => continue,
            Err(error) => return Err(error),
        };
        // What befalls one client's connection is no reason to turn away the others.
        if let Err(error) = echo(&connection) {
            eprintln!("first-server: a client: {error}");
        }
        // Here `connection` goes out of scope, and is closed.
    }
}

/// Sends back what arrives, until the client has finished.
fn echo(connection: &OwnedFd) -> Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = read(connection.as_fd(), &mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        // These bytes and no others: what lies behind them in the buffer is old. And
        // one write may take less than all of them.
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            let taken = write(connection.as_fd(), rest)?;
            rest = &rest[taken..];
        }
    }
}
