//! A listener on one address, and a listener on all of them.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

// ANCHOR: any
fn main() -> io::Result<()> {
    let one = Ipv4Addr::LOCALHOST; // 127.0.0.1
    let any = Ipv4Addr::UNSPECIFIED; // 0.0.0.0
    for listens_on in [one, any] {
        let listener = TcpListener::bind((listens_on, 0))?;
        let port = listener.local_addr()?.port();
        println!("listening on {listens_on}:");
        for target in [one, Ipv4Addr::new(127, 0, 0, 2)] {
            match TcpStream::connect((target, port)) {
                Ok(_) => {
                    let (connection, _) = listener.accept()?;
                    let own = connection.local_addr()?.ip();
                    println!("  to {target}: connected, to a socket on {own}");
                }
                Err(error) => println!("  to {target}: {error}"),
            }
        }
    }
    Ok(())
}
// ANCHOR_END: any
