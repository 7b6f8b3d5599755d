//! The numbers of connections: closed by their owner, and owned by nobody.

use nix::sys::socket::{SockFlag, accept4};
use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

// ANCHOR: forgotten
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    print!("an OwnedFd each:");
    for _ in 0..4 {
        let mut client = TcpStream::connect(listener.local_addr()?)?;
        let fd = accept(&listener)?;
        // SAFETY: accept4 made it, and nobody else owns it.
        let connection = unsafe { OwnedFd::from_raw_fd(fd) };
        print!(" {}", connection.as_raw_fd());
        drop(connection);
        expect_end(&mut client)?;
    }

    print!("\na RawFd each:   ");
    for _ in 0..4 {
        let mut client = TcpStream::connect(listener.local_addr()?)?;
        print!(" {}", accept(&listener)?);
        expect_silence(&mut client)?;
    }
    println!();
    Ok(())
}
// ANCHOR_END: forgotten

fn accept(listener: &TcpListener) -> io::Result<RawFd> {
    Ok(accept4(listener.as_raw_fd(), SockFlag::SOCK_CLOEXEC)?)
}

/// The client reads end of file.
fn expect_end(client: &mut TcpStream) -> io::Result<()> {
    assert_eq!(client.read(&mut [0])?, 0);
    Ok(())
}

/// The client reads nothing, not even an end.
fn expect_silence(client: &mut TcpStream) -> io::Result<()> {
    client.set_read_timeout(Some(Duration::from_millis(100)))?;
    let error = client.read(&mut [0]).expect_err("nothing comes");
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    Ok(())
}
