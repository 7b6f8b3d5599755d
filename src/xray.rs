//! `cargo wirebook xray`: the experiments behind the book's x-rays.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use crate::experiments::xrays::{ALL, Experiment};
use crate::failure::Failure;
use crate::workbook::Workbook;

/// Run an experiment and show the processes as the kernel sees them
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo wirebook xray                what experiments there are
  cargo wirebook xray fork-tree      a server and its children, on your kernel
  cargo wirebook xray --record       make all of the book's x-rays anew")]
pub struct XrayArgs {
    /// The experiment; without one, a list of them
    name: Option<String>,
    /// Put what came of it into the book, in book/src/xrays/
    #[arg(long)]
    record: bool,
}

/// Runs the command.
pub fn run(args: &XrayArgs) -> Result<ExitCode, Failure> {
    let workbook = Workbook::find().map_err(Failure::Refused)?;
    let experiments = match &args.name {
        Some(name) => vec![named(name)?],
        None if args.record => ALL.iter().collect(),
        None => {
            list()?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    for experiment in experiments {
        let figures = experiment.run(workbook.root()).map_err(Failure::Refused)?;
        for figure in figures {
            if args.record {
                let path = format!("book/src/xrays/{}.txt", figure.name);
                record(&workbook.root().join(&path), &figure.text)
                    .map_err(|error| Failure::Refused(format!("{path}: {error}")))?;
                writeln!(io::stdout(), "recorded {path}")?;
            } else {
                writeln!(io::stdout(), "{}", figure.text)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn named(name: &str) -> Result<&'static Experiment, Failure> {
    Experiment::named(name).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|experiment| experiment.name).collect();
        let names = names.join(", ");
        Failure::Usage(format!("no experiment is called {name}; there are {names}"))
    })
}

fn list() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for experiment in &ALL {
        writeln!(out, "{:<14}{}", experiment.name, experiment.about)?;
    }
    writeln!(out, "\nRun one: cargo wirebook xray NAME")
}

/// Writes the file whole or not at all.
fn record(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, text)?;
    fs::rename(&unfinished, path)
}
