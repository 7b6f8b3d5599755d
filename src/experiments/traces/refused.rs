//! A SYN to a port at which nobody listens is answered by a reset.

use std::io;

use wire::{Network, Trace};

// ANCHOR: story
pub fn run(wire: &Network) -> io::Result<Trace> {
    let client = wire.client.socket()?;
    match client.connect(wire.server.address(9000)) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(wire.trace()),
        other => Err(io::Error::other(format!("connect gave {other:?}"))),
    }
}
// ANCHOR_END: story
