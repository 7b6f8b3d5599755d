//! What one end of a connection has sent so far, and what that makes of its next segment.

use etherparse::TcpOptionElement;

use crate::decode::Tcp;
use crate::trace::{End, Fate, Flag, Mark, Options, Segment};

/// What one end has sent so far. Numbers are counted from its first one.
#[derive(Debug, Default)]
pub struct Flow {
    beginning: Option<Beginning>,
    /// The window scale of its SYN: the outer `None` if its SYN was not seen, the inner one
    /// if that offered none.
    scale: Option<Option<u8>>,
    /// The number after the highest one that it has sent.
    highest: i64,
    /// Whether it has sent its FIN.
    finished: bool,
    /// Whether it has sent a SYN ACK.
    answered: bool,
    /// Up to where it has acknowledged, in a SYN ACK or later.
    expected: i64,
    /// What it has acknowledged last, after its SYN, and with what window, in bytes.
    acknowledged: Option<(i64, u32)>,
    /// Whether the last segment was a keepalive.
    asked: bool,
}

/// Where a flow's numbers are counted from.
#[derive(Clone, Copy, Debug)]
struct Beginning {
    /// Number 0, as it was sent.
    first: u32,
    /// The highest number so far: as sent, and counted.
    last: (u32, i64),
}

impl Flow {
    /// Whether it began with another number than this one.
    pub fn has_another_beginning(&self, number: u32) -> bool {
        self.beginning.is_some_and(|known| known.first != number)
    }

    /// Whether it has sent its FIN.
    pub fn ended(&self) -> bool {
        self.finished
    }

    /// A number as it was sent, counted from the first one: `before` less than this one if
    /// nothing of the flow is known.
    fn relative(&mut self, number: u32, before: u32) -> i64 {
        let known = self.beginning.get_or_insert_with(|| {
            let first = number.wrapping_sub(before);
            Beginning {
                first,
                last: (first, 0),
            }
        });
        let (sent, counted) = known.last;
        // Within 2^31 of the highest one, to either side (RFC 9293, section 3.4).
        let distance = number.wrapping_sub(sent).cast_signed();
        let relative = counted + i64::from(distance);
        if distance > 0 {
            known.last = (number, relative);
        }
        relative
    }
}

/// What a segment says, after all that `own` and `others` have sent before; `copy`: the cable
/// has made it of the one before. Time, place and fate are left to the caller.
pub fn read(own: &mut Flow, others: &mut Flow, segment: &Tcp, copy: bool) -> Segment {
    let header = &segment.header;
    let (syn, rst) = (header.syn(), header.rst());
    let seq_absolute = header.sequence_number();
    let ack_absolute = header.acknowledgment_number();
    // Where the SYN was not seen, one came before.
    let seq = own.relative(seq_absolute, u32::from(!syn && !rst));
    let ack = header.ack().then(|| others.relative(ack_absolute, 1));
    let options = options(segment, others);
    if syn {
        own.scale = Some(options.window_scale);
    }
    let window = header.window_size();
    let scale = match (own.scale, others.scale) {
        (Some(Some(own)), Some(Some(_))) if !syn => own.min(14),
        _ => 0,
    };
    let window_bytes = u32::from(window) << scale;
    let mut read = Segment {
        at: 0,
        arrived: None,
        from: End::Client,
        connection: 0,
        flags: flags(segment),
        seq,
        seq_absolute,
        ack,
        ack_absolute,
        length: segment.length,
        data: preview(segment.data()),
        window,
        window_bytes,
        options,
        marks: Vec::new(),
        fate: Fate::Arrived,
        header: String::new(),
    };
    read.marks = marks(own, others, &read, copy);
    if read.takes_numbers() {
        own.highest = own.highest.max(read.end());
    }
    own.expected = own.expected.max(ack.unwrap_or(0));
    // The window of a SYN is not scaled: the next one tells no other.
    if let (Some(ack), false) = (ack, syn) {
        own.acknowledged = Some((ack, window_bytes));
    }
    own.answered |= syn && ack.is_some();
    own.finished |= header.fin();
    own.asked = read.marks.contains(&Mark::Keepalive);
    read
}

