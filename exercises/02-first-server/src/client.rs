//! A line client: sends each line of its input, and prints each line of the reply.

use std::io;
use std::net::{SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1).and_then(|word| word.parse().ok()) else {
        eprintln!("usage: client IP:PORT");
        return ExitCode::from(2);
    };
    match run(address) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("client: {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(address: SocketAddrV4) -> io::Result<()> {
    // The same descriptor: what changes is its owner, and the methods at hand.
    let server = TcpStream::from(dial(address)?);
    talk(&server)
}

/// A socket that is connected to the server at `address`.
fn dial(address: SocketAddrV4) -> nix::Result<OwnedFd> {
    todo!("make a socket that is connected to {address}")
}

/// Sends each line of standard input and prints the line that comes back; after the
/// last one, prints what is still to come.
fn talk(server: &TcpStream) -> io::Result<()> {
    todo!("talk to {}", server.peer_addr()?)
}
