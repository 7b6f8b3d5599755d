//! Tells of each port of a host whether somebody listens there.
//!
//! `probe 10.0.0.2 80-82 --timeout 500` prints a line for each port, in their order:
//!
//! ```text
//! 80 open
//! 81 refused
//! 82 filtered
//! ```

mod arguments;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufWriter, Write};
use std::iter::Peekable;
use std::mem;
use std::net::SocketAddrV4;
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use arguments::{Arguments, USAGE};
use nix::Result;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, connect, getpeername, getsockname, getsockopt,
    socket, sockopt,
};

/// How many attempts are underway at most. More at once would fill the queues on the
/// way, and a SYN that is lost there makes a port look filtered.
const AT_ONCE: usize = 1000;

/// What the pending error of a socket is where there is none.
const NO_ERROR: Errno = Errno::UnknownErrno;

/// A connection that was begun, and of which nothing is known yet.
struct Attempt {
    port: u16,
    socket: OwnedFd,
    /// When it has had its time.
    deadline: Instant,
}

/// What has become of an attempt.
enum Outcome {
    /// The connection came about.
    Open,
    /// The host answered that nobody listens.
    Refused,
    /// No answer came in time.
    Filtered,
}

fn main() -> ExitCode {
    let Some(arguments) = Arguments::read(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("probe: {}: {error}", arguments.host);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let outcomes = probe(arguments)?;
    let mut output = BufWriter::new(io::stdout().lock());
    for (port, outcome) in outcomes {
        writeln!(output, "{port} {outcome}")?;
    }
    output.flush()
}

/// The outcome for each port, in their order.
fn probe(arguments: &Arguments) -> Result<BTreeMap<u16, Outcome>> {
    let mut ports = arguments.ports.clone().peekable();
    let mut underway = Vec::new();
    let mut outcomes = BTreeMap::new();
    loop {
        begin_more(arguments, &mut ports, &mut underway)?;
        if underway.is_empty() {
            return Ok(outcomes);
        }
        // The time before the wait: nobody is given up without a look after its deadline.
        let now = Instant::now();
        let ended = wait(&underway, now)?;
        for (attempt, ended) in mem::take(&mut underway).into_iter().zip(ended) {
            if ended {
                outcomes.insert(attempt.port, outcome(&attempt.socket)?);
            } else if attempt.deadline <= now {
                outcomes.insert(attempt.port, Outcome::Filtered);
            } else {
                underway.push(attempt);
            }
            // What was not put back is closed here: FIN, where a connection has come about.
        }
    }
}

/// Begins attempts on the next ports, as many as are possible at a time. One that
/// is not possible now stays in `ports`, for when an attempt has ended.
fn begin_more(
    arguments: &Arguments,
    ports: &mut Peekable<RangeInclusive<u16>>,
    underway: &mut Vec<Attempt>,
) -> Result<()> {
    while underway.len() < AT_ONCE
        && let Some(&port) = ports.peek()
    {
        match begin(arguments.address(port)) {
            Ok(socket) => underway.push(Attempt {
                port,
                socket,
                // From its own beginning: those that had to wait lose nothing by it.
                deadline: Instant::now() + arguments.timeout,
            }),
            // An attempt that ends gives back what is lacking now. If none is underway,
            // nothing will.
            Err(error) if is_shortage(error) && !underway.is_empty() => break,
            Err(error) => return Err(error),
        }
        ports.next();
    }
    Ok(())
}

/// Whether there are no descriptors left, no memory, or no ports of this host.
fn is_shortage(error: Errno) -> bool {
    matches!(
        error,
        Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM | Errno::EADDRNOTAVAIL
    )
}

/// A socket that has begun to connect to `address`. Nothing waits for the answer here.
fn begin(address: SocketAddrV4) -> Result<OwnedFd> {
    let socket = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
        None,
    )?;
    match connect(socket.as_raw_fd(), &SockaddrIn::from(address)) {
        // The usual one: the SYN is on its way.
        Err(Errno::EINPROGRESS) | Ok(()) => Ok(socket),
        Err(error) => Err(error),
    }
}

/// Sleeps until an attempt has ended, or the first deadline has come; `now` is the
/// time. Tells of each attempt whether it has ended.
fn wait(underway: &[Attempt], now: Instant) -> Result<Vec<bool>> {
    let deadline = underway.iter().map(|attempt| attempt.deadline).min();
    let left = deadline.map_or(Duration::ZERO, |deadline| {
        deadline.saturating_duration_since(now)
    });
    // Whole milliseconds, and rounded up: rounded down, the last one would be spent
    // in calls that return at once.
    let left = left.as_micros().div_ceil(1000);
    let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
    let mut watched: Vec<PollFd> = underway
        .iter()
        .map(|attempt| PollFd::new(attempt.socket.as_fd(), PollFlags::POLLOUT))
        .collect();
    while let Err(error) = poll(&mut watched, left) {
        if error != Errno::EINTR {
            return Err(error);
        }
    }
    // POLLOUT, or POLLERR and POLLHUP, which nobody has to ask for.
    Ok(watched
        .iter()
        .map(|attempt| attempt.any().unwrap_or(true))
        .collect())
}

/// How the attempt ended for which this socket was made: open (also if it was reset
/// since), or refused. Any other end is an error.
fn outcome(socket: &OwnedFd) -> Result<Outcome> {
    // To be writable tells that an attempt has ended. How, the pending error tells.
    match Errno::from_raw(getsockopt(socket, sockopt::SocketError)?) {
        // On one's own host the port that the kernel has chosen for this end may be the one
        // that is probed. SYN meets SYN, and the socket is connected to itself: a
        // simultaneous open, and nobody listens.
        NO_ERROR if is_connected_to_itself(socket) => Ok(Outcome::Refused),
        NO_ERROR => Ok(Outcome::Open),
        // The server has accepted, and was quick to reset.
        Errno::ECONNRESET | Errno::EPIPE => Ok(Outcome::Open),
        Errno::ECONNREFUSED => Ok(Outcome::Refused),
        // The kernel itself has given up, after some two minutes.
        Errno::ETIMEDOUT => Ok(Outcome::Filtered),
        error => Err(error),
    }
}

fn is_connected_to_itself(socket: &OwnedFd) -> bool {
    let here = getsockname::<SockaddrIn>(socket.as_raw_fd());
    let there = getpeername::<SockaddrIn>(socket.as_raw_fd());
    // Without a peer, since that has reset meanwhile, there are no two addresses.
    there.is_ok() && here == there
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Outcome::Open => "open",
            Outcome::Refused => "refused",
            Outcome::Filtered => "filtered",
        })
    }
}
