//! The ladder: the drawing of a trace in which time runs down between two hosts. Here it is
//! text, for a terminal or a report; [`crate::svg`] draws the same.

pub(crate) mod clean;
#[cfg(test)]
mod hostile;
mod ink;
pub(crate) mod label;
pub(crate) mod notes;
mod rows;
pub(crate) mod time;

use std::fmt;

use crate::trace::Trace;

/// The fewest columns that a ladder takes.
const NARROWEST: usize = 60;

/// A trace that prints as a ladder.
///
/// ```no_run
/// # let trace: wire::Trace = unimplemented!();
/// println!("{}", trace.ladder().columns(80).coloured(true));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ladder<'a> {
    trace: &'a Trace,
    columns: usize,
    coloured: bool,
    marked: Option<usize>,
}

impl Trace {
    /// The trace as a ladder of text, 80 columns broad and without colours.
    pub fn ladder(&self) -> Ladder<'_> {
        Ladder {
            trace: self,
            columns: 80,
            coloured: false,
            marked: None,
        }
    }
}

impl Ladder<'_> {
    /// No line will take more columns than this, and none less than 60.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns.max(NARROWEST);
        self
    }

    /// Whether to colour it, with the escape sequences of terminals.
    pub fn coloured(mut self, coloured: bool) -> Self {
        self.coloured = coloured;
        self
    }

    /// Marks an event, an index into [`Trace::events`], with `▶` at the margin.
    pub fn marking(mut self, event: usize) -> Self {
        self.marked = Some(event);
        self
    }
}

impl fmt::Display for Ladder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rows::write(self.trace, self.columns, self.coloured, self.marked, f)
    }
}

/// Which of the six colours for connections this one has.
pub(crate) fn tone(connection: usize) -> usize {
    connection % 6
}
