//! One direction is closed, and the other goes on.

use std::io;
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use wire::trace::End;
use wire::{Network, Socket, Trace};

use super::ends::{connected, has_all_before, is_in};

// ANCHOR: story
pub fn run(wire: &Network) -> io::Result<Trace> {
    let (_listener, client, server) = connected(wire)?;
    client.write(b"that was all\n")?;
    client.shutdown(Shutdown::Write)?;
    is_in(wire, End::Client, "FIN_WAIT_2")?;
    server.read(100)?;
    // The end, and only that of the client's direction.
    server.read(100)?;
    server.write(b"the answer\n")?;
    has_all_before(wire, End::Client, 12)?;
    client.read(100)?;
    finish(wire, &client, server)
}
// ANCHOR_END: story

// ANCHOR: long
pub fn run_long(wire: &Network) -> io::Result<Trace> {
    let (_listener, client, server) = connected(wire)?;
    client.shutdown(Shutdown::Write)?;
    is_in(wire, End::Client, "FIN_WAIT_2")?;
    server.read(100)?;
    for (number, part) in [b"one\n", b"two\n", b"six\n"].into_iter().enumerate() {
        thread::park_timeout(Duration::from_millis(700));
        server.write(part)?;
        has_all_before(wire, End::Client, 5 + 4 * number as i64)?;
        client.read(100)?;
    }
    finish(wire, &client, server)
}
// ANCHOR_END: long

/// The server closes, too, and the client reads the end.
fn finish(wire: &Network, client: &Socket, server: Socket) -> io::Result<Trace> {
    server.close();
    is_in(wire, End::Client, "TIME_WAIT")?;
    client.read(100)?;
    is_in(wire, End::Server, "CLOSED")?;
    Ok(wire.trace())
}
