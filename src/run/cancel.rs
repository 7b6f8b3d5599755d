//! Ending a check under way, from any thread.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::sys::prctl;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// A handle on one check: [`Cancel::cancel`] kills what it has running and
/// keeps it from starting more.
#[derive(Clone, Default)]
pub struct Cancel(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    cancelled: bool,
    /// The process group that the check is waiting for. It is set only while
    /// its leader has not been reaped, so the number cannot mean another one.
    running: Option<Pid>,
}

impl Cancel {
    /// Ends the check: at once, and for good.
    pub fn cancel(&self) {
        let mut state = self.lock();
        state.cancelled = true;
        kill(&state);
    }

    pub fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// Starts `command` in a process group of its own; `None` if the check was
    /// cancelled before. The group is killed should this thread end first,
    /// even by SIGKILL of the companion.
    pub(super) fn spawn(&self, command: &mut Command) -> io::Result<Option<Child>> {
        let mut state = self.lock();
        if state.cancelled {
            return Ok(None);
        }
        command.process_group(0);
        // SAFETY: between fork and exec only async-signal-safe functions may be
        // called; this is one system call and allocates nothing.
        unsafe { command.pre_exec(|| Ok(prctl::set_pdeathsig(Signal::SIGKILL)?)) };
        let child = command.spawn()?;
        state.running = Some(Pid::from_raw(child.id().cast_signed()));
        Ok(Some(child))
    }

    /// Kills what runs, without cancelling the check.
    pub(super) fn kill_running(&self) {
        kill(&self.lock());
    }

    /// Kills what is left of the group whose leader has ended, and reaps it.
    pub(super) fn reap(&self, child: &mut Child) -> io::Result<std::process::ExitStatus> {
        let mut state = self.lock();
        kill(&state);
        state.running = None;
        child.wait()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole after each statement, so a panic elsewhere does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kill(state: &State) {
    if let Some(group) = state.running {
        // An error means that the group is gone already.
        let _ = killpg(group, Signal::SIGKILL);
    }
}
