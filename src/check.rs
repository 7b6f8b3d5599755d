//! `cargo wirebook check`: runs the steps and prints what became of them.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;
use crate::interrupt;
use crate::progress::Progress;
use crate::run::{self, Cancel, Event};
use crate::spinner::Spinner;
use crate::terminal::{Layout, complain};
use crate::verdict::Verdict;
use crate::workbook::{Exercise, Exercises, Workbook};

/// Check exercises: run their steps and show the evidence
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo wirebook check                   every exercise, in chapter order
  cargo wirebook check fork-server       one; 11 means the same
  cargo wirebook check 2 11 --json       two, a JSON object each
  cargo wirebook check fork-server --program ./server
                                         another program in place of yours

With --json, each line of standard output is an object
  {\"exercise\", \"title\", \"steps\": [{\"name\", \"title\", \"status\", \"millis\", \"report\"}], \"compile_error\"}
where status is pass, fail, todo (the program stopped at a todo!) or unchecked
(this machine cannot run the step). If an exercise does not compile, compile_error
holds the compiler's message and each step is fail, after 0 ms, without a report.

Exit status: 0 if every step passes, 1 if not, 2 if the command line is wrong.")]
pub struct CheckArgs {
    /// Exercises, by name or number; without any, all of them
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Print a JSON object a line, one for each exercise
    #[arg(long)]
    json: bool,
    /// Check this program in place of the student's, which must compile (with exactly one NAME)
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let workbook = Workbook::find().map_err(Failure::Refused)?;
    let exercises = workbook.exercises();
    let chosen = choose(&exercises, &args.names)?;
    let program = match &args.program {
        Some(path) if args.names.len() == 1 => Some(runnable(path)?),
        Some(_) => {
            return Err(Failure::Usage(
                "--program stands in for one exercise's program: give exactly one NAME with it"
                    .into(),
            ));
        }
        None => None,
    };
    if program.is_none() && std::env::var_os("WIREBOOK_PROGRAM").is_some() {
        complain(
            "note: WIREBOOK_PROGRAM is for `cargo test`; this command checks the student's \
             program, or --program PATH",
        );
    }

    let cancel = Cancel::default();
    let spinner = Spinner::default();
    interrupt::on_interrupt({
        let cancel = cancel.clone();
        move || cancel.cancel()
    });

    let mut verdicts = Vec::new();
    for (index, exercise) in chosen.iter().enumerate() {
        let sources = exercise.fingerprint();
        spinner.start(format!("{}: building", exercise.id));
        let checked = run::check(
            &workbook,
            exercise,
            program.as_deref(),
            &cancel,
            &mut |event| {
                let quiet = args.json && matches!(event, Event::Warnings(_));
                if !quiet {
                    spinner.follow(exercise, &event);
                }
            },
        );
        spinner.stop();
        let verdict = checked.map_err(|error| match error {
            run::Error::Cancelled => Failure::Interrupted,
            run::Error::Machine(message) => Failure::Refused(message),
        })?;
        if program.is_none()
            && let Err(warning) = Progress::of(&workbook).record(&verdict, &sources)
        {
            complain(&format!("warning: {warning}"));
        }
        print(index, exercise, &verdict, args.json)?;
        verdicts.push(verdict);
    }
    for broken in &exercises.broken {
        complain(&format!("error: {}", broken.message));
    }
    if !args.json && verdicts.len() > 1 {
        writeln!(io::stdout(), "\n{}", summary(&verdicts))?;
    }
    let unread = args.names.is_empty() && !exercises.broken.is_empty();
    let all_pass = !unread && verdicts.iter().all(Verdict::all_pass);
    Ok(ExitCode::from(u8::from(!all_pass)))
}

/// The exercises that `names` mean, in the given order; all if there are none.
fn choose<'a>(exercises: &'a Exercises, names: &[String]) -> Result<Vec<&'a Exercise>, Failure> {
    if names.is_empty() {
        if exercises.found.is_empty() && exercises.broken.is_empty() {
            return Err(Failure::Refused(
                "there are no exercises here: exercises/ is empty".into(),
            ));
        }
        return Ok(exercises.found.iter().collect());
    }
    let find = |name: &String| exercises.wanted(name);
    names.iter().map(find).collect()
}

/// The absolute path of a program that can be run.
fn runnable(path: &Path) -> Result<PathBuf, Failure> {
    let refuse = |why: String| Failure::Usage(format!("--program {}: {why}", path.display()));
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => refuse("there is no such file; build it first".into()),
        _ => refuse(error.to_string()),
    })?;
    if !metadata.is_file() {
        return Err(refuse("is not a file".into()));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(refuse(format!(
            "is not executable; if it is the program, run: chmod +x {}",
            path.display()
        )));
    }
    // Not canonicalised: a program may look at the name by which it was called.
    std::path::absolute(path).map_err(|error| refuse(error.to_string()))
}

fn print(index: usize, exercise: &Exercise, verdict: &Verdict, json: bool) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    if json {
        serde_json::to_writer(&mut stdout, verdict).map_err(io::Error::from)?;
        writeln!(stdout)?;
    } else {
        if index > 0 {
            writeln!(stdout)?;
        }
        let text = Layout::of_stdout().verdict(&exercise.number, verdict);
        writeln!(stdout, "{text}")?;
    }
    stdout.flush()?;
    Ok(())
}

fn summary(verdicts: &[Verdict]) -> String {
    let exercises = verdicts.iter().filter(|verdict| verdict.all_pass()).count();
    let passed: usize = verdicts.iter().map(Verdict::passed).sum();
    let steps: usize = verdicts.iter().map(|verdict| verdict.steps.len()).sum();
    format!(
        "{exercises} of {} exercises pass, {passed} of {steps} steps.",
        verdicts.len()
    )
}
