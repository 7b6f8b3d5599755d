//! A check of an exercise: build it, run its steps, give the verdict.
//!
//! The two stages are [`build`](mod@build) (exercise → test program) and [`steps`]
//! (test program → what became of each step). While they run they tell what
//! happens as [`Event`]s; a [`Cancel`] ends them at any moment.

mod build;
mod cancel;
mod events;
mod group;
mod steps;

use std::fmt;
use std::path::Path;

use crate::verdict::{Status, StepVerdict, Verdict};
use crate::workbook::{Exercise, Workbook};

pub use cancel::Cancel;

/// What happens during a check.
#[derive(Clone, Debug)]
pub enum Event {
    /// A line of cargo's progress: `Compiling nix`.
    Building(String),
    /// The compiler's warnings on an exercise that compiles, coloured.
    Warnings(String),
    /// The compiler's errors, coloured. (The verdict holds them as plain text.)
    CompileError(String),
    /// The build is done; the steps are about to run.
    Built,
    /// A step has begun.
    Started(String),
    /// A step has ended.
    Ended(StepVerdict),
}

/// Why there is no verdict.
#[derive(Debug)]
pub enum Error {
    /// It was cancelled.
    Cancelled,
    /// The machine does not allow it: what, and what to do.
    Machine(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Cancelled => f.write_str("cancelled"),
            Error::Machine(message) => f.write_str(message),
        }
    }
}

/// Checks one exercise: with `program`, that program in place of the student's.
pub fn check(
    workbook: &Workbook,
    exercise: &Exercise,
    program: Option<&Path>,
    cancel: &Cancel,
    tell: &mut dyn FnMut(Event),
) -> Result<Verdict, Error> {
    let verdict = |steps, compile_error| Verdict {
        exercise: exercise.id.clone(),
        title: exercise.title.clone(),
        steps,
        compile_error,
    };
    match build::build(workbook.root(), exercise, cancel, tell)? {
        build::Build::Ready(test_program) => {
            tell(Event::Built);
            let steps = steps::run(&test_program, exercise, program, cancel, tell)?;
            Ok(verdict(steps, None))
        }
        build::Build::Failed(message) => {
            let plain = console::strip_ansi_codes(&message).into_owned();
            tell(Event::CompileError(message));
            Ok(verdict(not_run(exercise), Some(plain)))
        }
    }
}

/// The steps of an exercise that does not compile.
fn not_run(exercise: &Exercise) -> Vec<StepVerdict> {
    let steps = exercise.steps.iter();
    steps
        .map(|step| StepVerdict {
            name: step.name.clone(),
            title: step.title.clone(),
            status: Status::Fail,
            millis: 0,
            report: None,
        })
        .collect()
}
