//! Close-on-exec: what a child has after fork, and what another program has after exec.

use nix::sys::socket::{AddressFamily::Inet, SockFlag, SockType::Stream, socket};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};
use std::error::Error;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::process::{Command, exit};

fn main() -> Result<(), Box<dyn Error>> {
    report("plain", &plain()?)?;
    report("close-on-exec", &cloexec()?)
}

// ANCHOR: sockets
fn plain() -> nix::Result<OwnedFd> {
    let flags = SockFlag::empty();
    socket(Inet, Stream, flags, None)
}

fn cloexec() -> nix::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC;
    socket(Inet, Stream, flags, None)
}
// ANCHOR_END: sockets

fn report(name: &str, socket: &OwnedFd) -> Result<(), Box<dyn Error>> {
    let path = format!("/proc/self/fd/{}", socket.as_raw_fd());

    // SAFETY: this process has one thread.
    let in_child = match unsafe { fork() }? {
        ForkResult::Child => exit(if Path::new(&path).exists() { 0 } else { 1 }),
        ForkResult::Parent { child } => waitpid(child, None)? == WaitStatus::Exited(child, 0),
    };
    // A shell, started by fork and exec: does it have the descriptor?
    let shell = Command::new("sh")
        .args(["-c", "test -e $0", &path])
        .status()?;

    let there = |there| if there { "open" } else { "closed" };
    let (child, program) = (there(in_child), there(shell.success()));
    println!("{name:<13}  in the child: {child}, after exec: {program}");
    Ok(())
}
