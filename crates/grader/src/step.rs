//! A step: one experiment on a program, from its first act to its verdict.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::catalogue::{self, Entry};
use crate::diagnosis::{self, Connection, Expected};
use crate::ledger::{Report, Status};
use crate::patience::{LOOK, Patience, STEP};
use crate::peer::{Listener, Unheard};
use crate::program::Program;
use crate::server::Server;
use crate::tool::Tool;
use crate::warden::Warden;
use crate::{events, on_the_wire, output::Output};
use wire::Network;

/// One experiment. Made by [`step!`](crate::step!); when it is dropped, all that it
/// has started is gone and its verdict is told.
pub struct Step {
    experiment: Arc<Experiment>,
}

impl Step {
    /// Begins a step: see [`step!`](crate::step!), which knows the arguments.
    #[doc(hidden)]
    pub fn begin(here: &str, source: &str, package: &str, folder: &str, section: &str) -> Step {
        let name = here.trim_end_matches("::here");
        let name = name.rsplit("::").next().unwrap_or(name);
        let entry = catalogue::read(source)
            .into_iter()
            .find(|entry| entry.name == name)
            .unwrap_or_else(|| Entry {
                name: name.to_owned(),
                title: String::new(),
                section: section.to_owned(),
            });
        events::started(name);
        Step {
            experiment: Arc::new(Experiment {
                entry,
                exercise: exercise_of(package).to_owned(),
                chapter: folder.rsplit('/').next().unwrap_or(folder).to_owned(),
                began: Instant::now(),
                did: Mutex::default(),
                programs: Mutex::default(),
                seen: Mutex::default(),
                networks: Mutex::default(),
                offence: Mutex::default(),
                verdict: Mutex::default(),
            }),
        }
    }

    /// Starts a server on a port of the kernel's choice and waits until it listens.
    pub fn start(&self, program: Program) -> Server {
        Server::start(&self.experiment, program, "127.0.0.1:0")
    }

    /// Starts a server on `address` and waits until it listens.
    pub fn start_on(&self, program: Program, address: std::net::SocketAddr) -> Server {
        self.experiment
            .did(format!("starts {} on {address}", program.name));
        Server::start(&self.experiment, program, &address.to_string())
    }

    /// Runs a program that is no server: one that reads, writes and ends.
    pub fn run(&self, program: Program) -> Tool {
        Tool::start(&self.experiment, program)
    }

    /// Listens on a port of the kernel's choice, for a client under test.
    pub fn listen(&self) -> Listener {
        Listener::open(&self.experiment)
    }

    /// An address at which nobody listens, for a client under test.
    pub fn nobody_listens(&self) -> Unheard {
        Unheard::bind(&self.experiment)
    }

    pub(crate) fn experiment(&self) -> &Arc<Experiment> {
        &self.experiment
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.experiment.conclude();
    }
}

/// `fork-server` of `ch11-fork-server`.
pub(crate) fn exercise_of(package: &str) -> &str {
    match package.split_once('-') {
        Some((chapter, exercise)) if chapter.starts_with("ch") => exercise,
        _ => package,
    }
}

/// What the parts of a step share: its record, and what it has started.
pub(crate) struct Experiment {
    pub(crate) entry: Entry,
    exercise: String,
    chapter: String,
    began: Instant,
    did: Mutex<Vec<String>>,
    programs: Mutex<Vec<Arc<Running>>>,
    /// Processes that an x-ray of this step has shown, with what to call them.
    seen: Mutex<Vec<u32>>,
    networks: Mutex<Vec<Arc<Network>>>,
    /// The event of the last network's trace by which the step fails.
    offence: Mutex<Option<usize>>,
    verdict: Mutex<Option<Report>>,
}

/// A program that the step has started.
pub(crate) struct Running {
    pub(crate) name: String,
    pub(crate) warden: Warden,
}

impl Experiment {
    /// Writes down what the step does.
    pub(crate) fn did(&self, what: impl Into<String>) {
        lock(&self.did).push(what.into());
    }

    /// Rewrites what was written down last.
    pub(crate) fn amend(&self, change: impl FnOnce(&str) -> String) {
        if let Some(last) = lock(&self.did).last_mut() {
            *last = change(last);
        }
    }

    /// Starts a program under a warden of its own.
    pub(crate) fn start(&self, program: &Program, typing: bool) -> Arc<Running> {
        match Warden::start(program, typing) {
            Ok(warden) => {
                let running = Arc::new(Running {
                    name: program.name.clone(),
                    warden,
                });
                lock(&self.programs).push(Arc::clone(&running));
                running
            }
            Err(error) => {
                let path = program.path.display();
                self.fail(
                    format!("{path} cannot be started: {error}"),
                    None,
                    Expected::Start,
                )
            }
        }
    }

