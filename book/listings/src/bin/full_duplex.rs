//! Both ends talk at once, and neither listens before both have spoken.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

// ANCHOR: duplex
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;

    println!("client wrote {}", client.write(b"how are you?")?);
    println!("server wrote {}", server.write(b"good evening")?);

    let mut buffer = [0; 64];
    let count = client.read(&mut buffer)?;
    println!("client read  {}", buffer[..count].escape_ascii());
    let count = server.read(&mut buffer)?;
    println!("server read  {}", buffer[..count].escape_ascii());
    Ok(())
}
// ANCHOR_END: duplex
