//! Which segments something is to happen to.

use std::fmt;

use crate::decode::Tcp;
use crate::trace::End;

/// A choice among the segments that pass, by what they carry, who sends them, and how
/// many like them came before. `Which::data().from(End::Client).number(3)`: the third
/// data segment of the client.
#[derive(Clone, Debug)]
pub struct Which {
    kind: Kind,
    from: Option<End>,
    to_port: Option<u16>,
    first: u64,
    last: u64,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    All,
    Syn,
    Data,
    Fin,
    Acknowledgement,
}

impl Which {
    fn of(kind: Kind) -> Which {
        Which {
            kind,
            from: None,
            to_port: None,
            first: 1,
            last: u64::MAX,
        }
    }

    /// Every segment.
    pub fn all() -> Which {
        Which::of(Kind::All)
    }

    /// Those with SYN, with and without ACK.
    pub fn syns() -> Which {
        Which::of(Kind::Syn)
    }

    /// Those that carry data.
    pub fn data() -> Which {
        Which::of(Kind::Data)
    }

    /// Those with FIN.
    pub fn fins() -> Which {
        Which::of(Kind::Fin)
    }

    /// Those that only acknowledge: no data, no SYN, FIN or RST.
    pub fn acknowledgements() -> Which {
        Which::of(Kind::Acknowledgement)
    }

    /// Of these, those that this host sends.
    pub fn from(mut self, sender: End) -> Which {
        self.from = Some(sender);
        self
    }

    /// Of these, those to this port.
    pub fn to_port(mut self, port: u16) -> Which {
        self.to_port = Some(port);
        self
    }

    /// Of these, the `number`th only, counted from 1.
    pub fn number(mut self, number: u64) -> Which {
        (self.first, self.last) = (number, number);
        self
    }

    /// Of these, the first `count`.
    pub fn first(mut self, count: u64) -> Which {
        (self.first, self.last) = (1, count);
        self
    }
}

impl fmt::Display for Which {
    /// `data segment 3 of the client`, `every SYN`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::All => "segment",
            Kind::Syn => "SYN",
            Kind::Data => "data segment",
            Kind::Fin => "FIN",
            Kind::Acknowledgement => "acknowledgement",
        };
        match (self.first, self.last) {
            (1, u64::MAX) => write!(f, "every {what}")?,
            (first, last) if first == last => write!(f, "{what} {first}")?,
            (first, last) => write!(f, "{what}s {first} to {last}")?,
        }
        match self.from {
            Some(End::Client) => f.write_str(" of the client")?,
            Some(End::Server) => f.write_str(" of the server")?,
            None => {}
        }
        match self.to_port {
            Some(port) => write!(f, " to port {port}"),
            None => Ok(()),
        }
    }
}

/// A choice that counts what it has seen.
#[derive(Clone, Debug)]
pub(crate) struct Chooser {
    which: Which,
    seen: u64,
}

impl Chooser {
    pub(crate) fn new(which: Which) -> Chooser {
        Chooser { which, seen: 0 }
    }

    /// Whether this segment, which passes now, is one of them.
    pub(crate) fn chooses(&mut self, from: End, segment: &Tcp) -> bool {
        let Which {
            kind,
            from: sender,
            to_port,
            first,
            last,
        } = self.which;
        let header = &segment.header;
        let is_like = match kind {
            Kind::All => true,
            Kind::Syn => header.syn(),
            Kind::Data => segment.length > 0,
            Kind::Fin => header.fin(),
            Kind::Acknowledgement => header.ack() && segment.numbers() == 0 && !header.rst(),
        };
        let is_from = sender.is_none_or(|sender| sender == from);
        let is_to = to_port.is_none_or(|port| port == segment.destination.port());
        if !(is_like && is_from && is_to) {
            return false;
        }
        self.seen += 1;
        (first..=last).contains(&self.seen)
    }
}
