//! A SYN that nobody answers is sent again, and again.

use std::io;

use wire::{Network, Trace, Which};

// ANCHOR: story
pub fn run(wire: &Network) -> io::Result<Trace> {
    wire.cable.loses(Which::syns());
    let client = wire.client.socket()?;
    client.starts_to_connect(wire.server.address(9000))?;
    wire.until("a pause has doubled", |trace| {
        let times: Vec<u64> = trace.segments().map(|syn| syn.at).collect();
        let mut pauses = times.windows(2).map(|pair| pair[1] - pair[0]);
        pauses.any(|micros| micros > 1_800_000)
    })?;
    Ok(wire.trace())
}
// ANCHOR_END: story

// ANCHOR: doubling
pub fn run_doubling(wire: &Network) -> io::Result<Trace> {
    wire.cable.loses(Which::syns());
    // Before Linux 6.5 there is no such parameter: there it was always so.
    let parameter = "net.ipv4.tcp_syn_linear_timeouts";
    wire.client.set(parameter, "0").ok();
    // Give up after two more.
    wire.client.set("net.ipv4.tcp_syn_retries", "2")?;
    let client = wire.client.socket()?;
    match client.connect(wire.server.address(9000)) {
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(wire.trace()),
        other => Err(io::Error::other(format!("connect gave {other:?}"))),
    }
}
// ANCHOR_END: doubling
