//! An echo server with a thread a client.

use std::convert::Infallible;
use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;

/// How many clients there may be at a time, where nothing is said about it.
const CLIENTS: usize = 256;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((address, most)) = arguments(&words) else {
        eprintln!("usage: thread-server IP:PORT [--clients N]");
        return ExitCode::from(2);
    };
    let listener = match open(address) {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("thread-server: {address}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let Err(error) = serve(&listener, most);
    eprintln!("thread-server: {error}");
    ExitCode::FAILURE
}

/// Where to listen, and how many clients there may be at a time.
fn arguments(words: &[String]) -> Option<(SocketAddr, usize)> {
    match words {
        [address] => Some((address.parse().ok()?, CLIENTS)),
        [address, option, most] | [option, most, address] if option == "--clients" => {
            Some((address.parse().ok()?, most.parse().ok()?))
        }
        _ => None,
    }
}

/// A socket that listens on `address`, and says so. The standard library makes the
/// calls of the first server: socket, setsockopt (SO_REUSEADDR), bind, listen.
fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    Ok(listener)
}

/// Accepts clients for ever, and gives each a thread of its own.
fn serve(listener: &TcpListener, most: usize) -> io::Result<Infallible> {
    let clients = Clients { most };
    loop {
        let (connection, _) = listener.accept()?;
        if !clients.admit() {
            todo!("tell {connection:?} that the server is busy, and close it");
        }
        // One client after the other, until you give each a thread.
        if let Err(error) = handle(&connection, &clients) {
            eprintln!("thread-server: client: {error}");
        }
    }
}

/// The clients, as all threads know them.
struct Clients {
    /// How many there may be at a time.
    most: usize,
}

impl Clients {
    /// Lets one more in, unless there are `most` already.
    fn admit(&self) -> bool {
        todo!("let a client in if fewer than {} are here", self.most)
    }

    /// How many were let in so far, those who have left among them.
    fn so_far(&self) -> usize {
        todo!("count the clients that were let in so far")
    }
}

/// Answers line by line, until the client has finished.
fn handle(mut connection: &TcpStream, clients: &Clients) -> io::Result<()> {
    let mut lines = BufReader::new(connection);
    while let Some(line) = next_line(&mut lines)? {
        connection.write_all(&answer(line, clients))?;
    }
    Ok(())
}

/// The next line with its newline, or what comes in its place before the end of file.
fn next_line(lines: &mut BufReader<&TcpStream>) -> io::Result<Option<Vec<u8>>> {
    todo!("read a line from {lines:?}; at the end of file there is none");
}

/// The answer to one line.
fn answer(line: Vec<u8>, clients: &Clients) -> Vec<u8> {
    match line.as_slice() {
        b"COUNT\n" => format!("{}\n", clients.so_far()).into_bytes(),
        // A fault, put here on purpose: whom does it hurt?
        b"PANIC\n" => panic!("a client has asked for it"),
        _ => line,
    }
}
