//! What was sent in two writes, and how it is read.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

// ANCHOR: reads
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut connection, _) = listener.accept()?;
    client.write_all(b"one")?;
    client.write_all(b"two")?;
    drop(client);

    let mut buffer = [0; 4];
    loop {
        let count = connection.read(&mut buffer)?;
        println!("read {count}: \"{}\"", buffer[..count].escape_ascii());
        if count == 0 {
            return Ok(());
        }
    }
}
// ANCHOR_END: reads
