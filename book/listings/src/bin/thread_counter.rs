//! The same counting in four processes and in four threads.

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};
use std::process::exit;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;

// ANCHOR: counter
static COUNTER: AtomicU32 = AtomicU32::new(0);

fn count() {
    for _ in 0..100_000 {
        COUNTER.fetch_add(1, Relaxed);
    }
}

fn main() -> nix::Result<()> {
    for _ in 0..4 {
        // SAFETY: this process has one thread.
        match unsafe { fork() }? {
            ForkResult::Child => {
                count();
                exit(0);
            }
            ForkResult::Parent { child } => waitpid(child, None)?,
        };
    }
    println!("four processes have counted to {COUNTER:?}");

    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(count);
        }
    });
    println!("four threads have counted to {COUNTER:?}");
    Ok(())
}
// ANCHOR_END: counter
