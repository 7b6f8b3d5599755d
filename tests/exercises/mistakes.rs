//! Every check has caught its mistake: each wrong program of `tests/mistakes/` is
//! built from the solution and must fail the step that is named there, with a
//! report that says what a student needs.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use wirebook::mistakes::{self, Mistake, Programs};

use crate::compiled::{Outcome, Steps, chapters, root};

#[test]
fn each_mistake_is_caught_by_its_step() {
    let root = root();
    let only = std::env::var("MISTAKE").ok();
    let mut missed = Vec::new();
    let mut caught = 0;
    for chapter in chapters() {
        let catalogue = mistakes::read(root, &chapter).unwrap_or_else(|error| panic!("{error}"));
        let mistakes: Vec<&Mistake> = catalogue
            .mistake
            .iter()
            .filter(|mistake| only.as_ref().is_none_or(|only| mistake.name == *only))
            .collect();
        if mistakes.is_empty() {
            continue;
        }
        let steps = Steps::of_solution(&chapter);
        let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mistakes-{chapter}"));
        let programs = mistakes::build(root, &chapter, &mistakes, &made)
            .unwrap_or_else(|error| panic!("{error}"));
        for (mistake, outcome) in try_all(&steps, &mistakes, &programs) {
            match outcome {
                Ok(()) => caught += 1,
                Err(why) => missed.push(format!("{chapter}, {}: {why}", mistake.name)),
            }
        }
    }
    println!("{caught} mistakes caught");
    assert!(missed.is_empty(), "not caught:\n\n{}", missed.join("\n\n"));
    assert!(caught > 0, "there is no such mistake");
}

/// Every step has a mistake that it must catch, or it is not known whether it can fail.
#[test]
fn each_step_has_its_mistake() {
    let root = root();
    for chapter in chapters() {
        let source = root.join(format!("exercises/{chapter}/tests/steps.rs"));
        let source = std::fs::read_to_string(source).expect("steps");
        let catalogue = mistakes::read(root, &chapter).unwrap_or_else(|error| panic!("{error}"));
        let steps = grader::catalogue::read(&source);
        for step in &steps {
            let caught = catalogue.mistake.iter().any(|m| m.step == step.label());
            assert!(caught, "{chapter}: no mistake for {}", step.name);
        }
        for mistake in &catalogue.mistake {
            let known = steps.iter().any(|step| step.label() == mistake.step);
            assert!(known, "{chapter}: no step {}", mistake.step);
        }
    }
}

/// Tries all wrong programs, some at a time.
fn try_all<'a>(
    steps: &Steps,
    mistakes: &[&'a Mistake],
    programs: &[Programs],
) -> Vec<(&'a Mistake, Result<(), String>)> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(mistake) = mistakes.get(index) else {
                        break;
                    };
                    let outcome = judge(mistake, &steps.run(&programs[index]));
                    let word = if outcome.is_ok() { "caught" } else { "MISSED" };
                    println!("{word}  {}  {}", mistake.step, mistake.name);
                    outcomes
                        .lock()
                        .expect("no worker has panicked")
                        .push((*mistake, outcome));
                }
            });
        }
    });
    outcomes.into_inner().expect("no worker has panicked")
}

/// Whether the step has failed that had to, and says what it has to.
fn judge(mistake: &Mistake, outcomes: &HashMap<String, Outcome>) -> Result<(), String> {
    let failed = |label: &String| outcomes[label].status == "fail";
    let Some(outcome) = outcomes.get(&mistake.step).filter(|o| o.status == "fail") else {
        let mut others: Vec<_> = outcomes.keys().filter(|label| failed(label)).collect();
        others.sort();
        let step = &mistake.step;
        return Err(format!("{step} has not failed; failed have {others:?}"));
    };
    let report = &outcome.report;
    match mistake.report.iter().find(|words| !report.contains(*words)) {
        Some(words) => Err(format!("the report does not say {words:?}:\n\n{report}")),
        None => Ok(()),
    }
}
