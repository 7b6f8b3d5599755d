//! What the cable does with each frame.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::time::Duration;

use crate::decode::Tcp;
use crate::recording::{Moment, Recording, now};
use crate::ring::Ring;
use crate::trace::{End, Fate};
use crate::which::Chooser;

/// The cable, as its own thread and the callers of its methods know it.
pub(crate) struct State {
    /// One for each host, or one for a host that is alone.
    taps: Vec<Ring>,
    pub(crate) recording: Recording,
    pub(super) rules: Vec<Rule>,
    pub(crate) delay: Duration,
    pub(super) cut: bool,
    pub(super) held: bool,
    underway: BinaryHeap<Reverse<Underway>>,
    /// Why the cable's thread has ended, if it has by itself.
    pub(super) failure: Option<String>,
    pub(super) stopped: bool,
}

/// What is to happen to some segments.
pub(super) struct Rule {
    pub chooser: Chooser,
    pub deed: Deed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
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

impl State {
    /// A cable between two hosts, or what records a host that is alone.
    pub(super) fn new(taps: Vec<Ring>, recording: Recording) -> State {
        State {
            taps,
            recording,
            rules: Vec::new(),
            delay: Duration::ZERO,
            cut: false,
            held: false,
            underway: BinaryHeap::new(),
            failure: None,
            stopped: false,
        }
    }

    /// The taps of a cable have two ends; a host that is alone has one, and nothing is
    /// to be carried.
    fn is_cable(&self) -> bool {
        self.taps.len() == 2
    }

    pub(super) fn relay(&mut self) -> io::Result<()> {
        loop {
            let took = self.take_all()?;
            let delivered = self.deliver_what_is_due()?;
            if !took && !delivered {
                return Ok(());
            }
        }
    }

    /// Takes what was sent from the taps, up to some number of frames. Whether there was any.
    pub(super) fn take_all(&mut self) -> io::Result<bool> {
        const AT_ONCE: usize = 256;
        // With more than this at once, each frame's own effect can no more be seen.
        const CALM: usize = 32;
        let mut any = false;
        for index in 0..self.taps.len() {
            let mut taken: Vec<(Moment, Vec<u8>, usize)> = Vec::new();
            let tap = &mut self.taps[index];
            while taken.len() < AT_ONCE
                && tap.take(|frame| taken.push((frame.time, frame.bytes.to_vec(), frame.length)))
            {
            }
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
        if self.is_to_be_looked_at(&bytes, calm) {
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
        if !self.is_to_be_looked_at(&frame.bytes, true) {
            return Ok(());
        }
        // The receiver's kernel has mostly done its work when the frame is delivered. Where
        // a state is to change, give it a little longer before the next thing happens.
        const LONGEST: Duration = Duration::from_millis(5);
        let changes = self.is_about_to_change(frame);
        while !self.recording.look(Some(frame.to), at)?
            && changes
            && now().saturating_sub(at) < LONGEST
        {
            std::thread::yield_now();
        }
        Ok(())
    }

    /// Whether it is worth while to look at the sockets for what comes of a frame: `calm`, if
    /// there are few at a time.
    fn is_to_be_looked_at(&self, frame: &[u8], calm: bool) -> bool {
        let recording = &self.recording;
        recording.has_few_sockets() && (calm && recording.is_calm() || changes_states(frame))
    }

    /// Whether this frame changes the state of a socket of its receiver.
    fn is_about_to_change(&self, frame: &Underway) -> bool {
        use xray::TcpState::{Closing, FinWait1, LastAck, SynReceived, TimeWait};
        let Some(segment) = Tcp::of(&frame.bytes) else {
            return false;
        };
        let header = &segment.header;
        let (here, there) = (segment.destination, segment.source);
        match self.recording.state_of(frame.to, here, there) {
            None => header.syn() && self.recording.listens(frame.to, here),
            Some(TimeWait) => false,
            Some(SynReceived | FinWait1 | Closing | LastAck) => true,
            Some(_) => header.syn() || header.fin() || header.rst(),
        }
    }

    /// How long nothing is due; `None`: nothing is underway.
    pub(super) fn time_to_next(&self) -> Option<Duration> {
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
