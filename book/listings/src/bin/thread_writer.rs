//! One thread sleeps in a read of a connection, another wants to write to it.

use std::io::{self, ErrorKind::WouldBlock, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

type Serve = fn(TcpStream);

// ANCHOR: writer
fn with_a_lock(stream: TcpStream) {
    let stream = Arc::new(Mutex::new(stream));
    let reader = Arc::clone(&stream);
    let locked = Arc::new(Barrier::new(2));
    let has_locked = Arc::clone(&locked);
    thread::spawn(move || {
        let mut stream = reader.lock().expect("not poisoned");
        has_locked.wait();
        stream.read(&mut [0; 64])
    });
    locked.wait();
    thread::spawn(move || {
        let mut stream = stream.lock().expect("not poisoned");
        stream.write_all(b"news")
    });
}

fn without(stream: TcpStream) {
    let stream = Arc::new(stream);
    let reader = Arc::clone(&stream);
    thread::spawn(move || (&*reader).read(&mut [0; 64]));
    thread::spawn(move || (&*stream).write_all(b"news"));
}
// ANCHOR_END: writer

fn main() -> io::Result<()> {
    // For news that do not come, and for news that do.
    let (short, long) = (Duration::from_millis(200), Duration::from_secs(10));
    let servers: [(&str, Serve, Duration); 2] = [
        ("Mutex<TcpStream>", with_a_lock, short),
        ("TcpStream", without, long),
    ];
    for (name, serve, patience) in servers {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut client = TcpStream::connect(listener.local_addr()?)?;
        client.set_read_timeout(Some(patience))?;
        serve(listener.accept()?.0);
        match client.read(&mut [0; 64]) {
            Ok(_) => println!("{name}: the client hears the news"),
            Err(error) if error.kind() == WouldBlock => {
                println!("{name}: the client waits 200 ms and hears nothing")
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
