//! Every check has caught its mistake: each wrong program of `tests/mistakes/` is
//! built from the solution and must fail the step that is named there, with a
//! report that says what a student needs.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize;
use serde_json::Value;

/// A file of `tests/mistakes/`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    mistake: Vec<Mistake>,
}

/// A wrong program.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mistake {
    /// What it is called.
    name: String,
    /// What a student would say for it.
    #[serde(rename = "says")]
    _says: String,
    /// The step that must fail: `s4`.
    step: String,
    /// Words that its report must contain.
    report: Vec<String>,
    /// What makes the solution wrong.
    edit: Vec<Edit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    #[serde(default = "main_file")]
    file: PathBuf,
    find: String,
    replace: String,
}

fn main_file() -> PathBuf {
    "src/main.rs".into()
}

#[test]
fn each_mistake_is_caught_by_its_step() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let only = std::env::var("MISTAKE").ok();
    let mut missed = Vec::new();
    let mut caught = 0;
    for file in sorted(&root.join("tests/mistakes")) {
        let chapter = file.file_stem().expect("a file").to_string_lossy();
        let text = fs::read_to_string(&file).expect("the catalogue can be read");
        let catalogue: Catalogue =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mistakes: Vec<&Mistake> = catalogue
            .mistake
            .iter()
            .filter(|mistake| only.as_ref().is_none_or(|only| mistake.name == *only))
            .collect();
        if mistakes.is_empty() {
            continue;
        }
        let steps = Steps::build(root, &chapter);
        let programs = build(root, &chapter, &mistakes);
        for (mistake, outcome) in try_all(&steps, &mistakes, &programs) {
            match outcome {
                Ok(()) => caught += 1,
                Err(why) => missed.push(format!("{chapter}, {}: {why}", mistake.name)),
            }
        }
    }
    println!("{caught} mistakes caught");
    assert!(missed.is_empty(), "not caught:\n\n{}", missed.join("\n\n"));
    assert!(caught > 0, "there is no such mistake");
}

/// Every step has a mistake that it must catch, or it is not known whether it can fail.
#[test]
fn each_step_has_its_mistake() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for exercise in sorted(&root.join("exercises")) {
        let chapter = exercise.file_name().expect("a folder").to_string_lossy();
        let source = fs::read_to_string(exercise.join("tests/steps.rs")).expect("steps");
        let file = root.join(format!("tests/mistakes/{chapter}.toml"));
        let text = fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let catalogue: Catalogue = toml::from_str(&text).expect("a catalogue of mistakes");
        let steps = grader::catalogue::read(&source);
        for step in &steps {
            let caught = catalogue.mistake.iter().any(|m| m.step == step.label());
            assert!(caught, "{chapter}: no mistake for {}", step.name);
        }
        for mistake in &catalogue.mistake {
            let known = steps.iter().any(|step| step.label() == mistake.step);
            assert!(known, "{chapter}: no step {}", mistake.step);
        }
    }
}

/// The compiled steps of an exercise.
struct Steps {
    program: PathBuf,
    folder: PathBuf,
}

impl Steps {
    /// Builds the steps beside the solution: the learner's files stay out of it.
    fn build(root: &Path, chapter: &str) -> Steps {
        let output = cargo(&root.join("solutions"))
            .args(["test", "--no-run", "--test", "steps", "--package"])
            .arg(format!("ch{chapter}"))
            .arg("--message-format=json")
            .output()
            .expect("cargo runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let program = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|message| message["target"]["name"] == "steps" && !message["executable"].is_null())
            .and_then(|message| Some(PathBuf::from(message["executable"].as_str()?)));
        Steps {
            program: program.unwrap_or_else(|| {
                panic!("{chapter}: {}", String::from_utf8_lossy(&output.stderr))
            }),
            folder: root.join("exercises").join(chapter),
        }
    }

    /// Runs all steps with other programs in place of the exercise's; the reports of
    /// those that failed, by step.
    fn run(&self, programs: &BTreeMap<String, PathBuf>) -> HashMap<String, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let events = folder.path().join("events");
        fs::write(&events, "").expect("the file for the events");
        let mut command = Command::new(&self.program);
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
            .filter(|event| event["status"] == "fail")
            .map(|event| {
                let name = event["step"].as_str().expect("a step");
                let report = event["report"].as_str().unwrap_or_default();
                let label = grader::catalogue::label(name);
                (label.to_owned(), report.to_owned())
            })
            .collect()
    }
}

/// For each mistake, its programs by the names of the binaries they stand for.
type Programs = Vec<BTreeMap<String, PathBuf>>;

