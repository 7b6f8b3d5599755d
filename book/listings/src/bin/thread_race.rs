//! Four threads count to a million each: in two steps, in one, and under a lock.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;

// ANCHOR: race
fn in_two_steps(counter: &AtomicU32) {
    let seen = counter.load(Relaxed);
    counter.store(seen + 1, Relaxed);
}

fn in_one_step(counter: &AtomicU32) {
    counter.fetch_add(1, Relaxed);
}

fn under_a_lock(counter: &Mutex<u32>) {
    *counter.lock().expect("not poisoned") += 1;
}
// ANCHOR_END: race

fn main() {
    let counter = AtomicU32::new(0);
    four_million_times(&|| in_two_steps(&counter));
    println!("in two steps: {counter:?}");

    let counter = AtomicU32::new(0);
    four_million_times(&|| in_one_step(&counter));
    println!("in one step:  {counter:?}");

    let counter = Mutex::new(0);
    four_million_times(&|| under_a_lock(&counter));
    println!("under a lock: {}", counter.lock().expect("nobody panicked"));
}

/// Four threads, a million times each.
fn four_million_times(add: &(impl Fn() + Sync)) {
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| (0..1_000_000).for_each(|_| add()));
        }
    });
}
