//! An echo server with a thread a client.

use std::convert::Infallible;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;

/// How many clients there may be at a time, where nothing is said about it. Each takes
/// a thread, whose stack reserves 2 MiB of addresses, and a descriptor.
const CLIENTS: usize = 256;

/// A line that is longer is taken for several, of this many bytes: a client that sends
/// no newline must not fill the memory of all.
const LONGEST_LINE: u64 = 64 * 1024;

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
    let clients = Arc::new(Clients {
        most,
        counts: Mutex::default(),
    });
    loop {
        let connection = match listener.accept() {
            Ok((connection, _)) => connection,
            Err(error) => {
                recover(error)?;
                continue;
            }
        };
        let Some(place) = Clients::admit(&clients) else {
            turn_away(connection);
            continue;
        };
        // The thread gets the connection itself, by value. What is shared is shared
        // by name: the clients, in an Arc and behind a lock.
        let started = thread::Builder::new()
            .name("client".to_owned())
            .spawn(move || {
                if let Err(error) = handle(&connection, &place.clients) {
                    eprintln!("thread-server: client: {error}");
                }
                // Whoever hears that this client has gone finds its place free. (After a
                // panic the two are dropped as well, in whichever order.)
                drop(place);
                drop(connection);
            });
        // Nobody waits for the thread: its handle is dropped here, so nothing is left
        // of it when it ends. Where it could not start (thread::spawn would panic), the
        // connection was dropped, and the place with it: one client is turned away.
        if let Err(error) = started {
            eprintln!("thread-server: no thread for a client: {error}");
        }
    }
}

/// What an error of accept leaves to be done: nothing, wait, or give up.
fn recover(error: io::Error) -> io::Result<()> {
    match error.raw_os_error().map(Errno::from_raw) {
        // A signal came, or the client had gone before it was its turn.
        Some(Errno::EINTR | Errno::ECONNABORTED) => Ok(()),
        // Nothing is free. The client stays in the queue, so accept would fail
        // again at once: a pause, or this loop spins.
        Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM) => {
            eprintln!("thread-server: accept: {error}");
            thread::sleep(Duration::from_millis(100));
            Ok(())
        }
        _ => Err(error),
    }
}

/// Says that there is no place free. This is the thread that accepts, so it waits for
/// nobody: the few bytes fit into the empty queue of a new connection, or are lost.
fn turn_away(mut connection: TcpStream) {
    let told = connection
        .set_nonblocking(true)
        .and_then(|()| connection.write_all(b"busy\n"))
        .and_then(|()| connection.shutdown(Shutdown::Write))
        // A close with bytes unread is a reset, and might overtake the answer.
        .and_then(|()| connection.read(&mut [0; 4096]));
    match told {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        Err(error) => eprintln!("thread-server: client turned away: {error}"),
    }
}

/// The clients, as all threads know them.
struct Clients {
    /// How many there may be at a time.
    most: usize,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    here: usize,
    so_far: usize,
}

/// One client's place: free again when this is dropped, also by a panic.
struct Place {
    clients: Arc<Clients>,
}

impl Clients {
    /// Lets one more in, unless there are `most` already. Looking and counting is one
    /// act under one lock: between the two nobody else can take the last place.
    fn admit(clients: &Arc<Clients>) -> Option<Place> {
        let mut counts = clients.counts();
        if counts.here >= clients.most {
            return None;
        }
        counts.here += 1;
        counts.so_far += 1;
        Some(Place {
            clients: Arc::clone(clients),
        })
    }

    /// How many were let in so far, those who have left among them.
    fn so_far(&self) -> usize {
        self.counts().so_far
    }

    /// The counts, for as long as the guard lives: never over a read or a write. A
    /// thread that panics with the lock poisons it. These are two numbers, right
    /// at every moment, so what the others find is sound, and they go on.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.clients.counts().here -= 1;
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
    let mut line = Vec::new();
    let count = lines.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    Ok((count > 0).then_some(line))
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
