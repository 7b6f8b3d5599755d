//! What a thousand threads cost that do nothing.

use std::io;
use std::time::Instant;
use std::{fs, thread};

const THREADS: usize = 1000;

// ANCHOR: cost
fn main() -> io::Result<()> {
    show("1 thread")?;
    let start = Instant::now();
    for _ in 0..THREADS {
        thread::spawn(|| {
            loop {
                thread::park();
            }
        });
    }
    let each = start.elapsed() / THREADS as u32;
    show("1001 threads")?;
    println!("to start one took {each:.0?}");
    Ok(())
}
// ANCHOR_END: cost

/// The process's addresses and the memory behind them.
fn show(when: &str) -> io::Result<()> {
    let status = fs::read_to_string("/proc/self/status")?;
    let mebibytes = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kibibytes = line.and_then(|rest| rest.split_whitespace().next());
        kibibytes.map_or(0, |number| number.parse().unwrap_or(0)) / 1024
    };
    let (addresses, memory) = (mebibytes("VmSize:"), mebibytes("VmRSS:"));
    println!("{when:<12}  addresses {addresses:>5} MiB   memory {memory:>3} MiB");
    Ok(())
}
