//! A server under test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use xray::{Activity, XRay};

use crate::diagnosis::{Connection, Expected};
use crate::exit::Exit;
use crate::limits::{self, Resource};
use crate::patience::QUIET;
use crate::peer::Peer;
use crate::program::Program;
use crate::step::{Experiment, Running};

/// A server that listens.
pub struct Server {
    experiment: Arc<Experiment>,
    running: Arc<Running>,
    address: SocketAddr,
}

impl Server {
    pub(crate) fn start(experiment: &Arc<Experiment>, program: Program, address: &str) -> Server {
        let running = experiment.start(&program.arg(address), false);
        let stdout = &running.warden.stdout;
        let first_line = experiment.wait(|| {
            let text = stdout.so_far();
            let end = text.iter().position(|&byte| byte == b'\n');
            match end {
                Some(end) => Some(Some(String::from_utf8_lossy(&text[..end]).into_owned())),
                // Nothing more will come.
                None if running.warden.exit().is_some() && stdout.has_ended() => Some(None),
                None => None,
            }
        });
        let line = match first_line {
            Some(Some(line)) => line,
            Some(None) => experiment.fail(
                format!("{} ended before it listened", running.name),
                None,
                Expected::Start,
            ),
            None => experiment.fail(
                format!(
                    "no line on standard output within 1 s, only {}",
                    crate::ledger::quote(&stdout.so_far())
                ),
                None,
                Expected::Start,
            ),
        };
        let address = line
            .strip_prefix("listening on ")
            .and_then(|address| address.trim_end().parse().ok());
        let Some(address) = address else {
            experiment.fail(
                format!("{} printed \"{line}\" first", running.name),
                None,
                Expected::Start,
            )
        };
        experiment.did(format!(
            "started {} ({}), which listens on {address}",
            running.name, running.warden.pid
        ));
        Server {
            experiment: Arc::clone(experiment),
            running,
            address,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of its first process.
    pub fn pid(&self) -> u32 {
        self.running.warden.pid
    }

    /// Connects to it.
    pub fn connect(&self) -> Peer {
        Peer::connect(&self.experiment, self.address)
    }

    /// What the kernel shows of it: its first process, what has come of that, and
    /// orphans.
    pub fn xray(&self) -> XRay {
        match self.experiment.xray(&self.running) {
            Some(xray) => xray,
            None => self.experiment.fail(
                format!("nothing is left of {}", self.running.name),
                None,
                Expected::Bytes,
            ),
        }
    }

    /// Waits until an x-ray shows what is asked for; the step fails if it does not,
    /// and says `what` was missing and what that `means`.
    pub fn comes_to(&self, what: &str, means: &'static str, holds: impl Fn(&XRay) -> bool) {
        let came = self.experiment.wait(|| {
            self.is_alive();
            holds(&self.xray()).then_some(())
        });
        if came.is_none() {
            self.fail(format!("still not so after 1 s: {what}"), means);
        }
        self.experiment.did(format!("x-ray: {what}"));
    }

    /// How many descriptors its first process holds.
    pub fn descriptors(&self) -> usize {
        let xray = self.xray();
        let process = xray.process(self.pid());
        process.map_or(0, |process| process.descriptors.len())
    }

    /// The numbers of the processes that hold this connection.
    pub fn holders_of(&self, peer: &Peer) -> Vec<u32> {
        let Connection { program, step } = peer.connection();
        let xray = self.xray();
        let holders = xray.holders_between(program, step);
        holders.map(|(process, _)| process.pid).collect()
    }

    /// Fails the step: what was seen, and what that means.
    pub fn fail(&self, saw: impl Into<String>, means: &'static str) -> ! {
        self.experiment.fail(saw, None, Expected::Fact(means))
    }

    /// Stops its first process (SIGSTOP) and waits until it has stopped. What arrives
    /// from here on waits for it.
    pub fn stop(&self) {
        self.signal(Signal::SIGSTOP);
        let stopped = self.experiment.wait(|| {
            let xray = self.xray();
            let threads = &xray.process(self.pid())?.threads;
            threads
                .iter()
                .all(|thread| thread.activity == Activity::Stopped)
                .then_some(())
        });
        if stopped.is_none() {
            self.fail("it does not stop", "SIGSTOP cannot be caught");
        }
        self.experiment.did("stopped the server (SIGSTOP)");
    }

    /// Lets it go on (SIGCONT).
    pub fn go_on(&self) {
        self.signal(Signal::SIGCONT);
        self.experiment.did("let the server go on (SIGCONT)");
    }

    /// Kills its first process (SIGKILL) and waits until it has ended. Its children,
    /// if it has any, live on.
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
        if self.running.warden.wait(Duration::from_secs(2)).is_none() {
            self.fail("it does not end", "SIGKILL cannot be caught");
        }
        self.experiment.did("killed the server (SIGKILL)");
    }

    /// How its first process has ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        self.running.warden.exit()
    }

