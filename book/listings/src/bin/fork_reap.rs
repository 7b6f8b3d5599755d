//! Five children end at once: how many signals, how many zombies?

use nix::errno::Errno;
use nix::libc::c_int;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use std::error::Error;
use std::fs;
use std::process::exit;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// How often a handler ran.
static RUNS: AtomicU32 = AtomicU32::new(0);

// ANCHOR: one
extern "C" fn reap_one(_: c_int) {
    let errno = Errno::last_raw();
    let _ = waitpid(None, Some(WaitPidFlag::WNOHANG));
    RUNS.fetch_add(1, Relaxed);
    Errno::set_raw(errno);
}
// ANCHOR_END: one

// ANCHOR: all
extern "C" fn reap_all(_: c_int) {
    let errno = Errno::last_raw();
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            // Some live on, and none of them has ended.
            Ok(WaitStatus::StillAlive) => break,
            // One has ended, and is gone now. More?
            Ok(_) => continue,
            // ECHILD: there are no children at all.
            Err(_) => break,
        }
    }
    RUNS.fetch_add(1, Relaxed);
    Errno::set_raw(errno);
}
// ANCHOR_END: all

// ANCHOR: install
fn on_sigchld(handler: SigHandler) -> nix::Result<()> {
    let action = SigAction::new(
        handler,
        SaFlags::SA_RESTART | SaFlags::SA_NOCLDSTOP,
        SigSet::empty(),
    );
    // SAFETY: all that the handler calls is listed in
    // signal-safety(7), and it puts errno back.
    unsafe { sigaction(Signal::SIGCHLD, &action) }?;
    Ok(())
}
// ANCHOR_END: install

fn main() -> Result<(), Box<dyn Error>> {
    five_end_at_once("one wait a signal", SigHandler::Handler(reap_one))?;
    five_end_at_once("wait until none is left", SigHandler::Handler(reap_all))?;
    five_end_at_once("SIGCHLD is ignored", SigHandler::SigIgn)?;
    Ok(())
}

fn five_end_at_once(what: &str, handler: SigHandler) -> Result<(), Box<dyn Error>> {
    on_sigchld(handler)?;

    // While SIGCHLD is blocked, the kernel keeps it pending.
    let mut sigchld = SigSet::empty();
    sigchld.add(Signal::SIGCHLD);
    sigchld.thread_block()?;

    let mut children = Vec::new();
    for _ in 0..5 {
        // SAFETY: this process has one thread.
        match unsafe { fork() }? {
            ForkResult::Child => exit(0),
            ForkResult::Parent { child } => children.push(child),
        }
    }
    while children
        .iter()
        .any(|&child| state(child).is_some_and(|state| state != 'Z'))
    {
        std::thread::yield_now();
    }

    RUNS.store(0, Relaxed);
    sigchld.thread_unblock()?; // Here the handler runs.

    let zombies = children
        .iter()
        .filter(|&&child| state(child) == Some('Z'))
        .count();
    let runs = RUNS.load(Relaxed);
    println!("{what:<24} handler runs: {runs}, {zombies} zombies are left");

    while waitpid(None, None).is_ok() {} // Leave none for the next round.
    Ok(())
}

/// The letter of proc(5) for the state of a process, if there is such a process.
fn state(process: Pid) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}
