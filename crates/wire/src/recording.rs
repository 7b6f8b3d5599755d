//! What is recorded while it happens: frames, calls, and looks at the sockets.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Seek};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use xray::{Socket, Sockets, TcpState};

use crate::trace::{End, Fate, Phase};

/// A point in time, since 1970: the clock of the kernel's time stamps.
pub type Moment = Duration;

/// The present.
pub fn now() -> Moment {
    // Before 1970 is no time at which anything is recorded.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// A frame that was on the wire.
#[derive(Clone, Debug)]
pub struct Frame {
    /// When it was sent.
    pub sent: Moment,
    /// When it arrived.
    pub arrived: Option<Moment>,
    /// Who sent it; `None` over loopback, where its addresses tell.
    pub from: Option<End>,
    /// Its bytes, from the Ethernet header on; of long recordings only the beginning.
    pub bytes: Box<[u8]>,
    /// How many bytes it had.
    pub length: usize,
    /// What became of it.
    pub fate: Fate,
    /// Whether it is the cable's second copy of the one before it.
    pub copy: bool,
}

/// Something that happened beside the frames.
#[derive(Clone, Debug)]
pub enum Note {
    /// A call of a program, its beginning or its end.
    Call {
        at: Moment,
        calling: Calling,
        phase: Phase,
        result: String,
    },
    /// A socket looks other than before; `gone`: the kernel shows it no more.
    Socket {
        at: Moment,
        host: Option<End>,
        socket: Socket,
        gone: bool,
    },
}

/// A call that a program makes.
#[derive(Clone, Debug)]
pub struct Calling {
    /// `None` on a host that is alone, where the addresses tell.
    pub host: Option<End>,
    /// The thread that calls; 0 for an experiment's own.
    pub thread: u32,
    /// The system call: `connect`.
    pub call: &'static str,
    /// What it is given, as the book writes it.
    pub arguments: String,
    /// The two addresses of the socket that it is about, its own first.
    pub ends: Option<(SocketAddr, SocketAddr)>,
}

/// What was recorded of one network.
#[derive(Debug, Default)]
pub struct Recording {
    /// All frames, in the order in which they were taken from the wire.
    pub frames: Vec<Frame>,
    /// What happened beside them.
    pub notes: Vec<Note>,
    /// Frames that came faster than they could be taken.
    pub missed: u64,
    kept: usize,
    watched: Vec<Watched>,
}

/// A host whose sockets are looked at.
#[derive(Debug)]
struct Watched {
    table: File,
    host: Option<End>,
    known: HashMap<(SocketAddr, SocketAddr), Socket>,
}

impl Recording {
    /// Of each frame at least this much is kept: all headers, and the beginning of the data.
    const HEAD: usize = 192;
    /// Whole frames are kept up to this many bytes in all.
    const WHOLE: usize = 64 << 20;
    /// After so many frames the sockets are looked at only when a connection begins or ends.
    const LOOKS: usize = 4096;

    /// Has the sockets of a host watched: `table` is its `/proc/net/tcp`.
    pub fn watch(&mut self, host: Option<End>, table: File) {
        self.watched.push(Watched {
            table,
            host,
            known: HashMap::new(),
        });
    }

    /// Records a frame, and gives its number.
    pub fn sent(&mut self, sent: Moment, from: Option<End>, bytes: &[u8], length: usize) -> usize {
        let kept = match self.kept + bytes.len() {
            sum if sum <= Recording::WHOLE => bytes,
            _ => &bytes[..bytes.len().min(Recording::HEAD)],
        };
        self.kept += kept.len();
        self.frames.push(Frame {
            sent,
            arrived: None,
            from,
            bytes: kept.into(),
            length,
            fate: Fate::Underway,
            copy: false,
        });
        self.frames.len() - 1
    }

    /// Records that a frame has arrived.
    pub fn arrived(&mut self, frame: usize, at: Moment) {
        self.frames[frame].arrived = Some(at);
        self.frames[frame].fate = Fate::Arrived;
    }

    /// Whether the traffic is so little that every frame's effect can be looked at.
    pub fn is_calm(&self) -> bool {
        self.frames.len() < Recording::LOOKS
    }

    /// Whether the tables of sockets are short: to read a long one takes milliseconds.
    pub fn has_few_sockets(&self) -> bool {
        const FEW: usize = 32;
        self.watched
            .iter()
            .all(|watched| watched.known.len() <= FEW)
    }

    /// Whether a socket of this host listened at `address` when it was last looked at.
    pub fn listens(&self, host: End, address: SocketAddr) -> bool {
        let known = self.watched.iter().filter(|w| w.host == Some(host));
        let mut sockets = known.flat_map(|watched| watched.known.values());
        sockets.any(|socket| {
            let ip = socket.local.ip();
            socket.state == TcpState::Listen
                && socket.local.port() == address.port()
                && (ip == address.ip() || ip.is_unspecified())
        })
    }

    /// The state of one end when it was last looked at.
    pub fn state_of(&self, host: End, local: SocketAddr, remote: SocketAddr) -> Option<TcpState> {
        let mut of_host = self.watched.iter().filter(|w| w.host == Some(host));
        let known = &of_host.next()?.known;
        known.get(&(local, remote)).map(|socket| socket.state)
    }

    /// Looks at the sockets of a host (of all, for `None`), and notes what has changed, as
    /// of `at`. Whether a state has.
    pub fn look(&mut self, host: Option<End>, at: Moment) -> io::Result<bool> {
        let mut state_changed = false;
        for watched in &mut self.watched {
            if host.is_some() && watched.host.is_some() && watched.host != host {
                continue;
            }
            watched.table.rewind()?;
            let mut queues = Vec::new();
            let mut gone = std::mem::take(&mut watched.known);
            for socket in Sockets::read(&watched.table)?.iter().copied() {
                let key = (socket.local, socket.remote);
                let before = gone.remove(&key);
                watched.known.insert(key, socket);
                state_changed |= before.is_none_or(|before| before.state != socket.state);
                if before.is_none_or(|before| looks_other(&before, &socket)) {
                    let note = Note::Socket {
                        at,
                        host: watched.host,
                        socket,
                        gone: false,
                    };
                    // A connection's state first, then the queue that it has come to.
                    match socket.state {
                        TcpState::Listen => queues.push(note),
                        _ => self.notes.push(note),
                    }
                }
            }
            self.notes.append(&mut queues);
            for socket in gone.into_values() {
                state_changed = true;
                self.notes.push(Note::Socket {
                    at,
                    host: watched.host,
                    socket: Socket {
                        state: TcpState::Closed,
                        ..socket
                    },
                    gone: true,
                });
            }
        }
        Ok(state_changed)
    }
}

fn looks_other(before: &Socket, after: &Socket) -> bool {
    (before.state, before.receive_queue, before.send_queue)
        != (after.state, after.receive_queue, after.send_queue)
}
