//! Where everything stands. Time runs down, row by row: a moment stands below the one
//! before it, as far as their texts need, and a little farther if more time has passed.

use super::card::Card;
use super::{BREAK_HEIGHT, LEFT, LINE_HEIGHT, RIGHT, TOP, WIDTH};
use crate::ladder::label;
use crate::ladder::time::SILENCE;
use crate::trace::{End, Event, Segment, Trace};

/// How far a segment falls on its way across, at least.
const FALL: f32 = 27.0;

/// Between two points on a lifeline.
const POINTS: f32 = 11.0;

/// Where an event stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    /// Its moment; for a segment, when it was sent.
    pub y: f32,
    /// Where a segment ends: at the other lifeline, or on its way.
    pub end: f32,
}

/// A time in which nothing happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Break {
    /// Where it begins; it is [`BREAK_HEIGHT`] high.
    pub y: f32,
    /// How long it took, in microseconds.
    pub silence: u64,
}

/// The whole drawing.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    pub places: Vec<Place>,
    pub breaks: Vec<Break>,
    /// Where the lifelines end.
    pub bottom: f32,
}

/// The events of a trace in the order of time.
pub(crate) fn order(trace: &Trace) -> Vec<usize> {
    let mut order: Vec<usize> = (0..trace.events.len()).collect();
    order.sort_by_key(|index| trace.events[*index].at());
    order
}

/// Something that takes a place of its own: an event, or a segment's arrival.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    at: u64,
    index: usize,
    arrival: bool,
}

fn moments(trace: &Trace) -> Vec<Moment> {
    let mut moments = Vec::new();
    for (index, event) in trace.events.iter().enumerate() {
        let at = event.at();
        moments.push(Moment {
            at,
            index,
            arrival: false,
        });
        if let Event::Segment(segment) = event
            && let (None, Some(arrived)) = (label::ending(segment), segment.arrived)
        {
            moments.push(Moment {
                at: arrived.max(at),
                index,
                arrival: true,
            });
        }
    }
    moments.sort();
    moments
}

/// A room that is taken.
#[derive(Clone, Copy, Debug)]
struct Taken {
    left: f32,
    right: f32,
    bottom: f32,
}

/// The rows that are filled so far.
struct Rows {
    y: f32,
    taken: Vec<Taken>,
    /// The lowest point of each lifeline.
    points: [f32; 2],
    bottom: f32,
}

/// Lays the events out.
pub(crate) fn layout(trace: &Trace, cards: &[Card]) -> Layout {
    let mut layout = Layout {
        places: vec![Place::default(); trace.events.len()],
        ..Layout::default()
    };
    let mut rows = Rows {
        y: TOP,
        taken: Vec::new(),
        points: [TOP - 4.0; 2],
        bottom: TOP,
    };
    let mut before = None;
    for moment in moments(trace) {
        let passed = before.map_or(0, |before| moment.at.saturating_sub(before));
        before = Some(moment.at);
        if passed >= SILENCE {
            let y = rows.bottom + 5.0;
            layout.breaks.push(Break { y, silence: passed });
            rows.y = y + BREAK_HEIGHT;
            rows.take(0.0, WIDTH, rows.y);
            rows.y += 6.0;
        } else {
            rows.y += pause(passed);
        }
        let card = &cards[moment.index];
        let place = &mut layout.places[moment.index];
        match &trace.events[moment.index] {
            Event::Segment(segment) if moment.arrival => {
                place.end = rows.arrival(segment.from.other(), place.y);
            }
            Event::Segment(segment) => {
                place.y = rows.sending(card);
                place.end = rows.on_its_way(segment, place.y);
            }
            _ => {
                place.y = rows.event(card);
                place.end = place.y;
            }
        }
    }
    layout.bottom = rows.bottom + 10.0;
    layout
}

/// How much lower a moment stands than the last one, for the time in between.
fn pause(passed: u64) -> f32 {
    match passed {
        0..200 => 0.0,
        200..2_000 => 3.0,
        2_000..20_000 => 6.0,
        _ => 12.0,
    }
}

