//! A trace as a page of the book includes it: the drawing, what it is, the same as a list,
//! and the trace itself for the player.

mod sentence;

use crate::ladder::label::{States, labels, names};
use crate::ladder::notes::notes;
use crate::ladder::time::span;
use crate::svg::escaped;
use crate::svg::svg;
use crate::trace::Trace;
use sentence::Sentences;

/// The trace as a `<figure class="trace">`. No line of it is blank, so that Markdown takes it
/// as one piece of HTML.
pub fn html(trace: &Trace) -> String {
    let mut out = String::from("<figure class=\"trace\">\n");
    out += &svg(trace);
    out += &format!("\n<figcaption>{}</figcaption>\n", caption(trace));
    out += "<details class=\"trace-text\"><summary>The same as a list</summary>\n<ol>\n";
    let names = names(trace);
    let labels = labels(trace);
    let mut sentences = Sentences {
        trace,
        labels: &labels,
        names: &names,
        states: States::default(),
    };
    for index in crate::svg::order(trace) {
        let sentence = escaped(&sentences.of(index));
        out += &format!("<li data-event=\"{index}\">{sentence}</li>\n");
    }
    out += "</ol>\n";
    let notes = notes(trace);
    if !notes.is_empty() {
        out += &format!("<p>{}</p>\n", escaped(&notes.join(" ")));
    }
    out += "</details>\n";
    // Nothing in the text can end the script, or begin a comment in it.
    let json = trace.to_json().replace('<', "\\u003c");
    out += &format!("<script type=\"application/json\" class=\"trace-data\">{json}</script>\n");
    out += "</figure>\n";
    out
}

/// `Recorded on Linux 6.18.44, a cable of 10 ms each way, MTU 1500: cargo wirebook trace handshake`
fn caption(trace: &Trace) -> String {
    let mut caption = String::from("Recorded");
    // Without what the one who built it has added.
    let release = trace.kernel.split('-').next().unwrap_or_default();
    if !release.is_empty() {
        caption += &format!(" on Linux {}", escaped(release));
    }
    if trace.delay > 0 {
        caption += &format!(", a cable of {} each way", span(trace.delay));
    } else {
        caption += ", over loopback";
    }
    caption += &format!(", MTU {}", trace.mtu);
    if !trace.name.is_empty() {
        caption += &format!(
            ": <code>cargo wirebook trace {}</code>",
            escaped(&trace.name)
        );
    }
    caption
}
