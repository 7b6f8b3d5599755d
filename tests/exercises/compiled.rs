//! The steps of an exercise, compiled, to be run on any program.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use wirebook::mistakes::Programs;

/// The workbook.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The chapters that have an exercise: `11-fork-server`.
pub fn chapters() -> Vec<String> {
    let entries = fs::read_dir(root().join("exercises")).expect("the exercises");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().display().to_string())
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

/// The compiled steps of an exercise.
pub struct Steps {
    program: PathBuf,
    folder: PathBuf,
    /// What the compiler has warned of in the exercise's own files.
    pub warnings: Vec<String>,
}

/// What became of a step.
#[derive(Debug)]
pub struct Outcome {
    /// `pass`, `fail`, `todo` or `unchecked`.
    pub status: String,
    /// The report, where it did not pass.
    pub report: String,
}

impl Steps {
    /// Builds the steps of a chapter beside the solution: the learner's files stay
    /// out of it.
    pub fn of_solution(chapter: &str) -> Steps {
        Steps::build(
            &root().join("solutions"),
            &root().join("solutions"),
            chapter,
        )
    }

    /// Builds the steps of a chapter beside the skeleton.
    pub fn of_exercise(chapter: &str) -> Steps {
        Steps::build(root(), &root().join("exercises"), chapter)
    }

    fn build(workspace: &Path, crates: &Path, chapter: &str) -> Steps {
        let output = Command::new(env!("CARGO"))
            .current_dir(workspace)
            .args(["test", "--no-run", "--test", "steps", "--package"])
            .arg(format!("ch{chapter}"))
            // Not in one folder for both workspaces, whatever the environment says:
            // the binaries of a name would overwrite each other.
            .arg("--target-dir")
            .arg(workspace.join("target"))
            .arg("--message-format=json")
            .output()
            .expect("cargo runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let messages: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("a message of cargo"))
            .collect();
        let program = messages
            .iter()
            .filter(|message| message["target"]["name"] == "steps")
            .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)));
        let manifest = crates.join(chapter).join("Cargo.toml");
        let warnings = messages
            .iter()
            .filter(|message| message["manifest_path"].as_str() == manifest.to_str())
            .filter_map(|message| message["message"]["rendered"].as_str())
            .map(str::to_owned)
            .collect();
        Steps {
            program: program.unwrap_or_else(|| {
                panic!("{chapter}: {}", String::from_utf8_lossy(&output.stderr))
            }),
            folder: root().join("exercises").join(chapter),
            warnings,
        }
    }

    /// Runs all steps, with these programs in place of the exercise's own; what became of
    /// each, by its label.
    pub fn run(&self, programs: &Programs) -> HashMap<String, Outcome> {
        self.run_by(Command::new(&self.program), programs)
    }

    /// The same, after `script` in a user namespace of its own, where it may forbid things.
    pub fn run_after(&self, script: &str) -> HashMap<String, Outcome> {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "sh", "-c"]);
        command
            .arg(format!("{script} && exec \"$0\""))
            .arg(&self.program);
        self.run_by(command, &Programs::new())
    }

    fn run_by(&self, mut command: Command, programs: &Programs) -> HashMap<String, Outcome> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let events = folder.path().join("events");
        fs::write(&events, "").expect("the file for the events");
        command
            .current_dir(&self.folder)
            .env("WIREBOOK_EVENTS", &events);
        for (bin, path) in programs {
            let suffix = bin.replace('-', "_").to_uppercase();
            command.env(format!("WIREBOOK_PROGRAM_{suffix}"), path);
        }
        command.output().expect("the steps run");
        let text = fs::read_to_string(&events).expect("the events");
        text.lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("an event"))
            .filter(|event| event["event"] == "ended")
            .map(|event| {
                let word = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
                let label = grader::catalogue::label(&word("step")).to_owned();
                let (status, report) = (word("status"), word("report"));
                (label, Outcome { status, report })
            })
            .collect()
    }
}
