//! One variable, two threads: they share memory.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;

// ANCHOR: threads
static A: AtomicU32 = AtomicU32::new(8);

fn add() {
    A.fetch_add(1, Relaxed);
    println!("thread: a = {A:?} at {:p}", &A);
}

fn main() {
    let thread = thread::spawn(add);
    thread.join().expect("add does not panic");
    println!("main:   a = {A:?} at {:p}", &A);
}
// ANCHOR_END: threads
