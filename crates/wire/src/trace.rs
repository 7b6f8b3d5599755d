//! A **trace**: what came of an experiment on the wire, in the order of time.
//!
//! It holds the segments, the calls that programs made, and the states that the
//! kernel showed of both ends. It is written as JSON ([`Trace::to_json`]); every
//! drawing is made from it. The schema is that of the types in this file, field by
//! field; times are in microseconds since the first event.

mod json;
mod part;

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

pub use json::ReadError;

/// What [`Trace::version`] is, for traces that this library writes and reads.
pub const VERSION: u32 = 1;

/// A recording of what two ends said to each other, and of what happened at each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Always [`VERSION`]; another one is not read.
    pub version: u32,
    /// What it is called: `handshake`. Empty for the trace of a command.
    pub name: String,
    /// What it shows, in a line.
    pub title: String,
    /// The release of the kernel that made it: `6.18.44`.
    pub kernel: String,
    /// The day on which it was made: `2026-11-21`.
    pub recorded: String,
    /// The cable's delay one way, in microseconds; 0 where there is no cable
    /// (a command that talks to itself over loopback).
    pub delay: u64,
    /// The largest packet that the network takes, in bytes.
    pub mtu: u32,
    /// The hosts at the left and at the right of the drawing.
    pub hosts: [HostName; 2],
    /// The connections, in the order in which they were begun.
    pub connections: Vec<Connection>,
    /// What happened, in the order of time.
    pub events: Vec<Event>,
    /// Frames that came faster than they could be recorded.
    pub missed: u64,
    /// Frames that carried no TCP segment, and are not among the events.
    pub other_frames: u64,
    /// Connections that were recorded and are not in this trace, since there were too many.
    pub connections_left_out: u64,
    /// Segments that were recorded and are not among the events, since there were too many.
    pub segments_left_out: u64,
}

/// A host, as the drawing calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostName {
    /// `client`.
    pub name: String,
    /// `10.0.0.1`.
    pub address: String,
}

/// One of the two sides of a trace. The client is drawn at the left: it is the one
/// that opens the (first) connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The left one.
    Client,
    /// The right one.
    Server,
}

/// A connection: two addresses. A second one between the same two counts as another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The address at the left.
    pub client: SocketAddr,
    /// The address at the right.
    pub server: SocketAddr,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Event {
    /// A segment was sent.
    Segment(Box<Segment>),
    /// A program called the kernel, or a call returned.
    Call(Call),
    /// The kernel showed another state of a socket than before.
    State(State),
    /// The accept queue of a listening socket has another length than before.
    Queue(Queue),
}

/// A segment on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// When its sender gave it to the cable.
    pub at: u64,
    /// When the cable gave it to its receiver; `None` if it never did.
    pub arrived: Option<u64>,
    /// Who sent it.
    pub from: End,
    /// The connection, an index into [`Trace::connections`].
    pub connection: usize,
    /// The control bits that are set, in the order of [`Flag`]'s variants: `SYN`, `ACK`.
    pub flags: Vec<Flag>,
    /// Its sequence number, counted from its sender's first one (the SYN is 0). Counted
    /// on from there past 2^32; negative before the first.
    pub seq: i64,
    /// Its sequence number as sent.
    pub seq_absolute: u32,
    /// Its acknowledgement number, counted from the first one of the other end; `None`
    /// without ACK.
    pub ack: Option<i64>,
    /// Its acknowledgement number as sent, whatever the flags.
    pub ack_absolute: u32,
    /// How many bytes of data it carries.
    pub length: u32,
    /// The beginning of the data, escaped as in a Rust byte string: `hello\n`.
    pub data: String,
    /// The window field as sent.
    pub window: u16,
    /// The window in bytes: scaled by what the handshake agreed on. As sent, where the
    /// handshake was not seen.
    pub window_bytes: u32,
    /// The options, without padding.
    pub options: Options,
    /// What is remarkable about it, judged from what was on the wire before.
    pub marks: Vec<Mark>,
    /// What the cable did with it.
    pub fate: Fate,
    /// The TCP header with its options, as sent, in hexadecimal.
    pub header: String,
}

/// A control bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Flag {
    Syn,
    Fin,
    Rst,
    Psh,
    Ack,
    Urg,
    Ece,
    Cwr,
}

/// The options of a segment; those that are absent are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// The largest segment that the sender of this one takes, in bytes of data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mss: Option<u16>,
    /// By how many bits windows of this sender are to be shifted to the left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_scale: Option<u8>,
    /// Whether selective acknowledgements may be sent to this sender.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sack_permitted: bool,
    /// Blocks that have arrived beyond the acknowledgement number: first byte, and the one
    /// after the last, counted like [`Segment::ack`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sack: Vec<[i64; 2]>,
    /// The sender's clock, and the echo of its peer's (RFC 7323).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<[u32; 2]>,
}

