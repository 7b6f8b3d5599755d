//! What the last check of each exercise found: `.wirebook/progress.json`.
//!
//! It stands outside the files that git tracks, so an update of the workbook
//! leaves it, and outside `target/`, so `cargo clean` does. It is replaced as a
//! whole, by a rename, under a lock: two companions may check at once, and a
//! reader sees the file before or after, never in between.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use crate::verdict::{Status, StepVerdict, Verdict};
use crate::workbook::Workbook;

/// The format's version: to be raised if an older companion could not read it.
const VERSION: u32 = 1;

/// The folder that holds the progress.
pub struct Progress {
    folder: PathBuf,
}

/// Records by the exercises' ids.
pub type Records = BTreeMap<String, Record>;

/// What the last check of an exercise found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When: `2026-01-01T12:00:00Z`.
    pub checked_at: String,
    /// The fingerprint of the sources that were checked.
    pub sources: String,
    pub steps: Vec<StepVerdict>,
    pub compile_error: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    exercises: Records,
}

impl Record {
    /// How many steps passed.
    pub fn passed(&self) -> usize {
        let passes = |step: &&StepVerdict| step.status == Status::Pass;
        self.steps.iter().filter(passes).count()
    }
}

impl Progress {
    pub fn of(workbook: &Workbook) -> Progress {
        Progress {
            folder: workbook.root().join(".wirebook"),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.join("progress.json")
    }

    /// All records. What cannot be read counts as empty, and is not touched;
    /// the error says so.
    pub fn read(&self) -> (Records, Option<String>) {
        match read(&self.file()) {
            Ok(records) => (records, None),
            Err(unreadable) => (Records::new(), Some(unreadable.to_string())),
        }
    }

    /// Keeps what a check found of the learner's own program, and not of one that
    /// the environment has put in its place. The error is a warning: the check is none
    /// the worse for it.
    pub fn record(&self, verdict: &Verdict, sources: &str) -> Result<(), String> {
        let replaces = |name: &std::ffi::OsStr| {
            let name = name.to_string_lossy();
            name == "WIREBOOK_PROGRAM" || name.starts_with("WIREBOOK_PROGRAM_")
        };
        if std::env::vars_os().any(|(name, _)| replaces(&name)) {
            return Ok(());
        }
        let record = Record {
            checked_at: now(),
            sources: sources.to_owned(),
            steps: verdict.steps.clone(),
            compile_error: verdict.compile_error.clone(),
        };
        let set_aside = self
            .update(|records| {
                // What does not compile has run no step. The last result stays, and shows
                // as stale, since the sources are others.
                let known = records.contains_key(&verdict.exercise);
                if verdict.compile_error.is_none() || !known {
                    records.insert(verdict.exercise.clone(), record);
                }
            })
            .map_err(|error| format!("this check is not kept: {error}"))?;
        match set_aside {
            None => Ok(()),
            Some(path) => Err(format!(
                "{} could not be read; it is now {}, and a new one is begun",
                self.file().display(),
                path.display()
            )),
        }
    }

    /// Reads, changes and replaces the file; tells where an unreadable one went.
    fn update(&self, change: impl FnOnce(&mut Records)) -> Result<Option<PathBuf>, String> {
        let at = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
        fs::create_dir_all(&self.folder).map_err(|error| at(&self.folder, error))?;
        let path = self.folder.join("lock");
        let lock = File::create(&path).map_err(|error| at(&path, error))?;
        let _lock = Flock::lock(lock, FlockArg::LockExclusive)
            .map_err(|(_, error)| at(&path, error.into()))?;

        let file = self.file();
        let mut set_aside = None;
        let mut exercises = match read(&file) {
            Ok(exercises) => exercises,
            Err(Unreadable::Broken(_)) => {
                let path = free_name(&self.folder);
                fs::rename(&file, &path).map_err(|error| at(&path, error))?;
                set_aside = Some(path);
                Records::new()
            }
            Err(other) => return Err(other.to_string()),
        };
        change(&mut exercises);
        let kept = Kept {
            version: VERSION,
            exercises,
        };
        replace(&file, &kept).map_err(|error| at(&file, error))?;
        Ok(set_aside)
    }
}

/// Why the file cannot be used.
enum Unreadable {
    /// It is not what a companion writes.
    Broken(String),
    /// It is a newer companion's.
    Newer(String),
    /// The system does not let us read it.
    Denied(String),
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unreadable::Broken(path) => write!(
                f,
                "{path} cannot be read; earlier checks are not shown, and the next check sets it aside"
            ),
            Unreadable::Newer(path) => {
                write!(
                    f,
                    "{path} was written by a newer wirebook; it is left as it is"
                )
            }
            Unreadable::Denied(message) => f.write_str(message),
        }
    }
}

