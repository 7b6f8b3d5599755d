//! The cable between two hosts: it takes what one sends, records it, and gives it to the
//! other, unless it was told to do something else with it.

mod relay;
mod shared;

use std::sync::Arc;
use std::time::Duration;

use crate::which::{Chooser, Which};
use relay::{Deed, Rule};
pub(crate) use shared::{Shared, Worker};

/// The cable between two hosts. What it is told holds for what is sent from then on.
#[derive(Clone)]
pub struct Cable {
    pub(crate) shared: Arc<Shared>,
}

impl Cable {
    /// Takes `time` from one end to the other, each way.
    pub fn delays(&self, time: Duration) -> &Cable {
        self.shared.change(|state| state.delay = time);
        self
    }

    /// Loses these segments.
    pub fn loses(&self, which: Which) -> &Cable {
        self.rule(which, Deed::Lose)
    }

    /// Delivers each of these segments twice.
    pub fn duplicates(&self, which: Which) -> &Cable {
        self.rule(which, Deed::Duplicate)
    }

    /// Delivers these segments `time` later than others, so that they are overtaken.
    pub fn holds_back(&self, which: Which, time: Duration) -> &Cable {
        self.rule(which, Deed::HoldBack(time))
    }

    /// Does to all segments the same again.
    pub fn behaves(&self) -> &Cable {
        self.shared.change(|state| state.rules.clear());
        self
    }

    /// Keeps what is underway until it goes on: so both ends send before either receives.
    pub fn holds(&self) -> &Cable {
        self.shared.change(|state| state.held = true);
        self
    }

    /// Delivers again what is due.
    pub fn goes_on(&self) -> &Cable {
        self.shared.change(|state| state.held = false);
        self
    }

    /// Is cut: nothing arrives any more, not even what is underway. The hosts do not notice.
    pub fn cut(&self) -> &Cable {
        self.shared.change(|state| state.cut = true);
        self
    }

    /// Is mended.
    pub fn mend(&self) -> &Cable {
        self.shared.change(|state| state.cut = false);
        self
    }

    fn rule(&self, which: Which, deed: Deed) -> &Cable {
        let chooser = Chooser::new(which);
        self.shared
            .change(|state| state.rules.push(Rule { chooser, deed }));
        self
    }
}
