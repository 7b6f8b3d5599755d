//! `cargo wirebook trace`: what passes on a wire, drawn.

mod calls;
mod command;
mod files;

use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use console::Term;
use wire::Trace;

use crate::experiments::traces::{self, ALL, Experiment, Failed};
use crate::failure::Failure;
use crate::terminal;
use crate::workbook::Workbook;

/// Have two hosts speak over a cable, or run a command in a network of its own, and draw what passed
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo wirebook trace                      what experiments there are
  cargo wirebook trace handshake            three segments, on your kernel
  cargo wirebook trace --pcap h.pcapng handshake
                                            the same as a file for Wireshark
  cargo wirebook trace -- sh -c 'nc -l 9000 & nc 127.0.0.1 9000 </etc/hosts'
                                            what these two programs say
  cargo wirebook trace handshake --json >h.json
  cargo wirebook trace --from h.json        keep a trace, and draw it another day
  cargo wirebook trace --record             make all of the book's traces anew

The command runs on a host of its own that has only its loopback, 127.0.0.1; its
connections are drawn when it has ended, or at Ctrl-C.

Exit status: 1 if the experiment went another way than it should, 2 for a wrong
command line, 3 if this machine lets nobody make a network (the message says what to
do), that of the command if one was run.")]
pub struct TraceArgs {
    /// The experiment; without one, a list of them
    #[arg(conflicts_with = "command")]
    name: Option<String>,
    /// Draw a trace that was saved with --json
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "command", "pcap", "record"])]
    from: Option<PathBuf>,
    /// Print the trace as JSON, in place of the drawing
    #[arg(long)]
    json: bool,
    /// Write the frames to FILE (pcapng), which Wireshark and tshark read
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
    /// Write the drawing to FILE (SVG)
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Put what came of it into the book, in book/src/traces/
    #[arg(long, conflicts_with_all = ["json", "pcap", "svg", "command"])]
    record: bool,
    /// The largest packet that the command's network takes, in bytes
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 1500,
        requires = "command"
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(576..=65535))]
    mtu: u32,
    /// A command to run in a network of its own
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// A drawing has at most this many connections and events: more is counted, not drawn.
const MOST_CONNECTIONS: usize = 24;
const MOST_EVENTS: usize = 2000;

/// How a drawing looks in a file of its own: its colours, and the book's rules.
const STYLE: &str = concat!(
    include_str!("trace/standalone.css"),
    include_str!("../book/assets/ladder.css")
);

/// Runs the command.
pub fn run(args: &TraceArgs) -> Result<ExitCode, Failure> {
    if !args.command.is_empty() {
        return command::run(args);
    }
    if let Some(path) = &args.from {
        draw(args, &read(path)?, &[])?;
        return Ok(ExitCode::SUCCESS);
    }
    match &args.name {
        Some(name) => {
            let experiment = named(name)?;
            if args.record {
                record(&Workbook::find().map_err(Failure::Refused)?, experiment)?;
            } else {
                show(args, experiment)?;
            }
        }
        None if args.record => {
            let workbook = Workbook::find().map_err(Failure::Refused)?;
            for experiment in &ALL {
                record(&workbook, experiment)?;
            }
        }
        None if args.json || args.pcap.is_some() || args.svg.is_some() => {
            let message = "which experiment, or which command? `cargo wirebook trace` lists them";
            return Err(Failure::Usage(message.into()));
        }
        None => list()?,
    }
    Ok(ExitCode::SUCCESS)
}

fn named(name: &str) -> Result<&'static Experiment, Failure> {
    Experiment::named(name).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|experiment| experiment.name).collect();
        let names = names.join(", ");
        Failure::Usage(format!(
            "no experiment is called {name}; there are {names}.\n\
             To run a command: cargo wirebook trace -- {name}"
        ))
    })
}

fn list() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for Experiment {
        name,
        title,
        chapter,
        ..
    } in &ALL
    {
        writeln!(out, "{name:<18}{title} (chapter {chapter})")?;
    }
    writeln!(out, "\nRun one: cargo wirebook trace NAME")
}

/// Runs an experiment and draws it; says so where this kernel does something else than
/// the one that the book was recorded on.
fn show(args: &TraceArgs, experiment: &Experiment) -> Result<(), Failure> {
    let (trace, frames) = match experiment.run() {
        Ok(made) => made,
        Err(failed) => return Err(explain(experiment, failed)),
    };
    draw(args, &trace, &frames)?;
    let workbook = Workbook::find().ok();
    let book = workbook.and_then(|book| traces::recorded(book.root(), experiment.name).ok());
    if let Some(difference) = book.and_then(|book| traces::difference(&book, &trace)) {
        terminal::complain(&format!("\n{difference}"));
    }
    Ok(())
}

/// Reads a trace that was saved.
fn read(path: &Path) -> Result<Trace, Failure> {
    let refuse = |why: &dyn Display| Failure::Refused(format!("{}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| refuse(&error))?;
    Trace::from_json(&text).map_err(|error| refuse(&error))
}

fn explain(experiment: &Experiment, failed: Failed) -> Failure {
    match failed {
        Failed::NoNetwork(error) => error.into(),
        Failed::Story(error, trace) => {
            let name = experiment.name;
            let ladder = trace.ladder();
            Failure::Refused(format!(
                "{name} went another way than it should: {error}\nUp to there:\n\n{ladder}"
            ))
        }
    }
}

/// Prints the trace, and writes the files that were asked for.
fn draw(args: &TraceArgs, trace: &Trace, frames: &[wire::Frame]) -> Result<(), Failure> {
    if let Some(path) = &args.pcap {
        files::write_pcapng(path, frames)?;
    }
    let trace = trace.clone().limited(MOST_CONNECTIONS, MOST_EVENTS);
    if let Some(path) = &args.svg {
        let svg = wire::svg::standalone_svg(&trace, STYLE);
        files::write(path, svg.as_bytes())?;
    }
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", trace.to_json())?;
    } else {
        let coloured = console::colors_enabled();
        let columns = Term::stdout()
            .size_checked()
            .map_or(80, |(_, columns)| columns.into());
        let ladder = trace
            .ladder()
            .columns(columns.clamp(60, 100))
            .coloured(coloured);
        write!(out, "{ladder}")?;
    }
    Ok(())
}

fn record(workbook: &Workbook, experiment: &Experiment) -> Result<(), Failure> {
    let (trace, _) = experiment
        .run()
        .map_err(|failed| explain(experiment, failed))?;
    let path = traces::path(workbook.root(), experiment.name);
    files::write(&path, wire::html::html(&trace).as_bytes())?;
    let path = path.strip_prefix(workbook.root()).unwrap_or(&path);
    writeln!(io::stdout(), "recorded {}", path.display())?;
    Ok(())
}
