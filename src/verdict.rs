//! What a check found: the data that every command, the page and `--json` show.

use serde::{Deserialize, Serialize};

pub use grader::Status;

/// What became of one step, with the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepVerdict {
    /// The test function: `s4_parent_lets_go`.
    pub name: String,
    /// What holds when it passes.
    pub title: String,
    pub status: Status,
    /// How long it ran.
    pub millis: u64,
    /// What was done, what was seen, what the kernel shows: plain text.
    pub report: Option<String>,
}

/// What became of an exercise. Its JSON is what `check --json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The exercise's id.
    pub exercise: String,
    pub title: String,
    /// All steps, in their order. If the exercise does not compile, each of
    /// them fails in 0 ms and without a report.
    pub steps: Vec<StepVerdict>,
    /// The compiler's message as plain text, if the exercise does not compile.
    pub compile_error: Option<String>,
}

impl Verdict {
    /// Every step passes. (An exercise without steps has nothing to pass.)
    pub fn all_pass(&self) -> bool {
        self.compile_error.is_none() && self.passed() == self.steps.len() && !self.steps.is_empty()
    }

    /// How many steps pass.
    pub fn passed(&self) -> usize {
        let passes = |step: &&StepVerdict| step.status == Status::Pass;
        self.steps.iter().filter(passes).count()
    }
}
