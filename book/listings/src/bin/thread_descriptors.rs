//! RLIMIT_NOFILE is 16, and 40 clients come to a server with a thread a client.

use nix::sys::resource::{Resource::RLIMIT_NOFILE, getrlimit, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pause};
use std::error::Error;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let clients = start_clients(&listener)?;
    let (_, hard) = getrlimit(RLIMIT_NOFILE)?;
    setrlimit(RLIMIT_NOFILE, 16, hard)?;
    threads(&listener);
    setrlimit(RLIMIT_NOFILE, hard, hard)?;
    kill(clients, Signal::SIGKILL)?;
    waitpid(clients, None)?;
    Ok(())
}

// ANCHOR: threads
fn threads(listener: &TcpListener) {
    let mut handlers = Vec::new();
    let error = loop {
        match listener.accept() {
            Ok((mut connection, _)) => handlers.push(thread::spawn(move || {
                let _ = connection.read(&mut [0; 64]);
            })),
            Err(error) => break error,
        }
    };
    println!("{} threads, then {error}", handlers.len());
}
// ANCHOR_END: threads

/// Starts a process that holds 40 connections to `listener`.
fn start_clients(listener: &TcpListener) -> Result<Pid, Box<dyn Error>> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let address = listener.local_addr()?;
            let _clients: Vec<_> = (0..40).map(|_| TcpStream::connect(address)).collect();
            loop {
                pause();
            }
        }
        ForkResult::Parent { child } => Ok(child),
    }
}
