//! A client that meets itself: a simultaneous open with one socket.

use socket2::{Domain, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

// ANCHOR: itself
fn main() -> io::Result<()> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let own = socket.local_addr()?;
    socket.connect(&own)?; // and nobody listens there
    let mut stream = TcpStream::from(socket);
    println!("{} → {}", stream.local_addr()?, stream.peer_addr()?);

    stream.write_all(b"anybody here?\n")?;
    let mut buffer = [0; 64];
    let count = stream.read(&mut buffer)?;
    println!("read \"{}\"", buffer[..count].escape_ascii());
    Ok(())
}
// ANCHOR_END: itself
