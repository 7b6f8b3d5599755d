//! An echo server with a process a client.

use std::convert::Infallible;
use std::net::SocketAddrV4;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use nix::Result;
use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, accept4, bind, getsockname, listen,
    setsockopt, socket, sockopt,
};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, read, write};

fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1).and_then(|word| word.parse().ok()) else {
        eprintln!("usage: fork-server IP:PORT");
        return ExitCode::from(2);
    };
    let listener = match open(address) {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("fork-server: {address}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let Err(error) = serve(listener);
    eprintln!("fork-server: {error}");
    ExitCode::FAILURE
}

/// A socket that listens on `address`, and says so.
fn open(address: SocketAddrV4) -> Result<OwnedFd> {
    let listener = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    // Before bind, which is what it is about: children of a server that has died
    // may still talk from this port.
    setsockopt(&listener, sockopt::ReuseAddr, &true)?;
    bind(listener.as_raw_fd(), &SockaddrIn::from(address))?;
    listen(&listener, Backlog::MAXCONN)?;
    let bound: SockaddrIn = getsockname(listener.as_raw_fd())?;
    println!("listening on {bound}");
    Ok(listener)
}

/// Lets the kernel call [`on_child_end`] whenever a child has ended.
fn reap_children() -> Result<()> {
    let action = SigAction::new(
        SigHandler::Handler(on_child_end),
        // A child's end then interrupts no accept: the kernel takes it up again.
        SaFlags::SA_RESTART,
        SigSet::empty(),
    );
    // SAFETY: the handler calls nothing but waitpid(2), which is async-signal-safe,
    // and keeps errno for whatever it interrupts.
    unsafe { sigaction(Signal::SIGCHLD, &action)? };
    Ok(())
}

/// Waits for all children that have ended. Signals do not queue: five ends may come
/// as one SIGCHLD, so one call asks until there is nobody left to ask for. And it
/// must not block, or accept would wait with it for the children that live.
extern "C" fn on_child_end(_: i32) {
    let interrupted = Errno::last();
    while let Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) =
        waitpid(None, Some(WaitPidFlag::WNOHANG))
    {}
    interrupted.set();
}

/// Accepts clients for ever, and gives each a child of its own.
fn serve(listener: OwnedFd) -> Result<Infallible> {
    // Before the first child: the end of one that nobody listens for is lost.
    reap_children()?;
    loop {
        let connection = match accept4(listener.as_raw_fd(), SockFlag::SOCK_CLOEXEC) {
            // SAFETY: accept4 has made this descriptor, and nobody else owns it.
            Ok(number) => unsafe { OwnedFd::from_raw_fd(number) },
            Err(error) => {
                recover(error)?;
                continue;
            }
        };
        // SAFETY: this process has one thread, so its copy may do whatever it may.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => {
                // The port is the parent's: a child that holds the listener, too,
                // keeps it taken after the parent has died.
                drop(listener);
                let ended = echo(&connection);
                if let Err(error) = ended {
                    eprintln!("fork-server: child {}: {error}", std::process::id());
                }
                // Not back into the loop: that is the parent's.
                std::process::exit(ended.is_err().into());
            }
            Ok(ForkResult::Parent { .. }) => {}
            // One client is turned away; the next may find a process free.
            Err(error) => eprintln!("fork-server: fork: {error}"),
        }
        // Here the parent's descriptor is closed. The child has its own, and with
        // that one's end the connection ends.
        drop(connection);
    }
}

/// What an error of accept leaves to be done: nothing, wait, or give up.
fn recover(error: Errno) -> Result<()> {
    match error {
        // A signal came, or the client had gone before it was its turn.
        Errno::EINTR | Errno::ECONNABORTED => Ok(()),
        // Nothing is free. The client stays in the queue, so accept would fail
        // again at once: a pause, or this loop spins.
        Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM => {
            eprintln!("fork-server: accept: {error}");
            sleep(Duration::from_millis(100));
            Ok(())
        }
        other => Err(other),
    }
}

/// Sends back what arrives, until the client has finished.
fn echo(connection: &OwnedFd) -> Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = match read(connection.as_fd(), &mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(error),
        };
        // One write may take less than all of it.
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            match write(connection.as_fd(), rest) {
                Ok(count) => rest = &rest[count..],
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
