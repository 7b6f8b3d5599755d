//! `wirebook`, the companion: the command line. See the library for what it does.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use wirebook::failure::Failure;
use wirebook::{check, doctor, hint, list, serve, terminal, trace, xray};

#[derive(Debug, Parser)]
#[command(name = "wirebook", bin_name = "cargo wirebook", version)]
#[command(args_conflicts_with_subcommands = true)]
#[command(about = "Serve the book, watch the exercises, show every check in the page")]
#[command(after_help = "\
Examples:
  cargo wirebook                         the book, in your browser
  cargo wirebook --no-open --port 8080   without opening it, at another port
  cargo wirebook check fork-server       one exercise, in the terminal
  cargo wirebook hint fork-server 4      help with step s4
  cargo wirebook list                    how far you are
  cargo wirebook doctor                  what this machine can run
  cargo wirebook xray fork-tree          what the kernel shows of a server
  cargo wirebook trace handshake         what two hosts say to each other
  cargo wirebook trace -- ./my-program   what a program of yours says

Without Wirebook's companion, `cargo test` runs the exercises in chapter order.")]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::CheckArgs),
    List(list::ListArgs),
    Doctor(doctor::DoctorArgs),
    Hint(hint::HintArgs),
    Xray(xray::XrayArgs),
    Trace(trace::TraceArgs),
}

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let done = match &line.command {
        None => serve::run(&line.serve),
        Some(Command::Check(args)) => check::run(args),
        Some(Command::List(args)) => list::run(args),
        Some(Command::Doctor(args)) => doctor::run(args),
        Some(Command::Hint(args)) => hint::run(args),
        Some(Command::Xray(args)) => xray::run(args),
        Some(Command::Trace(args)) => trace::run(args),
    };
    done.unwrap_or_else(|failure| {
        if !matches!(failure, Failure::Closed) {
            terminal::complain(&format!("error: {failure}"));
        }
        ExitCode::from(failure.status())
    })
}
