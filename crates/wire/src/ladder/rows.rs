//! The rows of the ladder in text: what stands in which, and how a row is written.

use std::fmt;

use super::clean::{columns, printable, to_columns};
use super::ink::{Ink, Words};
use super::label::{self, Label, States};
use super::notes::notes;
use super::time::{SILENCE, moment, span};
use crate::trace::{Call, End, Event, Segment, Trace};

/// How broad the columns are: the mark, the time, the states at either side.
const TIME: usize = 8;
const STATE: usize = 11;

/// All columns but those between the lifelines: two lifelines, and a space beside each column.
const AROUND: usize = 1 + TIME + 1 + STATE + 1 + 1 + 1 + 1 + STATE;

/// One row.
#[derive(Default)]
struct Row {
    /// When; written where it is another moment than in the row above.
    at: Option<u64>,
    /// What stands beside the lifelines: the state, or the queue.
    sides: [Words; 2],
    middle: Middle,
    /// The segment whose arrow this is: when it was sent, by whom, and when it arrived.
    arrow: Option<(u64, End, Option<u64>)>,
    marked: bool,
}

/// What stands between the lifelines.
#[derive(Default)]
enum Middle {
    #[default]
    Nothing,
    /// Text at the lifeline of this host.
    Text(End, Words),
    /// An arrow from this host, with a text in it, and how it ends if not at the other.
    Arrow(End, Words, Ink, Option<&'static str>),
    /// A time in which nothing happens.
    Silence(u64),
}

/// Writes the ladder.
pub(crate) fn write(
    trace: &Trace,
    columns: usize,
    coloured: bool,
    marked: Option<usize>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let between = columns - AROUND;
    let mut rows = Rows {
        trace,
        between,
        rows: Vec::new(),
        now: None,
        states: States::default(),
    };
    let labels = label::labels(trace);
    let names = label::names(trace);
    for index in crate::svg::order(trace) {
        rows.add(index, &labels[index], &names, marked == Some(index));
    }
    write_header(trace, between, coloured, f)?;
    for row in &rows.rows {
        row.write(between, coloured, f)?;
    }
    for note in notes(trace) {
        writeln!(f, "{}", to_columns(&note, columns))?;
    }
    Ok(())
}

/// The hosts' names over their lifelines.
fn write_header(
    trace: &Trace,
    between: usize,
    coloured: bool,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let lifelines = [AROUND - STATE - 3, AROUND - STATE - 2 + between];
    let mut line = Words::default();
    line.pad_to(TIME - 1);
    line.push(Ink::Dim, "ms".into());
    for (host, lifeline) in trace.hosts.iter().zip(lifelines) {
        let room = 2 * (STATE + 1);
        let name = to_columns(&printable(&host.name), room);
        let address = to_columns(
            &printable(&host.address),
            room.saturating_sub(columns(&name)),
        );
        let width = columns(&name) + 1 + columns(&address);
        line.pad_to(lifeline.saturating_sub(width / 2));
        line.push(Ink::Bold, name);
        line.push(Ink::Dim, format!(" {address}"));
    }
    writeln!(f, "{}", line.shown(coloured))
}

/// The rows so far.
struct Rows<'a> {
    trace: &'a Trace,
    between: usize,
    rows: Vec<Row>,
    now: Option<u64>,
    states: States<'a>,
}

