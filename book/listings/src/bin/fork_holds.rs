//! A connection ends with the last descriptor for it, not with the process that used it.

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};
use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::process::exit;
use std::time::Duration;

// ANCHOR: holds
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    client.set_read_timeout(Some(Duration::from_millis(200)))?;
    let (connection, _) = listener.accept()?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => exit(0),
        ForkResult::Parent { child } => waitpid(child, None)?,
    };
    println!("the child has ended:   {}", hears(&mut client));

    drop(connection);
    println!("the parent has closed: {}", hears(&mut client));
    Ok(())
}
// ANCHOR_END: holds

fn hears(client: &mut TcpStream) -> String {
    match client.read(&mut [0; 64]) {
        Ok(0) => "the client reads end of file".into(),
        Ok(n) => format!("the client reads {n} bytes"),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            "the client waits 200 ms and reads nothing".into()
        }
        Err(error) => format!("the client's read fails: {error}"),
    }
}
