//! RLIMIT_NOFILE is 16, and 40 clients come: to a server that keeps the
//! connections itself, and to one that gives each to a child.

use nix::errno::Errno;
use nix::sys::resource::Resource::RLIMIT_NOFILE;
use nix::sys::resource::{getrlimit, rlim_t, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{SockFlag, accept4};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pause};
use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Instant;

const CLIENTS: usize = 40;

fn main() -> Result<(), Box<dyn Error>> {
    for server in [keeps_all, gives_away] {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let clients = start_clients(&listener)?;
        let old = limit_descriptors(16)?;
        server(&listener)?;
        limit_descriptors(old)?;
        end(clients)?;
    }
    Ok(())
}

// ANCHOR: limit
fn limit_descriptors(new: rlim_t) -> nix::Result<rlim_t> {
    let (soft, hard) = getrlimit(RLIMIT_NOFILE)?;
    println!("limit {soft}, at most {hard}, now {new}");
    setrlimit(RLIMIT_NOFILE, new, hard)?;
    Ok(soft)
}
// ANCHOR_END: limit

// ANCHOR: keeps
fn keeps_all(listener: &TcpListener) -> Result<(), Box<dyn Error>> {
    let idle = TcpListener::bind("127.0.0.1:0")?;
    let mut kept = Vec::new();
    let error = loop {
        match accept(listener) {
            Ok(connection) => kept.push(connection),
            Err(error) => break error,
        }
    };
    println!("keeps all: {} accepted, then {error}", kept.len());

    let start = Instant::now();
    for _ in 0..100_000 {
        assert!(matches!(accept(&idle), Err(Errno::EMFILE)));
    }
    let elapsed = start.elapsed();
    println!("no client there: EMFILE 100000 times in {elapsed:.0?}");

    kept.pop();
    accept(listener)?;
    println!("closes one: accept returns a connection");
    Ok(())
}
// ANCHOR_END: keeps

fn gives_away(listener: &TcpListener) -> Result<(), Box<dyn Error>> {
    let mut children = Vec::new();
    for _ in 0..CLIENTS {
        let connection = accept(listener)?;
        // SAFETY: this process has one thread.
        match unsafe { fork() }? {
            ForkResult::Child => loop {
                pause(); // holds the connection
            },
            ForkResult::Parent { child } => children.push(child),
        }
        drop(connection);
    }
    println!("gives each to a child: {} accepted", children.len());
    children.into_iter().try_for_each(end)
}

fn accept(listener: &TcpListener) -> nix::Result<OwnedFd> {
    let fd = accept4(listener.as_raw_fd(), SockFlag::SOCK_CLOEXEC)?;
    // SAFETY: accept4 made this descriptor; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Starts a process that holds `CLIENTS` connections to `listener`.
fn start_clients(listener: &TcpListener) -> Result<Pid, Box<dyn Error>> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let address = listener.local_addr()?;
            let _clients: Vec<_> = (0..CLIENTS).map(|_| TcpStream::connect(address)).collect();
            loop {
                pause();
            }
        }
        ForkResult::Parent { child } => Ok(child),
    }
}

fn end(process: Pid) -> Result<(), Box<dyn Error>> {
    kill(process, Signal::SIGKILL)?;
    waitpid(process, None)?;
    Ok(())
}
