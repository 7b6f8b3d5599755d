//! A server in six calls, with the standard library: it greets one client, and ends.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .ok_or("usage: six_calls_std IP:PORT")?;
    serve(address.parse()?)?;
    Ok(())
}

// ANCHOR: serve
fn serve(address: SocketAddr) -> std::io::Result<()> {
    let listener = TcpListener::bind(address)?;

    let bound = listener.local_addr()?;
    println!("listening on {bound}");

    let (mut connection, _client) = listener.accept()?;
    let mut buffer = [0; 64];
    let count = connection.read(&mut buffer)?;
    let text = buffer[..count].escape_ascii();
    println!("read \"{text}\"");
    connection.write_all(b"welcome\n")?;
    Ok(()) // both sockets are dropped, and so closed
}
// ANCHOR_END: serve
