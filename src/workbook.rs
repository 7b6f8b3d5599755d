//! The workbook on disk: its root, its exercises, their steps.
//!
//! Everything is read from the files that learners and authors see anyway: the
//! folders' names, each exercise's `Cargo.toml` and its `tests/steps.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use grader::catalogue;
pub use grader::catalogue::{Entry as Step, label};
use serde::Deserialize;

use crate::failure::Failure;

/// The workbook's root folder.
#[derive(Clone, Debug)]
pub struct Workbook {
    root: PathBuf,
}

/// An exercise, as its folder states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exercise {
    /// The chapter: `11`.
    pub number: String,
    /// The stable name, by which progress is kept: `fork-server`.
    pub id: String,
    /// The cargo package: `ch11-fork-server`.
    pub package: String,
    /// What the chapter is about: `a process a client`.
    pub title: String,
    /// Minutes to read the chapter.
    pub reading: u32,
    /// Minutes to solve the exercise.
    pub solving: u32,
    /// The folder's absolute path.
    pub folder: PathBuf,
    /// In the order of `tests/steps.rs`.
    pub steps: Vec<Step>,
}

/// What a look into `exercises/` found.
#[derive(Clone, Debug, Default)]
pub struct Exercises {
    /// In chapter order.
    pub found: Vec<Exercise>,
    /// Folders that look like an exercise and cannot be read as one.
    pub broken: Vec<Broken>,
}

/// A folder that looks like an exercise and cannot be read as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The id that its name gives it.
    pub id: String,
    /// What is wrong, and where.
    pub message: String,
}

impl Workbook {
    /// The workbook around the current directory; else the one that this
    /// program was compiled in.
    pub fn find() -> Result<Workbook, String> {
        let here = std::env::current_dir()
            .map_err(|error| format!("the current directory cannot be read: {error}"))?;
        let built_in = Path::new(env!("CARGO_MANIFEST_DIR"));
        here.ancestors()
            .chain([built_in])
            .find(|folder| is_root(folder))
            .map(Workbook::at)
            .ok_or_else(|| {
                format!(
                    "no workbook found in {} and above, nor in {}: run this in the folder \
                     that holds exercises/ and book/",
                    here.display(),
                    built_in.display()
                )
            })
    }

    /// The workbook whose root is `root`.
    pub fn at(root: impl Into<PathBuf>) -> Workbook {
        Workbook { root: root.into() }
    }

    /// The folder that holds `book/` and `exercises/`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder with `book.toml`.
    pub fn book(&self) -> PathBuf {
        self.root.join("book")
    }

    /// The folder of the exercises' folders.
    pub fn exercises_folder(&self) -> PathBuf {
        self.root.join("exercises")
    }

    /// Reads all exercises, in chapter order.
    pub fn exercises(&self) -> Exercises {
        let folder = self.exercises_folder();
        let mut exercises = Exercises::default();
        let mut names: Vec<String> = match fs::read_dir(&folder) {
            Ok(entries) => entries
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .collect(),
            Err(error) => {
                exercises.broken.push(Broken {
                    id: String::new(),
                    message: format!("{}: {error}", folder.display()),
                });
                return exercises;
            }
        };
        names.sort();
        for name in names {
            let Some((number, id)) = split_name(&name) else {
                continue;
            };
            let folder = folder.join(&name);
            // A folder without a manifest is what a changed branch leaves behind.
            if !folder.join("Cargo.toml").is_file() {
                continue;
            }
            match read_exercise(number, id, &folder) {
                Ok(exercise) => exercises.found.push(exercise),
                Err(message) => exercises.broken.push(Broken {
                    id: id.to_owned(),
                    message,
                }),
            }
        }
        exercises
    }
}

impl Exercises {
    /// The exercise that a person means by `name`, or what to tell that person.
    pub fn wanted(&self, name: &str) -> Result<&Exercise, Failure> {
        self.named(name).ok_or_else(|| self.unknown(name))
    }

