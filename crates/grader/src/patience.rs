//! How long a step waits.
//!
//! A condition that the program can bring about gets a second of the program's
//! own time: on a busy machine, where the program is ready to run and gets no
//! processor, the second is stretched. So a slow machine makes a step slow, not
//! wrong.

use std::time::{Duration, Instant};

/// What a program gets to bring something about.
pub const USUAL: Duration = Duration::from_secs(1);

/// How far [`USUAL`] is stretched for a program that never sleeps.
const STRETCHED: Duration = Duration::from_secs(4);

/// What a step may take altogether.
pub const STEP: Duration = Duration::from_secs(9);

/// How long a step watches to see that something does *not* happen.
pub const QUIET: Duration = Duration::from_millis(200);

/// The time between two looks at a condition that cannot be waited for.
pub const LOOK: Duration = Duration::from_millis(5);

/// One wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    began: Instant,
    step_ends: Instant,
}

impl Patience {
    /// Begins to wait, in a step that must have ended at `step_ends`.
    pub fn new(step_ends: Instant) -> Patience {
        Patience {
            began: Instant::now(),
            step_ends,
        }
    }

    /// The same wait, for something that takes the program `time` before it can come.
    pub fn after(mut self, time: Duration) -> Patience {
        self.began += time;
        self
    }

    /// Whether the wait is over. `busy` tells whether the program still has
    /// something to do; it is asked only when the usual time is over.
    pub fn is_over(&self, busy: impl FnOnce() -> bool) -> bool {
        let waited = self.began.elapsed();
        waited >= STRETCHED || Instant::now() >= self.step_ends || (waited >= USUAL && !busy())
    }
}
