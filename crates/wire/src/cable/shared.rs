//! The thread that does the cable's work, and what it shares with others.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;

use super::relay::State;
use crate::recording::{Calling, Note, Recording, now};
use crate::ring::Ring;
use crate::trace::Phase;

/// What hosts and experiments share with the cable.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Something was recorded, or has arrived.
    happened: Condvar,
    wake: EventFd,
}

/// The thread that does the cable's work, until this value is dropped.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Shared {
    pub(crate) fn start(
        taps: Vec<Ring>,
        recording: Recording,
    ) -> io::Result<(Arc<Shared>, Worker)> {
        let descriptors: Vec<OwnedFd> = taps
            .iter()
            .map(|tap| tap.as_fd().try_clone_to_owned())
            .collect::<io::Result<_>>()?;
        let wake =
            EventFd::from_value_and_flags(0, EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(taps, recording)),
            happened: Condvar::new(),
            wake,
        });
        let worker = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("cable".into())
            .spawn(move || worker.work(&descriptors))?;
        let worker = Worker {
            shared: Arc::clone(&shared),
            thread: Some(thread),
        };
        Ok((shared, worker))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, descriptors: &[OwnedFd]) {
        loop {
            let mut state = self.lock();
            let done = state.relay();
            if let Err(error) = &done {
                state.failure = Some(error.to_string());
            }
            let stop = state.stopped || done.is_err();
            let wait = state.time_to_next();
            drop(state);
            self.happened.notify_all();
            if stop {
                return;
            }
            self.sleep(descriptors, wait);
        }
    }

    /// Until a frame comes, one is due, or somebody has changed something.
    fn sleep(&self, descriptors: &[OwnedFd], time: Option<Duration>) {
        let mut watched = vec![PollFd::new(self.wake.as_fd(), PollFlags::POLLIN)];
        let taps = descriptors.iter();
        watched.extend(taps.map(|tap| PollFd::new(tap.as_fd(), PollFlags::POLLIN)));
        match ppoll(&mut watched, time.map(TimeSpec::from_duration), None) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => self.lock().failure = Some(error.to_string()),
        }
        while self.wake.read().is_ok_and(|count| count > 0) {}
    }

    /// Changes something, and has the worker see to it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.lock());
        self.wake.write(1).ok();
        changed
    }

    /// Waits until `condition` gives a value; `None` if it does not in time.
    pub(crate) fn wait<T>(
        &self,
        time: Duration,
        mut condition: impl FnMut(&Recording) -> Option<T>,
    ) -> Option<T> {
        let until = Instant::now() + time;
        let mut state = self.lock();
        loop {
            if let Some(value) = condition(&state.recording) {
                return Some(value);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || state.failure.is_some() {
                return None;
            }
            let waited = self.happened.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes that a program makes a call.
    pub(crate) fn call_begins(&self, calling: Calling) {
        // Whoever holds the lock has looked at what the last frames did: a call never
        // comes between a frame and the look at its effect.
        let mut state = self.lock();
        state.take_all().ok();
        state.recording.notes.push(Note::Call {
            at: now(),
            calling,
            phase: Phase::Begins,
            result: String::new(),
        });
        drop(state);
        self.happened.notify_all();
    }

    /// Notes that it has returned, just now, and looks at what it has changed.
    pub(crate) fn call_returns(&self, calling: Calling, result: String) {
        let at = now();
        let host = calling.host;
        let mut state = self.lock();
        // What the call has sent comes before what it has changed.
        state.take_all().ok();
        state.recording.notes.push(Note::Call {
            at,
            calling,
            phase: Phase::Returns,
            result,
        });
        if state.recording.has_few_sockets() {
            state.recording.look(host, at).ok();
        }
        drop(state);
        self.happened.notify_all();
        self.wake.write(1).ok();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.change(|state| state.stopped = true);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}
