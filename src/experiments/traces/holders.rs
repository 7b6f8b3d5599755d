//! Two descriptors for one connection: what close does, and what shutdown does.

use std::io;
use std::net::Shutdown;

use wire::trace::End;
use wire::{Network, Trace};

use super::ends::{connected, has_all_before, is_in};

// ANCHOR: close
pub fn run_close(wire: &Network) -> io::Result<Trace> {
    let (_listener, client, server) = connected(wire)?;
    let other = server.dup()?;
    server.close();
    // Nothing has happened to the connection.
    client.write(b"still there?\n")?;
    has_all_before(wire, End::Server, 14)?;
    other.read(100)?;
    other.write(b"yes\n")?;
    has_all_before(wire, End::Client, 5)?;
    client.read(100)?;
    other.close();
    is_in(wire, End::Server, "FIN_WAIT_2")?;
    Ok(wire.trace())
}
// ANCHOR_END: close

// ANCHOR: shutdown
pub fn run_shutdown(wire: &Network) -> io::Result<Trace> {
    let (_listener, client, server) = connected(wire)?;
    let other = server.dup()?;
    server.shutdown(Shutdown::Write)?;
    is_in(wire, End::Server, "FIN_WAIT_2")?;
    // For the other descriptor, too.
    match other.write(b"too late\n") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        wrote => return Err(io::Error::other(format!("write gave {wrote:?}"))),
    }
    client.read(100)?;
    Ok(wire.trace())
}
// ANCHOR_END: shutdown

// ANCHOR: read
pub fn run_read(wire: &Network) -> io::Result<Trace> {
    let (_listener, client, server) = connected(wire)?;
    client.write(b"before\n")?;
    has_all_before(wire, End::Server, 8)?;
    server.shutdown(Shutdown::Read)?;
    server.read(100)?;
    client.write(b"after\n")?;
    has_all_before(wire, End::Server, 14)?;
    server.read(100)?;
    Ok(wire.trace())
}
// ANCHOR_END: read
