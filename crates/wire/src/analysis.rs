//! From a recording to a trace: what each frame says, to which connection it belongs,
//! what is remarkable about it, and all that happened in one order.

mod calls;
mod flow;
#[cfg(test)]
mod hostile;

use std::collections::HashMap;
use std::net::SocketAddr;

use xray::{Socket, TcpState};

use crate::decode::Tcp;
use crate::recording::{Calling, Frame, Moment, Note, Recording};
use crate::trace::{Call, Connection, End, Event, Flag, Mark, Phase, Queue, Segment, State, Trace};
use calls::Told;
use flow::Flow;

/// Fills a trace with what was recorded.
pub(crate) fn fill(mut trace: Trace, recording: &Recording) -> Trace {
    let mut items: Vec<Item> = recording.frames.iter().map(Item::Frame).collect();
    items.extend(recording.notes.iter().map(Item::Note));
    // Stable: of two that bear the same time, the frame comes before what it has changed.
    items.sort_by_key(Item::at);
    let Some(first) = items.first() else {
        return trace;
    };
    let mut analysis = Analysis {
        start: first.at(),
        connections: Vec::new(),
        latest: HashMap::new(),
        events: Vec::new(),
        early: Vec::new(),
        other_frames: 0,
    };
    for item in items {
        match item {
            Item::Frame(frame) => analysis.frame(frame),
            Item::Note(note) => analysis.note(note),
        }
    }
    trace.connections = analysis
        .connections
        .iter()
        .map(|c| c.ends.clone())
        .collect();
    trace.other_frames = analysis.other_frames;
    trace.events = calls::joined(analysis.events);
    mark_overtaken(&mut trace);
    mark_unanswered(&mut trace);
    trace
}

enum Item<'a> {
    Frame(&'a Frame),
    Note(&'a Note),
}

impl Item<'_> {
    fn at(&self) -> Moment {
        match self {
            Item::Frame(frame) => frame.sent,
            Item::Note(Note::Call { at, .. } | Note::Socket { at, .. }) => *at,
        }
    }
}

struct Analysis {
    start: Moment,
    connections: Vec<Known>,
    /// By the client's and the server's address, the last connection between the two.
    latest: HashMap<(SocketAddr, SocketAddr), usize>,
    events: Vec<Told>,
    /// States that were seen before the segments with which they begin.
    early: Vec<(Option<End>, Socket)>,
    other_frames: u64,
}

/// A connection, and what each end has sent so far.
struct Known {
    ends: Connection,
    flows: [Flow; 2],
}

impl Analysis {
    fn since_start(&self, moment: Moment) -> u64 {
        moment.saturating_sub(self.start).as_micros() as u64
    }

    fn frame(&mut self, frame: &Frame) {
        let Some(segment) = Tcp::of(&frame.bytes) else {
            self.other_frames += 1;
            return;
        };
        let (connection, from) = self.place(frame.from, &segment);
        let at = self.since_start(frame.sent);
        let arrived = frame.arrived.map(|moment| self.since_start(moment));
        let known = &mut self.connections[connection];
        let [client, server] = &mut known.flows;
        let (own, others) = match from {
            End::Client => (client, server),
            End::Server => (server, client),
        };
        let read = flow::read(own, others, &segment, frame.copy);
        let header = segment.header.header_slice();
        self.tell(
            Event::Segment(Box::new(Segment {
                at,
                arrived,
                from,
                connection,
                fate: frame.fate,
                header: header.iter().map(|byte| format!("{byte:02x}")).collect(),
                ..read
            })),
            0,
        );
        for (host, socket) in std::mem::take(&mut self.early) {
            self.socket(at, host, &socket, false);
        }
    }

    /// The connection of a segment, and which end has sent it.
    fn place(&mut self, from: Option<End>, segment: &Tcp) -> (usize, End) {
        let (source, destination) = (segment.source, segment.destination);
        let forth = self.latest.get(&(source, destination)).copied();
        let back = self.latest.get(&(destination, source)).copied();
        let known = match (from, forth, back) {
            (Some(End::Client), forth, _) => forth.map(|index| (index, End::Client)),
            (Some(End::Server), _, back) => back.map(|index| (index, End::Server)),
            (None, Some(index), _) => Some((index, End::Client)),
            (None, None, Some(index)) => Some((index, End::Server)),
            (None, None, None) => None,
        };
        if let Some((index, from)) = known
            && !self.connections[index].is_succeeded_by(from, segment)
        {
            return (index, from);
        }
        let from = from.or(known.map(|(_, from)| from)).unwrap_or(End::Client);
        let (client, server) = match from {
            End::Client => (source, destination),
            End::Server => (destination, source),
        };
        self.connections.push(Known {
            ends: Connection { client, server },
            flows: Default::default(),
        });
        let index = self.connections.len() - 1;
        self.latest.insert((client, server), index);
        (index, from)
    }

