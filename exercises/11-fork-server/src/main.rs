//! An echo server with a process a client.

use std::convert::Infallible;
use std::net::SocketAddrV4;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::ExitCode;

use nix::Result;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, accept4, bind, getsockname, listen,
    socket,
};

fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1).and_then(|word| word.parse().ok()) else {
        eprintln!("usage: fork-server IP:PORT");
        return ExitCode::from(2);
    };
    let listener = match open(address) {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("fork-server: {address}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let Err(error) = serve(listener);
    eprintln!("fork-server: {error}");
    ExitCode::FAILURE
}

/// A socket that listens on `address`, as in the first server, and says so.
fn open(address: SocketAddrV4) -> Result<OwnedFd> {
    let listener = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    bind(listener.as_raw_fd(), &SockaddrIn::from(address))?;
    listen(&listener, Backlog::MAXCONN)?;
    let bound: SockaddrIn = getsockname(listener.as_raw_fd())?;
    println!("listening on {bound}");
    Ok(listener)
}

/// Accepts clients for ever, and gives each a child of its own.
fn serve(listener: OwnedFd) -> Result<Infallible> {
    loop {
        let number = accept4(listener.as_raw_fd(), SockFlag::SOCK_CLOEXEC)?;
        // SAFETY: accept4 has made this descriptor, and nobody else owns it.
        let connection = unsafe { OwnedFd::from_raw_fd(number) };
        todo!(
            "let a child echo what comes over descriptor {}",
            connection.as_raw_fd()
        );
    }
}
