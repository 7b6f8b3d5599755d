//! How many sockets a process may have at once.

use nix::sys::resource::Resource::RLIMIT_NOFILE;
use nix::sys::resource::{getrlimit, rlim_t, setrlimit};
use nix::sys::socket::AddressFamily::Inet;
use nix::sys::socket::SockFlag;
use nix::sys::socket::SockType::Stream;
use nix::sys::socket::socket;
use std::error::Error;

// ANCHOR: limit
fn set_limit(soft: rlim_t) -> nix::Result<rlim_t> {
    let (old, hard) = getrlimit(RLIMIT_NOFILE)?;
    setrlimit(RLIMIT_NOFILE, soft, hard)?;
    Ok(old)
}
// ANCHOR_END: limit

fn main() -> Result<(), Box<dyn Error>> {
    // ANCHOR: until
    let old = set_limit(64)?;
    println!("the limit was {old}, and is 64");
    let mut sockets = Vec::new();
    let error = loop {
        match socket(Inet, Stream, SockFlag::SOCK_CLOEXEC, None) {
            Ok(fd) => sockets.push(fd),
            Err(error) => break error,
        }
    };
    println!("{} sockets, then {error}", sockets.len());
    sockets.pop();
    let again = socket(Inet, Stream, SockFlag::SOCK_CLOEXEC, None);
    println!("one closed: the next is made: {}", again.is_ok());
    // ANCHOR_END: until
    Ok(())
}
