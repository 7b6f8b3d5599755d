//! Who closes the connections of a program that is killed? The kernel.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return Ok(serve()?);
    }
    // A second process, of this same program.
    let mut server = Command::new(std::env::current_exe()?)
        .arg("serve")
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = server.stdout.take().ok_or("the server has no output")?;
    let mut address = String::new();
    BufReader::new(stdout).read_line(&mut address)?;
    let mut client = TcpStream::connect(address.trim_end())?;

    // ANCHOR: client
    let mut buffer = [0; 100];
    let count = client.read(&mut buffer)?;
    let text = str::from_utf8(&buffer[..count])?;
    println!("the client reads {text:?}");

    client.set_read_timeout(Some(Duration::from_millis(200)))?;
    let error = client.read(&mut buffer).unwrap_err();
    println!("the client waits for 200 ms: {}", error.kind());

    server.kill()?;
    server.wait()?;
    println!("the server is killed");
    let count = client.read(&mut buffer)?;
    println!("the client reads {count} bytes: the end");
    // ANCHOR_END: client
    Ok(())
}

// ANCHOR: server
/// Greets one client, and never closes the connection.
fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let (mut connection, _) = listener.accept()?;
    connection.write_all(b"hello\n")?;
    loop {
        std::thread::park();
    }
}
// ANCHOR_END: server
