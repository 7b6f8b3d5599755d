//! A client, with the standard library: it sends a line, and prints what one read gives.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .ok_or("usage: connect_std IP:PORT")?;
    talk(address.parse()?)?;
    Ok(())
}

// ANCHOR: talk
fn talk(address: SocketAddr) -> std::io::Result<()> {
    let mut socket = TcpStream::connect(address)?;

    socket.write_all(b"hello\n")?;
    let mut buffer = [0; 64];
    let count = socket.read(&mut buffer)?;
    let text = buffer[..count].escape_ascii();
    println!("read \"{text}\"");
    Ok(())
}
// ANCHOR_END: talk
