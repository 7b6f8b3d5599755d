//! Test program → what became of each step.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::events::{Events, Said};
use super::group::{Group, wait_for_end};
use super::{Cancel, Error, Event};
use crate::verdict::{Status, StepVerdict};
use crate::workbook::{Exercise, Step};

/// The grader ends every step within 10 s; this is for the case that it does not.
const LIMIT_PER_STEP: Duration = Duration::from_secs(15);

/// How much of the test program's output is shown if it dies.
const TAIL: u64 = 4096;

/// Runs the steps, all in one test program.
pub fn run(
    test_program: &Path,
    exercise: &Exercise,
    program: Option<&Path>,
    cancel: &Cancel,
    tell: &mut dyn FnMut(Event),
) -> Result<Vec<StepVerdict>, Error> {
    let events = Events::open().map_err(machine("no channel for the steps' reports"))?;
    let output = tempfile::tempfile().map_err(machine("no file for the steps' output"))?;
    let mut command = Command::new(test_program);
    command
        .current_dir(&exercise.folder)
        .env("CARGO_MANIFEST_DIR", &exercise.folder)
        .env("CARGO_PKG_NAME", &exercise.package)
        .env("WIREBOOK_EVENTS", events.path())
        .env_remove("WIREBOOK_PROGRAM")
        .stdin(Stdio::null());
    if let Some(program) = program {
        command.env("WIREBOOK_PROGRAM", program);
    }
    for redirect in [Command::stdout, Command::stderr] {
        let copy = output
            .try_clone()
            .map_err(machine("no file for the steps' output"))?;
        redirect(&mut command, copy);
    }
    let group = Group::start(&mut command, cancel)
        .map_err(|error| Error::Machine(format!("{}: {error}", test_program.display())))?
        .ok_or(Error::Cancelled)?;

    let mut ended: Vec<StepVerdict> = Vec::new();
    let limit = LIMIT_PER_STEP * exercise.steps.len().max(1).try_into().unwrap_or(u32::MAX);
    let deadline = Instant::now() + limit;
    let pid = group.pid();
    let (sender, incoming) = mpsc::channel();
    let in_time = thread::scope(|scope| {
        scope.spawn(|| {
            // Whatever these errors are: the steps that have not ended are reported so.
            let _ = wait_for_end(pid);
            let _ = events.close();
        });
        scope.spawn(|| {
            let sender = sender;
            let _ = events.read(|said| {
                // The receiver is there until this thread has ended.
                let _ = sender.send(said);
            });
        });
        let mut in_time = true;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match incoming.recv_timeout(if in_time { left } else { LIMIT_PER_STEP }) {
                Ok(said) => {
                    if let Some(event) = understood(said, exercise) {
                        if let Event::Ended(verdict) = &event {
                            ended.push(verdict.clone());
                        }
                        tell(event);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return in_time,
                Err(RecvTimeoutError::Timeout) => {
                    in_time = false;
                    cancel.kill_running();
                }
            }
        }
    });
    let status = group.wait().map_err(machine("cannot wait for the steps"))?;
    if cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    let why = if in_time {
        format!("{}\n\n{}", how_it_ended(status), tail(output))
    } else {
        format!("the steps did not end within {} s", limit.as_secs())
    };
    let verdicts = exercise.steps.iter().map(|step| {
        let last = ended.iter().rfind(|verdict| verdict.name == step.name);
        last.cloned().unwrap_or_else(|| {
            let verdict = lost(step, why.trim_end());
            tell(Event::Ended(verdict.clone()));
            verdict
        })
    });
    Ok(verdicts.collect())
}

fn machine(what: &str) -> impl Fn(io::Error) -> Error {
    move |error| Error::Machine(format!("{what}: {error}"))
}

/// What the grader said, if it is about a step of this exercise.
fn understood(said: Said, exercise: &Exercise) -> Option<Event> {
    match said {
        Said::Over => None,
        Said::Started { step } => {
            let known = exercise.steps.iter().any(|known| known.name == step);
            known.then_some(Event::Started(step))
        }
        Said::Ended {
            step,
            status,
            millis,
            report,
        } => {
            let known = exercise.steps.iter().find(|known| known.name == step)?;
            Some(Event::Ended(StepVerdict {
                name: step,
                title: known.title.clone(),
                status,
                millis,
                report,
            }))
        }
    }
}

/// The verdict on a step whose end nobody reported.
fn lost(step: &Step, why: &str) -> StepVerdict {
    StepVerdict {
        name: step.name.clone(),
        title: step.title.clone(),
        status: Status::Fail,
        millis: 0,
        report: Some(format!(
            "{} · {}\n\n  the check of this step ended without a verdict: {}",
            step.label(),
            step.title,
            why.replace('\n', "\n  ")
        )),
    }
}

fn how_it_ended(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(0), _) => "its test was not run".to_owned(),
        (Some(code), _) => format!("the test program exited with {code}"),
        (None, Some(signal)) => match nix::sys::signal::Signal::try_from(signal) {
            Ok(signal) => format!("the test program was killed by {signal}"),
            Err(_) => format!("the test program was killed by signal {signal}"),
        },
        (None, None) => format!("the test program ended: {status}"),
    }
}

/// The end of the test program's output.
fn tail(mut output: File) -> String {
    let read = || -> io::Result<String> {
        let length = output.seek(SeekFrom::End(0))?;
        output.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        output.take(TAIL).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_default()
}
