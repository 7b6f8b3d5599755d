//! Each thread has a stack of its own, in memory that all threads can reach.

use std::sync::Barrier;
use std::thread;

// ANCHOR: stacks
fn main() {
    let n = 8;
    println!("main:   own n at {:p}", &n);

    let both_there = Barrier::new(2);
    thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                let own = 1;
                both_there.wait();
                println!("thread: own n at {:p}, main's n is {n}", &own);
            });
        }
    });
}
// ANCHOR_END: stacks
