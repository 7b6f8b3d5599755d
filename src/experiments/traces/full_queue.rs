//! The queue was not full when the SYN came, and is when the ACK comes: the client has a
//! connection, and the server has none.

use std::io;

use wire::trace::{End, Mark, Segment};
use wire::{Network, Trace};

// ANCHOR: story
pub fn run(wire: &Network) -> io::Result<Trace> {
    // Room for one.
    let listener = wire.server.listens(9000, 0)?;
    let address = wire.server.address(9000);
    // Both SYNs arrive before either ACK.
    wire.cable.holds();
    let (first, second) = (wire.client.socket()?, wire.client.socket()?);
    first.starts_to_connect(address)?;
    second.starts_to_connect(address)?;
    wire.cable.goes_on();
    wire.until("the ACKs of both have arrived", |trace| {
        let acks = trace.segments().filter(|ack| ack.seq == 1 && arrived(ack));
        acks.count() == 2
    })?;
    second.write(b"hello\n")?;
    wire.until("its data has arrived twice", |trace| {
        let mut segments = trace.segments();
        segments.any(|again| again.marks.contains(&Mark::Retransmission) && arrived(again))
    })?;
    let served = listener.accept()?;
    wire.until("the second is in, and knows it", |trace| {
        let mut segments = trace.segments();
        segments.any(|ack| ack.ack == Some(7) && ack.arrived.is_some())
    })?;
    let trace = wire.trace();
    drop(served);
    Ok(trace)
}

fn arrived(segment: &Segment) -> bool {
    segment.from == End::Client && segment.arrived.is_some()
}
// ANCHOR_END: story
