//! The experiments behind the book's x-rays: each starts real programs and writes
//! down what the kernel shows of them.
//!
//! `cargo wirebook xray NAME` runs one on the reader's machine; `--record` puts what
//! came of it into the book; a test runs all of them again and compares.

mod fork_leak;
mod fork_tree;
mod fork_zombies;
mod hello;
mod lab;
mod report;
mod shape;
mod six_calls;
mod thread_tree;

use std::path::Path;

pub use shape::shape;

/// An experiment.
pub struct Experiment {
    /// How it is asked for: `fork-tree`.
    pub name: &'static str,
    /// What it shows, in a line.
    pub about: &'static str,
    run: fn(&Path) -> Result<Vec<Figure>, String>,
}

/// What an experiment has shown: the text of one figure of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The name of its file: `six-calls-bind`.
    pub name: String,
    /// What the kernel showed.
    pub text: String,
}

/// All experiments, in the order of their chapters.
pub const ALL: [Experiment; 7] = [
    Experiment {
        name: "hello",
        about: "a server that waits for a client (chapter 00)",
        run: hello::run,
    },
    Experiment {
        name: "report",
        about: "what a step says of a server that keeps its connections (chapter 00)",
        run: report::run,
    },
    Experiment {
        name: "six-calls",
        about: "a server's sockets after each of its calls (chapter 02)",
        run: six_calls::run,
    },
    Experiment {
        name: "fork-tree",
        about: "a process a client, while three clients talk (chapter 11)",
        run: fork_tree::run,
    },
    Experiment {
        name: "fork-leak",
        about: "the parent that keeps a connection whose child has ended (chapter 11)",
        run: fork_leak::run,
    },
    Experiment {
        name: "fork-zombies",
        about: "children that nobody has waited for (chapter 11)",
        run: fork_zombies::run,
    },
    Experiment {
        name: "thread-tree",
        about: "a thread a client, while three clients talk (chapter 12)",
        run: thread_tree::run,
    },
];

impl Experiment {
    /// The experiment that is called `name`.
    pub fn named(name: &str) -> Option<&'static Experiment> {
        ALL.iter().find(|experiment| experiment.name == name)
    }

    /// Runs it, with the programs of the workbook at `root`.
    ///
    /// # Errors
    /// A program does not compile, or the kernel did not come to show what is to be
    /// seen; the message says which.
    pub fn run(&self, root: &Path) -> Result<Vec<Figure>, String> {
        (self.run)(root)
    }
}

impl Figure {
    fn new(name: &str, xray: &xray::XRay) -> Figure {
        Figure {
            name: name.to_owned(),
            text: xray.to_string(),
        }
    }
}
