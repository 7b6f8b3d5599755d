//! A child that keeps the listener keeps the port open after its parent has gone.

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, pause};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

// ANCHOR: listener
fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;

    // SAFETY: this process has one thread.
    let child = match unsafe { fork() }? {
        ForkResult::Child => loop {
            pause(); // holds a copy of the listener, and never accepts
        },
        ForkResult::Parent { child } => child,
    };
    drop(listener);
    println!("the parent has closed its listener, a child has not:");
    ask(address);

    kill(child, Signal::SIGKILL)?;
    waitpid(child, None)?;
    println!("the child has ended:");
    ask(address);
    Ok(())
}
// ANCHOR_END: listener

fn ask(address: SocketAddr) {
    match TcpStream::connect(address) {
        Ok(_) => println!("  a client connects: the connection is made"),
        Err(error) => println!("  a client connects: {error}"),
    }
    match TcpListener::bind(address) {
        Ok(_) => println!("  a new server binds: the port is free"),
        Err(error) => println!("  a new server binds: {error}"),
    }
}