    /// Expects that its first process is still there.
    pub fn is_alive(&self) {
        if self.exit().is_some() {
            self.experiment
                .fail("the server has ended", None, Expected::Bytes);
        }
    }

    /// What it has logged to standard error so far.
    pub fn log(&self) -> String {
        self.running.warden.stderr.text_so_far()
    }

    /// Takes the descriptors that are left from its first process, once that sleeps: it
    /// can open no more than it has (RLIMIT_NOFILE).
    pub fn no_more_descriptors(&self) -> Withheld<'_> {
        self.comes_to(
            "it waits",
            "a server that has nothing to do sleeps",
            |xray| xray.process(self.pid()).is_some_and(|p| p.asleep()),
        );
        let xray = self.xray();
        let process = xray.process(self.pid());
        let highest = process.and_then(|process| process.descriptors.last());
        let most = highest.map_or(3, |descriptor| descriptor.number as u64 + 1);
        self.withhold(libc::RLIMIT_NOFILE, most, "descriptors")
    }

    /// Waits until a client is in its accept queue.
    pub fn has_clients_waiting(&self) {
        self.comes_to(
            "a client waits to be accepted",
            "without a free descriptor nobody can be accepted",
            |xray| {
                let listener = xray.listener(self.address);
                let socket = listener.and_then(|(_, descriptor)| descriptor.tcp());
                socket.is_some_and(|socket| socket.receive_queue > 0)
            },
        );
    }

    /// Lets its first process start no more processes (RLIMIT_NPROC).
    pub fn no_more_processes(&self) -> Withheld<'_> {
        self.withhold(libc::RLIMIT_NPROC, 1, "processes")
    }

    fn withhold(&self, resource: Resource, most: u64, what: &'static str) -> Withheld<'_> {
        let before = self.limit(resource, None);
        let lowered = libc::rlimit {
            rlim_cur: most.min(before.rlim_max),
            ..before
        };
        self.limit(resource, Some(lowered));
        self.experiment
            .did(format!("took away its free {what} (limit {most})"));
        Withheld {
            server: self,
            resource,
            before,
            what,
        }
    }

    /// Reads, and sets, a limit of the first process.
    fn limit(&self, resource: Resource, new: Option<libc::rlimit>) -> libc::rlimit {
        match limits::of(self.pid(), resource, new) {
            Ok(old) => old,
            Err(error) => self.experiment.cannot_check(
                format!(
                    "the limits of process {} cannot be set: {error}",
                    self.pid()
                ),
                "run the checks as the user to whom the program belongs",
            ),
        }
    }

    /// Watches its first process while it can do nothing useful: it has to sleep, not
    /// to try again and again.
    pub fn does_not_spin(&self) {
        const TOO_MUCH: Duration = Duration::from_millis(100);
        const LOOKS: u32 = 7;
        let look = || {
            self.is_alive();
            let xray = self.xray();
            let process = xray.process(self.pid());
            process.map_or((Duration::ZERO, false), |p| (p.cpu, p.asleep()))
        };
        let (before, _) = look();
        let mut looks_asleep = 0;
        let until = Instant::now() + Duration::from_secs(4);
        while looks_asleep < LOOKS && Instant::now() < until {
            std::thread::park_timeout(QUIET / 10);
            let (cpu, asleep) = look();
            let used = cpu.saturating_sub(before);
            if used >= TOO_MUCH {
                let used = used.as_millis();
                self.fail(
                    format!("the server used {used} ms of processor time and came no further"),
                    "a call that fails at once, tried again at once, is a busy loop: wait a \
                     little before the next try",
                );
            }
            looks_asleep = if asleep { looks_asleep + 1 } else { 0 };
        }
        self.experiment.did("x-ray: it sleeps, and does not spin");
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid().cast_signed());
        if self.exit().is_some() || kill(pid, signal).is_err() {
            self.experiment
                .fail("the server has ended", None, Expected::Bytes);
        }
    }
}

/// Something that a server may not have for a while. It is given back when this
/// value is dropped.
pub struct Withheld<'a> {
    server: &'a Server,
    resource: Resource,
    before: libc::rlimit,
    what: &'static str,
}

impl Withheld<'_> {
    /// Gives it back.
    pub fn give_back(self) {}
}

impl Drop for Withheld<'_> {
    fn drop(&mut self) {
        if self.server.exit().is_none() && !std::thread::panicking() {
            self.server.limit(self.resource, Some(self.before));
            let what = self.what;
            self.server.experiment.did(format!("gave it {what} again"));
        }
    }
}
