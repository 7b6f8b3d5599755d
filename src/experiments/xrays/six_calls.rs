//! A server's sockets after each of its calls.
//!
//! The program is stopped whenever one of its calls on a socket has returned, looked
//! at, and let go on to the next.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use xray::{Returned, Socket, Stepper, TcpState, XRay};

use super::{Figure, lab};

pub fn run(root: &Path) -> Result<Vec<Figure>, String> {
    let program = lab::build(root, "listings", "six_calls")?;
    let explain = |error| format!("{}: {error}", program.display());
    let mut server = Stepper::start(&mut lab::server(&program)).map_err(explain)?;

    let mut figures = Vec::new();
    let mut sockets: Vec<i64> = Vec::new();
    let mut client = None;
    while let Some(returned) = server.next_call().map_err(explain)? {
        let Some(name) = on_socket(&returned, &sockets) else {
            continue;
        };
        if matches!(name, "socket" | "accept") {
            sockets.push(returned.result);
        }
        let shown = lab::look_until(server.pid(), |xray| match name {
            // The client has sent something: it is to be seen where it waits.
            "accept" => unread(xray) > 0,
            // The client's kernel has acknowledged the FIN.
            "close" => left_behind(xray).any(|socket| socket.state == TcpState::FinWait2),
            _ => true,
        })?;
        let mut text = format!("{name} returned {}\n\n{shown}", returned.result);
        for socket in left_behind(&shown) {
            text.push_str(&format!("held by no process: {socket}\n"));
        }
        let name = format!("six-calls-{name}");
        figures.push(Figure { name, text });
        match returned.call.name {
            "listen" => client = Some(connect(&shown)?),
            "close" => break,
            _ => {}
        }
    }
    drop(client);
    match figures.last() {
        Some(last) if last.name == "six-calls-close" => Ok(figures),
        _ => Err("the program ended before it had made all of its calls".to_owned()),
    }
}

/// The name of the call, if it made a socket or was about one, and came off well.
fn on_socket(returned: &Returned, sockets: &[i64]) -> Option<&'static str> {
    let about_one = sockets.contains(&(returned.call.arguments[0] as i64));
    match returned.call.name {
        "socket" if returned.result >= 0 => Some("socket"),
        "accept" | "accept4" if about_one => Some("accept"),
        "read" | "recvfrom" if about_one => Some("read"),
        "write" | "sendto" if about_one => Some("write"),
        name @ ("bind" | "listen" | "close") if about_one => Some(name),
        _ => None,
    }
}

/// A client of the server that has just begun to listen, with something to say.
fn connect(shown: &XRay) -> Result<TcpStream, String> {
    let listening = |socket: &Socket| socket.state == TcpState::Listen;
    let address: Option<SocketAddr> = shown
        .holders(listening)
        .find_map(|(_, descriptor)| Some(descriptor.tcp()?.local));
    let address = address.ok_or("the program does not listen after listen")?;
    let mut client = TcpStream::connect(address).map_err(|error| error.to_string())?;
    client
        .write_all(b"hello\n")
        .map_err(|error| error.to_string())?;
    Ok(client)
}

/// The connections of the program's port that the kernel still has and that no process
/// holds, as the program's end shows them.
fn left_behind(xray: &XRay) -> impl Iterator<Item = &Socket> {
    let listening = |socket: &Socket| socket.state == TcpState::Listen;
    let address = xray
        .holders(listening)
        .find_map(|(_, d)| Some(d.tcp()?.local));
    xray.sockets.iter().filter(move |socket| {
        let ours = Some(socket.local) == address && socket.inode == 0;
        ours && matches!(socket.state, TcpState::FinWait1 | TcpState::FinWait2)
    })
}

/// How many bytes wait in the receive queues of the program's connections.
fn unread(xray: &XRay) -> u32 {
    xray.holders(|socket| socket.state != TcpState::Listen)
        .filter_map(|(_, descriptor)| Some(descriptor.tcp()?.receive_queue))
        .sum()
}
