//! A server that answers when its client has finished, and two ways to finish.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

// ANCHOR: tail
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = thread::spawn(move || sum_up(&listener));

    let mut shuts_down = TcpStream::connect(address)?;
    shuts_down.write_all(b"one two three")?;
    shuts_down.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    shuts_down.read_to_string(&mut answer)?;
    println!("shut down, then read: {answer:?}");

    let mut closes = TcpStream::connect(address)?;
    closes.write_all(b"one two three")?;
    drop(closes);
    println!("closed: nobody is left who could read an answer");

    server.join().expect("the server does not panic")
}

/// Counts the words of two clients, one after the other.
fn sum_up(listener: &TcpListener) -> io::Result<()> {
    for _ in 0..2 {
        let (mut connection, _) = listener.accept()?;
        let mut text = String::new();
        connection.read_to_string(&mut text)?;
        let words = text.split_whitespace().count();
        connection.write_all(format!("{words} words").as_bytes())?;
    }
    Ok(())
}
// ANCHOR_END: tail
