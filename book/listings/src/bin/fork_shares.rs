//! What parent and child share after fork: the open file description, not the descriptor.

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::process::exit;
use std::{error::Error, str};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::temp_dir().join(format!("fork-shares-{}", std::process::id()));
    fs::write(&path, "wirebook")?;
    let file = File::open(&path)?;
    fs::remove_file(&path)?;
    share(file)
}

// ANCHOR: shares
fn share(mut file: File) -> Result<(), Box<dyn Error>> {
    let mut word = [0; 4];
    file.read_exact(&mut word)?;
    println!("parent reads {:?}", str::from_utf8(&word)?);

    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            file.read_exact(&mut word)?;
            println!("child  reads {:?}", str::from_utf8(&word)?);
            fcntl(&file, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
            let new = File::open("/dev/null")?;
            println!("child  opens descriptor {}", new.as_raw_fd());
            drop(file);
            println!("child  closes the file");
            exit(0);
        }
        ForkResult::Parent { child } => {
            waitpid(child, None)?;
            println!("parent reads {} bytes more", file.read(&mut word)?);
            let flags = fcntl(&file, FcntlArg::F_GETFL)?;
            let nonblocking = flags & OFlag::O_NONBLOCK.bits() != 0;
            println!("parent has O_NONBLOCK: {nonblocking}");
            let next = File::open("/dev/null")?;
            println!("parent opens descriptor {}", next.as_raw_fd());
        }
    }
    Ok(())
}
// ANCHOR_END: shares
