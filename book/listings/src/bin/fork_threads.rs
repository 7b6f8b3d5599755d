//! fork in a process with two threads: a lock is copied, its holder is not.

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, write};
use std::error::Error;
use std::io::stdout;
use std::sync::{Barrier, Mutex};
use std::thread;

static LOG: Mutex<()> = Mutex::new(());

fn main() -> Result<(), Box<dyn Error>> {
    let (locked, forked) = (Barrier::new(2), Barrier::new(2));

    thread::scope(|threads| {
        threads.spawn(|| {
            let _held = LOG.lock();
            locked.wait();
            forked.wait();
        });
        locked.wait();
        let asked = ask_in_a_child();
        forked.wait();
        asked?;
        drop(LOG.lock()?);
        println!("parent: the lock is free again");
        Ok(())
    })
}

// ANCHOR: threads
/// Called while another thread of this process holds the lock.
fn ask_in_a_child() -> nix::Result<()> {
    // SAFETY: the child calls try_lock, write and _exit, which neither
    // allocate nor wait: safe in the copy of a process with threads.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let said = match LOG.try_lock() {
                Ok(_) => "child:  the lock is free\n",
                Err(_) => "child:  the lock is held\n",
            };
            let _ = write(stdout(), said.as_bytes());
            // SAFETY: _exit ends the process and runs nothing before.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => waitpid(child, None)?,
    };
    Ok(())
}
// ANCHOR_END: threads
