//! A child ends while its parent sleeps in accept: what does accept return?

use nix::errno::Errno;
use nix::libc::c_int;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::socket::{SockFlag, accept4};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid};
use std::error::Error;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::PathBuf;
use std::process::exit;
use std::thread::yield_now;

fn main() -> Result<(), Box<dyn Error>> {
    for (name, flags) in [
        ("no flags", SaFlags::empty()),
        ("SA_RESTART", SaFlags::SA_RESTART),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let children = one_ends_then_one_connects(&listener, flags)?;
        println!("{name}, accept of nix:");
        accept(&listener)?;
        wait_for(children);

        let children = one_ends_then_one_connects(&listener, flags)?;
        println!("{name}, accept of std:");
        listener.accept()?;
        println!("  a connection");
        wait_for(children);
    }
    Ok(())
}

// ANCHOR: accept
fn accept(listener: &TcpListener) -> nix::Result<OwnedFd> {
    let listener = listener.as_raw_fd();
    loop {
        match accept4(listener, SockFlag::SOCK_CLOEXEC) {
            Ok(fd) => {
                println!("  a connection");
                // SAFETY: fd is new, nobody else owns it.
                return Ok(unsafe { OwnedFd::from_raw_fd(fd) });
            }
            Err(Errno::EINTR) => println!("  EINTR"),
            Err(error) => return Err(error),
        }
    }
}
// ANCHOR_END: accept

extern "C" fn reap(_: c_int) {
    let errno = Errno::last_raw();
    while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG))
        && status.pid().is_some()
    {}
    Errno::set_raw(errno);
}

/// Starts a child that ends when this process sleeps, and another that
/// connects when the first is gone.
fn one_ends_then_one_connects(
    listener: &TcpListener,
    flags: SaFlags,
) -> Result<[Pid; 2], Box<dyn Error>> {
    let action = SigAction::new(SigHandler::Handler(reap), flags, SigSet::empty());
    // SAFETY: the handler calls waitpid only, and puts errno back.
    unsafe { sigaction(Signal::SIGCHLD, &action) }?;
    let parent = getpid();

    // SAFETY: this process has one thread.
    let first = match unsafe { fork() }? {
        ForkResult::Child => {
            while !fs::read_to_string(stat(parent))?.contains(") S ") {
                yield_now();
            }
            exit(0);
        }
        ForkResult::Parent { child } => child,
    };
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            while stat(first).exists() {
                yield_now();
            }
            TcpStream::connect(listener.local_addr()?)?;
            exit(0);
        }
        ForkResult::Parent { child } => Ok([first, child]),
    }
}

fn wait_for(children: [Pid; 2]) {
    while children.iter().any(|&child| stat(child).exists()) {
        yield_now();
    }
}

fn stat(process: Pid) -> PathBuf {
    format!("/proc/{process}/stat").into()
}
