//! The exchange of the textbooks: open, ask, answer, close.

use std::io;

use wire::trace::End;
use wire::{Network, Trace};

// ANCHOR: story
pub fn run(wire: &Network) -> io::Result<Trace> {
    let listener = wire.server.listens(9000, 5)?;
    let client = wire.client.socket()?;
    client.connect(wire.server.address(9000))?;
    is_in(wire, End::Server, "ESTABLISHED")?;
    let server = listener.accept()?;

    client.write(b"how late is it now?\n")?;
    server.read(100)?;
    server.write(b"it is ten\n")?;
    client.read(100)?;

    client.close();
    is_in(wire, End::Server, "CLOSE_WAIT")?;
    server.read(100)?;
    server.close();
    is_in(wire, End::Server, "CLOSED")?;
    Ok(wire.trace())
}

fn is_in(wire: &Network, end: End, state: &str) -> io::Result<()> {
    let what = format!("the {end:?} is in {state}");
    wire.until(&what, |trace| trace.state(0, end) == state)
}
// ANCHOR_END: story