    fn note(&mut self, note: &Note) {
        match note {
            Note::Call {
                at,
                calling,
                phase,
                result,
            } => self.call(self.since_start(*at), calling, *phase, result),
            Note::Socket {
                at,
                host,
                socket,
                gone,
            } => self.socket(self.since_start(*at), *host, socket, *gone),
        }
    }

    /// Whether a state was seen before the segment with which it begins: a SYN or a FIN, which a
    /// busy kernel hands over a little later.
    fn is_early(&self, known: Option<(usize, End)>, state: TcpState) -> bool {
        match state {
            TcpState::SynSent => known.is_none(),
            TcpState::FinWait1 | TcpState::LastAck => known
                .is_some_and(|(index, end)| !self.connections[index].flows[end as usize].ended()),
            _ => false,
        }
    }

    fn call(&mut self, at: u64, calling: &Calling, phase: Phase, result: &str) {
        let known = calling
            .ends
            .and_then(|(local, remote)| self.connection(calling.host, local, remote));
        // Where only the connection could tell, and is not known, the call tells.
        let role = match calling.call {
            "connect" => Some(End::Client),
            "bind" | "listen" | "accept" | "accept4" => Some(End::Server),
            _ => None,
        };
        let host = calling.host.or(known.map(|(_, end)| end)).or(role);
        let Some(host) = host else {
            return;
        };
        let call = Call {
            at,
            host,
            call: calling.call.to_owned(),
            arguments: calling.arguments.clone(),
            phase,
            result: result.to_owned(),
            connection: known.map(|(connection, _)| connection),
        };
        self.tell(Event::Call(call), calling.thread);
    }

    fn tell(&mut self, event: Event, thread: u32) {
        self.events.push(Told { event, thread });
    }

    fn socket(&mut self, at: u64, host: Option<End>, socket: &Socket, gone: bool) {
        if socket.state == TcpState::Listen {
            self.tell(
                Event::Queue(Queue {
                    at,
                    host: host.unwrap_or(End::Server),
                    port: socket.local.port(),
                    waiting: socket.receive_queue,
                }),
                0,
            );
            return;
        }
        let known = self.connection(host, socket.local, socket.remote);
        if self.is_early(known, socket.state) {
            self.early.push((host, *socket));
            return;
        }
        // One that is bound and does nothing, or whose connection was not seen.
        let Some((connection, host)) = known else {
            return;
        };
        let count = |bytes: u32| if gone { 0 } else { bytes };
        self.tell(
            Event::State(State {
                at,
                host,
                connection,
                state: socket.state.to_string(),
                unread: count(socket.receive_queue),
                unacknowledged: count(socket.send_queue),
            }),
            0,
        );
    }

    /// The connection of which this is an end, and which.
    fn connection(
        &self,
        host: Option<End>,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Option<(usize, End)> {
        let as_client = || Some((*self.latest.get(&(local, remote))?, End::Client));
        let as_server = || Some((*self.latest.get(&(remote, local))?, End::Server));
        match host {
            Some(End::Client) => as_client(),
            Some(End::Server) => as_server(),
            None => as_client().or_else(as_server),
        }
    }
}

impl Known {
    /// Whether this segment begins another connection between the same two addresses.
    fn is_succeeded_by(&self, from: End, segment: &Tcp) -> bool {
        let header = &segment.header;
        let flow = &self.flows[from as usize];
        header.syn() && !header.ack() && flow.has_another_beginning(header.sequence_number())
    }
}

/// Marks the SYNs that arrived, and after which their connection goes on with the same SYN.
fn mark_unanswered(trace: &mut Trace) {
    // By connection, from the last segment on: who has sent the next one, if that is a SYN.
    let mut next: HashMap<usize, Option<End>> = HashMap::new();
    for event in trace.events.iter_mut().rev() {
        let Event::Segment(segment) = event else {
            continue;
        };
        let syn = segment.has(Flag::Syn) && !segment.has(Flag::Ack);
        let asks = syn.then_some(segment.from);
        let before = next.insert(segment.connection, asks);
        let arrived = segment.arrived.is_some() && !segment.marks.contains(&Mark::Duplicate);
        if syn && arrived && before.flatten() == asks {
            segment.marks.push(Mark::Unanswered);
        }
    }
}

/// Marks the segments that were overtaken on their way.
fn mark_overtaken(trace: &mut Trace) {
    // By connection and sender, from the last one sent on: the earliest arrival of those
    // that were sent later, with their numbers.
    let mut later: HashMap<(usize, End), (u64, i64)> = HashMap::new();
    for event in trace.events.iter_mut().rev() {
        let Event::Segment(segment) = event else {
            continue;
        };
        let (Some(arrived), true) = (segment.arrived, segment.takes_numbers()) else {
            continue;
        };
        let key = (segment.connection, segment.from);
        if let Some(&(earliest, seq)) = later.get(&key)
            && earliest < arrived
            && seq > segment.seq
        {
            segment.marks.push(Mark::OutOfOrder);
        }
        let entry = later.entry(key).or_insert((arrived, segment.seq));
        if arrived < entry.0 {
            *entry = (arrived, segment.seq);
        }
    }
}
