//! A thread panics while it holds a lock.

use std::sync::{Mutex, PoisonError};
use std::thread;

// ANCHOR: poison
static CLIENTS: Mutex<u32> = Mutex::new(0);

fn main() {
    let panicked = thread::spawn(|| {
        let mut clients = CLIENTS.lock().expect("not poisoned");
        *clients += 1;
        panic!("while the lock is held");
    })
    .join();
    println!("join: {}", if panicked.is_err() { "Err" } else { "Ok" });

    match CLIENTS.lock() {
        Ok(clients) => println!("lock: {clients}"),
        Err(poison) => println!("lock: {poison}"),
    }

    let clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    println!("into_inner: {clients}");
}
// ANCHOR_END: poison
