//! The two ends of a call, joined where nothing came in between.

use std::collections::HashMap;

use crate::trace::{Call, End, Event, Mark, Phase};

/// An event, and the thread that has made it, where it is a call.
pub struct Told {
    pub event: Event,
    pub thread: u32,
}

/// Joins the beginning and the end of each call that waited for nothing: in between nothing
/// arrived at its host, and it sent nothing again. Tells of the beginning of each other call
/// what it is about, which shows when it returns.
pub fn joined(told: Vec<Told>) -> Vec<Event> {
    let arrivals = arrivals(&told);
    let mut begun: HashMap<(u32, End), usize> = HashMap::new();
    let mut joins: Vec<(usize, usize)> = Vec::new();
    let mut abouts: Vec<(usize, Option<usize>)> = Vec::new();
    for (index, Told { event, thread }) in told.iter().enumerate() {
        let Event::Call(call) = event else { continue };
        let key = (*thread, call.host);
        if call.phase == Phase::Begins {
            begun.insert(key, index);
            continue;
        }
        let Some(beginning) = begun.remove(&key) else {
            continue;
        };
        if is_of(&told[beginning].event, call) {
            abouts.push((beginning, call.connection));
            if !waited(&told[beginning..index], &arrivals, call) {
                joins.push((beginning, index));
            }
        }
    }
    let mut events: Vec<Option<Event>> = told.into_iter().map(|told| Some(told.event)).collect();
    for (beginning, connection) in abouts {
        if let Some(Event::Call(call)) = &mut events[beginning] {
            call.connection = connection;
        }
    }
    for (beginning, end) in joins {
        let returned = events[end].take();
        if let (Some(Event::Call(call)), Some(Event::Call(returned))) =
            (&mut events[beginning], returned)
        {
            call.phase = Phase::Whole;
            call.result = returned.result;
        }
    }
    events.into_iter().flatten().collect()
}

/// Whether `returned` is the end of the call that begins with this event.
fn is_of(beginning: &Event, returned: &Call) -> bool {
    matches!(beginning, Event::Call(begun) if begun.call == returned.call)
}

/// Whether a call waited for something: `between` begins with it, and `returned` is its end.
fn waited(between: &[Told], arrivals: &[Vec<u64>; 2], returned: &Call) -> bool {
    let host = returned.host;
    let (from, to) = (between[0].event.at(), returned.at);
    let sent_again = between.iter().any(|told| match &told.event {
        Event::Segment(segment) => {
            segment.from == host && segment.marks.contains(&Mark::Retransmission)
        }
        _ => false,
    });
    let arrivals = &arrivals[host as usize];
    let first = arrivals.partition_point(|&at| at < from);
    sent_again || arrivals.get(first).is_some_and(|&at| at <= to)
}

/// When segments arrived at each end, in order.
fn arrivals(told: &[Told]) -> [Vec<u64>; 2] {
    let mut arrivals = [Vec::new(), Vec::new()];
    for told in told {
        if let Event::Segment(segment) = &told.event
            && let Some(at) = segment.arrived
        {
            arrivals[segment.from.other() as usize].push(at);
        }
    }
    arrivals.iter_mut().for_each(|times| times.sort_unstable());
    arrivals
}
