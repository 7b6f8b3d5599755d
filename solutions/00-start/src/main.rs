//! A server that greets each client, and closes the connection.

use std::convert::Infallible;
use std::io::{Result, Write, stdout};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;

/// What each client is sent: a line, so its newline belongs to it.
const GREETING: &str = "hello from wirebook\n";

fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1).and_then(|word| word.parse().ok()) else {
        eprintln!("usage: start IP:PORT");
        return ExitCode::from(2);
    };
    let Err(error) = run(address);
    eprintln!("start: {address}: {error}");
    ExitCode::FAILURE
}

fn run(address: SocketAddr) -> Result<Infallible> {
    let listener = TcpListener::bind(address)?;
    writeln!(stdout(), "listening on {}", listener.local_addr()?)?;
    serve(&listener)
}

/// Accepts clients for ever, one after the other.
fn serve(listener: &TcpListener) -> Result<Infallible> {
    loop {
        let (mut connection, client) = listener.accept()?;
        if let Err(error) = greet(&mut connection) {
            eprintln!("start: {client}: {error}");
        }
        // Here `connection` goes out of scope, and is closed: the client gets the end.
        // Whoever keeps it, in a list for example, keeps the client waiting.
    }
}

/// Sends the greeting to one client.
fn greet(connection: &mut TcpStream) -> Result<()> {
    // Not `write`: that may send a part, and leaves the rest to you.
    connection.write_all(GREETING.as_bytes())
}
