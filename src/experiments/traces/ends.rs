//! What several stories begin with: a connection, both of whose ends are accepted.

use std::io;
use std::thread;

use wire::trace::End;
use wire::{Network, Socket};

/// Has both ends wait longer than usual before they send something again. A machine that is
/// busy with other things carries segments late, and that is not to be seen in a story that
/// loses none. (Since Linux 6.11; before, they send it again.)
pub fn be_patient(wire: &Network) {
    for host in [&wire.client, &wire.server] {
        host.set("net.ipv4.tcp_rto_min_us", "3000000").ok();
    }
}

/// A connection to a listener on port 9000: the listener, the client's end, the server's.
pub fn connected(wire: &Network) -> io::Result<(Socket, Socket, Socket)> {
    be_patient(wire);
    let listener = wire.server.listens(9000, 5)?;
    let client = wire.client.socket()?;
    client.connect(wire.server.address(9000))?;
    is_in(wire, End::Server, "ESTABLISHED")?;
    let server = listener.accept()?;
    Ok((listener, client, server))
}

/// Waits until this end of the first connection has acknowledged all before `number`, and that is
/// known at the other one: whoever reads now need not wait.
pub fn has_all_before(wire: &Network, end: End, number: i64) -> io::Result<()> {
    let what = format!("the {end:?} has acknowledged {number}");
    wire.until(&what, |trace| {
        let mut segments = trace.segments();
        segments.any(|ack| {
            ack.from == end && ack.arrived.is_some() && ack.ack.is_some_and(|ack| ack >= number)
        })
    })
}

/// Waits until this end of the first connection is in that state.
pub fn is_in(wire: &Network, end: End, state: &str) -> io::Result<()> {
    let what = format!("the {end:?} is in {state}");
    wire.until(&what, |trace| trace.state(0, end) == state)
}

/// The client closes, and the server, which waits for that in read, closes at once.
pub fn close_one_after_the_other(wire: &Network, client: Socket, server: Socket) -> io::Result<()> {
    let reads = wire.trace().calls(End::Server, "read");
    thread::scope(|scope| {
        let serving = scope.spawn(move || -> io::Result<()> {
            server.read(100)?;
            server.close();
            Ok(())
        });
        wire.until("the server is in read", |trace| {
            trace.calls(End::Server, "read") == reads + 1
        })?;
        client.close();
        serving.join().expect("read and close do not panic")
    })?;
    is_in(wire, End::Server, "CLOSED")
}
