//! `cargo wirebook hint`: help with a step, no more than is asked for.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use console::style;

use crate::failure::Failure;
use crate::progress::Progress;
use crate::terminal::Layout;
use crate::verdict::Status;
use crate::workbook::{Exercise, Step, Workbook};

/// Give a hint for a step
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo wirebook hint fork-server              for the first step that is not done
  cargo wirebook hint fork-server 4            for step s4: where to look
  cargo wirebook hint fork-server 4 --level 2  which call, and where
  cargo wirebook hint fork-server 4 --level 3  nearly the code

The hints stand in the exercise's hints.md, too.")]
pub struct HintArgs {
    /// The exercise
    name: String,
    /// The step: 4, s4 or its whole name; without it, the first one that is not done
    step: Option<String>,
    /// How much help: 1 where to look, 2 what to use, 3 nearly the code
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    level: u8,
}

/// Runs the command.
pub fn run(args: &HintArgs) -> Result<ExitCode, Failure> {
    let workbook = Workbook::find().map_err(Failure::Refused)?;
    let exercises = workbook.exercises();
    let exercise = exercises.wanted(&args.name)?;
    let step = match &args.step {
        Some(name) => named(exercise, name)?,
        None => match first_to_do(&workbook, exercise) {
            Some(step) => step,
            None => {
                let id = &exercise.id;
                let all_done = format!("Every step of {id} is done. Name one to see its hints.");
                writeln!(io::stdout(), "{all_done}")?;
                return Ok(ExitCode::SUCCESS);
            }
        },
    };
    let file = exercise.folder.join("hints.md");
    let place = file.display();
    let text =
        fs::read_to_string(&file).map_err(|error| Failure::Refused(format!("{place}: {error}")))?;
    let hint = find(&text, step.label(), args.level).ok_or_else(|| {
        let (label, level) = (step.label(), args.level);
        Failure::Refused(format!("{place} has no hint {level} for {label}"))
    })?;

    let layout = Layout::of_stdout();
    let mut stdout = io::stdout().lock();
    let title = format!("{} · {}", step.label(), step.title);
    writeln!(stdout, "{}\n", style(layout.hang("", &title)).bold())?;
    writeln!(stdout, "{}", arrange(&hint, layout))?;
    if args.level < 3 {
        let number = step.label().trim_start_matches('s');
        let more = format!("cargo wirebook hint {} {number}", exercise.id);
        let level = args.level + 1;
        writeln!(
            stdout,
            "\n{}",
            layout.hang("", &format!("More: {more} --level {level}"))
        )?;
    }
    stdout.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The step that a person means by `name`.
fn named<'a>(exercise: &'a Exercise, name: &str) -> Result<&'a Step, Failure> {
    let means = |step: &&Step| {
        let label = step.label();
        step.name == name || label == name || label.strip_prefix('s') == Some(name)
    };
    exercise.steps.iter().find(means).ok_or_else(|| {
        let labels: Vec<&str> = exercise.steps.iter().map(Step::label).collect();
        let (id, labels) = (&exercise.id, labels.join(", "));
        Failure::Usage(format!("{id} has no step {name}; its steps: {labels}"))
    })
}

/// The first step that has not passed in the last check; none if all have.
fn first_to_do<'a>(workbook: &Workbook, exercise: &'a Exercise) -> Option<&'a Step> {
    let (records, _) = Progress::of(workbook).read();
    let record = records.get(&exercise.id);
    let passed = |step: &Step| {
        let steps = record
            .map(|record| record.steps.as_slice())
            .unwrap_or_default();
        let passes = |s: &crate::verdict::StepVerdict| s.status == Status::Pass;
        steps.iter().any(|s| s.name == step.name && passes(s))
    };
    exercise.steps.iter().find(|step| !passed(step))
}

/// The hint of a level under the heading of a step, as it stands in the file, without
/// its number and its indentation.
fn find(text: &str, label: &str, level: u8) -> Option<String> {
    let heading = format!("## {label}");
    let start = format!("{level}. ");
    let next = format!("{}. ", level + 1);
    let section = text
        .lines()
        .skip_while(|line| line.trim_end() != heading)
        .skip(1)
        .take_while(|line| !line.starts_with("## "));
    let lines: Vec<&str> = section
        .skip_while(|line| !line.starts_with(&start))
        .take_while(|line| !line.starts_with(&next))
        .map(|line| line.strip_prefix(&start).unwrap_or(line))
        .map(|line| line.strip_prefix("   ").unwrap_or(line))
        .collect();
    let hint = lines.join("\n").trim_end().to_owned();
    (!hint.is_empty()).then_some(hint)
}

/// Markdown for a terminal: paragraphs wrapped, code as it is, indented.
fn arrange(hint: &str, layout: Layout) -> String {
    let mut blocks: Vec<String> = Vec::new();
    let mut paragraph: Vec<&str> = Vec::new();
    let mut code: Option<Vec<String>> = None;
    for line in hint.lines().chain([""]) {
        let fence = line.starts_with("```");
        match &mut code {
            Some(lines) if !fence => lines.push(format!("    {line}").trim_end().to_owned()),
            Some(lines) => {
                blocks.push(lines.join("\n"));
                code = None;
            }
            None if fence || line.trim().is_empty() => {
                if !paragraph.is_empty() {
                    blocks.push(layout.hang("", &paragraph.join(" ")));
                    paragraph.clear();
                }
                code = fence.then(Vec::new);
            }
            None => paragraph.push(line.trim()),
        }
    }
    blocks.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::find;

    const HINTS: &str = "\
# Hints: test

## s1

1. Where to look,
   and why.
2. Which call.

   ```rust
   call();
   ```
3. Nearly the code.

## s10

1. Another.
";

    #[test]
    fn finds_the_level_of_a_step() {
        let found = |label, level| find(HINTS, label, level);
        assert_eq!(found("s1", 1).as_deref(), Some("Where to look,\nand why."));
        let second = "Which call.\n\n```rust\ncall();\n```";
        assert_eq!(found("s1", 2).as_deref(), Some(second));
        assert_eq!(found("s1", 3).as_deref(), Some("Nearly the code."));
        assert_eq!(found("s10", 1).as_deref(), Some("Another."));
        assert_eq!(found("s10", 2), None);
        assert_eq!(found("s2", 1), None);
    }
}
