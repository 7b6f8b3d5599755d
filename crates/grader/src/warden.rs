//! The **warden**: the process between a step and the program it checks.
//!
//! A program under test may hang, spin, fork without end, ignore signals or move
//! to a session of its own. So it is started by a process that is the *child
//! subreaper* of all that comes of it (prctl(2)): whatever loses its parent becomes
//! a child of the warden and never slips away. When the step is over, or the test
//! process has died in whatever way (the end of the socket between the two tells),
//! the warden stops, kills and reaps all its descendants, and ends.
//!
//! The warden is this same executable, started again: see [`process`].

mod process;

use std::io::{self, BufRead, BufReader};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::output::Output;
use crate::program::Program;

/// Tells an executable that it is to be a warden: the descriptor of the socket to
/// its step, and the limits of the program.
const VARIABLE: &str = "WIREBOOK_WARDEN";

/// How long a step waits for its warden to end everything.
const CLEARING: Duration = Duration::from_secs(4);

/// What a warden tells its step, a line of JSON each.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    /// The program runs, as this process.
    Started(u32),
    /// The program could not be started: why.
    Failed(String),
    /// The program has ended; its descendants may live on.
    Ended(Exit),
}

/// A program that runs under a warden.
pub struct Warden {
    child: Mutex<Child>,
    number: u32,
    control: UnixStream,
    /// The process of the program.
    pub pid: u32,
    /// What the program prints.
    pub stdout: Output,
    /// What it logs.
    pub stderr: Output,
    /// What is typed to it.
    pub stdin: Mutex<Option<ChildStdin>>,
    exit: Arc<(Mutex<Option<Exit>>, Condvar)>,
}

impl Warden {
    /// Starts `program`; with `typing`, its standard input is a pipe from here, else
    /// empty.
    ///
    /// # Errors
    /// The program cannot be executed: the message says why.
    pub fn start(program: &Program, typing: bool) -> io::Result<Warden> {
        let (control, theirs) = UnixStream::pair()?;
        let number = theirs.as_raw_fd();
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("wirebook-warden")
            .arg(&program.path)
            .args(&program.arguments)
            .env(VARIABLE, program.limits.to_variable(number))
            .env_remove("WIREBOOK_EVENTS")
            // A report quotes the program's last lines: the panic, not the way there.
            .env_remove("RUST_BACKTRACE")
            .stdin(if typing {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let host = program.host.clone();
        // SAFETY: between fork and exec only system calls are made, on descriptors that
        // are open there: `theirs` lives until after the spawn, the host's are the closure's.
        unsafe {
            command.pre_exec(move || {
                if let Some(host) = &host {
                    host.enter()?;
                }
                let theirs = std::os::fd::BorrowedFd::borrow_raw(number);
                fcntl(theirs, FcntlArg::F_SETFD(FdFlag::empty()))?;
                Ok(())
            });
        }
        let mut child = command.spawn()?;
        drop(theirs);

        let missing = || io::Error::other("the pipe that was asked for is not there");
        let stdout = Output::of(child.stdout.take().ok_or_else(missing)?)?;
        let stderr = Output::of(child.stderr.take().ok_or_else(missing)?)?;
        let stdin = Mutex::new(child.stdin.take());
        let mut messages = BufReader::new(control.try_clone()?);
        let pid = match read_message(&mut messages)? {
            Some(Message::Started(pid)) => pid,
            Some(Message::Failed(why)) => {
                child.wait()?;
                return Err(io::Error::other(why));
            }
            _ => return Err(io::Error::other("the warden has died at once")),
        };
        let exit: Arc<(Mutex<Option<Exit>>, Condvar)> = Arc::default();
        let known = Arc::clone(&exit);
        std::thread::spawn(move || {
            while let Ok(Some(message)) = read_message(&mut messages) {
                if let Message::Ended(how) = message {
                    *known.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
                    known.1.notify_all();
                }
            }
        });
        Ok(Warden {
            number: child.id(),
            child: Mutex::new(child),
            control,
            pid,
            stdout,
            stderr,
            stdin,
            exit,
        })
    }

    /// How the program has ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        *self.exit.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the program's end, up to `time`.
    pub fn wait(&self, time: Duration) -> Option<Exit> {
        let exit = self.exit.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (exit, _) = self
            .exit
            .1
            .wait_timeout_while(exit, time, |exit| exit.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        *exit
    }

    /// The processes that have come of the program and still exist, it included.
    pub fn processes(&self) -> Vec<u32> {
        xray::descendants(self.number).unwrap_or_default()
    }

    /// The processes directly below the warden: the program, and orphans.
    pub fn roots(&self) -> Vec<u32> {
        xray::children(self.number).unwrap_or_default()
    }

    /// Stops all that has come of the program (SIGSTOP).
    pub fn freeze(&self) {
        process::stop_all_below(self.number);
    }

    /// Ends the program and all that has come of it, and waits until it is gone: up to
    /// [`CLEARING`]; what no signal has reached by then, its warden still waits for.
    pub fn dismiss(&self) {
        // Its end of the socket sees the end: that is the order to clear up.
        if self.control.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + CLEARING;
        while matches!(child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        self.dismiss();
    }
}

fn read_message(messages: &mut impl BufRead) -> io::Result<Option<Message>> {
    let mut line = String::new();
    if messages.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}
