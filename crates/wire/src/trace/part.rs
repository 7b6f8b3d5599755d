//! A part of a trace, where all of it would be too much.

use super::{Event, Trace};

impl Trace {
    /// The first `connections` of it, and of those the first `events`; what is left out is
    /// counted.
    pub fn limited(mut self, connections: usize, events: usize) -> Trace {
        self.connections_left_out += self.connections.len().saturating_sub(connections) as u64;
        self.connections.truncate(connections);
        let mut left_out = 0;
        let mut kept = 0;
        self.events.retain(|event| {
            let known = event.connection().is_none_or(|index| index < connections);
            let keep = known && kept < events;
            kept += usize::from(keep);
            left_out += u64::from(!keep && matches!(event, Event::Segment(_)));
            keep
        });
        self.segments_left_out += left_out;
        self
    }

    /// Some `most` events: of the connection of event `about` and next to it, or the last
    /// ones. What is left out is counted. Also where `about` is among them.
    pub fn excerpt(&self, about: Option<usize>, most: usize) -> (Trace, Option<usize>) {
        let connection = about.and_then(|index| self.events.get(index)?.connection());
        let of_it = |event: &Event| connection.is_none() || event.connection() == connection;
        let chosen: Vec<usize> = (0..self.events.len())
            .filter(|&index| of_it(&self.events[index]))
            .collect();
        let place = chosen.iter().position(|&index| Some(index) == about);
        let last = place.map_or(chosen.len(), |place| place + most / 2);
        let last = last.clamp(most.min(chosen.len()), chosen.len());
        let chosen = &chosen[last.saturating_sub(most)..last];
        let events: Vec<Event> = chosen.iter().map(|&i| self.events[i].clone()).collect();
        let mut excerpt = Trace {
            events,
            ..self.clone()
        };
        let left_out = self.segments().count() - excerpt.segments().count();
        excerpt.segments_left_out += left_out as u64;
        let about = chosen.iter().position(|&index| Some(index) == about);
        (excerpt, about)
    }
}
