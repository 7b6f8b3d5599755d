//! How a connection ends: two directions, each closed by its own FIN, or both at once by a
//! reset.

use std::io;

use wire::trace::{End, Flag};
use wire::{Network, Trace};

use super::ends::{close_one_after_the_other, connected, has_all_before, is_in};

// ANCHOR: four
pub fn run_four(wire: &Network) -> io::Result<Trace> {
    let (_listener, client, server) = connected(wire)?;
    client.close();
    // The server takes its time: its kernel acknowledges by itself.
    is_in(wire, End::Client, "FIN_WAIT_2")?;
    server.read(100)?;
    server.close();
    is_in(wire, End::Server, "CLOSED")?;
    Ok(wire.trace())
}
// ANCHOR_END: four

// ANCHOR: three
pub fn run_three(wire: &Network) -> io::Result<Trace> {
    let (_listener, client, server) = connected(wire)?;
    // After an answer the server's kernel waits a little with its next acknowledgement.
    client.write(b"question\n")?;
    has_all_before(wire, End::Server, 10)?;
    server.read(100)?;
    server.write(b"answer\n")?;
    has_all_before(wire, End::Client, 8)?;
    client.read(100)?;
    close_one_after_the_other(wire, client, server)?;
    Ok(wire.trace())
}
// ANCHOR_END: three

// ANCHOR: time-wait
pub fn run_time_wait(wire: &Network) -> io::Result<Trace> {
    let address = wire.server.address(9000);
    let listener = wire.server.socket()?;
    listener.bind(address)?;
    listener.listen(5)?;
    let client = wire.client.socket()?;
    client.connect(address)?;
    is_in(wire, End::Server, "ESTABLISHED")?;
    let server = listener.accept()?;
    // The server closes first, and the client then.
    server.close();
    listener.close();
    is_in(wire, End::Server, "FIN_WAIT_2")?;
    client.read(100)?;
    client.close();
    is_in(wire, End::Client, "CLOSED")?;
    let again = wire.server.socket()?;
    match again.bind(address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
        other => return Err(io::Error::other(format!("bind gave {other:?}"))),
    }
    Ok(wire.trace())
}
// ANCHOR_END: time-wait

// ANCHOR: unread
pub fn run_unread(wire: &Network) -> io::Result<Trace> {
    let (_listener, client, server) = connected(wire)?;
    client.write(b"nobody reads this\n")?;
    has_all_before(wire, End::Server, 19)?;
    server.close();
    until_reset(wire, End::Server)?;
    Ok(wire.trace())
}
// ANCHOR_END: unread

// ANCHOR: linger
pub fn run_linger(wire: &Network) -> io::Result<Trace> {
    let (_listener, client, server) = connected(wire)?;
    client.lingers_not()?;
    client.close();
    until_reset(wire, End::Client)?;
    match server.read(100) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(wire.trace()),
        other => Err(io::Error::other(format!("read gave {other:?}"))),
    }
}
// ANCHOR_END: linger

fn until_reset(wire: &Network, by: End) -> io::Result<()> {
    wire.until("a reset has arrived", |trace| {
        let mut segments = trace.segments();
        segments.any(|rst| rst.from == by && rst.has(Flag::Rst) && rst.arrived.is_some())
            && trace.state(0, by.other()) == "CLOSED"
    })
}
