//! An echo server for one client after the other.

use std::convert::Infallible;
use std::net::SocketAddrV4;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::ExitCode;

use nix::Result;
use nix::sys::socket::{SockaddrIn, getsockname};

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
    todo!("make a socket that listens on {address}")
}

/// Accepts clients for ever, one after the other, and sends back what each one sends.
fn serve(listener: &OwnedFd) -> Result<Infallible> {
    todo!(
        "serve the clients that connect to the socket of descriptor {}",
        listener.as_raw_fd()
    )
}
