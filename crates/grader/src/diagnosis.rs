//! What the kernel shows when a step fails, and what that tells.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use xray::{Process, Socket, TcpState};

use crate::exit::Exit;
use crate::patience::LOOK;
use crate::step::{Experiment, Running};

/// How many processes a report lists.
const LISTED: usize = 8;

/// How long a program that runs may run on before it is looked at.
const SETTLING: Duration = Duration::from_millis(100);

/// A connection of the step, by its two addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The end that the program under test has.
    pub program: SocketAddr,
    /// The end that the step has.
    pub step: SocketAddr,
}

/// What a step waited for when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The program starts and, if it is a server, says where it listens.
    Start,
    /// A connection comes about.
    Connection,
    /// Bytes arrive at the step.
    Bytes,
    /// More bytes arrive, of an answer that has begun.
    Rest,
    /// Bytes of a client under test arrive at the step, its server.
    Request,
    /// Bytes of the step are taken.
    Room,
    /// The connection ends.
    End,
    /// The program ends.
    Exit,
    /// Something else, and what its absence tells.
    Fact(&'static str),
}

/// What the kernel shows of the step's programs and of one connection.
pub struct Evidence {
    lines: Vec<String>,
    exited: Option<Exit>,
    /// What the program that has exited had logged.
    log: String,
    /// The program's end of the connection, if it is still in the kernel's table.
    socket: Option<Socket>,
    /// The processes that hold that end.
    holders: Vec<Holder>,
    connection: Option<Connection>,
    /// Whether a process has exited that was there before, other than the first.
    child_gone: bool,
}

/// A process that holds the program's end of the connection.
struct Holder {
    /// Whether it waits for the next client.
    accepts: bool,
}

/// Looks at all programs of the step.
pub fn look(experiment: &Experiment, connection: Option<Connection>) -> Evidence {
    // A program that has closed its sockets is often about to end: let it.
    let until = Instant::now() + SETTLING;
    while experiment.programs_are_busy() && Instant::now() < until {
        std::thread::park_timeout(LOOK);
    }
    let mut evidence = Evidence {
        lines: Vec::new(),
        exited: None,
        log: String::new(),
        socket: None,
        holders: Vec::new(),
        connection,
        child_gone: false,
    };
    let seen_before = experiment.seen();
    for running in experiment.programs() {
        evidence.add(&running, experiment);
    }
    for pid in seen_before {
        let gone = !Path::new(&format!("/proc/{pid}")).exists();
        let programs = experiment.programs();
        if gone && programs.iter().all(|running| running.warden.pid != pid) {
            evidence.lines.push(format!("child {pid} has exited"));
            evidence.child_gone = true;
        }
    }
    if let (Some(connection), None) = (connection, &evidence.socket) {
        evidence.socket = experiment.socket(connection.program, connection.step);
    }
    evidence.add_unheld();
    evidence
}

impl Evidence {
    fn add(&mut self, running: &Running, experiment: &Experiment) {
        let name = &running.name;
        let first = running.warden.pid;
        let xray = experiment.xray(running);
        let there = xray.as_ref().and_then(|xray| xray.process(first));
        // What a dying process was is known a moment after it is gone.
        let moment = match there {
            Some(process) if !process.zombie => Duration::ZERO,
            _ => Duration::from_millis(500),
        };
        self.exited = None;
        if let Some(exit) = running.warden.wait(moment) {
            // That of the last program counts: those before it were done with.
            self.exited = Some(exit);
            self.log = running.warden.stderr.text_so_far();
            self.lines.push(format!("{name} {first} {exit}"));
        }
        let Some(xray) = xray else { return };
        // It is a parent also when its children have gone.
        let several = experiment.seen().len() > 1;
        for process in xray.processes.iter().take(LISTED) {
            self.add_process(process, first, name, several);
        }
        if let Some(more) = xray.processes.len().checked_sub(LISTED + 1) {
            self.lines.push(format!("and {} processes more", more + 1));
        }
    }

    fn add_process(&mut self, process: &Process, first: u32, name: &str, several: bool) {
        let is_first = process.pid == first;
        let role = match (is_first, several) {
            (true, true) => "parent",
            (true, false) => name,
            (false, _) => "child",
        };
        let pid = process.pid;
        let doing = match process.threads.as_slice() {
            [] if process.zombie => "has ended, and nobody has waited for it (zombie)".to_owned(),
            [] => "is ending".to_owned(),
            [only] => only.activity.to_string(),
            several => format!("has {} threads", several.len()),
        };
        self.lines.push(format!("{role} {pid} {doing}"));
        let mut others: Vec<(TcpState, usize)> = Vec::new();
        for descriptor in &process.descriptors {
            let Some(socket) = descriptor.tcp() else {
                continue;
            };
            let ours = self.connection.is_some_and(|connection| {
                socket.local == connection.program && socket.remote == connection.step
            });
            if ours {
                self.socket = Some(*socket);
                let threads = &process.threads;
                let mut calls = threads.iter().filter_map(|thread| thread.activity.call());
                self.holders.push(Holder {
                    accepts: calls.any(|call| call.name.starts_with("accept")),
                });
            }
            if ours || socket.state == TcpState::Listen {
                let number = descriptor.number;
                self.lines.push(format!("  holds fd {number}: {socket}"));
            } else {
                match others.iter_mut().find(|(state, _)| *state == socket.state) {
                    Some((_, count)) => *count += 1,
                    None => others.push((socket.state, 1)),
                }
            }
        }
        // Where one connection is in question the others are beside the point.
        if self.connection.is_none() {
            for (state, count) in others {
                let many = if count == 1 { "" } else { "s" };
                let line = format!("  holds {count} connection{many} in {state}");
                self.lines.push(line);
            }
        }
    }

