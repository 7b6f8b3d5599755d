//! A lock held while a thread reads, and one that is not.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

type Handler = fn(TcpStream) -> io::Result<()>;

/// For an answer that comes, and for one that does not.
const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(200);

static CLIENTS: Mutex<u32> = Mutex::new(0);

// ANCHOR: lock
fn holds_the_lock(connection: TcpStream) -> io::Result<()> {
    let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    *clients += 1;
    echo(connection)
}

fn lets_go(connection: TcpStream) -> io::Result<()> {
    {
        let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
        *clients += 1;
    }
    echo(connection)
}
// ANCHOR_END: lock

fn echo(mut connection: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        match connection.read(&mut buffer)? {
            0 => return Ok(()),
            n => connection.write_all(&buffer[..n])?,
        }
    }
}

fn main() -> io::Result<()> {
    let handlers: [(&str, Handler, Duration); 2] = [
        ("lets go", lets_go, LONG),
        ("holds the lock", holds_the_lock, SHORT),
    ];
    for (name, handler, patience) in handlers {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut clients = Vec::new();
        for _ in 0..2 {
            clients.push(TcpStream::connect(listener.local_addr()?)?);
            let (connection, _) = listener.accept()?;
            thread::spawn(move || handler(connection));
            // The first has the lock, if any, before the second comes.
            if clients.len() == 1 {
                hello(&mut clients[0], LONG)?;
            }
        }
        println!(
            "{name}: the second client {}",
            hello(&mut clients[1], patience)?
        );
    }
    Ok(())
}

fn hello(client: &mut TcpStream, patience: Duration) -> io::Result<&'static str> {
    client.set_read_timeout(Some(patience))?;
    client.write_all(b"hello")?;
    match client.read(&mut [0; 64]) {
        Ok(_) => Ok("hears its echo"),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Ok("waits 200 ms and hears nothing")
        }
        Err(error) => Err(error),
    }
}