    /// A wait that begins now.
    pub(crate) fn patience(&self) -> Patience {
        Patience::new(self.began + STEP)
    }

    /// Waits until `condition` gives a value; `None` when patience is at its end.
    pub(crate) fn wait<T>(&self, condition: impl FnMut() -> Option<T>) -> Option<T> {
        self.wait_with(self.patience(), condition)
    }

    /// The same, with a patience of the caller's choice.
    pub(crate) fn wait_with<T>(
        &self,
        patience: Patience,
        mut condition: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        loop {
            if let Some(value) = condition() {
                return Some(value);
            }
            if self.must_stop_waiting(&patience) {
                // A last look: the time may have passed without a processor for us.
                return condition();
            }
            std::thread::park_timeout(LOOK);
        }
    }

    /// Whether waiting longer is in vain. Fails the step where the program has come
    /// upon a `todo!()`.
    pub(crate) fn must_stop_waiting(&self, patience: &Patience) -> bool {
        self.stop_at_todo();
        patience.is_over(|| self.programs_are_busy())
    }

    /// Whether the programs of the step have something to do. One that keeps more
    /// threads busy than this is out of hand: it is stopped where it is, or nobody else
    /// would come to run, and gets no more time.
    pub(crate) fn programs_are_busy(&self) -> bool {
        const IN_HAND: usize = 16;
        self.programs().iter().any(|running| {
            let processes = running.warden.processes();
            let busy = xray::busy_threads(&processes);
            if busy > IN_HAND {
                running.warden.freeze();
                let count = processes.len();
                self.did(format!(
                    "stopped {}, which has {count} processes and keeps {busy} threads busy",
                    running.name
                ));
            }
            (1..=IN_HAND).contains(&busy)
        })
    }

    /// The programs of this step, in the order of their start.
    pub(crate) fn programs(&self) -> Vec<Arc<Running>> {
        lock(&self.programs).clone()
    }

    /// An x-ray of what has come of one program; `None` when nothing is left of it.
    pub(crate) fn xray(&self, running: &Running) -> Option<xray::XRay> {
        let roots = running.warden.roots();
        let xray = xray::XRay::of_all(&roots).ok()?;
        let mut seen = lock(&self.seen);
        for process in &xray.processes {
            if !seen.contains(&process.pid) {
                seen.push(process.pid);
            }
        }
        Some(xray)
    }

    /// The processes that an x-ray of this step has shown.
    pub(crate) fn seen(&self) -> Vec<u32> {
        lock(&self.seen).clone()
    }

    /// The step has a network now.
    pub(crate) fn has_network(&self, network: &Arc<Network>) {
        lock(&self.networks).push(Arc::clone(network));
    }

    /// The step is about to fail because of this event on the wire.
    pub(crate) fn points_at(&self, offence: Option<usize>) {
        *lock(&self.offence) = offence;
    }

    /// The end of a connection whose own address is `local`, on this machine or on a host
    /// of this step.
    pub(crate) fn socket(&self, local: SocketAddr, remote: SocketAddr) -> Option<xray::Socket> {
        let here = xray::Sockets::of(std::process::id()).ok();
        let networks = lock(&self.networks).clone();
        let hosts = networks
            .iter()
            .flat_map(|network| [&network.client, &network.server])
            .filter_map(|host| host.sockets().ok());
        let mut all = here.into_iter().chain(hosts);
        all.find_map(|sockets| sockets.between(local, remote).copied())
    }

    /// What the last network shows.
    fn wire(&self) -> Vec<String> {
        let network = lock(&self.networks).last().cloned();
        let offence = *lock(&self.offence);
        network.map_or_else(Vec::new, |network| {
            on_the_wire::ladder(&network.trace(), offence)
        })
    }

    /// Fails the step: `saw` came in place of what was `expected`.
    pub(crate) fn fail(
        &self,
        saw: impl Into<String>,
        connection: Option<Connection>,
        expected: Expected,
    ) -> ! {
        // A step that was to fail already, and fails again while it is cleared up.
        if lock(&self.verdict).is_some() {
            resume_unwind(Box::new(Failed));
        }
        self.stop_at_todo();
        let mut saw = vec![saw.into()];
        let evidence = diagnosis::look(self, connection);
        for running in self.programs() {
            saw.extend(last_words(&running));
        }
        self.settle(
            Status::Fail,
            saw,
            evidence.lines(),
            evidence.means(expected),
        )
    }

