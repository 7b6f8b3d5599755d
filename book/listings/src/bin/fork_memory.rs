//! One variable, two processes: fork copies memory.

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid};
use std::process::exit;

// ANCHOR: fork
fn main() -> nix::Result<()> {
    let mut a = 8;

    // SAFETY: this process has one thread, so no lock is
    // held by a thread that the child would not have.
    match unsafe { fork() }? {
        ForkResult::Child => {
            a += 1;
            let me = getpid();
            println!("child {me}: a = {a} at {:p}", &a);
            exit(0);
        }
        ForkResult::Parent { child } => {
            waitpid(child, None)?;
            let me = getpid();
            println!("parent {me}: a = {a} at {:p}", &a);
        }
    }
    Ok(())
}
// ANCHOR_END: fork
