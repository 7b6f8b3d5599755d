//! RLIMIT_NPROC: fork fails with EAGAIN, and a zombie counts as a process.

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, Uid, fork};
use std::error::Error;
use std::process::exit;

fn main() -> Result<(), Box<dyn Error>> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NPROC)?;
    println!("RLIMIT_NPROC is {soft}, at most {hard}");
    if Uid::current().is_root() {
        println!("it does not bind root: run this as another user");
        return Ok(());
    }

    // Raise the limit from 1 until it has room for exactly one child.
    let (mut limit, mut failures) = (1, 0);
    let zombie = loop {
        setrlimit(Resource::RLIMIT_NPROC, limit, hard)?;
        match fork_one_that_ends() {
            Ok(child) => break child,
            Err(Errno::EAGAIN) => (limit, failures) = (limit + 1, failures + 1),
            Err(error) => return Err(error.into()),
        }
    };
    println!("limit {limit}: one child, after {failures} times EAGAIN");

    a_zombie_counts(zombie)?;
    Ok(())
}

// ANCHOR: zombie
fn a_zombie_counts(zombie: Pid) -> nix::Result<()> {
    if let Err(error) = fork_one_that_ends() {
        println!("a second child: {error}");
    }
    waitpid(zombie, None)?;
    let third = fork_one_that_ends()?;
    println!("after waitpid for the first: fork succeeds");
    waitpid(third, None)?;
    Ok(())
}
// ANCHOR_END: zombie

fn fork_one_that_ends() -> nix::Result<Pid> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => exit(0),
        ForkResult::Parent { child } => Ok(child),
    }
}
