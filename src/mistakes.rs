//! Wrong programs, each made from an exercise's solution by a few edits: the files
//! of `tests/mistakes/`. The tests hold that each is caught by its step; the
//! experiments show with them what the kernel makes of a mistake.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use toml::{Table, Value};

/// A file of `tests/mistakes/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// In the order of the steps that catch them.
    pub mistake: Vec<Mistake>,
}

/// A wrong program.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mistake {
    /// What it is called: `parent-keeps-the-connection`.
    pub name: String,
    /// What a student would say for it.
    pub says: String,
    /// The step that must fail: `s4`.
    pub step: String,
    /// Words that its report must contain.
    pub report: Vec<String>,
    /// What makes the solution wrong.
    pub edit: Vec<Edit>,
}

/// A change of the solution.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The file, in the exercise's folder.
    #[serde(default = "main_file")]
    pub file: PathBuf,
    /// What stands there, once.
    pub find: String,
    /// What stands there instead.
    pub replace: String,
}

fn main_file() -> PathBuf {
    "src/main.rs".into()
}

/// The programs of one mistake, by the names of the binaries they stand for.
pub type Programs = BTreeMap<String, PathBuf>;

/// Reads the mistakes of a chapter, such as `11-fork-server`.
///
/// # Errors
/// The file is not there or not of the form; the message names it.
pub fn read(root: &Path, chapter: &str) -> Result<Catalogue, String> {
    let path = root.join(format!("tests/mistakes/{chapter}.toml"));
    toml::from_str(&read_text(&path)?).map_err(|error| format!("{}: {error}", path.display()))
}

/// Builds wrong programs of a chapter, all at once, in a workspace that is made for
/// them in the folder `made`.
///
/// # Errors
/// An edit does not fit the solution, or the compiler refuses what came of it.
pub fn build(
    root: &Path,
    chapter: &str,
    mistakes: &[&Mistake],
    made: &Path,
) -> Result<Vec<Programs>, String> {
    let solutions = root.join("solutions");
    let target = solutions.join("target");
    let manifest = read_toml(&solutions.join(chapter).join("Cargo.toml"))?;
    // What an earlier build with other mistakes has left must not be built again.
    fs::remove_dir_all(made).ok();

    let mut programs = Vec::new();
    for mistake in mistakes {
        let folder = made.join(&mistake.name);
        copy(&solutions.join(chapter).join("src"), &folder.join("src"))?;
        for edit in &mistake.edit {
            edit.apply(&folder)
                .map_err(|why| format!("{chapter}, {}: {why}", mistake.name))?;
        }
        let mut bins = Vec::new();
        let mut paths = Programs::new();
        for bin in manifest["bin"].as_array().into_iter().flatten() {
            let name = bin["name"].as_str().unwrap_or_default();
            // One folder takes the programs of all mistakes.
            let unique = format!("{}--{name}", mistake.name);
            paths.insert(name.to_owned(), target.join("debug").join(&unique));
            bins.push(Value::from(table([
                ("name", unique.into()),
                ("path", bin["path"].clone()),
            ])));
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
        write(&folder.join("Cargo.toml"), &own.to_string())?;
    }
    write(
        &made.join("Cargo.toml"),
        &workspace(&solutions, mistakes)?.to_string(),
    )?;
    fs::copy(solutions.join("Cargo.lock"), made.join("Cargo.lock"))
        .map_err(|error| format!("{}: {error}", made.display()))?;

    let output = Command::new(env!("CARGO"))
        .current_dir(made)
        .args(["build", "--quiet", "--offline", "--target-dir"])
        .arg(&target)
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    if output.status.success() {
        Ok(programs)
    } else {
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(format!("{chapter}: {errors}"))
    }
}

impl Edit {
    fn apply(&self, folder: &Path) -> Result<(), String> {
        let file = folder.join(&self.file);
        let text = read_text(&file)?;
        match text.matches(&self.find).count() {
            1 => write(&file, &text.replace(&self.find, &self.replace)),
            count => Err(format!(
                "{:?} must stand once in {}, and stands there {count} times",
                self.find,
                self.file.display()
            )),
        }
    }
}

/// The manifest of a workspace like that of the solutions, with the mistakes as its
/// members.
fn workspace(solutions: &Path, mistakes: &[&Mistake]) -> Result<Table, String> {
    let like = read_toml(&solutions.join("Cargo.toml"))?;
    let members: Vec<Value> = mistakes.iter().map(|m| m.name.clone().into()).collect();
    let mut dependencies = like["workspace"]["dependencies"].clone();
    // Of the workspace's own crates no program needs one.
    if let Some(dependencies) = dependencies.as_table_mut() {
        dependencies.retain(|_, dependency| dependency.get("path").is_none());
    }
    let workspace = table([
        ("resolver", "3".into()),
        ("members", members.into()),
        ("dependencies", dependencies),
    ]);
    Ok(table([
        ("workspace", workspace.into()),
        ("profile", like["profile"].clone()),
    ]))
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    let entries = entries.map(|(key, value)| (key.to_owned(), value));
    Table::from_iter(entries)
}

fn read_toml(path: &Path) -> Result<Table, String> {
    let text = read_text(path)?;
    text.parse()
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn read_text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let explain = |error| format!("{}: {error}", from.display());
    fs::create_dir_all(to).map_err(explain)?;
    for entry in fs::read_dir(from).map_err(explain)? {
        let entry = entry.map_err(explain)?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target).map_err(explain)?;
        }
    }
    Ok(())
}
