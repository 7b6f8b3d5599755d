//! A listener and two connections: five sockets, and whose port is what.

use std::io;
use std::net::{TcpListener, TcpStream};

// ANCHOR: ports
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let ada = TcpStream::connect(address)?;
    let (to_ada, _) = listener.accept()?;
    let bob = TcpStream::connect(address)?;
    let (to_bob, _) = listener.accept()?;

    println!("listener                 {address}");
    println!("server's end, to Ada     {}", ends(&to_ada)?);
    println!("server's end, to Bob     {}", ends(&to_bob)?);
    println!("Ada's end                {}", ends(&ada)?);
    println!("Bob's end                {}", ends(&bob)?);
    Ok(())
}

fn ends(socket: &TcpStream) -> io::Result<String> {
    let (own, peer) = (socket.local_addr()?, socket.peer_addr()?);
    Ok(format!("{own} → {peer}"))
}
// ANCHOR_END: ports