    /// Ends the step without a verdict: this machine cannot run the experiment.
    pub(crate) fn cannot_check(&self, why: impl Into<String>, remedy: impl Into<String>) -> ! {
        self.settle(
            Status::Unchecked,
            vec![why.into()],
            Vec::new(),
            remedy.into(),
        )
    }

    /// Ends the step as not yet written, where one of its programs has said so.
    fn stop_at_todo(&self) {
        if let Some(todo) = self.todo() {
            self.settle(Status::Todo, vec![todo], Vec::new(), String::new());
        }
    }

    /// The `todo!()` that one of the programs has come upon.
    fn todo(&self) -> Option<String> {
        self.programs()
            .iter()
            .find_map(|running| todo_in(&running.warden.stderr))
    }

    fn settle(&self, status: Status, saw: Vec<String>, kernel: Vec<String>, means: String) -> ! {
        let report = self.report(status, saw, kernel, means);
        *lock(&self.verdict) = Some(report);
        // Past the panic hook: its "panicked at" and backtrace are about the check,
        // and the student has to read about the program.
        resume_unwind(Box::new(Failed));
    }

    fn report(
        &self,
        status: Status,
        saw: Vec<String>,
        kernel: Vec<String>,
        means: String,
    ) -> Report {
        Report {
            exercise: self.exercise.clone(),
            chapter: self.chapter.clone(),
            step: self.entry.clone(),
            status,
            did: match status {
                Status::Fail => lock(&self.did).clone(),
                _ => Vec::new(),
            },
            saw,
            wire: match status {
                Status::Fail => self.wire(),
                _ => Vec::new(),
            },
            kernel,
            means,
        }
    }

    /// Ends all programs and tells the verdict.
    fn conclude(&self) {
        let panicking = std::thread::panicking();
        let report = lock(&self.verdict).take().or_else(|| {
            if panicking {
                let saw = "the check itself panicked: `cargo test` shows how";
                return Some(self.report(Status::Fail, vec![saw.into()], vec![], String::new()));
            }
            // It may have gone well for a reason other than the one that was meant.
            let todo = self.todo()?;
            Some(self.report(Status::Todo, vec![todo], vec![], String::new()))
        });
        for running in self.programs() {
            running.warden.dismiss();
        }
        let status = report.as_ref().map_or(Status::Pass, |report| report.status);
        let plain = report.as_ref().map(Report::to_string);
        events::ended(
            &self.entry.name,
            status,
            self.began.elapsed(),
            plain.as_deref(),
        );
        let Some(report) = report else { return };
        // The test harness keeps what is printed here, and prints it at the end, on
        // the same stream.
        let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        if coloured {
            println!("{}", report.coloured());
        } else {
            println!("{report}");
        }
        if !panicking {
            resume_unwind(Box::new(Failed));
        }
    }
}

/// What a failed step unwinds with.
struct Failed;

/// `src/main.rs:31: accept the next connection`, where a program has panicked in a
/// `todo!()`.
fn todo_in(stderr: &Output) -> Option<String> {
    let text = stderr.text_so_far();
    let (before, after) = text.split_once("not yet implemented")?;
    let message = after
        .lines()
        .next()
        .unwrap_or("")
        .trim_start_matches(':')
        .trim();
    let place = before.rsplit_once("panicked at ")?.1.trim();
    let place = place.trim_end_matches(':');
    // Line and column; the line will do.
    let place = place.rsplit_once(':').map_or(place, |(line, _)| line);
    Some(match message {
        "" => format!("{place} is not yet written"),
        what => format!("{place} is not yet written: {what}"),
    })
}

/// The last lines of what a program has logged.
fn last_words(running: &Running) -> Option<String> {
    const SHOWN: usize = 4;
    let text = running.warden.stderr.text_so_far();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| {
            !line.trim().is_empty() && !line.starts_with("note: run with `RUST_BACKTRACE")
        })
        .collect();
    let last = &lines[lines.len().saturating_sub(SHOWN)..];
    if last.is_empty() {
        return None;
    }
    let mut words = format!("{} logged:", running.name);
    for line in last {
        let shown: String = line.chars().take(200).collect();
        let cut = if shown.len() < line.len() { "…" } else { "" };
        words.push_str(&format!("\n  {shown}{cut}"));
    }
    Some(words)
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
