//! How a command ends when it cannot do what was asked, and the exit status of each way.

use std::fmt;
use std::io;

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// The command line asks for something that is not there. Status 2.
    Usage(String),
    /// The machine or the workbook does not allow it. Status 1.
    Refused(String),
    /// This machine lets nobody make a network; what to do about it. Status 3.
    NoNetwork(String),
    /// Ctrl-C, or a signal that means the same. Status 130, as shells report it.
    Interrupted,
    /// Whoever read the output has stopped reading. Status 141, as for SIGPIPE.
    Closed,
}

impl Failure {
    /// The process's exit status.
    pub fn status(&self) -> u8 {
        match self {
            Failure::Refused(_) => 1,
            Failure::Usage(_) => 2,
            Failure::NoNetwork(_) => 3,
            Failure::Interrupted => 130,
            Failure::Closed => 141,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(message) | Failure::Refused(message) | Failure::NoNetwork(message) => {
                f.write_str(message)
            }
            Failure::Interrupted => f.write_str("interrupted; nothing is left running"),
            Failure::Closed => f.write_str("the output was closed"),
        }
    }
}

impl From<wire::Error> for Failure {
    fn from(error: wire::Error) -> Failure {
        match error.remedy() {
            Some(remedy) => Failure::NoNetwork(format!("{error}\n{remedy}")),
            None => Failure::NoNetwork(error.to_string()),
        }
    }
}

/// Errors of writing the output; all others are given words where they occur.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Refused(format!("cannot write the output: {error}")),
        }
    }
}
