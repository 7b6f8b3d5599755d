//! The two ends of a call, joined where nothing came in between.

use std::collections::HashMap;

use crate::trace::{Call, End, Event, Mark, Phase};

/// Joins the beginning and the end of each call that waited for nothing: in between its host
/// made no other call, and nothing arrived there.
pub fn joined(mut events: Vec<Event>) -> Vec<Event> {
    let mut index = 0;
    while index < events.len() {
        if let Some(end) = end_of(&events, index) {
            let Event::Call(returned) = events.remove(end) else {
                unreachable!("the end of a call is one");
            };
            if let Event::Call(call) = &mut events[index] {
                call.phase = Phase::Whole;
                call.result = returned.result;
                call.connection = returned.connection;
            }
        }
        index += 1;
    }
    let mut returned: HashMap<(End, String), Option<usize>> = HashMap::new();
    for event in events.iter_mut().rev() {
        let Event::Call(call) = event else { continue };
        let key = (call.host, call.call.clone());
        match call.phase {
            // What it is about shows when it returns.
            Phase::Begins => call.connection = returned.remove(&key).flatten(),
            Phase::Returns => {
                returned.insert(key, call.connection);
            }
            Phase::Whole => {}
        }
    }
    events
}

/// Where the call that begins at `index` ends, if the two can be joined.
fn end_of(events: &[Event], index: usize) -> Option<usize> {
    let Event::Call(begun) = &events[index] else {
        return None;
    };
    if begun.phase != Phase::Begins {
        return None;
    }
    let next_call =
        |event: &Event| matches!(event, Event::Call(Call { host, .. }) if *host == begun.host);
    let offset = events[index + 1..].iter().position(next_call)?;
    let end = index + 1 + offset;
    let Event::Call(returned) = &events[end] else {
        return None;
    };
    let is_its_end = returned.phase == Phase::Returns && returned.call == begun.call;
    let waited = arrives_between(events, begun.host, begun.at, returned.at)
        || sends_again(&events[index..end], begun.host);
    (is_its_end && !waited).then_some(end)
}

/// Whether `host` sends something again among these.
fn sends_again(events: &[Event], host: End) -> bool {
    events.iter().any(|event| match event {
        Event::Segment(segment) => {
            segment.from == host && segment.marks.contains(&Mark::Retransmission)
        }
        _ => false,
    })
}

/// Whether a segment arrives at `host` in that time.
fn arrives_between(events: &[Event], host: End, from: u64, to: u64) -> bool {
    events.iter().any(|event| match event {
        Event::Segment(segment) => {
            let arrived = segment.arrived.is_some_and(|at| (from..=to).contains(&at));
            segment.from != host && arrived
        }
        _ => false,
    })
}
