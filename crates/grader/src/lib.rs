//! Starts a program, talks to it, judges it.
//!
//! A **step** is one experiment on a student's program, written as a test that
//! reads as its story. It passes, or fails with a report: what the check did,
//! what it saw, and what the kernel shows (the **ledger** of the step).
//!
//! ```no_run
//! use grader::prelude::*;
//!
//! /// The connection ends for the client when its child ends.
//! #[test]
//! fn s4_parent_lets_go() {
//!     let step = step!("who-holds-the-connection");
//!     let server = step.start(program!("fork-server"));
//!     let mut client = server.connect();
//!     client.says("hello\n").hears("hello\n");
//!     client.done_talking();
//!     client.hears_the_end();
//! }
//! # macro_rules! program { ($name:literal) => { grader::Program::at($name) } }
//! # macro_rules! step { ($section:literal) => { grader::Step::begin("", "", "", "", $section) } }
//! ```
//!
//! Every wait has a deadline, and a step ends within ten seconds whatever the
//! program does. What a step has started is gone after it, also when the test
//! panics or is killed: a [warden](warden) sees to that.

pub mod catalogue;
mod diagnosis;
mod events;
mod exit;
mod ledger;
mod limits;
mod on_the_wire;
mod output;
mod patience;
mod peer;
mod program;
mod server;
mod step;
mod tool;
mod warden;

pub use exit::Exit;
pub use ledger::Status;
pub use limits::Limits;
pub use on_the_wire::{Place, Wire};
pub use peer::{Listener, Peer, Unheard};
pub use program::Program;
pub use server::Server;
pub use step::Step;
pub use tool::Tool;

/// What a `tests/steps.rs` uses.
pub mod prelude {
    pub use crate::{Exit, Listener, Peer, Place, Program, Server, Step, Tool, Unheard, Wire};
    pub use crate::{program, step};
    pub use wire::Which;
    pub use wire::trace::{End, Flag, Mark, Segment, Trace};
}

/// Begins the step in whose test function it stands. Its argument is the section
/// of the chapter (the id of a heading) that explains what the step asks.
#[macro_export]
macro_rules! step {
    ($section:literal) => {{
        fn here() {}
        $crate::Step::begin(
            ::std::any::type_name_of_val(&here),
            include_str!("steps.rs"),
            env!("CARGO_PKG_NAME"),
            env!("CARGO_MANIFEST_DIR"),
            $section,
        )
    }};
}

/// A program of the exercise, by name. `WIREBOOK_PROGRAM` puts another program in
/// the place of the exercise's first one, `WIREBOOK_PROGRAM_CLIENT` in the place of
/// its `client`.
#[macro_export]
macro_rules! program {
    ($name:literal) => {
        $crate::Program::of_exercise(
            $name,
            env!(concat!("CARGO_BIN_EXE_", $name)),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")),
        )
    };
}
