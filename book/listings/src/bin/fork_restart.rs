//! Who must set SO_REUSEADDR, when a connection of the old server lives on?

use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

fn main() -> io::Result<()> {
    for (old, new) in [(false, false), (false, true), (true, false), (true, true)] {
        let outcome = match restart(old, new) {
            Ok(_) => "binds".to_string(),
            Err(error) => error.to_string(),
        };
        let set = |set| if set { "set" } else { "not set" };
        let (old, new) = (set(old), set(new));
        println!("old server: {old:<8} new server: {new:<8} {outcome}");
    }
    Ok(())
}

// ANCHOR: restart
fn restart(old: bool, new: bool) -> io::Result<TcpListener> {
    let listener = listen((Ipv4Addr::LOCALHOST, 0).into(), old)?;
    let address = listener.local_addr()?;
    let _client = TcpStream::connect(address)?;
    let (_connection, _) = listener.accept()?;
    drop(listener); // The connection lives on.

    listen(address, new)
}

fn listen(address: SocketAddr, reuse: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(reuse)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}
// ANCHOR_END: restart
