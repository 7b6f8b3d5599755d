//! A line client: sends each line of its input, and prints each line of the reply.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{Shutdown, SocketAddrV4, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::ExitCode;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, connect, socket};

fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1).and_then(|word| word.parse().ok()) else {
        eprintln!("usage: client IP:PORT");
        return ExitCode::from(2);
    };
    match run(address) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("client: {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(address: SocketAddrV4) -> io::Result<()> {
    // The same descriptor: what changes is its owner, and the methods at hand.
    let server = TcpStream::from(dial(address)?);
    talk(&server)
}

/// A socket that is connected to the server at `address`.
fn dial(address: SocketAddrV4) -> nix::Result<OwnedFd> {
    let socket = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    // No bind: whatever free port the kernel takes for this end will do.
    connect(socket.as_raw_fd(), &SockaddrIn::from(address))?;
    Ok(socket)
}

/// Sends each line of standard input and prints the line that comes back; after the
/// last one, prints what is still to come.
fn talk(mut server: &TcpStream) -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    // One reader for the whole conversation: what it has read ahead stays in it.
    let mut replies = BufReader::new(server);
    let mut line = Vec::new();
    loop {
        line.clear();
        input.read_until(b'\n', &mut line)?;
        server.write_all(&line)?;
        // Without a newline this was the end of the input: either the last line lacks
        // one, or nothing was left. To wait for a line of reply would be in vain.
        if line.last() != Some(&b'\n') {
            break;
        }
        line.clear();
        // A line is not a read: it may come in pieces, or with the next one.
        if replies.read_until(b'\n', &mut line)? == 0 {
            let why = "the server closed the connection without an answer";
            return Err(io::Error::new(ErrorKind::UnexpectedEof, why));
        }
        output.write_all(&line)?;
        output.flush()?;
    }
    // "That was all": the server reads the end of the stream and may still answer.
    server.shutdown(Shutdown::Write)?;
    // Not by io::copy: from a socket to a pipe that is splice(2), which keeps the pipe
    // locked while it waits for bytes, and whoever reads the pipe waits with it.
    loop {
        line.clear();
        if replies.read_until(b'\n', &mut line)? == 0 {
            return output.flush();
        }
        output.write_all(&line)?;
    }
}
