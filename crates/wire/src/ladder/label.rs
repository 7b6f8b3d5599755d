//! What the drawings write beside the events: labels of segments, names of connections,
//! calls and their results.

use std::collections::{HashMap, HashSet};

use super::clean::printable;
use crate::trace::{Call, End, Event, Fate, Flag, Mark, Phase, Segment, State, Trace};

/// The label of a segment, in pieces that may stand on different lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Label {
    /// `:40001`, where the trace has more than one connection; else empty.
    pub connection: String,
    /// `SYN ACK`.
    pub flags: String,
    /// `seq 0`, `ack 1`, `len 5`, `win 64240`, `mss 1460`.
    pub fields: Vec<String>,
    /// `retransmission`, `zero window`: what is remarkable.
    pub marks: Vec<&'static str>,
}

/// The labels of a trace's events, by index: empty for what is no segment.
pub(crate) fn labels(trace: &Trace) -> Vec<Label> {
    let names = names(trace);
    let mut windows = Windows::default();
    trace
        .events
        .iter()
        .map(|event| match event {
            Event::Segment(segment) => Label {
                connection: names.get(segment.connection).cloned().unwrap_or_default(),
                flags: flags(segment),
                fields: fields(segment, &mut windows),
                marks: remarks(segment),
            },
            _ => Label::default(),
        })
        .collect()
}

/// The names of the connections: none if there is only one; the server's port where each has
/// another one (`:7001`), else the client's (`:40001`), with more where that is not enough to
/// tell them apart.
pub(crate) fn names(trace: &Trace) -> Vec<String> {
    let connections = &trace.connections;
    if connections.len() < 2 {
        return Vec::new();
    }
    let ports: HashSet<u16> = connections.iter().map(|c| c.server.port()).collect();
    if ports.len() == connections.len() {
        return connections
            .iter()
            .map(|connection| format!(":{}", connection.server.port()))
            .collect();
    }
    let mut servers: HashMap<u16, Vec<u16>> = HashMap::new();
    for connection in &trace.connections {
        let known = servers.entry(connection.client.port()).or_default();
        if !known.contains(&connection.server.port()) {
            known.push(connection.server.port());
        }
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut name = |client: u16, server: u16| {
        let one_server = servers.get(&client).is_none_or(|all| all.len() < 2);
        let name = if one_server {
            format!(":{client}")
        } else {
            format!(":{client}→:{server}")
        };
        let times = seen.entry(name.clone()).or_default();
        *times += 1;
        if *times == 1 {
            name
        } else {
            format!("{name}#{times}")
        }
    };
    trace
        .connections
        .iter()
        .map(|connection| name(connection.client.port(), connection.server.port()))
        .collect()
}

/// `SYN ACK`.
fn flags(segment: &Segment) -> String {
    if segment.flags.is_empty() {
        return "no flags".to_owned();
    }
    let names: Vec<String> = segment.flags.iter().take(8).map(Flag::to_string).collect();
    names.join(" ")
}

/// What the senders' windows and segment sizes were last.
#[derive(Default)]
struct Windows {
    of_connection: HashMap<(usize, End), u32>,
    of_host: HashMap<End, u32>,
    sizes: HashMap<End, u16>,
}

fn fields(segment: &Segment, known: &mut Windows) -> Vec<String> {
    let mut fields = vec![format!("seq {}", segment.seq)];
    if let Some(ack) = segment.ack {
        fields.push(format!("ack {ack}"));
    }
    if segment.length > 0 {
        fields.push(format!("len {}", segment.length));
    }
    // A connection that begins as the host's last one did says nothing new.
    let sender = (segment.connection, segment.from);
    let window = segment.window_bytes;
    let before = match known.of_connection.insert(sender, window) {
        Some(before) => Some(before),
        None => known.of_host.insert(segment.from, window),
    };
    if before != Some(window) && !segment.has(Flag::Rst) {
        fields.push(format!("win {window}"));
    }
    if let Some(size) = segment.options.mss
        && known.sizes.insert(segment.from, size) != Some(size)
    {
        fields.push(format!("mss {size}"));
    }
    fields
}

/// What is remarkable, other than what the flags say already.
fn remarks(segment: &Segment) -> Vec<&'static str> {
    let marks = segment.marks.iter().filter(|&&mark| mark != Mark::Reset);
    marks.map(|mark| mark.words()).collect()
}

/// How a segment's way ended, where it did not arrive.
pub(crate) fn ending(segment: &Segment) -> Option<&'static str> {
    match segment.fate {
        Fate::Arrived if segment.arrived.is_some() => None,
        Fate::Lost => Some("lost"),
        Fate::Cut => Some("cable cut"),
        Fate::Arrived | Fate::Underway => Some("underway"),
    }
}

/// A call as a line: `connect(10.0.0.2:9000)`, `connect returns 0`, `write("hello\n") = 6`. Where
/// that does not fit, the arguments are shortened before anything else.
pub(crate) fn call(call: &Call, fits: impl Fn(&str) -> bool) -> String {
    let (name, arguments) = (printable(&call.call), printable(&call.arguments));
    let result = printable(&call.result);
    let with = |arguments: &str| match call.phase {
        Phase::Begins => format!("{name}({arguments})"),
        Phase::Returns => format!("{name} returns {result}"),
        Phase::Whole => format!("{name}({arguments}) = {result}"),
    };
    let whole = with(&arguments);
    if fits(&whole) || call.phase == Phase::Returns {
        return whole;
    }
    let ends = arguments.char_indices().map(|(end, _)| end).rev();
    let mut shorter = ends.map(|end| with(&format!("{}…", &arguments[..end])));
    shorter.find(|line| fits(line)).unwrap_or(whole)
}

/// Whether the call failed: its result is the name of an error, as in errno(3). That of a
/// connection that has only begun is none.
pub(crate) fn failed(call: &Call) -> bool {
    let mut letters = call.result.chars();
    call.phase != Phase::Begins
        && call.result != "EINPROGRESS"
        && letters.next() == Some('E')
        && call.result.len() > 2
        && letters.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// What the sockets showed last; tells what is new in a state.
#[derive(Default)]
pub(crate) struct States<'a>(HashMap<(usize, End), &'a State>);

impl<'a> States<'a> {
    /// The lines to write for a state: its name, if that is new, and what waits.
    pub fn news(&mut self, state: &'a State) -> Vec<String> {
        let before = self.0.insert((state.connection, state.host), state);
        let mut lines = Vec::new();
        if before.is_none_or(|before| before.state != state.state) {
            lines.push(printable(&state.state));
        }
        // What is not acknowledged, the segments tell.
        if state.unread != before.map_or(0, |before| before.unread) {
            lines.push(format!("{} unread", state.unread));
        }
        lines
    }
}