impl Rows<'_> {
    fn add(&mut self, index: usize, label: &Label, names: &[String], marked: bool) {
        let trace = self.trace;
        match &trace.events[index] {
            Event::Segment(segment) => self.segment(segment, label, marked),
            Event::Call(call) => {
                let name = call.connection.and_then(|connection| names.get(connection));
                let words = call_words(call, name, self.between - 2);
                let row = self.new_row(call.at);
                row.middle = Middle::Text(call.host, words);
                row.marked = marked;
            }
            Event::State(state) => {
                let news = self.states.news(state);
                let name = names.get(state.connection);
                for (place, text) in news.into_iter().enumerate() {
                    let ink = if place == 0 { Ink::Bold } else { Ink::Plain };
                    let mut words = Words::default();
                    words.push(ink, to_columns(&text, STATE));
                    self.beside(state.at, state.host, words, name, marked);
                }
            }
            Event::Queue(queue) => {
                let mut words = Words::default();
                let text = format!("{} waiting", queue.waiting);
                words.push(Ink::Dim, to_columns(&text, STATE));
                self.beside(queue.at, queue.host, words, None, marked);
            }
        }
    }

    /// A row for something that happened at `at`, after a silence if there was one.
    fn new_row(&mut self, at: u64) -> &mut Row {
        if let Some(now) = self.now
            && at.saturating_sub(now) >= SILENCE
        {
            self.rows.push(Row {
                middle: Middle::Silence(at - now),
                ..Row::default()
            });
        }
        let shown = self.now.is_none_or(|now| moment(now) != moment(at));
        self.now = Some(self.now.map_or(at, |now| now.max(at)));
        self.rows.push(Row {
            at: shown.then_some(at),
            ..Row::default()
        });
        self.rows.last_mut().expect("one was pushed just now")
    }

    /// A segment: its label in the arrow, the part that is too long above it.
    fn segment(&mut self, segment: &Segment, label: &Label, marked: bool) {
        // An arrow has a head, and two strokes at either end.
        let room = self.between - 7;
        let ending = label::ending(segment);
        // A lost one gets not quite across, and says so.
        let room = room - ending.map_or(0, |word| word.len() + 3);
        let mut lines = label_lines(segment, label, room);
        let last = lines.pop().unwrap_or_default();
        for line in lines {
            let row = self.new_row(segment.at);
            row.middle = Middle::Text(segment.from, line);
            row.marked = marked;
        }
        let ink = ink_of(segment);
        let row = self.new_row(segment.at);
        row.middle = Middle::Arrow(segment.from, last, ink, ending);
        row.arrow = Some((segment.at, segment.from, segment.arrived));
        row.marked = marked;
    }

    /// Something at the side of a host: beside the arrow that caused it, if there is room.
    fn beside(
        &mut self,
        at: u64,
        host: End,
        words: Words,
        connection: Option<&String>,
        marked: bool,
    ) {
        const BACK: usize = 12;
        let side = host as usize;
        let cause = self
            .rows
            .iter_mut()
            .rev()
            .take(BACK)
            .find(|row| match row.arrow {
                Some((sent, from, _)) if from == host => sent == at,
                Some((_, _, arrived)) => arrived == Some(at),
                None => false,
            });
        if let Some(row) = cause
            && row.sides[side].is_empty()
        {
            row.sides[side] = words;
            row.marked |= marked;
            return;
        }
        let name = connection.map(|name| to_columns(name, self.between - 2));
        let row = self.new_row(at);
        row.sides[side] = words;
        row.marked = marked;
        if let Some(name) = name {
            let mut words = Words::default();
            words.push(Ink::Dim, name);
            row.middle = Middle::Text(host, words);
        }
    }
}

impl Row {
    fn write(&self, between: usize, coloured: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Words::default();
        if self.marked {
            line.push(Ink::Red, "▶".into());
        }
        let time = self.at.map(moment).unwrap_or_default();
        let time = to_columns(&time, TIME - 1);
        line.pad_to(1 + TIME - columns(&time));
        line.push(Ink::Dim, time);
        line.pad_to(1 + TIME + 1 + STATE - self.sides[0].width());
        line.extend(&self.sides[0]);
        line.push(Ink::Plain, " ".into());
        let start = line.width();
        let lifeline = if matches!(self.middle, Middle::Silence(_)) {
            "┊"
        } else {
            "│"
        };
        line.push(Ink::Dim, lifeline.into());
        match &self.middle {
            Middle::Nothing => {}
            Middle::Silence(time) => {
                let text = format!("⋮ {}", span(*time));
                line.pad_to(start + 1 + (between - columns(&text).min(between)) / 2);
                line.push(Ink::Dim, text);
            }
            Middle::Text(End::Client, words) => {
                line.push(Ink::Plain, " ".into());
                line.extend(words);
            }
            Middle::Text(End::Server, words) => {
                line.pad_to(start + between - words.width());
                line.extend(words);
            }
            Middle::Arrow(from, words, ink, ending) => {
                line.extend(&arrow(*from, words, *ink, *ending, between));
            }
        }
        line.pad_to(start + 1 + between);
        line.push(Ink::Dim, lifeline.into());
        if !self.sides[1].is_empty() {
            line.push(Ink::Plain, " ".into());
            line.extend(&self.sides[1]);
        }
        writeln!(f, "{}", line.shown(coloured))
    }
}

