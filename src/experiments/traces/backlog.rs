//! `listen(2)` has room for three connections that nobody has accepted. Whoever comes then
//! is not refused: the SYN is dropped, and comes again.

use std::io;

use wire::trace::{End, Mark};
use wire::{Network, Trace};

// ANCHOR: story
pub fn run(wire: &Network) -> io::Result<Trace> {
    let listener = wire.server.listens(9000, 2)?;
    let address = wire.server.address(9000);
    let mut clients = Vec::new();
    for number in 0..5 {
        let client = wire.client.socket()?;
        client.starts_to_connect(address)?;
        clients.push(client);
        wire.until(
            "the SYN has arrived, and is answered if it can be",
            |trace| {
                let server = trace.state(number, End::Server);
                let arrived = trace
                    .segments()
                    .any(|syn| syn.connection == number && syn.arrived.is_some());
                server == "ESTABLISHED" || (number >= 3 && arrived)
            },
        )?;
    }
    wire.until("those without room have asked again", |trace| {
        (3..5).all(|number| asked_again(trace, number))
    })?;
    // Room for both.
    let served = (listener.accept()?, listener.accept()?);
    wire.until("they are in", |trace| {
        (3..5).all(|number| trace.state(number, End::Server) == "ESTABLISHED")
    })?;
    let trace = wire.trace();
    drop((clients, served));
    Ok(trace)
}

fn asked_again(trace: &Trace, number: usize) -> bool {
    trace.segments().any(|segment| {
        segment.connection == number
            && segment.marks.contains(&Mark::Retransmission)
            && segment.arrived.is_some()
    })
}
// ANCHOR_END: story