/// Builds all wrong programs of a chapter at once, in a workspace made for them.
fn build(root: &Path, chapter: &str, mistakes: &[&Mistake]) -> Programs {
    let solution = root.join("solutions").join(chapter);
    let manifest: toml::Table = read_toml(&solution.join("Cargo.toml"));
    let workspace: toml::Table = read_toml(&root.join("solutions/Cargo.toml"));
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mistakes-{chapter}"));
    // What an earlier run with other mistakes has left must not be built.
    fs::remove_dir_all(&made).ok();

    let mut members = Vec::new();
    let mut programs = Programs::new();
    for mistake in mistakes {
        let folder = made.join(&mistake.name);
        copy(&solution.join("src"), &folder.join("src"));
        for edit in &mistake.edit {
            let file = folder.join(&edit.file);
            let text = fs::read_to_string(&file).expect("the file to edit");
            let count = text.matches(&edit.find).count();
            let what = format!("{chapter}, {}: {:?}", mistake.name, edit.find);
            assert_eq!(count, 1, "{what} must stand once in {}", file.display());
            fs::write(&file, text.replace(&edit.find, &edit.replace)).expect("the edited file");
        }
        let mut bins = Vec::new();
        let mut paths = BTreeMap::new();
        for bin in manifest["bin"].as_array().expect("[[bin]]") {
            let name = bin["name"].as_str().expect("a name");
            let unique = format!("{}--{name}", mistake.name);
            paths.insert(
                name.to_owned(),
                root.join("solutions/target/debug").join(&unique),
            );
            bins.push(toml::Value::from(table([("name", unique.into()), ("path", bin["path"].clone())])));
        }
        programs.push(paths);
        let package = table([
            ("name", mistake.name.clone().into()),
            ("edition", "2024".into()),
        ]);
        let own = table([
            ("package", package.into()),
            ("bin", bins.into()),
            ("dependencies", manifest["dependencies"].clone()),
        ]);
        fs::write(folder.join("Cargo.toml"), own.to_string()).expect("a manifest");
        members.push(toml::Value::from(mistake.name.clone()));
    }
    let mut shared = workspace["workspace"]["dependencies"].clone();
    // Of the workspace's own crates no program needs one.
    let dependencies = shared.as_table_mut().expect("dependencies");
    dependencies.retain(|_, dependency| dependency.get("path").is_none());
    let made_workspace = table([
        ("resolver", "3".into()),
        ("members", members.into()),
        ("dependencies", shared),
    ]);
    let whole = table([
        ("workspace", made_workspace.into()),
        ("profile", workspace["profile"].clone()),
    ]);
    fs::write(made.join("Cargo.toml"), whole.to_string()).expect("the workspace");
    fs::copy(root.join("solutions/Cargo.lock"), made.join("Cargo.lock")).expect("the lock file");
    let output = cargo(&made)
        .args(["build", "--quiet", "--offline", "--target-dir"])
        .arg(root.join("solutions/target"))
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{chapter}: {errors}");
    programs
}

/// Tries all wrong programs, some at a time.
fn try_all<'a>(
    steps: &Steps,
    mistakes: &[&'a Mistake],
    programs: &Programs,
) -> Vec<(&'a Mistake, Result<(), String>)> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(mistake) = mistakes.get(index) else {
                        break;
                    };
                    let outcome = judge(mistake, &steps.run(&programs[index]));
                    let word = if outcome.is_ok() { "caught" } else { "MISSED" };
                    println!("{word}  {}  {}", mistake.step, mistake.name);
                    outcomes.lock().expect("no worker has panicked").push((*mistake, outcome));
                }
            });
        }
    });
    outcomes.into_inner().expect("no worker has panicked")
}

/// Whether the step has failed that had to, and says what it has to.
fn judge(mistake: &Mistake, failed: &HashMap<String, String>) -> Result<(), String> {
    let Some(report) = failed.get(&mistake.step) else {
        let mut others: Vec<_> = failed.keys().collect();
        others.sort();
        return Err(format!("{} has passed; failed have {others:?}", mistake.step));
    };
    match mistake.report.iter().find(|words| !report.contains(*words)) {
        Some(words) => Err(format!("the report does not say {words:?}:\n\n{report}")),
        None => Ok(()),
    }
}

fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(folder);
    command
}

fn table<const N: usize>(entries: [(&str, toml::Value); N]) -> toml::Table {
    let entries = entries.map(|(key, value)| (key.to_owned(), value));
    toml::Table::from_iter(entries)
}

fn read_toml(path: &Path) -> toml::Table {
    let text = fs::read_to_string(path).expect("a manifest");
    text.parse().expect("a manifest in TOML")
}

/// What is in a folder, in the order of the names.
fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for path in sorted(from) {
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}
