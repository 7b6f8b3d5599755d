//! What the server's calls say of a client that has reset its connection.

use socket2::SockRef;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

// ANCHOR: reset
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    for asks in ["read first", "write first"] {
        let client = TcpStream::connect(listener.local_addr()?)?;
        let (mut connection, _) = listener.accept()?;
        reset(client)?;
        println!("{asks}:");
        if asks == "read first" {
            println!("  read:  {:?}", connection.read(&mut [0; 64]));
        }
        println!("  write: {:?}", connection.write(b"hello"));
        println!("  write: {:?}", connection.write(b"hello"));
        println!("  read:  {:?}", connection.read(&mut [0; 64]));
    }
    let _next = TcpStream::connect(listener.local_addr()?)?;
    listener.accept()?;
    println!("the listener accepts the next client");
    Ok(())
}

/// Sends RST in place of FIN.
fn reset(client: TcpStream) -> io::Result<()> {
    SockRef::from(&client).set_linger(Some(Duration::ZERO))
}
// ANCHOR_END: reset