fn read(file: &Path) -> Result<Records, Unreadable> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let path = file.display().to_string();
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Records::new()),
        Err(error) => return Err(Unreadable::Denied(format!("{path}: {error}"))),
    };
    match serde_json::from_slice(&text) {
        Ok(Version { version }) if version > VERSION => return Err(Unreadable::Newer(path)),
        Ok(_) => {}
        Err(_) => return Err(Unreadable::Broken(path)),
    }
    match serde_json::from_slice::<Kept>(&text) {
        Ok(kept) => Ok(kept.exercises),
        Err(_) => Err(Unreadable::Broken(path)),
    }
}

fn replace(file: &Path, kept: &Kept) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut new, kept)?;
    new.write_all(b"\n")?;
    new.as_file().sync_all()?;
    new.persist(file)?;
    Ok(())
}

fn free_name(folder: &Path) -> PathBuf {
    let name = |number: u32| folder.join(format!("progress.broken-{number}.json"));
    (1..)
        .map(name)
        .find(|path| !path.exists())
        .unwrap_or_else(|| name(0))
}

/// The time as it is kept and shown: `2026-01-01T12:00:00Z`.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(exercise: &str) -> Verdict {
        Verdict {
            exercise: exercise.into(),
            title: String::new(),
            steps: Vec::new(),
            compile_error: None,
        }
    }

    fn empty() -> (tempfile::TempDir, Progress) {
        let root = tempfile::tempdir().unwrap();
        let progress = Progress::of(&Workbook::at(root.path()));
        (root, progress)
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_others_stay() {
        let (_root, progress) = empty();
        assert_eq!(progress.read(), (Records::new(), None));
        progress.record(&verdict("a"), "1").unwrap();
        progress.record(&verdict("b"), "2").unwrap();
        let (records, warning) = progress.read();
        assert_eq!(warning, None);
        assert_eq!(records["a"].sources, "1");
        assert_eq!(records["b"].sources, "2");
    }

    #[test]
    fn a_broken_file_is_set_aside() {
        let (_root, progress) = empty();
        fs::create_dir_all(&progress.folder).unwrap();
        fs::write(progress.file(), "{\"version\": 1, \"exer").unwrap();
        assert!(progress.read().1.unwrap().contains("sets it aside"));
        let warning = progress.record(&verdict("a"), "1").unwrap_err();
        assert!(warning.contains("progress.broken-1.json"), "{warning}");
        let kept = fs::read_to_string(progress.folder.join("progress.broken-1.json")).unwrap();
        assert_eq!(kept, "{\"version\": 1, \"exer");
        assert!(progress.read().0.contains_key("a"));
    }

    #[test]
    fn a_newer_companions_file_is_left_alone() {
        let (_root, progress) = empty();
        fs::create_dir_all(&progress.folder).unwrap();
        fs::write(progress.file(), "{\"version\": 2, \"new\": []}").unwrap();
        assert!(
            progress
                .record(&verdict("a"), "1")
                .unwrap_err()
                .contains("newer")
        );
        assert!(fs::read_to_string(progress.file()).unwrap().contains("new"));
    }

    #[test]
    fn many_writers_at_once_lose_nothing() {
        let (_root, progress) = empty();
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d", "e", "f"] {
                let progress = &progress;
                scope.spawn(move || progress.record(&verdict(name), "1").unwrap());
            }
        });
        assert_eq!(progress.read().0.len(), 6);
    }
}
