//! A connection is complete, and takes data, though nobody has called accept.

use std::io;

use wire::trace::{End, Event};
use wire::{Network, Trace};

use super::ends::be_patient;

// ANCHOR: story
pub fn run(wire: &Network) -> io::Result<Trace> {
    be_patient(wire);
    let _listener = wire.server.listens(9000, 5)?;
    let client = wire.client.socket()?;
    client.connect(wire.server.address(9000))?;
    client.write(&[b'a'; 1000])?;
    wire.until("all is acknowledged", |trace| {
        trace.events.iter().any(|event| match event {
            Event::Segment(ack) => {
                ack.from == End::Server && ack.ack == Some(1001) && ack.arrived.is_some()
            }
            _ => false,
        })
    })?;
    Ok(wire.trace())
}
// ANCHOR_END: story
