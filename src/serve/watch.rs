//! Sees files change.

use std::collections::BTreeSet;
use std::path::{Component, Path};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::statfs::{FsType, statfs};
use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

use crate::sources::is_editors;
use crate::spinner::Spinner;
use crate::workbook::Workbook;

/// What has changed.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// Something of the book.
    Book,
    /// Exercises: the ids of those with something saved; none, if only folders
    /// came or went.
    Exercises(BTreeSet<String>),
}

/// Editors write a file in several strokes: changes this close together are one.
const STROKES: Duration = Duration::from_millis(40);

/// How long strokes may go on before they are looked at all the same.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often a file system is read that does not notify.
const POLL: Duration = Duration::from_millis(1000);

/// Where Windows' files show in WSL. Linux hears nothing of changes there.
const V9FS: FsType = FsType(0x0102_1997);

type Watching = Box<dyn Watcher + Send>;

/// Watches the book and the exercises, and hands over each change, as long as
/// the process lives.
pub fn start(
    workbook: &Workbook,
    spinner: &Spinner,
    hand_over: impl FnMut(Change) + Send + 'static,
) -> Result<(), String> {
    let (sender, events) = mpsc::channel();
    let watching = watcher(workbook, spinner, sender)?;
    let workbook = workbook.clone();
    thread::spawn(move || run(&workbook, watching, &events, hand_over));
    Ok(())
}

type Events = Receiver<notify::Result<notify::Event>>;

/// A watcher that watches; the system's, or one that reads again and again
/// where the system's cannot be had.
fn watcher(
    workbook: &Workbook,
    spinner: &Spinner,
    sender: mpsc::Sender<notify::Result<notify::Event>>,
) -> Result<Watching, String> {
    let silent = statfs(workbook.root()).is_ok_and(|found| found.filesystem_type() == V9FS);
    let why = if silent {
        "this is a folder of Windows, which does not tell Linux of changes".to_owned()
    } else {
        let system = || -> notify::Result<Watching> {
            let mut watcher: Watching = Box::new(RecommendedWatcher::new(
                sender.clone(),
                notify::Config::default(),
            )?);
            watch_all(workbook, &mut watcher)?;
            Ok(watcher)
        };
        match system() {
            Ok(watcher) => return Ok(watcher),
            Err(error) => format!("{error}; `cargo wirebook doctor` knows the remedy"),
        }
    };
    spinner.complain(&format!(
        "note: changes are noticed with up to {} s of delay: {why}",
        POLL.as_secs()
    ));
    let polled = || -> notify::Result<Watching> {
        let config = notify::Config::default().with_poll_interval(POLL);
        let mut watcher: Watching = Box::new(PollWatcher::new(sender, config)?);
        watch_all(workbook, &mut watcher)?;
        Ok(watcher)
    };
    polled().map_err(|error| error.to_string())
}

fn watch_all(workbook: &Workbook, watcher: &mut Watching) -> notify::Result<()> {
    watcher.watch(&workbook.book(), RecursiveMode::Recursive)?;
    watcher.watch(&workbook.exercises_folder(), RecursiveMode::Recursive)?;
    // For the case that one of the two is renamed and comes back.
    watcher.watch(workbook.root(), RecursiveMode::NonRecursive)
}

fn run(
    workbook: &Workbook,
    mut watching: Watching,
    events: &Events,
    mut hand_over: impl FnMut(Change),
) {
    while let Ok(first) = events.recv() {
        let mut seen = Seen::default();
        seen.take(workbook, first);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match events.recv_timeout(STROKES) {
                // What is of no interest must not put off what is.
                Ok(event) => seen.take(workbook, event),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        if seen.folders {
            for folder in [workbook.book(), workbook.exercises_folder()] {
                // Errors say that it was not watched, or is not there any more.
                let _ = watching.unwatch(&folder);
                let _ = watching.watch(&folder, RecursiveMode::Recursive);
            }
        }
        if seen.book {
            hand_over(Change::Book);
        }
        if seen.exercises || !seen.saved.is_empty() {
            hand_over(Change::Exercises(seen.saved));
        }
    }
}

/// What several strokes come to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    book: bool,
    exercises: bool,
    saved: BTreeSet<String>,
    /// `book/` or `exercises/` itself came or went.
    folders: bool,
}

impl Seen {
    fn take(&mut self, workbook: &Workbook, event: notify::Result<notify::Event>) {
        match event {
            Ok(event) if event.need_rescan() => {
                // Some events were lost: anything may have changed.
                self.book = true;
                self.exercises = true;
            }
            Ok(event) if is_change(event.kind) => {
                for path in &event.paths {
                    self.path(workbook, path);
                }
            }
            Ok(_) | Err(_) => {}
        }
    }

    fn path(&mut self, workbook: &Workbook, path: &Path) {
        let Ok(inside) = path.strip_prefix(workbook.root()) else {
            return;
        };
        if is_editors(path) {
            return;
        }
        let names: Vec<&str> = inside
            .components()
            .filter_map(|component| match component {
                Component::Normal(name) => name.to_str(),
                _ => None,
            })
            .collect();
        match names[..] {
            // What mdBook itself writes.
            ["book", "book", ..] => {}
            ["book"] => (self.folders, self.book) = (true, true),
            ["book", ..] => self.book = true,
            ["exercises"] => (self.folders, self.exercises) = (true, true),
            ["exercises", _] => self.exercises = true,
            [
                "exercises",
                folder,
                "src" | "tests" | "Cargo.toml" | "build.rs",
                ..,
            ] => {
                if let Some((_, id)) = folder.split_once('-') {
                    self.saved.insert(id.to_owned());
                }
            }
            _ => {}
        }
    }
}

/// Whether something is different now. Reading is not; nor is a file's date.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        EventKind::Modify(ModifyKind::Metadata(_)) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(paths: &[&str]) -> Seen {
        let workbook = Workbook::at("/w");
        let mut seen = Seen::default();
        for path in paths {
            seen.path(&workbook, Path::new(path));
        }
        seen
    }

    #[test]
    fn a_saved_source_is_told_from_what_is_of_no_interest() {
        let saved = seen(&["/w/exercises/11-fork-server/src/main.rs"]);
        assert_eq!(saved.saved, BTreeSet::from(["fork-server".to_owned()]));
        assert!(!saved.book && !saved.folders);
        let nothing = [
            "/w/target/debug/x",
            "/w/Cargo.lock",
            "/w/book/book/index.html",
            "/w/exercises/11-fork-server/hints.md",
            "/w/exercises/11-fork-server/src/.main.rs.swp",
            "/w/exercises/11-fork-server/src/main.rs~",
            "/elsewhere/book/src/x.md",
        ];
        assert_eq!(seen(&nothing), Seen::default());
        assert!(seen(&["/w/book/src/11-fork-server.md"]).book);
        assert!(seen(&["/w/exercises/11-fork-server"]).exercises);
        assert!(seen(&["/w/exercises"]).folders);
    }
}
