//! The cable between two hosts: it takes what one sends, records it, and gives it to the
//! other, unless it was told to do something else with it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;

use crate::decode::Tcp;
use crate::recording::{Calling, Moment, Note, Recording, now};
use crate::ring::{Ring, Taken};
use crate::trace::{End, Fate, Phase};
use crate::which::{Chooser, Which};

/// What hosts and experiments share with the cable.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Something was recorded, or has arrived.
    happened: Condvar,
    wake: EventFd,
}

/// The cable, as its own thread and the callers of its methods know it.
pub(crate) struct State {
    /// One for each host, or one for a host that is alone.
    taps: Vec<Ring>,
    pub(crate) recording: Recording,
    rules: Vec<Rule>,
    pub(crate) delay: Duration,
    cut: bool,
    held: bool,
    /// Whether nobody looks at the hosts' sockets.
    looks_away: bool,
    underway: BinaryHeap<Reverse<Underway>>,
    /// Why the cable's thread has ended, if it has by itself.
    failure: Option<String>,
    stopped: bool,
}

struct Rule {
    chooser: Chooser,
    deed: Deed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    Lose,
    Duplicate,
    HoldBack(Duration),
}

/// A frame on its way. Those that are due first come first; of two that are due at once,
/// the one that was sent first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Underway {
    due: Moment,
    frame: usize,
    to: End,
    bytes: Vec<u8>,
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
            state: Mutex::new(State {
                taps,
                recording,
                rules: Vec::new(),
                delay: Duration::ZERO,
                cut: false,
                held: false,
                looks_away: false,
                underway: BinaryHeap::new(),
                failure: None,
                stopped: false,
            }),
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
        state.recording.look(host, at).ok();
        drop(state);
        self.happened.notify_all();
        self.wake.write(1).ok();
    }
}

impl State {
    /// The taps of a cable have two ends; a host that is alone has one, and nothing is
    /// to be carried.
    fn is_cable(&self) -> bool {
        self.taps.len() == 2
    }

    fn relay(&mut self) -> io::Result<()> {
        loop {
            let took = self.take_all()?;
            let delivered = self.deliver_what_is_due()?;
            if !took && !delivered {
                return Ok(());
            }
        }
    }

    /// Takes what was sent from the taps, up to some number of frames. Whether there was any.
    fn take_all(&mut self) -> io::Result<bool> {
        const AT_ONCE: usize = 256;
        // With more than this at once, each frame's own effect can no more be seen.
        const CALM: usize = 32;
        let mut any = false;
        for index in 0..self.taps.len() {
            let mut taken: Vec<(Moment, Vec<u8>, usize)> = Vec::new();
            let tap = &mut self.taps[index];
            while taken.len() < AT_ONCE
                && tap.take(
                    |Taken {
                         time,
                         bytes,
                         length,
                     }| {
                        taken.push((time, bytes.to_vec(), length));
                    },
                )
            {}
            any |= !taken.is_empty();
            let from = match index {
                _ if !self.is_cable() => None,
                0 => Some(End::Client),
                _ => Some(End::Server),
            };
            let calm = taken.len() <= CALM;
            for (time, bytes, length) in taken {
                self.take(from, time, bytes, length, calm)?;
            }
        }
        Ok(any)
    }

    fn take(
        &mut self,
        from: Option<End>,
        sent: Moment,
        bytes: Vec<u8>,
        length: usize,
        calm: bool,
    ) -> io::Result<()> {
        let frame = self.recording.sent(sent, from, &bytes, length);
        let matters = calm && self.recording.is_calm() || changes_states(&bytes);
        if matters && !self.looks_away {
            self.recording.look(from, sent)?;
        }
        let Some(from) = from else {
            self.recording.arrived(frame, sent);
            return Ok(());
        };
        let segment = Tcp::of(&bytes);
        let mut deeds = Vec::new();
        if let Some(segment) = &segment {
            for rule in &mut self.rules {
                if rule.chooser.chooses(from, segment) {
                    deeds.push(rule.deed);
                }
            }
        }
        if deeds.contains(&Deed::Lose) {
            self.recording.frames[frame].fate = Fate::Lost;
            return Ok(());
        }
        let held: Duration = deeds
            .iter()
            .map(|deed| match deed {
                Deed::HoldBack(time) => *time,
                _ => Duration::ZERO,
            })
            .sum();
        let due = sent + self.delay + held;
        let to = from.other();
        if deeds.contains(&Deed::Duplicate) {
            let copy = self.recording.sent(sent, Some(from), &bytes, length);
            self.recording.frames[copy].copy = true;
            let bytes = bytes.clone();
            self.underway.push(Reverse(Underway {
                due,
                frame: copy,
                to,
                bytes,
            }));
        }
        self.underway.push(Reverse(Underway {
            due,
            frame,
            to,
            bytes,
        }));
        Ok(())
    }

