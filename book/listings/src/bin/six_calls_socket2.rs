//! A server in six calls, with socket2: it greets one client, and ends.

use socket2::{Domain, Socket, Type};
use std::error::Error;
use std::io::{Read, Write};
use std::net::SocketAddr;

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .ok_or("usage: six_calls_socket2 IP:PORT")?;
    serve(address.parse()?)?;
    Ok(())
}

// ANCHOR: serve
fn serve(address: SocketAddr) -> std::io::Result<()> {
    let domain = Domain::for_address(address);
    let kind = Type::STREAM;
    let listener = Socket::new(domain, kind, None)?;
    listener.bind(&address.into())?;
    listener.listen(128)?;
    let bound = listener.local_addr()?.as_socket();
    println!("listening on {}", bound.unwrap_or(address));

    let (mut connection, _client) = listener.accept()?;
    let mut buffer = [0; 64];
    let count = connection.read(&mut buffer)?;
    let text = buffer[..count].escape_ascii();
    println!("read \"{text}\"");
    connection.write_all(b"welcome\n")?;
    Ok(()) // both sockets are dropped, and so closed
}
// ANCHOR_END: serve
