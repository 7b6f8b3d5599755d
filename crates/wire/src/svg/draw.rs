//! The elements of the drawing.

use super::card::{Card, Line, cards};
use super::layout::{Break, Layout, Place, layout, order};
use super::measure::{Font, to_width};
use super::{BESIDE, BREAK_HEIGHT, LEFT, LINE_HEIGHT, RIGHT, WIDTH};
use crate::ladder::clean::printable;
use crate::ladder::notes::notes;
use crate::ladder::time::span;
use crate::ladder::{label, tone};
use crate::trace::{End, Event, Flag, Segment, Trace};

/// The whole element; `attributes` go into its tag, `style` before all that is drawn.
pub(crate) fn element(trace: &Trace, attributes: &str, style: &str) -> String {
    let order = order(trace);
    let cards = cards(trace, &order);
    let layout = layout(trace, &cards);
    let notes = notes(trace);
    let height = layout.bottom + LINE_HEIGHT * notes.len() as f32 + 6.0;
    let mut out = format!(
        "<svg{attributes} class=\"wire-ladder\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\">\n\
         <title>{}</title>\n<desc>{}</desc>\n{style}",
        number(height),
        escaped(&trace.title),
        escaped(&description(trace)),
    );
    hosts(trace, &mut out);
    for end in [End::Client, End::Server] {
        lifeline(end, &layout, &mut out);
    }
    for silence in &layout.breaks {
        breach(silence, &mut out);
    }
    let several = trace.connections.len() > 1;
    for index in order {
        event(
            trace,
            index,
            &cards[index],
            layout.places[index],
            several,
            &mut out,
        );
    }
    for (line, note) in notes.iter().enumerate() {
        let y = layout.bottom + LINE_HEIGHT * (line as f32 + 1.0) - 4.0;
        let note = to_width(Font::Small, note, WIDTH - 8.0);
        text("note", WIDTH / 2.0, y, "middle", &escaped(&note), &mut out);
        out.push('\n');
    }
    out.push_str("</svg>");
    out
}

fn description(trace: &Trace) -> String {
    let [left, right] = &trace.hosts;
    let segments = match trace.segments().count() {
        1 => "1 segment".to_owned(),
        count => format!("{count} segments"),
    };
    format!(
        "Time runs down; {} ({}) is at the left, {} ({}) at the right; {segments}.",
        left.name, left.address, right.name, right.address
    )
}

fn hosts(trace: &Trace, out: &mut String) {
    for (host, x) in trace.hosts.iter().zip([LEFT, RIGHT]) {
        let room = 2.0 * LEFT - 4.0;
        let name = to_width(Font::Label, &printable(&host.name), room - 10.0);
        let address = to_width(Font::Code, &printable(&host.address), room);
        text("host", x, 15.0, "middle", &escaped(&name), out);
        text("address", x, 29.0, "middle", &escaped(&address), out);
        out.push('\n');
    }
}

/// The line of a host's time: dashed, where a silence is.
fn lifeline(end: End, layout: &Layout, out: &mut String) {
    let x = x_of(end);
    let mut solid = format!("M{x} 36");
    let mut dashed = String::new();
    for silence in &layout.breaks {
        let (from, to) = (number(silence.y), number(silence.y + BREAK_HEIGHT));
        solid += &format!("V{from}M{x} {to}");
        dashed += &format!("M{x} {from}V{to}");
    }
    solid += &format!("V{}", number(layout.bottom));
    *out += &format!("<path class=\"lifeline\" d=\"{solid}\"/>\n");
    if !dashed.is_empty() {
        *out += &format!("<path class=\"lifeline silent\" d=\"{dashed}\"/>\n");
    }
}

fn breach(silence: &Break, out: &mut String) {
    let y = silence.y + BREAK_HEIGHT / 2.0 + 4.0;
    let words = format!("⋮ \u{a0}{}", span(silence.silence));
    text("break", WIDTH / 2.0, y, "middle", &words, out);
    out.push('\n');
}

fn event(trace: &Trace, index: usize, card: &Card, place: Place, several: bool, out: &mut String) {
    let event = &trace.events[index];
    let mut classes = classes(event);
    if several && let Some(connection) = event.connection() {
        classes += &format!(" connection-{connection} tone-{}", tone(connection));
    }
    *out += &format!("<g class=\"event {classes}\" data-event=\"{index}\">");
    match event {
        Event::Segment(segment) => segment_line(segment, place, out),
        Event::Call(_) => {
            let (x, y) = (x_of(card.end), number(place.y));
            *out += &format!("<circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"3\"/>");
        }
        Event::State(_) | Event::Queue(_) if card.outer.is_empty() => {}
        Event::State(_) | Event::Queue(_) => {
            let outwards = if card.end == End::Client { -4 } else { 4 };
            let (x, y) = (x_of(card.end), number(place.y));
            *out += &format!("<path class=\"tick\" d=\"M{x} {y}h{outwards}\"/>");
        }
    }
    texts(card, place, matches!(event, Event::Segment(_)), out);
    out.push_str("</g>\n");
}

