//! A thousand threads in turn: their handles joined, dropped, kept.

use std::thread::{self, JoinHandle};
use std::{fs, io};

// ANCHOR: handles
fn join(thread: JoinHandle<()>) {
    // Sleeps until it ends; Err means that it panicked.
    let _result = thread.join();
}

fn detach(thread: JoinHandle<()>) {
    drop(thread);
}
// ANCHOR_END: handles

fn main() -> io::Result<()> {
    a_thousand("joined  ", join)?;
    a_thousand("dropped ", detach)?;
    let mut kept = Vec::new();
    a_thousand("kept    ", |thread| kept.push(thread))?;
    Ok(())
}

fn a_thousand(name: &str, mut then: impl FnMut(JoinHandle<()>)) -> io::Result<()> {
    let before = mebibytes()?;
    for _ in 0..1000 {
        let (sender, done) = std::sync::mpsc::channel();
        then(thread::spawn(move || {
            let _ = sender.send(());
        }));
        let _ = done.recv();
    }
    let more = mebibytes()?.saturating_sub(before);
    println!("{name} {more:>5} MiB of addresses");
    Ok(())
}

/// The addresses that this process has, `/proc/self/statm` in pages of 4 KiB.
fn mebibytes() -> io::Result<u64> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages: Option<u64> = statm.split(' ').next().and_then(|word| word.parse().ok());
    Ok(pages.unwrap_or_default() / 256)
}
