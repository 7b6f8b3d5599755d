//! Copy-on-write: how much of a child's memory is its own, and since when.

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};
use std::process::exit;
use std::{error::Error, fs};

const MIB: usize = 1 << 20;

// ANCHOR: pages
fn main() -> Result<(), Box<dyn Error>> {
    let mut memory = vec![1_u8; 64 * MIB];
    report("parent, before fork")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            report("child, after fork")?;

            let all_ones = memory.iter().all(|&byte| byte == 1);
            report("child, has read all 64 MiB")?;

            memory[..16 * MIB].fill(2);
            report("child, has written 16 MiB")?;
            exit(if all_ones { 0 } else { 1 });
        }
        ForkResult::Parent { child } => {
            waitpid(child, None)?;
            report("parent, the child has ended")?;
        }
    }
    Ok(())
}
// ANCHOR_END: pages

/// Prints which part of this process's memory is its own and which part it
/// shares with another process, in MiB: proc(5), `/proc/pid/smaps_rollup`.
fn report(when: &str) -> Result<(), Box<dyn Error>> {
    let smaps = fs::read_to_string("/proc/self/smaps_rollup")?;
    let mib = |field: &str| -> usize {
        let line = smaps.lines().find(|line| line.starts_with(field));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        kib.and_then(|kib| kib.parse::<usize>().ok()).unwrap_or(0) / 1024
    };
    let (own, shared) = (mib("Private_Dirty:"), mib("Shared_Dirty:"));
    println!("{when:<28} own {own:>3} MiB   shared {shared:>3} MiB");
    Ok(())
}
