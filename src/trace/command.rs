//! `cargo wirebook trace -- COMMAND`: a command in a network of its own.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use wire::{Network, Trace};
use xray::Done;

use super::calls::Calls;
use super::{TraceArgs, draw};
use crate::failure::Failure;
use crate::interrupt;
use crate::terminal;

/// How long what the command has left behind may go on by itself, once it has ended.
const GRACE: Duration = Duration::from_millis(300);

/// Runs the command, and draws its connections.
pub fn run(args: &TraceArgs) -> Result<ExitCode, Failure> {
    let network = Network::alone(args.mtu)?;
    // What the command leaves behind comes to this process, and is ended by it.
    prctl::set_child_subreaper(true).map_err(|error| Failure::Refused(error.to_string()))?;
    let (tell, ended) = mpsc::channel();
    let interrupted = tell.clone();
    interrupt::on_interrupt(move || {
        interrupted.send(End::Interrupted).ok();
    });
    let end = thread::scope(|scope| {
        // All of the command's stops are this one thread's to wait for.
        let follower = scope.spawn(|| follow(args, &network, tell));
        let end = ended.recv().expect("both senders send before they go");
        if matches!(end, End::Exited(_)) {
            let until = Instant::now() + GRACE;
            while !follower.is_finished() && Instant::now() < until {
                thread::park_timeout(Duration::from_millis(5));
            }
        }
        // What is said when the rest is killed, nobody has meant to say.
        let recorded = (network.trace(), network.frames());
        end_all(&network);
        (end, recorded)
    });
    let (end, (trace, frames)) = end;
    if let End::Failed(why) = end {
        return Err(Failure::Refused(why));
    }
    let trace = Trace {
        title: title(args),
        ..trace
    };
    if trace.connections.is_empty() {
        terminal::complain("the command has made no connection");
    }
    if args.json || !trace.connections.is_empty() {
        draw(args, &trace, &frames)?;
    }
    match end {
        End::Exited(status) => Ok(status_of(status)),
        _ => Err(Failure::Interrupted),
    }
}

/// How the command came to its end.
enum End {
    Exited(ExitStatus),
    Interrupted,
    /// It could not be run: why.
    Failed(String),
}

/// Runs the command on the network's host, until all that has come of it has ended.
fn follow(args: &TraceArgs, network: &Network, tell: mpsc::Sender<End>) {
    let mut calls = Calls::of(network);
    let followed = xray::follow(&mut command(args, network), |done| {
        calls.note(&done);
        if let Done::Ended(status) = done {
            tell.send(End::Exited(status)).ok();
        }
    });
    if let Err(error) = followed {
        let name = args.command[0].to_string_lossy();
        let why = match error.kind() {
            io::ErrorKind::NotFound => format!("there is no program {name}"),
            _ => format!("{name} cannot be run: {error}"),
        };
        tell.send(End::Failed(why)).ok();
    }
}

fn command(args: &TraceArgs, network: &Network) -> Command {
    let mut command = Command::new(&args.command[0]);
    command.args(&args.command[1..]);
    if args.json {
        // Standard output is the trace's.
        command.stdout(Stdio::from(io::stderr()));
    }
    network.client.runs(&mut command);
    command
}

fn title(args: &TraceArgs) -> String {
    let words = args.command.iter().map(|word| word.to_string_lossy());
    words.collect::<Vec<_>>().join(" ")
}

/// What has come of the command and still runs.
fn left_of_command(network: &Network) -> Vec<u32> {
    let all = xray::descendants(std::process::id()).unwrap_or_default();
    let keeper = network.keeper();
    all.into_iter().filter(|&pid| pid != keeper).collect()
}

/// Ends it.
fn end_all(network: &Network) {
    loop {
        let left = left_of_command(network);
        if left.is_empty() {
            return;
        }
        for pid in left {
            let pid = Pid::from_raw(pid.cast_signed());
            kill(pid, Signal::SIGKILL).ok();
            // Those that have lost their parent are this process's to wait for.
            waitpid(pid, Some(WaitPidFlag::WNOHANG)).ok();
        }
        thread::park_timeout(Duration::from_millis(1));
    }
}

/// As shells report it.
fn status_of(status: ExitStatus) -> ExitCode {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
