//! The exchange of the textbooks: open, ask, answer, close.

use std::io;

use wire::trace::End;
use wire::{Network, Trace};

use super::ends::{close_one_after_the_other, connected, has_all_before};

// ANCHOR: story
pub fn run(wire: &Network) -> io::Result<Trace> {
    let (_listener, client, server) = connected(wire)?;

    client.write(b"how late is it now?\n")?;
    has_all_before(wire, End::Server, 21)?;
    server.read(100)?;
    server.write(b"it is ten\n")?;
    has_all_before(wire, End::Client, 11)?;
    client.read(100)?;

    close_one_after_the_other(wire, client, server)?;
    Ok(wire.trace())
}
// ANCHOR_END: story