    /// The connection, where no process shows it.
    fn add_unheld(&mut self) {
        let (Some(_), Some(socket)) = (self.connection, &self.socket) else {
            return;
        };
        if self.holders.is_empty() {
            let why = match socket.state {
                TcpState::Established | TcpState::CloseWait if socket.inode == 0 => {
                    ": waits to be accepted"
                }
                _ => ": no process holds it",
            };
            self.lines.push(format!("{socket}{why}"));
        }
    }

    /// The evidence as lines of a report.
    pub fn lines(&self) -> Vec<String> {
        self.lines.clone()
    }

    /// What it tells, in a sentence.
    pub fn means(&self, expected: Expected) -> String {
        if let (Some(_), Some(means)) = (self.exited, self.cause_in_log())
            && !matches!(expected, Expected::Fact(_))
        {
            return means.to_owned();
        }
        match expected {
            Expected::Fact(means) => return means.to_owned(),
            Expected::Start | Expected::Exit => {}
            _ => {
                if let Some(exit) = self.exited {
                    return match exit {
                        Exit::Status(101) => "a panic ended the program while it was needed",
                        Exit::Status(_) => "the program ended while it was still needed",
                        Exit::Signal(_) => "a signal ended the program while it was needed",
                    }
                    .to_owned();
                }
            }
        }
        match (expected, &self.socket) {
            (Expected::Start, _) if self.exited.is_some() => {
                "the program ended before it listened: it has to say why on standard error"
            }
            (Expected::Start, _) => {
                "a server prints `listening on IP:PORT` and a newline once it listens"
            }
            (Expected::Exit, _) => "the program still waits for something",
            (Expected::Connection, _) => "nobody listens at that address",
            (Expected::Bytes | Expected::Rest | Expected::Room | Expected::End, Some(socket))
                if socket.inode == 0 && waits_to_be_accepted(socket) =>
            {
                "the kernel has made the connection; it waits in the queue until the program \
                 calls accept"
            }
            (Expected::End, Some(socket)) if socket.receive_queue > 0 => {
                "bytes have arrived that nobody reads"
            }
            (Expected::End, Some(_)) if self.holders.len() > 1 => {
                "a connection ends when the last descriptor for it is closed: only then the \
                 kernel sends FIN"
            }
            (Expected::End, Some(_)) if self.child_gone => {
                "a connection ends when the last descriptor for it is closed: the child's end \
                 closed only the child's, and the parent still holds its own"
            }
            (Expected::End, Some(_)) if self.holders.iter().any(|holder| holder.accepts) => {
                "the process that waits for the next client still holds this connection: it has \
                 not closed its descriptor"
            }
            (Expected::End, Some(socket)) if socket.state == TcpState::Established => {
                "the program still holds the connection: it has neither closed it nor shut down \
                 its writing side"
            }
            (Expected::End, Some(_)) => {
                "the program still holds the connection: a read that returns 0 tells that the \
                 client has finished"
            }
            (Expected::Bytes | Expected::Rest, Some(socket)) if socket.receive_queue > 0 => {
                "the bytes have arrived and wait in the receive queue: nobody reads them"
            }
            (Expected::Bytes, Some(_)) if !self.holders.is_empty() => {
                "the program has read the bytes and has not answered"
            }
            (Expected::Rest, Some(_)) if !self.holders.is_empty() => {
                "the program has read all the bytes and has answered only a part of them"
            }
            (Expected::Room, Some(_)) => {
                "the program does not read, so the kernel has closed the window"
            }
            (Expected::Request, _) => {
                "the program has not sent what it was given to send, or not all of it"
            }
            (Expected::Bytes | Expected::Rest | Expected::Room | Expected::End, _) => {
                "the program has let go of the connection"
            }
            (Expected::Fact(means), _) => means,
        }
        .to_owned()
    }
}

impl Evidence {
    /// What the error means by which a program has ended, where it has logged one of
    /// those that are no reason to end.
    fn cause_in_log(&self) -> Option<&'static str> {
        const ERRORS: [(&str, &str, &str); 6] = [
            (
                "EINTR",
                "Interrupted system call",
                "a signal interrupted a call (EINTR). That is no fault: the call is made again",
            ),
            (
                "EMFILE",
                "Too many open files",
                "a shortage of descriptors (EMFILE) passes, and the listener is sound: say so, \
                 pause, and call accept again",
            ),
            (
                "EAGAIN",
                "Resource temporarily unavailable",
                "a shortage of processes or threads (EAGAIN) costs one connection, not the \
                 server: close it, and go on",
            ),
            (
                "ENOTCONN",
                "Transport endpoint is not connected",
                "one client had gone already (ENOTCONN): that concerns this client only",
            ),
            (
                "EADDRINUSE",
                "Address already in use",
                "a connection of the old server lives on this port: bind succeeds only if \
                 SO_REUSEADDR was set before bind, on the old listener and on the new one",
            ),
            (
                "PoisonError",
                "poisoned lock",
                "a thread has panicked while it held a lock, and everybody else is told so \
                 (PoisonError). What the lock guards may be sound all the same: \
                 PoisonError::into_inner gives it",
            ),
        ];
        let found = |(name, words, _): &&(&str, &str, &str)| {
            self.log.contains(name) || self.log.contains(words)
        };
        ERRORS.iter().find(found).map(|(_, _, means)| *means)
    }
}

fn waits_to_be_accepted(socket: &Socket) -> bool {
    matches!(
        socket.state,
        TcpState::Established | TcpState::CloseWait | TcpState::SynReceived
    )
}
