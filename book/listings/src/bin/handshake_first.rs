//! Several attempts to connect at once, and one wait for all of them.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, Socket, Type};
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

// ANCHOR: first
/// Which of the attempts is the first to end before the deadline.
fn first(attempts: &[Socket], deadline: Instant) -> nix::Result<Option<usize>> {
    let events = PollFlags::POLLOUT;
    let mut fds: Vec<PollFd> = attempts
        .iter()
        .map(|attempt| PollFd::new(attempt.as_fd(), events))
        .collect();
    let left = deadline.saturating_duration_since(Instant::now());
    let left = left.as_micros().div_ceil(1000); // whole milliseconds
    let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
    poll(&mut fds, left)?;
    Ok(fds.iter().position(|fd| fd.any() == Some(true)))
}
// ANCHOR_END: first

fn main() -> Result<(), Box<dyn Error>> {
    let open = listener(5)?;
    let full = listener(0)?;
    let _the_only_one_with_room = attempt(&full)?;

    let silent = "3 silent ones";
    let not_all = "3 silent ones, 1 that listens";
    for (what, servers) in [
        (silent, vec![&full, &full, &full]),
        (not_all, vec![&full, &full, &full, &open]),
    ] {
        let attempts = servers.into_iter().map(attempt);
        let attempts = attempts.collect::<io::Result<Vec<_>>>()?;
        let start = Instant::now();
        let found = first(&attempts, start + Duration::from_millis(300))?;
        let seconds = start.elapsed().as_secs_f64();
        match found {
            Some(index) => println!("{what}: attempt {index} has ended, after {seconds:.1} s"),
            None => println!("{what}: none has ended, after {seconds:.1} s"),
        }
    }
    Ok(())
}

fn attempt(server: &Socket) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&server.local_addr()?) {
        Err(error) if error.raw_os_error() != Some(nix::libc::EINPROGRESS) => Err(error),
        _ => Ok(socket),
    }
}

fn listener(backlog: i32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(backlog)?;
    Ok(socket)
}