impl Rows {
    fn sending(&mut self, card: &Card) -> f32 {
        let above = LINE_HEIGHT * card.inner.len() as f32 + 3.0;
        self.below_point(card.end, POINTS);
        let (left, right) = inner(card);
        self.make_room(left, right, above);
        self.make_room_outside(card);
        self.take(left, right, self.y - 1.0);
        self.take_outside(card);
        self.point(card.end);
        self.y
    }

    /// Where a segment ends that does not arrive; else the same place again.
    fn on_its_way(&mut self, segment: &Segment, y: f32) -> f32 {
        if label::ending(segment).is_none() {
            return y;
        }
        let end = y + 20.0;
        // The cross and its word stand below the sending, and next to nothing else.
        let (left, right) = match segment.from {
            End::Client => (LEFT + 110.0, RIGHT),
            End::Server => (LEFT, RIGHT - 110.0),
        };
        self.take(left, right, end + 7.0);
        end
    }

    fn arrival(&mut self, at: End, sent: f32) -> f32 {
        self.y = self.y.max(sent + FALL);
        self.below_point(at, POINTS);
        let (left, right) = match at {
            End::Client => (LEFT, LEFT + 12.0),
            End::Server => (RIGHT - 12.0, RIGHT),
        };
        self.make_room(left, right, 5.0);
        self.take(left, right, self.y + 5.0);
        self.point(at);
        self.y
    }

    fn event(&mut self, card: &Card) -> f32 {
        if !card.inner.is_empty() {
            self.below_point(card.end, POINTS);
            let (left, right) = inner(card);
            self.make_room(left, right, 7.0);
            self.take(left, right, self.y + 6.0);
            self.point(card.end);
        }
        self.make_room_outside(card);
        self.take_outside(card);
        self.y
    }

    fn below_point(&mut self, end: End, distance: f32) {
        self.y = self.y.max(self.points[end as usize] + distance);
    }

    fn point(&mut self, end: End) {
        self.points[end as usize] = self.y;
        self.bottom = self.bottom.max(self.y + 4.0);
    }

    fn make_room_outside(&mut self, card: &Card) {
        if let Some((left, right)) = outer(card) {
            self.make_room(left, right, 6.0);
        }
    }

    fn take_outside(&mut self, card: &Card) {
        if let Some((left, right)) = outer(card) {
            let lines = card.outer.len() as f32 - 1.0;
            self.take(left, right, self.y + 6.5 + lines * (LINE_HEIGHT - 1.0));
        }
    }

    /// Moves down until there are `above` free units above the row between left and right.
    fn make_room(&mut self, left: f32, right: f32, above: f32) {
        for taken in &self.taken {
            if taken.left < right && left < taken.right {
                self.y = self.y.max(taken.bottom + above);
            }
        }
    }

    fn take(&mut self, left: f32, right: f32, bottom: f32) {
        // What ends above this row is in nobody's way any more: texts reach at most four
        // lines up.
        let y = self.y;
        self.taken
            .retain(|taken| taken.bottom > y - 5.0 * LINE_HEIGHT);
        self.taken.push(Taken {
            left,
            right,
            bottom,
        });
        self.bottom = self.bottom.max(bottom);
    }
}

/// From where to where the texts between the lifelines reach.
fn inner(card: &Card) -> (f32, f32) {
    let width = card
        .inner
        .iter()
        .map(|line| line.width())
        .fold(0.0, f32::max)
        + 16.0;
    match card.end {
        End::Client => (LEFT, LEFT + width),
        End::Server => (RIGHT - width, RIGHT),
    }
}

/// The outer column, if something stands there.
fn outer(card: &Card) -> Option<(f32, f32)> {
    match card.end {
        _ if card.outer.is_empty() => None,
        End::Client => Some((0.0, LEFT)),
        End::Server => Some((RIGHT, WIDTH)),
    }
}
