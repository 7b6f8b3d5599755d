//! One write of 64 MiB to a client that does not read.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

// ANCHOR: short
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let _client = TcpStream::connect(listener.local_addr()?)?;
    let (mut connection, _) = listener.accept()?;
    // Whoever waits longer than this has waited long enough.
    connection.set_write_timeout(Some(Duration::from_millis(200)))?;

    let block = vec![0; 64 << 20];
    let taken = connection.write(&block)?;
    println!("offered {} bytes", block.len());
    println!("write took {taken}, and reported success");
    Ok(())
}
// ANCHOR_END: short
