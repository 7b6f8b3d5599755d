//! How long a lock is held that has no name.

use std::sync::{Mutex, TryLockError};

// ANCHOR: guard
fn main() {
    let clients = Mutex::new(1);

    let number = *clients.lock().expect("not poisoned");
    println!("after let {number}: {}", state(&clients));

    match *clients.lock().expect("not poisoned") {
        0 => println!("nobody is here"),
        number => println!("in match {number}:  {}", state(&clients)),
    }
}
// ANCHOR_END: guard

fn state(clients: &Mutex<u32>) -> &'static str {
    match clients.try_lock() {
        Ok(_) => "the lock is free",
        Err(TryLockError::WouldBlock) => "the lock is held",
        Err(TryLockError::Poisoned(_)) => "the lock is poisoned",
    }
}
