//! `cargo wirebook doctor`: what this machine can run, what not, and the remedy.

mod finding;
mod kernel;
mod limits;
mod tools;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use console::style;

use crate::failure::Failure;
use crate::terminal::Layout;
use crate::workbook::Workbook;

use finding::Finding;

/// Examine this machine: what it can run, what not, and the remedy
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo wirebook doctor
  cargo wirebook doctor --json | jq 'select(.ok | not)'

Each thing is tried, not guessed: a namespace is made, a socket copied, a port bound.

With --json, each line is an object {\"name\", \"ok\", \"needed\", \"found\", \"purpose\", \"remedy\"};
what is not needed may be missing, and only what it is for is then not there.

Exit status: 0 if everything that is needed is there, 1 if not.")]
pub struct DoctorArgs {
    /// Print a JSON object a line, one for each thing examined
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let workbook = Workbook::find().map_err(Failure::Refused)?;
    let layout = Layout::of_stdout();
    let mut stdout = io::stdout().lock();
    let mut missing = 0;
    for examine in EXAMINATIONS {
        let finding = examine(&workbook);
        missing += u32::from(finding.needed && !finding.ok);
        if args.json {
            serde_json::to_writer(&mut stdout, &finding).map_err(io::Error::from)?;
            writeln!(stdout)?;
        } else {
            writeln!(stdout, "{}", show(&finding, layout))?;
        }
        // Some take a moment; each is shown when it is known.
        stdout.flush()?;
    }
    if !args.json {
        let verdict = match missing {
            0 => "This machine has what the workbook needs.".to_owned(),
            1 => "One thing that the workbook needs is missing.".to_owned(),
            more => format!("{more} things that the workbook needs are missing."),
        };
        writeln!(stdout, "\n{}", layout.hang("", &verdict))?;
    }
    Ok(ExitCode::from(u8::from(missing > 0)))
}

/// In the order in which a person would mend them.
const EXAMINATIONS: &[fn(&Workbook) -> Finding] = &[
    kernel::linux,
    kernel::wsl,
    kernel::proc,
    tools::rust,
    tools::cc,
    tools::git,
    kernel::loopback,
    kernel::subreaper,
    kernel::descriptors_of_others,
    kernel::networks,
    limits::processes,
    limits::descriptors,
    limits::inotify,
    limits::disk,
    tools::browser,
    tools::port,
];

fn show(finding: &Finding, layout: Layout) -> String {
    let word = match (finding.ok, finding.needed) {
        (true, _) => style("ok      ").green(),
        (false, true) => style("missing ").red(),
        (false, false) => style("missing ").yellow(),
    };
    let mut lines = vec![layout.hang(&format!("{word}{}: ", finding.name), &finding.found)];
    if !finding.ok {
        let needed = if finding.needed {
            "needed"
        } else {
            "not needed, but good"
        };
        lines.push(layout.hang(
            "          for     ",
            &format!("{} ({needed})", finding.purpose),
        ));
    }
    if let Some(remedy) = &finding.remedy {
        for (index, line) in remedy.lines().enumerate() {
            let head = if index == 0 {
                "          remedy  "
            } else {
                "                  "
            };
            lines.push(layout.hang(head, line));
        }
    }
    lines.join("\n")
}
