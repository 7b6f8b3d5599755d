//! What a learner comes to.

use std::collections::HashMap;

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

/// Where no networks can be made, a step that needs one is not checked. That is no pass, and
/// the report says what to do.
#[test]
fn without_networks_steps_are_not_checked() {
    let steps = Steps::of_solution("04-handshake");
    let outcomes = steps.run_after(
        "echo 0 >/proc/sys/user/max_user_namespaces && echo 0 >/proc/sys/user/max_net_namespaces",
    );
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (label, outcome) in &outcomes {
        *counts.entry(&outcome.status).or_default() += 1;
        if outcome.status == "unchecked" {
            let told = outcome
                .report
                .contains("sudo sysctl -w user.max_user_namespaces=");
            assert!(told, "{label}:\n{}", outcome.report);
        }
    }
    assert_eq!(counts, HashMap::from([("pass", 3), ("unchecked", 5)]));
}