fn texts(card: &Card, place: Place, above: bool, out: &mut String) {
    let inwards = if card.end == End::Client { 1.0 } else { -1.0 };
    let (inner, outer) = match card.end {
        End::Client => ("start", "end"),
        End::Server => ("end", "start"),
    };
    let x = x_of(card.end) + inwards * BESIDE;
    let last = card.inner.len() as f32 - 1.0;
    for (row, line) in card.inner.iter().enumerate() {
        let y = if above {
            place.y - 4.0 - (last - row as f32) * LINE_HEIGHT
        } else {
            place.y + 3.5
        };
        text(line.class, x, y, inner, &pieces(line), out);
    }
    let x = x_of(card.end) - inwards * BESIDE;
    for (row, line) in card.outer.iter().enumerate() {
        let y = place.y + 3.5 + row as f32 * (LINE_HEIGHT - 1.0);
        text(line.class, x, y, outer, &pieces(line), out);
    }
}

fn pieces(line: &Line) -> String {
    let mut out = String::new();
    for piece in &line.pieces {
        if piece.class.is_empty() {
            out += &escaped(&piece.text);
        } else {
            out += &format!(
                "<tspan class=\"{}\">{}</tspan>",
                piece.class,
                escaped(&piece.text)
            );
        }
    }
    out
}

/// The arrow of a segment, or as far as it came; and a broad one for the pointer.
fn segment_line(segment: &Segment, place: Place, out: &mut String) {
    let from = x_of(segment.from);
    let ending = label::ending(segment);
    let across = x_of(segment.from.other()) - from;
    let to = if ending.is_some() {
        from + across * 0.64
    } else {
        x_of(segment.from.other())
    };
    let (y, end) = (number(place.y), number(place.end));
    let path = format!("M{} {y}L{} {end}", number(from), number(to));
    *out += &format!("<path class=\"hit\" d=\"{path}\"/><path class=\"line\" d=\"{path}\"/>");
    match ending {
        None => head(from, place.y, to, place.end, out),
        Some(words) => {
            if words != "underway" {
                let (x, y) = (number(to - 4.5), number(place.end - 4.5));
                *out += &format!("<path class=\"cross\" d=\"M{x} {y}l9 9m0 -9l-9 9\"/>");
            }
            let (x, anchor) = match segment.from {
                End::Client => (to + 9.0, "start"),
                End::Server => (to - 9.0, "end"),
            };
            text("fate", x, place.end + 3.5, anchor, words, out);
        }
    }
}

/// An arrow head that points from where the segment came.
fn head(x0: f32, y0: f32, x1: f32, y1: f32, out: &mut String) {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let length = dx.hypot(dy).max(1.0);
    let (ux, uy) = (dx / length, dy / length);
    let corner = |side: f32| {
        let x = x1 - 8.5 * ux - side * 3.6 * uy;
        let y = y1 - 8.5 * uy + side * 3.6 * ux;
        format!("{} {}", number(x), number(y))
    };
    *out += &format!(
        "<path class=\"head\" d=\"M{} {}L{}L{}Z\"/>",
        number(x1),
        number(y1),
        corner(1.0),
        corner(-1.0)
    );
}

fn classes(event: &Event) -> String {
    let side = |how: &str, end: End| match end {
        End::Client => format!("{how}-client"),
        End::Server => format!("{how}-server"),
    };
    match event {
        Event::Segment(segment) => segment_classes(segment, side("from", segment.from)),
        Event::Call(call) => {
            let phase = match call.phase {
                crate::trace::Phase::Begins => "begins",
                crate::trace::Phase::Returns => "returns",
                crate::trace::Phase::Whole => "whole",
            };
            let failed = if label::failed(call) { " failed" } else { "" };
            format!("call {} {phase}{failed}", side("at", call.host))
        }
        Event::State(state) => format!("state {}", side("at", state.host)),
        Event::Queue(queue) => format!("queue {}", side("at", queue.host)),
    }
}

fn segment_classes(segment: &Segment, side: String) -> String {
    let mut classes = format!("segment {side}");
    for (flag, class) in [
        (Flag::Syn, " syn"),
        (Flag::Fin, " fin"),
        (Flag::Rst, " rst"),
    ] {
        if segment.has(flag) {
            classes += class;
        }
    }
    if segment.length > 0 {
        classes += " data";
    }
    match label::ending(segment) {
        Some("lost") => classes += " lost",
        Some("underway") => classes += " underway",
        Some(_) => classes += " cut",
        None => {}
    }
    for mark in &segment.marks {
        classes.push(' ');
        classes += &mark.words().to_lowercase().replace(' ', "-");
    }
    classes
}

fn x_of(end: End) -> f32 {
    match end {
        End::Client => LEFT,
        End::Server => RIGHT,
    }
}

/// A text; `content` is markup already.
fn text(class: &str, x: f32, y: f32, anchor: &str, content: &str, out: &mut String) {
    let anchor = match anchor {
        "start" => String::new(),
        other => format!(" text-anchor=\"{other}\""),
    };
    *out += &format!(
        "<text class=\"{class}\" x=\"{}\" y=\"{}\"{anchor}>{content}</text>",
        number(x),
        number(y)
    );
}

/// With one decimal, if there is one.
fn number(value: f32) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// The text as it may stand in an element or in an attribute's value.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            _ => out.push(c),
        }
    }
    out
}
