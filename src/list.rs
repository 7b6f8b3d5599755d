//! `cargo wirebook list`: the exercises, how far each is, how long it takes.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use console::{measure_text_width, pad_str, style};
use serde::Serialize;

use crate::failure::Failure;
use crate::progress::{Progress, Record};
use crate::terminal::{Layout, complain};
use crate::workbook::{Exercise, Workbook};

/// List the exercises: steps done, minutes
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo wirebook list
  cargo wirebook list --json | jq -r 'select(.done < .steps) | .exercise'

Steps count as done by the last check, of whichever command. If the sources have
changed since, that check is marked as stale; `cargo wirebook check` renews it.

With --json, each line is an object {\"number\", \"exercise\", \"package\", \"title\",
\"steps\", \"done\", \"stale\", \"checked_at\", \"reading\", \"solving\"}; the last two are
minutes, and checked_at is null if the exercise was never checked.")]
pub struct ListArgs {
    /// Print a JSON object a line, one for each exercise
    #[arg(long)]
    json: bool,
}

/// A line of the list.
#[derive(Debug, Serialize)]
struct Line {
    number: String,
    exercise: String,
    package: String,
    title: String,
    /// How many there are.
    steps: usize,
    /// How many passed in the last check.
    done: usize,
    /// The sources have changed since.
    stale: bool,
    checked_at: Option<String>,
    reading: u32,
    solving: u32,
}

impl Line {
    fn new(exercise: &Exercise, record: Option<&Record>) -> Line {
        Line {
            number: exercise.number.clone(),
            exercise: exercise.id.clone(),
            package: exercise.package.clone(),
            title: exercise.title.clone(),
            steps: exercise.steps.len(),
            done: record.map_or(0, Record::passed).min(exercise.steps.len()),
            stale: record.is_some_and(|record| record.sources != exercise.fingerprint()),
            checked_at: record.map(|record| record.checked_at.clone()),
            reading: exercise.reading,
            solving: exercise.solving,
        }
    }

    /// How far it is, in words.
    fn state(&self) -> String {
        let stale = if self.stale { ", stale" } else { "" };
        match &self.checked_at {
            None => format!("0/{}", self.steps),
            Some(_) => format!("{}/{}{stale}", self.done, self.steps),
        }
    }
}

/// Runs the command.
pub fn run(args: &ListArgs) -> Result<ExitCode, Failure> {
    let workbook = Workbook::find().map_err(Failure::Refused)?;
    let exercises = workbook.exercises();
    let (records, warning) = Progress::of(&workbook).read();
    if let Some(warning) = warning {
        complain(&format!("warning: {warning}"));
    }
    let line = |exercise| Line::new(exercise, records.get(&exercise.id));
    let lines: Vec<Line> = exercises.found.iter().map(line).collect();
    let mut stdout = io::stdout().lock();
    if args.json {
        for line in &lines {
            serde_json::to_writer(&mut stdout, line).map_err(io::Error::from)?;
            writeln!(stdout)?;
        }
    } else {
        write!(stdout, "{}", table(&lines, Layout::of_stdout()))?;
    }
    stdout.flush()?;
    for broken in &exercises.broken {
        complain(&format!("error: {}", broken.message));
    }
    Ok(ExitCode::from(u8::from(!exercises.broken.is_empty())))
}

/// One line an exercise if the terminal is wide enough for it, else two.
fn table(lines: &[Line], layout: Layout) -> String {
    let cells = |line: &Line| {
        [
            line.number.clone(),
            line.exercise.clone(),
            line.title.clone(),
            line.state(),
            format!("{} + {} min", line.reading, line.solving),
        ]
    };
    let rows: Vec<[String; 5]> = lines.iter().map(cells).collect();
    let width = |column: usize| {
        let widths = rows.iter().map(|row| measure_text_width(&row[column]));
        widths.max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2), width(3), width(4)];
    let wide = widths.iter().sum::<usize>() + 2 * (widths.len() - 1) <= layout.page();
    let mut text = String::new();
    for (row, line) in rows.iter().zip(lines) {
        let pad =
            |column: usize| pad_str(&row[column], widths[column], console::Alignment::Left, None);
        let state = style(pad(3));
        let state = match line {
            _ if line.stale => state.yellow(),
            _ if line.done == line.steps && line.steps > 0 => state.green(),
            _ => state,
        };
        let (name, minutes) = (style(pad(1)).bold(), style(&row[4]).dim());
        if wide {
            let (number, title) = (pad(0), pad(2));
            text += &format!("{number}  {name}  {title}  {state}  {minutes}\n");
        } else {
            text += &format!("{}  {name}  {state}\n", pad(0));
            text += &layout.hang("    ", &row[2]);
            text += &format!("\n    {minutes}\n");
        }
    }
    let steps: usize = lines.iter().map(|line| line.steps).sum();
    let done: usize = lines.iter().map(|line| line.done).sum();
    let minutes: u32 = lines.iter().map(|line| line.reading + line.solving).sum();
    let total = format!(
        "{done} of {steps} steps done; {} h {:02} min to read and to solve in all.",
        minutes / 60,
        minutes % 60
    );
    text + "\n" + &layout.hang("", &total) + "\n"
}
