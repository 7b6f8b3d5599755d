//! Both ends send a SYN before either has got one: one connection comes of it, and no server.

use std::io;

use wire::trace::End;
use wire::{Network, Trace};

// ANCHOR: story
pub fn run(wire: &Network) -> io::Result<Trace> {
    // The SYNs are to cross.
    wire.cable.holds();
    let (left, right) = (wire.client.socket()?, wire.server.socket()?);
    left.bind(wire.client.address(9000))?;
    right.bind(wire.server.address(9000))?;
    left.starts_to_connect(wire.server.address(9000))?;
    right.starts_to_connect(wire.client.address(9000))?;
    wire.cable.goes_on();
    wire.until("both are ESTABLISHED, and all has arrived", |trace| {
        let both = [End::Client, End::Server];
        both.iter().all(|&end| trace.state(0, end) == "ESTABLISHED")
            && trace.segments().all(|segment| segment.arrived.is_some())
    })?;
    Ok(wire.trace())
}
// ANCHOR_END: story
