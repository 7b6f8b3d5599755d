//! A client, with socket2: it sends a line, and prints what one read gives.

use socket2::{Domain, Socket, Type};
use std::error::Error;
use std::io::{Read, Write};
use std::net::SocketAddr;

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .ok_or("usage: connect_socket2 IP:PORT")?;
    talk(address.parse()?)?;
    Ok(())
}

// ANCHOR: talk
fn talk(address: SocketAddr) -> std::io::Result<()> {
    let domain = Domain::for_address(address);
    let kind = Type::STREAM;
    let mut socket = Socket::new(domain, kind, None)?;
    socket.connect(&address.into())?;

    socket.write_all(b"hello\n")?;
    let mut buffer = [0; 64];
    let count = socket.read(&mut buffer)?;
    let text = buffer[..count].escape_ascii();
    println!("read \"{text}\"");
    Ok(())
}
// ANCHOR_END: talk
