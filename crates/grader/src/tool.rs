//! A program under test that is no server: it reads, writes and ends.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::diagnosis::Expected;
use crate::exit::Exit;
use crate::ledger::quote;
use crate::patience::USUAL;
use crate::program::Program;
use crate::step::{Experiment, Running, lock};

/// A program that runs, with its three streams in the hands of the step.
pub struct Tool {
    experiment: Arc<Experiment>,
    running: Arc<Running>,
    /// How many bytes of its output were already compared.
    read: usize,
}

impl Tool {
    pub(crate) fn start(experiment: &Arc<Experiment>, program: Program) -> Tool {
        let words: Vec<String> = program
            .arguments
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let running = experiment.start(&program, true);
        experiment.did(format!("ran {} {}", running.name, words.join(" ")));
        Tool {
            experiment: Arc::clone(experiment),
            running,
            read: 0,
        }
    }

    /// Types to its standard input.
    pub fn types(&mut self, text: impl AsRef<[u8]>) -> &mut Tool {
        let text = text.as_ref();
        let mut stdin = lock(&self.running.warden.stdin);
        let Some(pipe) = stdin.as_mut() else {
            panic!("the step types to a program whose input it has ended");
        };
        if let Err(error) = pipe.write_all(text) {
            drop(stdin);
            self.fail(
                format!("it does not read its standard input: {error}"),
                Expected::Room,
            );
        }
        drop(stdin);
        let whole_line = text.is_empty() || text.ends_with(b"\n");
        let without = if whole_line {
            ""
        } else {
            " (without a newline)"
        };
        self.experiment
            .did(format!("typed {}{without}", quote(text)));
        self
    }

    /// Ends its standard input.
    pub fn ends_input(&mut self) -> &mut Tool {
        lock(&self.running.warden.stdin).take();
        self.experiment.did("ended its standard input");
        self
    }

    /// Expects these bytes next on its standard output.
    pub fn prints(&mut self, expected: impl AsRef<[u8]>) -> &mut Tool {
        let expected = expected.as_ref();
        let stdout = &self.running.warden.stdout;
        let printed = || stdout.so_far()[self.read..].to_vec();
        let complete = self.experiment.wait(|| {
            let text = printed();
            let ended = stdout.has_ended();
            (text.len() >= expected.len() || ended || !expected.starts_with(&text)).then_some(())
        });
        let text = printed();
        let start = &text[..text.len().min(expected.len())];
        if complete.is_none() || start != expected {
            // Whose output has ended is mostly about to end.
            let moment = Duration::from_millis(if stdout.has_ended() { 200 } else { 0 });
            let means = if !expected.starts_with(&text) {
                "its output is not what was asked for"
            } else if self.running.warden.wait(moment).is_some() {
                "the program has ended before it printed all that it should"
            } else {
                "the program has not printed all that it should, and still runs"
            };
            self.fail(
                format!("it printed {}, not {}", quote(&text), quote(expected)),
                Expected::Fact(means),
            );
        }
        self.read += expected.len();
        self.experiment
            .did(format!("it printed {}", quote(expected)));
        self
    }

    /// Expects these lines next on its standard output, and tells of the first that is
    /// another what that `means`.
    pub fn prints_lines(
        &mut self,
        expected: impl IntoIterator<Item = String>,
        means: &'static str,
    ) -> &mut Tool {
        let expected: Vec<String> = expected.into_iter().collect();
        let lines_due = expected.len();
        let stdout = &self.running.warden.stdout;
        let printed = || stdout.so_far()[self.read..].to_vec();
        let newlines = |text: &[u8]| text.iter().filter(|&&byte| byte == b'\n').count();
        self.experiment.wait(|| {
            let enough = newlines(&printed()) >= lines_due;
            (enough || stdout.has_ended()).then_some(())
        });
        let text = printed();
        let mut lines = text.split_inclusive(|&byte| byte == b'\n');
        let mut length = 0;
        for (number, expected) in (1..).zip(&expected) {
            let line = lines.next().unwrap_or_default();
            let due = format!("{expected}\n");
            if line != due.as_bytes() {
                let saw = match lines_due {
                    1 => "it printed".to_owned(),
                    _ => format!("line {number} of {lines_due} is"),
                };
                self.fail(
                    format!("{saw} {}, not {}", quote(line), quote(due.as_bytes())),
                    Expected::Fact(means),
                );
            }
            length += line.len();
        }
        self.read += length;
        self.experiment.did(match expected.as_slice() {
            [only] => format!("it printed \"{only}\""),
            [first, .., last] => {
                format!("it printed {lines_due} lines, \"{first}\" to \"{last}\"")
            }
            [] => "it printed no line".to_owned(),
        });
        self
    }