/// What is remarkable about a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// What it carries was sent before.
    Retransmission,
    /// It arrived after one that was sent later.
    OutOfOrder,
    /// It acknowledges what was acknowledged before, and tells nothing else: something
    /// else than the next byte has arrived.
    DuplicateAck,
    /// Its sender takes no more data.
    ZeroWindow,
    /// It tells nothing but a larger window.
    WindowUpdate,
    /// It asks whether a closed window has opened.
    WindowProbe,
    /// It asks whether the peer is still there.
    Keepalive,
    /// It answers a keepalive.
    KeepaliveAck,
    /// It ends the connection at once.
    Reset,
    /// The cable delivered a second one of it.
    Duplicate,
    /// A SYN that arrived, and of which nothing has come: its sender had to ask again.
    Unanswered,
}

/// What the cable did with a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It arrived.
    Arrived,
    /// The cable lost it, as it was told to.
    Lost,
    /// The cable was cut.
    Cut,
    /// It was still on its way when the recording ended.
    Underway,
}

/// A call of a program, its beginning or its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// When.
    pub at: u64,
    /// On which host.
    pub host: End,
    /// The system call: `connect`.
    pub call: String,
    /// What it was given, as the book writes it: `10.0.0.2:9000`.
    pub arguments: String,
    /// Which end of the call this is.
    pub phase: Phase,
    /// What it gave back, in words: `5`, `ECONNREFUSED`; empty where it begins.
    pub result: String,
    /// The connection that it is about, if there is one in the trace.
    pub connection: Option<usize>,
}

/// Which end of a call an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The program has called.
    Begins,
    /// The call has returned.
    Returns,
    /// Both: nothing else happened in between.
    Whole,
}

/// A state of one end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// When it was first seen.
    pub at: u64,
    /// On which host.
    pub host: End,
    /// The connection.
    pub connection: usize,
    /// The state, in Linux's spelling: `SYN_SENT`. `CLOSED` where the kernel has
    /// nothing more of this end.
    pub state: String,
    /// Bytes that have arrived and were not read.
    pub unread: u32,
    /// Bytes that were written and are not acknowledged.
    pub unacknowledged: u32,
}

/// The accept queue of a listening socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// When this length was first seen.
    pub at: u64,
    /// On which host.
    pub host: End,
    /// The port on which the socket listens.
    pub port: u16,
    /// How many connections wait to be accepted.
    pub waiting: u32,
}

impl Trace {
    /// The state in which this end of a connection was last seen; `""` before.
    pub fn state(&self, connection: usize, host: End) -> &str {
        let mut events = self.events.iter().rev();
        let state = events.find_map(|event| match event {
            Event::State(state) if state.connection == connection && state.host == host => {
                Some(state.state.as_str())
            }
            _ => None,
        });
        state.unwrap_or_default()
    }

    /// How often this host has begun to call `call`.
    pub fn calls(&self, host: End, call: &str) -> usize {
        let calls = self.events.iter().filter(|event| match event {
            Event::Call(made) => {
                made.host == host && made.call == call && made.phase != Phase::Returns
            }
            _ => false,
        });
        calls.count()
    }

    /// The segments, in the order of their sending.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.events.iter().filter_map(|event| match event {
            Event::Segment(segment) => Some(&**segment),
            _ => None,
        })
    }
}

impl Event {
    /// When it happened.
    pub fn at(&self) -> u64 {
        match self {
            Event::Segment(segment) => segment.at,
            Event::Call(call) => call.at,
            Event::State(state) => state.at,
            Event::Queue(queue) => queue.at,
        }
    }

    /// The connection that it is about.
    pub fn connection(&self) -> Option<usize> {
        match self {
            Event::Segment(segment) => Some(segment.connection),
            Event::Call(call) => call.connection,
            Event::State(state) => Some(state.connection),
            Event::Queue(_) => None,
        }
    }
}

impl Segment {
    /// Whether this control bit is set.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// Whether it takes sequence numbers: it carries data, SYN or FIN.
    pub fn takes_numbers(&self) -> bool {
        self.length > 0 || self.has(Flag::Syn) || self.has(Flag::Fin)
    }

    /// The number after its last one.
    pub fn end(&self) -> i64 {
        let controls = i64::from(self.has(Flag::Syn)) + i64::from(self.has(Flag::Fin));
        self.seq + i64::from(self.length) + controls
    }
}

impl End {
    /// The other one.
    pub fn other(self) -> End {
        match self {
            End::Client => End::Server,
            End::Server => End::Client,
        }
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Flag::Syn => "SYN",
            Flag::Fin => "FIN",
            Flag::Rst => "RST",
            Flag::Psh => "PSH",
            Flag::Ack => "ACK",
            Flag::Urg => "URG",
            Flag::Ece => "ECE",
            Flag::Cwr => "CWR",
        })
    }
}

impl Mark {
    /// What it is called: `zero window`.
    pub fn words(self) -> &'static str {
        match self {
            Mark::Retransmission => "retransmission",
            Mark::OutOfOrder => "out of order",
            Mark::DuplicateAck => "duplicate ACK",
            Mark::ZeroWindow => "zero window",
            Mark::WindowUpdate => "window update",
            Mark::WindowProbe => "window probe",
            Mark::Keepalive => "keepalive",
            Mark::KeepaliveAck => "keepalive ACK",
            Mark::Reset => "reset",
            Mark::Duplicate => "duplicate",
            Mark::Unanswered => "not answered",
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}
