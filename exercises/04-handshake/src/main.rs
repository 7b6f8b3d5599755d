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
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::ExitCode;
use std::time::Instant;

use arguments::{Arguments, USAGE};
use nix::Result;

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
    while let Some(&port) = ports.peek() {
        match begin(arguments.address(port)) {
            Ok(socket) => underway.push(Attempt {
                port,
                socket,
                deadline: Instant::now() + arguments.timeout,
            }),
            Err(error) => todo!(
                "tell an error that passes from one that stays: port {port}, {error}, with {} \
                 attempts underway",
                underway.len()
            ),
        }
        ports.next();
    }
    Ok(())
}

/// A socket that has begun to connect to `address`. Nothing waits for the answer here.
fn begin(address: SocketAddrV4) -> Result<OwnedFd> {
    todo!("make a socket that has begun to connect to {address}")
}

/// Sleeps until an attempt has ended, or the first deadline has come; `now` is the
/// time. Tells of each attempt whether it has ended.
fn wait(underway: &[Attempt], now: Instant) -> Result<Vec<bool>> {
    todo!(
        "wait from {now:?} on for one of {} attempts",
        underway.len()
    )
}

/// How the attempt ended for which this socket was made: open (also if it was reset
/// since), or refused. Any other end is an error.
fn outcome(socket: &OwnedFd) -> Result<Outcome> {
    todo!(
        "tell {} from {} by the socket of descriptor {}",
        Outcome::Open,
        Outcome::Refused,
        socket.as_raw_fd()
    )
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
