//! What a learner starts from.

use wirebook::mistakes::Programs;

use crate::compiled::{Steps, chapters, root};

/// A skeleton compiles without a warning, and each of its steps says that it is not
/// yet written.
#[test]
fn each_step_is_to_do() {
    for chapter in chapters() {
        let steps = Steps::of_exercise(&chapter);
        assert_eq!(steps.warnings, Vec::<String>::new(), "{chapter}");
        let outcomes = steps.run(&Programs::new());
        let source = root().join(format!("exercises/{chapter}/tests/steps.rs"));
        let source = std::fs::read_to_string(source).expect("steps");
        let entries = grader::catalogue::read(&source);
        assert_eq!(outcomes.len(), entries.len(), "{chapter}");
        for entry in entries {
            let outcome = &outcomes[entry.label()];
            let report = &outcome.report;
            assert_eq!(
                outcome.status, "todo",
                "{chapter}, {}:\n{report}",
                entry.name
            );
            assert!(report.contains("is not yet written"), "{report}");
        }
    }
}

/// Every step has three hints, from a question to nearly the code.
#[test]
fn each_step_has_three_hints() {
    for chapter in chapters() {
        let folder = root().join("exercises").join(&chapter);
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).expect(file);
        let hints = read("hints.md");
        for entry in grader::catalogue::read(&read("tests/steps.rs")) {
            let heading = format!("## {}", entry.label());
            let section = hints
                .split("\n## ")
                .find(|section| section.lines().next() == Some(entry.label()))
                .unwrap_or_else(|| panic!("{chapter}: hints.md has no {heading}"));
            for level in ["1. ", "2. ", "3. "] {
                let found = section.lines().any(|line| line.starts_with(level));
                assert!(found, "{chapter}, {heading}: no level {level}");
            }
        }
    }
}
