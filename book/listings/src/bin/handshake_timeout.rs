//! A wait of one's own: to a server that answers, one that refuses, one that is silent.

use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

fn main() -> io::Result<()> {
    let open = TcpListener::bind("127.0.0.1:0")?;
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let full = full()?;
    let silent = full.local_addr()?.as_socket();
    let silent = silent.expect("an address of IPv4");
    let _the_only_one_with_room = TcpStream::connect(silent)?;

    for address in [open.local_addr()?, closed, silent] {
        let start = Instant::now();
        let said = match attempt(&address) {
            Ok(_) => "connected".to_owned(),
            Err(error) => format!("{:?}", error.kind()),
        };
        println!("{said} after {:.1} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

// ANCHOR: attempt
fn attempt(server: &SocketAddr) -> io::Result<TcpStream> {
    let limit = Duration::from_millis(300);
    TcpStream::connect_timeout(server, limit)
}
// ANCHOR_END: attempt

/// A listener with room for one.
fn full() -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(0)?;
    Ok(socket)
}
