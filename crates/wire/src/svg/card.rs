//! What is written for an event, and how much room that takes; where, is the layout's.

use super::measure::{Font, to_width, width};
use super::{INNER, OUTER};
use crate::ladder::label::{self, Label, States};
use crate::trace::{End, Event, Queue, Trace};

/// The texts of an event.
#[derive(Debug)]
pub(crate) struct Card {
    /// At whose lifeline.
    pub end: End,
    /// Lines between the two lifelines.
    pub inner: Vec<Line>,
    /// Lines in the outer column.
    pub outer: Vec<Line>,
}

/// A line of text, in pieces.
#[derive(Debug)]
pub(crate) struct Line {
    pub class: &'static str,
    pub font: Font,
    pub pieces: Vec<Piece>,
}

/// A part of a line that may have a colour of its own.
#[derive(Debug)]
pub(crate) struct Piece {
    pub class: &'static str,
    pub text: String,
}

/// Between two fields of a label: more than between a field's name and its value.
pub(crate) const BETWEEN: &str = "\u{a0} ";

impl Line {
    fn new(class: &'static str, font: Font, text: &str, room: f32) -> Line {
        let text = to_width(font, text, room);
        Line {
            class,
            font,
            pieces: vec![Piece { class: "", text }],
        }
    }

    pub fn width(&self) -> f32 {
        self.pieces
            .iter()
            .map(|piece| width(self.font, &piece.text))
            .sum()
    }
}

/// The cards of all events, in the order of the trace, which the caller has sorted.
pub(crate) fn cards(trace: &Trace, order: &[usize]) -> Vec<Card> {
    let labels = label::labels(trace);
    let names = label::names(trace);
    let ports = ports(trace);
    let mut states = States::default();
    let mut cards: Vec<Option<Card>> = trace.events.iter().map(|_| None).collect();
    for &index in order {
        cards[index] = Some(match &trace.events[index] {
            Event::Segment(segment) => Card {
                end: segment.from,
                inner: segment_lines(&labels[index]),
                outer: vec![Line::new(
                    "time",
                    Font::Time,
                    &format!("{} ms", crate::ladder::time::moment(segment.at)),
                    OUTER,
                )],
            },
            Event::Call(call) => {
                let name = call.connection.and_then(|index| names.get(index));
                Card {
                    end: call.host,
                    inner: vec![call_line(call, name)],
                    outer: vec![],
                }
            }
            Event::State(state) => {
                let news = states.news(state);
                let mut outer = Vec::new();
                if let (Some(name), false) = (names.get(state.connection), news.is_empty()) {
                    outer.push(Line::new("port", Font::Time, name, OUTER));
                }
                outer.extend(news.iter().enumerate().map(|(line, text)| {
                    let name = line == 0 && !text.starts_with(|c: char| c.is_ascii_digit());
                    let class = if name { "state-name" } else { "count" };
                    Line::new(class, Font::Small, text, OUTER)
                }));
                Card {
                    end: state.host,
                    inner: vec![],
                    outer,
                }
            }
            Event::Queue(queue) => Card {
                end: queue.host,
                inner: vec![],
                outer: queue_lines(queue, ports),
            },
        });
    }
    cards.into_iter().flatten().collect()
}

/// How many ports the queues of the trace are of: 2 stands for more, too.
fn ports(trace: &Trace) -> usize {
    let mut first = None;
    for event in &trace.events {
        if let Event::Queue(queue) = event
            && *first.get_or_insert((queue.host, queue.port)) != (queue.host, queue.port)
        {
            return 2;
        }
    }
    usize::from(first.is_some())
}

fn queue_lines(queue: &Queue, ports: usize) -> Vec<Line> {
    let waiting = Line::new(
        "count",
        Font::Small,
        &format!("{} waiting", queue.waiting),
        OUTER,
    );
    if ports < 2 {
        return vec![waiting];
    }
    let port = Line::new("port", Font::Time, &format!("on :{}", queue.port), OUTER);
    vec![port, waiting]
}

/// `write("hello\n") = 6`; the result in a piece of its own, where it is an error.
fn call_line(call: &crate::trace::Call, name: Option<&String>) -> Line {
    let mut line = Line {
        class: "call-text",
        font: Font::Code,
        pieces: vec![],
    };
    let mut room = INNER;
    if let Some(name) = name {
        let text = to_width(Font::Code, &format!("{name} "), room / 3.0);
        room -= width(Font::Code, &text);
        line.pieces.push(Piece {
            class: "port",
            text,
        });
    }
    let text = label::call(call, |text| width(Font::Code, text) <= room);
    let failed = label::failed(call)
        .then(|| text.rfind(&call.result))
        .flatten();
    match failed {
        Some(start) if width(Font::Code, &text) <= room => {
            line.pieces.push(Piece {
                class: "",
                text: text[..start].to_owned(),
            });
            line.pieces.push(Piece {
                class: "error",
                text: text[start..].to_owned(),
            });
        }
        _ => line.pieces.push(Piece {
            class: "",
            text: to_width(Font::Code, &text, room),
        }),
    }
    line
}

/// One line if it fits, else two; the marks above them.
fn segment_lines(label: &Label) -> Vec<Line> {
    let mut lines = Vec::new();
    if !label.marks.is_empty() {
        lines.push(Line::new(
            "mark",
            Font::Small,
            &label.marks.join(", "),
            INNER,
        ));
    }
    let mut line = Line {
        class: "label",
        font: Font::Label,
        pieces: vec![],
    };
    if !label.connection.is_empty() {
        let text = to_width(Font::Label, &format!("{} ", label.connection), INNER / 3.0);
        line.pieces.push(Piece {
            class: "port",
            text,
        });
    }
    // Bold letters are a little broader.
    let room = INNER - line.width() - 0.08 * width(Font::Label, &label.flags);
    let flags = to_width(Font::Label, &label.flags, room.min(INNER * 0.6));
    line.pieces.push(Piece {
        class: "flags",
        text: flags,
    });
    let mut broken = false;
    for field in &label.fields {
        let rest = INNER - line.width() - 4.0 - width(Font::Label, BETWEEN);
        if !broken && width(Font::Label, field) > rest {
            lines.push(std::mem::replace(
                &mut line,
                Line {
                    class: "label",
                    font: Font::Label,
                    pieces: vec![],
                },
            ));
            broken = true;
        }
        let between = if line.pieces.is_empty() { "" } else { BETWEEN };
        line.pieces.push(Piece {
            class: "",
            text: format!("{between}{field}"),
        });
    }
    let mut room = INNER;
    for piece in &mut line.pieces {
        piece.text = to_width(Font::Label, &piece.text, room.max(0.0));
        room -= width(Font::Label, &piece.text);
    }
    lines.push(line);
    lines
}