fn marks(own: &Flow, others: &Flow, segment: &Segment, copy: bool) -> Vec<Mark> {
    let mut marks = Vec::new();
    let plain = !segment.takes_numbers() && !segment.has(Flag::Rst);
    if copy {
        return vec![Mark::Duplicate];
    }
    if segment.has(Flag::Rst) {
        marks.push(Mark::Reset);
    }
    let is_question = segment.length <= 1
        && !segment.has(Flag::Syn)
        && !segment.has(Flag::Fin)
        && !segment.has(Flag::Rst)
        && segment.seq == own.highest - 1;
    let before = own.acknowledged;
    let others_window = others.acknowledged.map(|(_, window)| window);
    let all_acknowledged = others.expected >= own.highest;
    if is_question && others_window == Some(0) {
        marks.push(Mark::WindowProbe);
    } else if is_question && all_acknowledged {
        marks.push(Mark::Keepalive);
    } else if segment.has(Flag::Syn) && segment.has(Flag::Ack) && !own.answered {
        // Where both have sent a SYN, each sends it again with what it has got.
    } else if segment.takes_numbers() && segment.seq < own.highest {
        marks.push(Mark::Retransmission);
    } else if plain && others.asked {
        marks.push(Mark::KeepaliveAck);
    } else if let (true, Some(ack), Some((last_ack, last_window))) = (plain, segment.ack, before)
        && ack == last_ack
    {
        if !segment.options.sack.is_empty() {
            // Its window may have grown as well: the kernel has seen more data.
            marks.push(Mark::DuplicateAck);
        } else if segment.window_bytes > last_window {
            marks.push(Mark::WindowUpdate);
        } else if segment.window_bytes == last_window && others.highest > ack {
            marks.push(Mark::DuplicateAck);
        }
    }
    if segment.window_bytes == 0 && !segment.has(Flag::Syn) && !segment.has(Flag::Rst) {
        marks.push(Mark::ZeroWindow);
    }
    marks
}

fn flags(segment: &Tcp) -> Vec<Flag> {
    let header = &segment.header;
    let set = [
        (Flag::Syn, header.syn()),
        (Flag::Fin, header.fin()),
        (Flag::Rst, header.rst()),
        (Flag::Psh, header.psh()),
        (Flag::Ack, header.ack()),
        (Flag::Urg, header.urg()),
        (Flag::Ece, header.ece()),
        (Flag::Cwr, header.cwr()),
    ];
    let set = set.into_iter().filter(|(_, is_set)| *is_set);
    set.map(|(flag, _)| flag).collect()
}

/// The options, up to the first that is malformed. Blocks of selective acknowledgements are
/// counted like acknowledgements, in `others`' numbers.
fn options(segment: &Tcp, others: &mut Flow) -> Options {
    let mut options = Options::default();
    for option in segment.header.options_iterator() {
        match option {
            Ok(TcpOptionElement::MaximumSegmentSize(mss)) => options.mss = Some(mss),
            Ok(TcpOptionElement::WindowScale(scale)) => options.window_scale = Some(scale),
            Ok(TcpOptionElement::SelectiveAcknowledgementPermitted) => {
                options.sack_permitted = true;
            }
            Ok(TcpOptionElement::SelectiveAcknowledgement(first, rest)) => {
                let blocks = [Some(first)].into_iter().chain(rest);
                options.sack = blocks
                    .flatten()
                    .map(|(from, to)| [others.relative(from, 1), others.relative(to, 1)])
                    .collect();
            }
            Ok(TcpOptionElement::Timestamp(value, echo)) => {
                options.timestamps = Some([value, echo]);
            }
            Ok(TcpOptionElement::Noop) => {}
            Err(_) => break,
        }
    }
    options
}

/// The beginning of the data, as in a Rust byte string.
fn preview(data: &[u8]) -> String {
    const SHOWN: usize = 24;
    data[..data.len().min(SHOWN)].escape_ascii().to_string()
}
