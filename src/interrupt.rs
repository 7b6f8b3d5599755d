//! Ctrl-C, and the signals that mean the same.
//!
//! They are caught by a handler that only wakes a thread (signal-hook): so the code
//! that stops everything may do anything. They are not blocked, for programs
//! started from here would inherit that. Those have a process group of their own, so
//! that a Ctrl-C reaches only the companion.

use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Calls `stop` at the first signal, and ends the process at the second.
pub fn on_interrupt(stop: impl FnOnce() + Send + 'static) {
    let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM]) else {
        return; // Ctrl-C then ends the process at once: the system's default.
    };
    thread::spawn(move || {
        let mut signals = signals.forever();
        if signals.next().is_some() {
            stop();
        }
        if signals.next().is_some() {
            std::process::exit(130);
        }
    });
}
