//! A clone of a stream is one more descriptor for the connection.

use std::io::{self, ErrorKind::WouldBlock, Read};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

// ANCHOR: clone
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (connection, _) = listener.accept()?;
    let clone = connection.try_clone()?;
    let (one, other) = (connection.as_raw_fd(), clone.as_raw_fd());
    println!("descriptor {one} and its clone {other}");

    drop(connection);
    println!("one is dropped:  {}", hears(&mut client)?);

    clone.shutdown(Shutdown::Write)?;
    println!("shut down:       {}", hears(&mut client)?);
    Ok(())
}
// ANCHOR_END: clone

fn hears(client: &mut TcpStream) -> io::Result<&'static str> {
    client.set_read_timeout(Some(Duration::from_millis(200)))?;
    match client.read(&mut [0; 64]) {
        Ok(0) => Ok("the client reads end of file"),
        Ok(_) => Ok("the client reads something"),
        Err(error) if error.kind() == WouldBlock => Ok("the client waits 200 ms and reads nothing"),
        Err(error) => Err(error),
    }
}
