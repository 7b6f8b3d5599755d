//! A server that greets each client.

use std::io::{Result, Write};
use std::net::TcpListener;

fn main() -> Result<()> {
    // ANCHOR: hello
    let listener = TcpListener::bind("127.0.0.1:9000")?;
    println!("listening on 127.0.0.1:9000");
    loop {
        let (mut connection, _) = listener.accept()?;
        let sent = connection.write_all(b"hello\n");
        if let Err(error) = sent {
            eprintln!("write: {error}");
        }
        drop(connection);
    }
    // ANCHOR_END: hello
}
