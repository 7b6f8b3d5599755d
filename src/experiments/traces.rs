//! The experiments behind the book's traces: each has two hosts speak over a cable.
//!
//! Each is a story in one file: its `run` makes the calls of both programs, and gives
//! back what was recorded, while the sockets are still open.

mod backlog;
mod closing;
mod ends;
mod full_queue;
mod half_close;
mod handshake;
mod holders;
mod no_accept;
mod recorded;
mod refused;
mod silent;
mod simultaneous_open;
mod textbook;

use std::io;
use std::time::{Duration, SystemTime};

use wire::{Error, Frame, Network, Trace};

pub use recorded::{difference, path, recorded};

/// An experiment.
pub struct Experiment {
    /// How it is asked for: `no-accept`.
    pub name: &'static str,
    /// What it shows, in a line.
    pub title: &'static str,
    /// The chapter that explains it.
    pub chapter: &'static str,
    run: fn(&Network) -> io::Result<Trace>,
}

/// How long the cable takes from one end to the other.
const DELAY: Duration = Duration::from_millis(10);

/// All experiments, in the order of their chapters.
pub const ALL: [Experiment; 19] = [
    Experiment {
        name: "handshake",
        title: "three segments open a connection",
        chapter: "04",
        run: handshake::run,
    },
    Experiment {
        name: "refused",
        title: "nobody listens at the port",
        chapter: "04",
        run: refused::run,
    },
    Experiment {
        name: "silent",
        title: "nobody answers",
        chapter: "04",
        run: silent::run,
    },
    Experiment {
        name: "silent-doubling",
        title: "nobody answers, and the wait doubles from the first",
        chapter: "04",
        run: silent::run_doubling,
    },
    Experiment {
        name: "backlog",
        title: "five clients, and room for three",
        chapter: "04",
        run: backlog::run,
    },
    Experiment {
        name: "full-queue",
        title: "the queue is full when the ACK comes",
        chapter: "04",
        run: full_queue::run,
    },
    Experiment {
        name: "no-accept",
        title: "a connection that nobody has accepted",
        chapter: "04",
        run: no_accept::run,
    },
    Experiment {
        name: "simultaneous-open",
        title: "both ends open the same connection",
        chapter: "04",
        run: simultaneous_open::run,
    },
    Experiment {
        name: "textbook",
        title: "a client that asks, gets its answer and closes",
        chapter: "04",
        run: textbook::run,
    },
    Experiment {
        name: "close-four",
        title: "four segments close a connection",
        chapter: "07",
        run: closing::run_four,
    },
    Experiment {
        name: "close-three",
        title: "three do, if the other end closes at once",
        chapter: "07",
        run: closing::run_three,
    },
    Experiment {
        name: "time-wait",
        title: "the port of a server that has closed first",
        chapter: "07",
        run: closing::run_time_wait,
    },
    Experiment {
        name: "close-unread",
        title: "a server closes, and has not read",
        chapter: "07",
        run: closing::run_unread,
    },
    Experiment {
        name: "linger-zero",
        title: "close that does not linger",
        chapter: "07",
        run: closing::run_linger,
    },
    Experiment {
        name: "half-close",
        title: "done talking, still listening",
        chapter: "08",
        run: half_close::run,
    },
    Experiment {
        name: "half-close-long",
        title: "an answer that takes its time",
        chapter: "08",
        run: half_close::run_long,
    },
    Experiment {
        name: "close-dup",
        title: "one of two descriptors is closed",
        chapter: "09",
        run: holders::run_close,
    },
    Experiment {
        name: "shutdown-dup",
        title: "one of two descriptors is shut down",
        chapter: "09",
        run: holders::run_shutdown,
    },
    Experiment {
        name: "shut-rd",
        title: "the reading side is shut down",
        chapter: "09",
        run: holders::run_read,
    },
];

/// Why an experiment has shown nothing.
#[derive(Debug)]
pub enum Failed {
    /// This machine makes no networks.
    NoNetwork(Error),
    /// The kernel did something that the experiment does not know.
    Story(io::Error, Box<Trace>),
}

impl Experiment {
    /// The experiment that is called `name`.
    pub fn named(name: &str) -> Option<&'static Experiment> {
        ALL.iter().find(|experiment| experiment.name == name)
    }

    /// Runs it on this machine's kernel: the trace, and the frames from which it was made.
    ///
    /// # Errors
    /// There is no network, or something else happened on it than was to be seen.
    pub fn run(&self) -> Result<(Trace, Vec<Frame>), Failed> {
        let network = Network::new().map_err(Failed::NoNetwork)?;
        network.cable.delays(DELAY);
        match (self.run)(&network) {
            Ok(trace) => {
                // Without those of the sockets' end, after the story.
                let mut frames = network.frames();
                frames.sort_by_key(|frame| frame.sent);
                frames.truncate(trace.segments().count() + trace.other_frames as usize);
                Ok((self.titled(trace), frames))
            }
            Err(error) => Err(Failed::Story(error, Box::new(self.titled(network.trace())))),
        }
    }

    fn titled(&self, trace: Trace) -> Trace {
        let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        Trace {
            name: self.name.to_owned(),
            title: self.title.to_owned(),
            recorded: now.chars().take_while(|&c| c != 'T').collect(),
            ..trace
        }
    }
}