    /// Delivers what is due. Whether there was any.
    fn deliver_what_is_due(&mut self) -> io::Result<bool> {
        let mut any = false;
        while let Some(Reverse(next)) = self.underway.peek() {
            if self.held || next.due > now() {
                break;
            }
            let Some(Reverse(frame)) = self.underway.pop() else {
                break;
            };
            self.deliver(&frame)?;
            any = true;
        }
        Ok(any)
    }

    fn deliver(&mut self, frame: &Underway) -> io::Result<()> {
        let at = now();
        if self.cut || self.taps[frame.to as usize].send(&frame.bytes).is_err() {
            self.recording.frames[frame.frame].fate = Fate::Cut;
            return Ok(());
        }
        self.recording.arrived(frame.frame, at);
        let matters = changes_states(&frame.bytes);
        if self.looks_away || !matters && !self.recording.is_calm() {
            return Ok(());
        }
        // The receiver's kernel has mostly done its work when the frame is delivered. Where
        // a state is to change, give it a little longer before the next thing happens.
        const LONGEST: Duration = Duration::from_millis(5);
        let matters = matters || self.is_about_to_change(frame);
        while !self.recording.look(Some(frame.to), at)?
            && matters
            && now().saturating_sub(at) < LONGEST
        {
            std::thread::yield_now();
        }
        Ok(())
    }

    /// Whether the receiver's end is in a state that an acknowledgement may change.
    fn is_about_to_change(&self, frame: &Underway) -> bool {
        let Some(segment) = Tcp::of(&frame.bytes) else {
            return false;
        };
        let state = self
            .recording
            .state_of(frame.to, segment.destination, segment.source);
        use xray::TcpState::{Closing, FinWait1, LastAck, SynReceived};
        matches!(state, Some(SynReceived | FinWait1 | Closing | LastAck))
    }

    /// How long nothing is due; `None`: nothing is underway.
    fn time_to_next(&self) -> Option<Duration> {
        let Reverse(next) = self.underway.peek().filter(|_| !self.held)?;
        Some(next.due.saturating_sub(now()))
    }

    /// Counts the frames that came too fast.
    pub(crate) fn count_missed(&mut self) {
        for tap in &self.taps {
            self.recording.missed += tap.missed().unwrap_or(0);
        }
    }
}

/// Whether a frame carries a SYN, FIN or RST.
fn changes_states(frame: &[u8]) -> bool {
    Tcp::of(frame).is_some_and(|segment| {
        let header = segment.header;
        header.syn() || header.fin() || header.rst()
    })
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.change(|state| state.stopped = true);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// The cable between two hosts. What it is told holds for what is sent from then on.
#[derive(Clone)]
pub struct Cable {
    pub(crate) shared: Arc<Shared>,
}

impl Cable {
    /// Looks at the hosts' sockets no more, for experiments with many connections: a look,
    /// one or two for each segment that begins or ends one, takes milliseconds.
    /// The trace has segments and no states then.
    pub fn looks_away(&self) -> &Cable {
        self.shared.change(|state| state.looks_away = true);
        self
    }

    /// Takes `time` from one end to the other, each way.
    pub fn delays(&self, time: Duration) -> &Cable {
        self.shared.change(|state| state.delay = time);
        self
    }

    /// Loses these segments.
    pub fn loses(&self, which: Which) -> &Cable {
        self.rule(which, Deed::Lose)
    }

    /// Delivers each of these segments twice.
    pub fn duplicates(&self, which: Which) -> &Cable {
        self.rule(which, Deed::Duplicate)
    }

    /// Delivers these segments `time` later than others, so that they are overtaken.
    pub fn holds_back(&self, which: Which, time: Duration) -> &Cable {
        self.rule(which, Deed::HoldBack(time))
    }

    /// Does to all segments the same again.
    pub fn behaves(&self) -> &Cable {
        self.shared.change(|state| state.rules.clear());
        self
    }

    /// Keeps what is underway until it goes on: so both ends send before either receives.
    pub fn holds(&self) -> &Cable {
        self.shared.change(|state| state.held = true);
        self
    }

    /// Delivers again what is due.
    pub fn goes_on(&self) -> &Cable {
        self.shared.change(|state| state.held = false);
        self
    }

    /// Is cut: nothing arrives any more, not even what is underway. The hosts do not notice.
    pub fn cut(&self) -> &Cable {
        self.shared.change(|state| state.cut = true);
        self
    }

    /// Is mended.
    pub fn mend(&self) -> &Cable {
        self.shared.change(|state| state.cut = false);
        self
    }

    fn rule(&self, which: Which, deed: Deed) -> &Cable {
        let chooser = Chooser::new(which);
        self.shared
            .change(|state| state.rules.push(Rule { chooser, deed }));
        self
    }
}
