//! The report of a failed step: a server that keeps its connections open.

use std::path::Path;

use super::{Figure, lab};
use crate::run::{self, Cancel};
use crate::workbook::Workbook;

pub fn run(root: &Path) -> Result<Vec<Figure>, String> {
    let program = lab::mistake(root, "00-start", "keeps-open", "start")?;
    let workbook = Workbook::at(root);
    let exercises = workbook.exercises();
    let exercise = exercises
        .named("start")
        .ok_or("there is no exercise start")?;
    let verdict = run::check(
        &workbook,
        exercise,
        Some(&program),
        &Cancel::default(),
        &mut |_| {},
    )
    .map_err(|error| error.to_string())?;
    let mut reports = verdict.steps.into_iter().filter_map(|step| step.report);
    let text = reports.next().ok_or("every step has passed")?;
    let name = "report-keeps-open".to_owned();
    Ok(vec![Figure { name, text }])
}