    /// Waits for its end.
    pub fn exits(&mut self) -> Exit {
        let exit = self.ends(Duration::ZERO, Expected::Exit);
        // Its last words may still be on their way through the pipe.
        let streams = [&self.running.warden.stdout, &self.running.warden.stderr];
        self.experiment.wait(|| {
            streams
                .iter()
                .all(|stream| stream.has_ended())
                .then_some(())
        });
        self.experiment.did(format!("it {exit}"));
        exit
    }

    /// Waits for its end, for which it may sleep for `time`; the step fails if it takes
    /// longer, and says what that `means`.
    pub fn exits_within(&mut self, time: Duration, means: &'static str) -> &mut Tool {
        self.ends(time, Expected::Fact(means));
        self
    }

    fn ends(&self, time: Duration, expected: Expected) -> Exit {
        let patience = self.experiment.patience().after(time);
        let ended = || self.running.warden.exit();
        match self.experiment.wait_with(patience, ended) {
            Some(exit) => exit,
            None => {
                let most = (time + USUAL).as_secs_f64();
                self.fail(format!("it does not end within {most} s"), expected)
            }
        }
    }

    /// Expects its end, with this status.
    pub fn exits_with(&mut self, status: i32) -> &mut Tool {
        let exit = self.exits();
        if exit != Exit::Status(status) {
            self.fail(
                format!("it {exit}"),
                Expected::Fact("0 is success, 1 a failure, 2 wrong usage"),
            );
        }
        self
    }

    /// Expects that it has printed nothing more on standard output.
    pub fn prints_nothing_more(&mut self) -> &mut Tool {
        let text = self.running.warden.stdout.so_far()[self.read..].to_vec();
        if !text.is_empty() {
            self.fail(
                format!("it printed {} as well", quote(&text)),
                Expected::Fact("its output is not what was asked for"),
            );
        }
        self
    }

    /// Expects a message on standard error that names `what`.
    pub fn complains_about(&mut self, what: &str) -> &mut Tool {
        let stderr = &self.running.warden.stderr;
        let found = self.experiment.wait(|| {
            let found = stderr.text_so_far().contains(what);
            (found || stderr.has_ended()).then_some(found)
        });
        if found != Some(true) {
            self.fail(
                format!("no message on standard error that names {what}"),
                Expected::Fact("an error message says what failed, where, and why"),
            );
        }
        self.experiment
            .did(format!("it named {what} on standard error"));
        self
    }

    /// Fails the step: what was seen, and what that means.
    pub fn disappoints(&self, saw: impl Into<String>, means: &'static str) -> ! {
        self.fail(saw, Expected::Fact(means))
    }

    /// The number of its first process.
    pub fn pid(&self) -> u32 {
        self.running.warden.pid
    }

    /// What it holds of the connection between `local` and `remote` is looked up with
    /// this x-ray.
    pub fn holds(&self, local: SocketAddr, remote: SocketAddr) -> bool {
        let xray = self.experiment.xray(&self.running);
        xray.is_some_and(|xray| xray.holders_between(local, remote).next().is_some())
    }

    fn fail(&self, saw: impl Into<String>, expected: Expected) -> ! {
        self.experiment.fail(saw, None, expected)
    }
}
