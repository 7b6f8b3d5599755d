//! Three segments open a connection; the kernels exchange them, not the programs.

use std::io;
use std::thread;

use wire::trace::End;
use wire::{Network, Trace};

// ANCHOR: story
pub fn run(wire: &Network) -> io::Result<Trace> {
    let listener = wire.server.listens(9000, 5)?;
    thread::scope(|scope| {
        let server = scope.spawn(|| listener.accept());
        wire.until("the server is in accept", |trace| {
            trace.calls(End::Server, "accept") == 1
        })?;
        let client = wire.client.socket()?;
        client.connect(wire.server.address(9000))?;
        let accepted = server.join().expect("accept does not panic")?;
        let trace = wire.trace();
        drop((client, accepted));
        Ok(trace)
    })
}
// ANCHOR_END: story
