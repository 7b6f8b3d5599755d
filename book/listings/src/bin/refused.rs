//! A port that is bound, and when a client can connect to it.

use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

// ANCHOR: refused
fn main() -> io::Result<()> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let bound = socket.local_addr()?.as_socket();
    let address = bound.expect("an address of IPv4");

    println!("after bind:   {}", attempt(address));
    socket.listen(128)?;
    println!("after listen: {}", attempt(address));
    drop(socket);
    println!("after close:  {}", attempt(address));
    Ok(())
}

fn attempt(address: SocketAddr) -> String {
    match TcpStream::connect(address) {
        Ok(_) => "connected, and nobody has called accept".into(),
        Err(error) => error.to_string(),
    }
}
// ANCHOR_END: refused
