//! A client that resets its connection before it is accepted.

use socket2::SockRef;
use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

// ANCHOR: reset
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;

    let client = TcpStream::connect(listener.local_addr()?)?;
    SockRef::from(&client).set_linger(Some(Duration::ZERO))?;
    drop(client); // Lingering for 0 s: close sends a reset.

    let (mut connection, _) = listener.accept()?;
    println!("accept:      a connection");
    let peer = connection.peer_addr();
    println!("getpeername: {}", peer.expect_err("the peer has gone"));
    let read = connection.read(&mut [0; 64]);
    println!("read:        {}", read.expect_err("a reset"));
    Ok(())
}
// ANCHOR_END: reset