/// `── SYN seq 0 ───▶`, or `◀─── ACK ──`; one that does not arrive ends with a cross.
fn arrow(
    from: End,
    words: &Words,
    ink: Ink,
    ending: Option<&'static str>,
    between: usize,
) -> Words {
    let mut arrow = Words::default();
    let stroke = |count: usize| "─".repeat(count);
    let said = ending.map_or(0, |word| word.len() + 3);
    let text = words.width() + 2;
    let rest = between.saturating_sub(2 + text + 1 + said);
    let label = |arrow: &mut Words| {
        arrow.push(Ink::Plain, " ".into());
        arrow.extend(words);
        arrow.push(Ink::Plain, " ".into());
    };
    match (from, ending) {
        (End::Client, None) => {
            arrow.push(ink, stroke(2));
            label(&mut arrow);
            arrow.push(ink, stroke(rest) + "▶");
        }
        (End::Client, Some(word)) => {
            arrow.push(ink, stroke(2));
            label(&mut arrow);
            arrow.push(ink, stroke(rest * 2 / 3) + "✕");
            arrow.push(Ink::Red, format!(" {word}"));
        }
        (End::Server, None) => {
            arrow.push(ink, "◀".to_owned() + &stroke(rest));
            label(&mut arrow);
            arrow.push(ink, stroke(2));
        }
        (End::Server, Some(word)) => {
            let strokes = rest * 2 / 3;
            arrow.pad_to(between.saturating_sub(word.len() + 2 + strokes + text + 2));
            arrow.push(Ink::Red, format!("{word} "));
            arrow.push(ink, "✕".to_owned() + &stroke(strokes));
            label(&mut arrow);
            arrow.push(ink, stroke(2));
        }
    }
    arrow
}

/// The label in as many lines as it takes, at most `room` columns broad.
fn label_lines(segment: &Segment, label: &Label, room: usize) -> Vec<Words> {
    let mut lines = Vec::new();
    let mut line = Words::default();
    let mut add = |line: &mut Words, ink: Ink, text: &str| {
        let text = to_columns(text, room);
        let width = columns(&text);
        if !line.is_empty() && line.width() + 1 + width > room {
            lines.push(std::mem::take(line));
        }
        if !line.is_empty() {
            line.push(Ink::Plain, " ".into());
        }
        line.push(ink, text);
    };
    if !label.connection.is_empty() {
        add(&mut line, Ink::Dim, &label.connection);
    }
    add(&mut line, ink_of(segment), &label.flags);
    for field in &label.fields {
        add(&mut line, Ink::Plain, field);
    }
    for mark in &label.marks {
        add(&mut line, Ink::Yellow, mark);
    }
    lines.push(line);
    lines
}

fn call_words(call: &Call, name: Option<&String>, room: usize) -> Words {
    let mut words = Words::default();
    if let Some(name) = name {
        words.push(Ink::Dim, to_columns(&format!("{name} "), room / 3));
    }
    let ink = if label::failed(call) {
        Ink::Red
    } else {
        Ink::Plain
    };
    let room = room - words.width();
    words.push(
        ink,
        to_columns(&label::call(call, |text| columns(text) <= room), room),
    );
    words
}

/// The colour of a segment's flags and of its arrow.
fn ink_of(segment: &Segment) -> Ink {
    use crate::trace::{Flag, Mark};
    if segment.has(Flag::Rst) {
        Ink::Red
    } else if segment.marks.contains(&Mark::Retransmission) {
        Ink::Yellow
    } else if segment.has(Flag::Syn) {
        Ink::Green
    } else if segment.has(Flag::Fin) {
        Ink::Blue
    } else if segment.length > 0 {
        Ink::Bold
    } else {
        Ink::Plain
    }
}