    /// What to say of a name that no exercise has.
    fn unknown(&self, name: &str) -> Failure {
        let folder = |broken: &&Broken| broken.id == name;
        if let Some(broken) = self.broken.iter().find(folder) {
            return Failure::Refused(broken.message.clone());
        }
        let ids: Vec<&str> = self.found.iter().map(|e| e.id.as_str()).collect();
        let distance = |id: &&str| strsim::damerau_levenshtein(id, name);
        let nearest = ids
            .iter()
            .copied()
            .min_by_key(distance)
            .filter(|id| distance(id) <= id.len() / 2)
            .map(|id| format!("; did you mean {id}?"));
        Failure::Usage(format!(
            "there is no exercise {name}{}\nThose that exist: {}",
            nearest.unwrap_or_default(),
            ids.join(", ")
        ))
    }

    /// The exercise that a person means by `name`: its id, its folder, its
    /// package or its number.
    pub fn named(&self, name: &str) -> Option<&Exercise> {
        let name = name.trim_end_matches('/').rsplit('/').next()?;
        self.found.iter().find(|exercise| {
            exercise.id == name
                || exercise.package == name
                || exercise.folder.file_name().is_some_and(|f| f == name)
                || exercise.number == name
                || exercise.number.trim_start_matches('0') == name
        })
    }
}

fn is_root(folder: &Path) -> bool {
    folder.join("exercises").is_dir() && folder.join("book/book.toml").is_file()
}

/// `("11", "fork-server")` of `11-fork-server`.
fn split_name(folder: &str) -> Option<(&str, &str)> {
    let (number, id) = folder.split_once('-')?;
    let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (numbered && !id.is_empty()).then_some((number, id))
}

#[derive(Deserialize)]
struct Manifest {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    wirebook: Option<About>,
}

#[derive(Deserialize)]
struct About {
    title: String,
    reading: u32,
    solving: u32,
}

fn read_exercise(number: &str, id: &str, folder: &Path) -> Result<Exercise, String> {
    let path = folder.join("Cargo.toml");
    let manifest: Manifest = toml::from_str(&read(&path)?)
        .map_err(|error| format!("{}: {}", path.display(), error.to_string().trim_end()))?;
    let about = manifest.package.metadata.wirebook.ok_or_else(|| {
        format!(
            "{}: [package.metadata.wirebook] with title, reading and solving is missing",
            path.display()
        )
    })?;
    let steps = catalogue::read(&read(&folder.join("tests/steps.rs"))?);
    Ok(Exercise {
        number: number.to_owned(),
        id: id.to_owned(),
        package: manifest.package.name,
        title: about.title,
        reading: about.reading,
        solving: about.solving,
        folder: folder.to_owned(),
        steps,
    })
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_an_exercise_if_a_number_leads_its_name() {
        assert_eq!(split_name("11-fork-server"), Some(("11", "fork-server")));
        assert_eq!(split_name("fork-server"), None);
        assert_eq!(split_name("11-"), None);
        assert_eq!(split_name("target"), None);
    }

    #[test]
    fn an_exercise_answers_to_each_of_its_names() {
        let exercise = Exercise {
            number: "02".into(),
            id: "first-server".into(),
            package: "ch02-first-server".into(),
            title: String::new(),
            reading: 0,
            solving: 0,
            folder: "/w/exercises/02-first-server".into(),
            steps: Vec::new(),
        };
        let exercises = Exercises {
            found: vec![exercise],
            broken: Vec::new(),
        };
        for name in [
            "first-server",
            "02-first-server",
            "ch02-first-server",
            "02",
            "2",
            "exercises/02-first-server/",
        ] {
            assert!(exercises.named(name).is_some(), "{name}");
        }
        assert!(exercises.named("first").is_none());
        assert!(exercises.named("").is_none());
    }
}
