//! What a learner comes to.

use wirebook::mistakes::Programs;

use crate::compiled::{Steps, chapters};

/// A solution compiles without a warning and passes every step.
#[test]
fn each_step_passes() {
    for chapter in chapters() {
        let steps = Steps::of_solution(&chapter);
        assert_eq!(steps.warnings, Vec::<String>::new(), "{chapter}");
        let outcomes = steps.run(&Programs::new());
        assert!(!outcomes.is_empty(), "{chapter}");
        for (label, outcome) in outcomes {
            assert_eq!(
                outcome.status, "pass",
                "{chapter}, {label}:\n{}",
                outcome.report
            );
        }
    }
}
