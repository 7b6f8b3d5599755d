//! At most three clients: seats that are taken in two steps, in one, and given back.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

const SEATS: usize = 3;

type Take = fn(&AtomicUsize, &Barrier);
type Serve = fn(&AtomicUsize);

// ANCHOR: take
fn looks_then_takes(taken: &AtomicUsize, all_here: &Barrier) {
    let free = taken.load(Relaxed) < SEATS;
    all_here.wait();
    if free {
        taken.fetch_add(1, Relaxed);
    }
}

fn in_one_step(taken: &AtomicUsize, all_here: &Barrier) {
    all_here.wait();
    let next = |taken| (taken < SEATS).then_some(taken + 1);
    let _seat = taken.fetch_update(Relaxed, Relaxed, next);
}
// ANCHOR_END: take

// ANCHOR: seat
struct Seat<'a>(&'a AtomicUsize);

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

fn by_hand(taken: &AtomicUsize) {
    taken.fetch_add(1, Relaxed);
    handle();
    taken.fetch_sub(1, Relaxed);
}

fn by_drop(taken: &AtomicUsize) {
    taken.fetch_add(1, Relaxed);
    let _seat = Seat(taken);
    handle();
}
// ANCHOR_END: seat

fn handle() {
    panic!("a fault in the handler");
}

fn main() {
    let ways: [(&str, Take); 2] = [
        ("looks, then takes", looks_then_takes),
        ("in one step", in_one_step),
    ];
    for (name, take) in ways {
        let too_many = eight_clients(take) > SEATS;
        let found = if too_many { "too many" } else { "three" };
        println!("{name}: {found} are taken");
    }

    let ways: [(&str, Serve); 2] = [
        ("given back by hand", by_hand),
        ("given back by drop", by_drop),
    ];
    for (name, serve) in ways {
        let taken = AtomicUsize::new(0);
        thread::scope(|threads| {
            let _panicked = threads.spawn(|| serve(&taken)).join();
        });
        let free = taken.into_inner() == 0;
        let found = if free { "free" } else { "lost" };
        println!("{name}: after the panic the seat is {found}");
    }
}

/// Eight clients come at once. How many seats have been given away?
fn eight_clients(take: Take) -> usize {
    let (taken, all_here) = (AtomicUsize::new(0), Barrier::new(8));
    thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| take(&taken, &all_here));
        }
    });
    taken.into_inner()
}
