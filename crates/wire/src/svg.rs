//! The ladder as a drawing, in SVG: for a page of the book, or for a file of its own.

mod card;
mod draw;
mod layout;
mod measure;

pub(crate) use draw::escaped;
pub(crate) use layout::order;

use crate::trace::Trace;

/// How broad the drawing is.
const WIDTH: f32 = 400.0;
/// The lifeline of the client.
const LEFT: f32 = 92.0;
/// The lifeline of the server.
const RIGHT: f32 = 308.0;
/// Between a lifeline and what is written beside it.
const BESIDE: f32 = 8.0;
/// How much room there is for text between the lifelines.
const INNER: f32 = RIGHT - LEFT - 2.0 * BESIDE;
/// How much room there is for text in an outer column.
const OUTER: f32 = LEFT - BESIDE - 2.0;
/// Where the first row is.
const TOP: f32 = 52.0;
/// From one line of text to the next.
const LINE_HEIGHT: f32 = 13.0;
/// How high the break is that stands for a silence.
const BREAK_HEIGHT: f32 = 26.0;

/// The trace as an `<svg>` element for a page that has the styles for it: without ids,
/// scripts, colours and blank lines. Each event is a `<g class="event …" data-event="INDEX">`,
/// with the index into [`Trace::events`].
pub fn svg(trace: &Trace) -> String {
    draw::element(trace, "", "")
}

/// The trace as an SVG file, with this style sheet in it.
pub fn standalone_svg(trace: &Trace, style: &str) -> String {
    let style = format!("<style>\n{style}</style>\n");
    let mut file = draw::element(trace, " xmlns=\"http://www.w3.org/2000/svg\"", &style);
    file.push('\n');
    file
}
