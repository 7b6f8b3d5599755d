//! One handler returns, panics or exits: what becomes of the other clients?

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::exit;
use std::{env, thread};

// ANCHOR: ends
fn echo(mut connection: TcpStream, how: &str) -> io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        match connection.read(&mut buffer)? {
            0 => return Ok(()),
            _ if buffer.starts_with(b"end") => match how {
                "panic" => panic!("a fault in the handler"),
                "exit" => exit(1),
                _ => return Ok(()),
            },
            n => connection.write_all(&buffer[..n])?,
        }
    }
}
// ANCHOR_END: ends

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let how = env::args().nth(1).unwrap_or_default();
            thread::spawn(move || echo(connection, &how));
        }
    });

    let (mut one, mut other) = (TcpStream::connect(address)?, TcpStream::connect(address)?);
    println!(
        "both clients: {}, {}",
        ask(&mut one, "1")?,
        ask(&mut other, "2")?
    );
    println!("its client: {}", ask(&mut one, "end")?);
    println!("the other client: {}", ask(&mut other, "2")?);
    Ok(())
}

fn ask(client: &mut TcpStream, text: &str) -> io::Result<&'static str> {
    client.write_all(text.as_bytes())?;
    match client.read(&mut [0; 64])? {
        0 => Ok("end of file"),
        _ => Ok("an echo"),
    }
}
