//! Exercise → test program: `cargo test --no-run`.

use std::env;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use serde::Deserialize;

use super::group::Group;
use super::{Cancel, Error, Event};
use crate::workbook::Exercise;

/// What a build gives.
pub enum Build {
    /// The program that runs the steps.
    Ready(PathBuf),
    /// What the compiler, or cargo, says against it; coloured.
    Failed(String),
}

/// Builds an exercise with its steps.
pub fn build(
    root: &Path,
    exercise: &Exercise,
    cancel: &Cancel,
    tell: &mut dyn FnMut(Event),
) -> Result<Build, Error> {
    let mut command = cargo();
    command
        .current_dir(root)
        .args(["test", "--package", &exercise.package])
        .args(["--test", "steps", "--no-run", "--color=never"])
        .arg("--message-format=json-diagnostic-rendered-ansi")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut group = Group::start(&mut command, cancel)
        .map_err(|error| not_started(&command, &error))?
        .ok_or(Error::Cancelled)?;
    let stdout = group.child().stdout.take().expect("stdout is piped");
    let stderr = group.child().stderr.take().expect("stderr is piped");

    let (lines, incoming) = mpsc::channel();
    let (messages, complaints) = thread::scope(|scope| {
        let messages = scope.spawn(|| Messages::read(stdout));
        scope.spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                // The receiver is there until this thread has ended.
                let _ = lines.send(line);
            }
        });
        let mut complaints = Vec::new();
        for line in incoming {
            match classify(&line) {
                Line::Progress(progress) => tell(Event::Building(progress.to_owned())),
                Line::Idle => {}
                Line::Other => complaints.push(line),
            }
        }
        let messages = messages.join().expect("reading cargo's messages");
        (messages, complaints)
    });
    let status = group
        .wait()
        .map_err(|error| Error::Machine(format!("cannot wait for cargo: {error}")))?;
    if cancel.is_cancelled() {
        return Err(Error::Cancelled);
    }
    if let (true, Some(program)) = (status.success(), messages.test_program) {
        if !messages.warnings.is_empty() {
            tell(Event::Warnings(messages.warnings.join("\n")));
        }
        return Ok(Build::Ready(program));
    }
    let said = if messages.errors.is_empty() {
        complaints.join("\n")
    } else {
        messages.errors.join("\n")
    };
    Ok(Build::Failed(if said.trim().is_empty() {
        format!("cargo ended with {status} and said nothing")
    } else {
        said.trim_end().to_owned()
    }))
}

/// `cargo`, free of what an outer `cargo run` puts into the environment: the
/// learner's `cargo test` has none of it, and the two share what they compile.
fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        let about_us = text.starts_with("CARGO_PKG_")
            || text.starts_with("CARGO_BIN_")
            || text.starts_with("CARGO_MANIFEST_")
            || matches!(
                text,
                "CARGO"
                    | "CARGO_CRATE_NAME"
                    | "CARGO_PRIMARY_PACKAGE"
                    | "CARGO_TARGET_TMPDIR"
                    | "OUT_DIR"
            );
        if about_us {
            command.env_remove(name);
        }
    }
    command
}

fn not_started(command: &Command, error: &io::Error) -> Error {
    let program = command.get_program().to_string_lossy();
    Error::Machine(match error.kind() {
        io::ErrorKind::NotFound => format!(
            "{program} is not found: install Rust from https://rustup.rs, open a new terminal \
             and try again"
        ),
        _ => format!("{program} cannot be started: {error}"),
    })
}

/// What a line of cargo's standard error is.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    /// `Compiling nix`
    Progress(&'a str),
    /// Something that says no more than that cargo has come to an end.
    Idle,
    /// A complaint, which is shown if the build fails without the compiler.
    Other,
}

fn classify(line: &str) -> Line<'_> {
    let line = line.trim();
    let mut words = line.match_indices(' ').map(|(end, _)| &line[..end]);
    let verb = words.next().unwrap_or(line);
    match verb {
        // Versions and paths are of no interest, and long.
        "Adding" | "Checking" | "Compiling" | "Downloaded" => {
            Line::Progress(words.next().unwrap_or(line))
        }
        "Blocking" | "Downloading" | "Locking" | "Updating" => Line::Progress(line),
        "Executable" | "Finished" => Line::Idle,
        _ => Line::Other,
    }
}

/// What cargo says on standard output: a JSON object a line.
#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-message")]
    Said { message: Diagnostic },
    #[serde(rename = "compiler-artifact")]
    Made {
        target: Target,
        executable: Option<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    rendered: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// All that is needed of them.
#[derive(Default)]
struct Messages {
    errors: Vec<String>,
    warnings: Vec<String>,
    test_program: Option<PathBuf>,
}

impl Messages {
    fn read(stdout: impl Read) -> Messages {
        let mut messages = Messages::default();
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Lines that are not cargo's come from build scripts' mistakes.
            if let Ok(message) = serde_json::from_str(&line) {
                messages.take(message);
            }
        }
        messages
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Said { message } => {
                let summary = message.message.starts_with("aborting due to");
                let list = match message.level.as_str() {
                    "warning" => &mut self.warnings,
                    level if level.starts_with("error") && !summary => &mut self.errors,
                    _ => return,
                };
                let text = message.rendered.unwrap_or(message.message);
                if !list.contains(&text) {
                    list.push(text);
                }
            }
            Message::Made { target, executable } => {
                if target.name == "steps" && target.kind.iter().any(|kind| kind == "test") {
                    self.test_program = executable;
                }
            }
            Message::Other => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_messages_give_errors_warnings_and_the_test_program() {
        let said = r#"
{"reason":"compiler-message","message":{"level":"warning","message":"unused","rendered":"warning: unused\n"}}
{"reason":"compiler-message","message":{"level":"error","message":"mismatched","rendered":"error: mismatched\n"}}
{"reason":"compiler-message","message":{"level":"error","message":"mismatched","rendered":"error: mismatched\n"}}
{"reason":"compiler-message","message":{"level":"error","message":"aborting due to 1 previous error","rendered":"error: aborting\n"}}
{"reason":"compiler-message","message":{"level":"failure-note","message":"For more","rendered":"For more\n"}}
not JSON
{"reason":"compiler-artifact","target":{"name":"steps","kind":["bin"]},"executable":"/wrong"}
{"reason":"compiler-artifact","target":{"name":"steps","kind":["test"]},"executable":"/right"}
{"reason":"build-finished","success":true}
"#;
        let messages = Messages::read(said.as_bytes());
        assert_eq!(messages.errors, ["error: mismatched\n"]);
        assert_eq!(messages.warnings, ["warning: unused\n"]);
        assert_eq!(messages.test_program, Some("/right".into()));
    }

    #[test]
    fn progress_is_told_from_complaints() {
        let line = "   Compiling nix v0.31.3 (/a/path)";
        assert_eq!(classify(line), Line::Progress("Compiling nix"));
        let line = "    Blocking waiting for file lock on build directory";
        assert_eq!(classify(line), Line::Progress(line.trim()));
        assert_eq!(classify("error: failed to parse manifest"), Line::Other);
        assert_eq!(classify("warning: `x` generated 1 warning"), Line::Other);
        assert_eq!(classify("    Finished `test` profile"), Line::Idle);
    }
}
