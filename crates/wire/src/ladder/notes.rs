//! What a drawing does not show, said under it.

use crate::trace::Trace;

/// A sentence for each kind of thing that the trace lacks. None, if it lacks nothing.
pub(crate) fn notes(trace: &Trace) -> Vec<String> {
    let of = |count: u64, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}.")),
        _ => Some(format!("{count} {more}.")),
    };
    [
        of(
            trace.missed,
            "frame came too fast to be recorded",
            "frames came too fast to be recorded",
        ),
        of(
            trace.other_frames,
            "other frame carried no TCP",
            "other frames carried no TCP",
        ),
        of(
            trace.connections_left_out,
            "more connection is not shown",
            "more connections are not shown",
        ),
        of(
            trace.segments_left_out,
            "more segment is not shown",
            "more segments are not shown",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
