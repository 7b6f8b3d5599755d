//! The shape of a trace: what of it is the same each time, on every machine whose kernel
//! behaves the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::trace::{Call, End, Event, Fate, Flag, Phase, Queue, Segment, State, Trace};

impl Trace {
    /// What this trace has in common with every other of the same experiment, as lines of
    /// text: for each connection and for each of its ends what happened there, in order.
    /// Times are left out, but for the seconds before something was sent again; so are
    /// ports, absolute numbers, and the sizes of windows and buffers.
    pub fn shape(&self) -> String {
        let mut shape = Shape::default();
        for event in &self.events {
            match event {
                Event::Segment(segment) => shape.segment(segment),
                Event::Call(call) => shape.call(call),
                Event::State(state) => shape.state(state),
                Event::Queue(queue) => shape.queue(queue),
            }
        }
        shape.text(self)
    }
}

/// What is told together: of one end of a connection, or of a host.
type Place = (Option<usize>, End);

#[derive(Default)]
struct Shape<'a> {
    /// What happened at each place, with its time.
    places: BTreeMap<Place, Vec<(u64, String)>>,
    states: BTreeMap<(usize, End), &'a str>,
    queues: BTreeMap<(End, u16), u32>,
    /// The hosts of which a program waits in accept.
    accepting: BTreeSet<End>,
    /// When something was last sent, by connection, sender and number.
    sent: BTreeMap<(usize, End, i64), u64>,
}

impl<'a> Shape<'a> {
    fn add(&mut self, connection: Option<usize>, end: End, at: u64, line: String) {
        let lines = self.places.entry((connection, end)).or_default();
        lines.push((at, line));
    }

    fn segment(&mut self, segment: &Segment) {
        let Segment {
            connection,
            from,
            at,
            ..
        } = *segment;
        let said = describe(segment);
        let key = (connection, from, segment.seq);
        let before = segment.takes_numbers().then(|| self.sent.insert(key, at));
        let waited = before
            .flatten()
            .map_or(0, |before| at.saturating_sub(before));
        let after = match (waited + 500_000) / 1_000_000 {
            0 => String::new(),
            seconds => format!(", {seconds} s after the last"),
        };
        let fate = match segment.fate {
            Fate::Lost => ", lost",
            Fate::Cut => ", cut",
            Fate::Arrived | Fate::Underway => "",
        };
        let connection = Some(connection);
        self.add(connection, from, at, format!("sends {said}{after}{fate}"));
        if let Some(arrived) = segment.arrived {
            self.add(connection, from.other(), arrived, format!("gets {said}"));
        }
    }

    fn call(&mut self, call: &Call) {
        let name = &call.call;
        let result = match call.result.as_str() {
            // The port is another one each time.
            port if port.starts_with(':') => "a connection",
            result => result,
        };
        let line = match call.phase {
            Phase::Begins => format!("calls {name}"),
            Phase::Returns => format!("{name} = {result}"),
            Phase::Whole => format!("calls {name}, {name} = {result}"),
        };
        if name == "accept" && call.phase == Phase::Begins {
            self.accepting.insert(call.host);
        } else if name == "accept" {
            self.accepting.remove(&call.host);
        }
        self.add(call.connection, call.host, call.at, line);
    }

    fn state(&mut self, state: &'a State) {
        let key = (state.connection, state.host);
        if self.states.insert(key, &state.state) != Some(&state.state) {
            let line = format!("is in {}", state.state);
            self.add(Some(state.connection), state.host, state.at, line);
        }
    }

    fn queue(&mut self, queue: &Queue) {
        // Through the queue to a program that waits in accept, a connection goes too
        // quickly to be seen each time.
        if self.accepting.contains(&queue.host) {
            return;
        }
        let key = (queue.host, queue.port);
        if self.queues.insert(key, queue.waiting) != Some(queue.waiting) {
            let line = format!("has {} in the accept queue", queue.waiting);
            self.add(None, queue.host, queue.at, line);
        }
    }

    fn text(self, trace: &Trace) -> String {
        let mut text = String::new();
        for ((connection, end), mut lines) in self.places {
            // Stable: what an arrival has changed comes after it.
            lines.sort_by_key(|(at, _)| *at);
            let name = &trace.hosts[end as usize].name;
            match connection {
                Some(connection) => writeln!(text, "connection {}, {name}", connection + 1),
                None => writeln!(text, "{name}"),
            }
            .expect("a string takes everything");
            for (_, line) in lines {
                text.push_str("  ");
                text.push_str(&line);
                text.push('\n');
            }
        }
        text
    }
}

/// `SYN ACK seq 0 ack 1 mss 1460`.
fn describe(segment: &Segment) -> String {
    // Whether data is pushed is the sender's guess at what matters.
    let flags = segment.flags.iter().filter(|&&flag| flag != Flag::Psh);
    let mut words: Vec<String> = flags.map(ToString::to_string).collect();
    words.push(format!("seq {}", segment.seq));
    words.extend(segment.ack.map(|ack| format!("ack {ack}")));
    if segment.length > 0 {
        words.push(format!("len {}", segment.length));
    }
    words.extend(segment.options.mss.map(|mss| format!("mss {mss}")));
    words.extend(segment.marks.iter().map(|mark| format!("({mark})")));
    words.join(" ")
}
