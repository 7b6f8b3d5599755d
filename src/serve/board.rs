//! The present state of everything the pages show, and the news of its changes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::broadcast;

use crate::progress::{Progress, Record};
use crate::spinner::Spinner;
use crate::verdict::{Status, StepVerdict};
use crate::workbook::{Exercise, Exercises, Workbook};

/// Where an exercise's check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    Idle,
    Building,
    Running,
    Done,
}

/// What is known of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Known {
    Unknown,
    Running,
    #[serde(untagged)]
    Ended(Status),
}

/// A step as the pages show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LiveStep {
    pub name: String,
    pub title: String,
    /// The fragment of the chapter's section that explains it.
    pub section: String,
    pub status: Known,
    pub millis: Option<u64>,
    pub report: Option<String>,
}

/// An exercise as the pages show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LiveExercise {
    /// The exercise's id.
    pub exercise: String,
    pub package: String,
    pub title: String,
    pub state: Phase,
    pub compile_error: Option<String>,
    /// What cargo is doing: `Compiling nix`.
    pub progress: Option<String>,
    pub steps: Vec<LiveStep>,
    /// When the check ended whose results stand here.
    pub checked_at: Option<String>,
    /// Why it cannot be checked: its folder is gone, its manifest is broken.
    pub error: Option<String>,
}

/// A change, as the pages hear of it.
#[derive(Clone, Debug)]
pub enum News {
    /// This is now the state of an exercise.
    Exercise(Arc<LiveExercise>),
    /// There is a new edition of the book.
    Reload,
    /// The book does not build; with `None`, it does again.
    BookError(Option<String>),
}

/// The state, shared by all threads.
pub struct Board {
    state: Mutex<State>,
    news: broadcast::Sender<News>,
}

struct State {
    /// In chapter order.
    exercises: Vec<LiveExercise>,
    book_error: Option<String>,
}

/// How many changes a page may lag behind before it is sent the whole state anew.
const BACKLOG: usize = 256;

impl LiveExercise {
    fn new(exercise: &Exercise, record: Option<&Record>) -> LiveExercise {
        let mut live = LiveExercise {
            exercise: exercise.id.clone(),
            package: exercise.package.clone(),
            title: exercise.title.clone(),
            state: Phase::Idle,
            compile_error: None,
            progress: None,
            steps: Vec::new(),
            checked_at: None,
            error: None,
        };
        live.describe(exercise);
        // What was found for other sources would mislead: the page shows it as not run.
        let fresh = record.filter(|record| record.sources == exercise.fingerprint());
        if let Some(record) = fresh {
            live.compile_error.clone_from(&record.compile_error);
            live.checked_at = Some(record.checked_at.clone());
            for verdict in &record.steps {
                live.step_ended(verdict);
            }
        }
        live
    }

    /// Takes over what the exercise's files say, and keeps what is known of its steps.
    fn describe(&mut self, exercise: &Exercise) {
        self.package.clone_from(&exercise.package);
        self.title.clone_from(&exercise.title);
        self.error = None;
        let old = std::mem::take(&mut self.steps);
        let steps = exercise.steps.iter().map(|step| {
            let same = old.iter().find(|old| old.name == step.name);
            LiveStep {
                name: step.name.clone(),
                title: step.title.clone(),
                section: step.section.clone(),
                status: same.map_or(Known::Unknown, |old| old.status),
                millis: same.and_then(|old| old.millis),
                report: same.and_then(|old| old.report.clone()),
            }
        });
        self.steps = steps.collect();
    }

    /// Forgets what is known of the steps: they are about to run.
    pub fn forget_steps(&mut self) {
        for step in &mut self.steps {
            step.status = Known::Unknown;
            step.millis = None;
            step.report = None;
        }
    }

    pub fn step_started(&mut self, name: &str) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.name == name) {
            step.status = Known::Running;
        }
    }

    pub fn step_ended(&mut self, verdict: &StepVerdict) {
        if let Some(step) = self.steps.iter_mut().find(|step| step.name == verdict.name) {
            step.status = Known::Ended(verdict.status);
            step.millis = Some(verdict.millis);
            step.report.clone_from(&verdict.report);
        }
    }
}

impl Board {
    /// The state as the last checks left it.
    pub fn new(workbook: &Workbook, spinner: &Spinner) -> Board {
        let (records, warning) = Progress::of(workbook).read();
        if let Some(warning) = warning {
            spinner.complain(&format!("warning: {warning}"));
        }
        let found = workbook.exercises();
        for broken in &found.broken {
            spinner.complain(&format!("warning: {}", broken.message));
        }
        let live = |exercise| LiveExercise::new(exercise, records.get(&exercise.id));
        let state = State {
            exercises: found.found.iter().map(live).collect(),
            book_error: None,
        };
        Board {
            state: Mutex::new(state),
            news: broadcast::channel(BACKLOG).0,
        }
    }

    /// All that a page must know to begin with, and the news from then on.
    pub fn subscribe(&self) -> (Vec<News>, broadcast::Receiver<News>) {
        let state = self.lock();
        (all_news(&state), self.news.subscribe())
    }

    /// All that a page must know to begin with.
    pub fn everything(&self) -> Vec<News> {
        all_news(&self.lock())
    }

    /// The state of every exercise, in chapter order.
    pub fn exercises(&self) -> Vec<LiveExercise> {
        self.lock().exercises.clone()
    }

    /// The state of one exercise.
    pub fn exercise(&self, id: &str) -> Option<LiveExercise> {
        let state = self.lock();
        state
            .exercises
            .iter()
            .find(|live| live.exercise == id)
            .cloned()
    }

    /// Changes the state of one exercise and tells the pages.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut LiveExercise)) {
        let mut state = self.lock();
        let live = state.exercises.iter_mut().find(|live| live.exercise == id);
        if let Some(live) = live {
            change(live);
            self.tell(News::Exercise(Arc::new(live.clone())));
        }
    }

    /// There is a new edition of the book.
    pub fn reload(&self) {
        let _state = self.lock();
        self.tell(News::Reload);
    }

    /// The book does not build, or does again.
    pub fn book_error(&self, message: Option<String>) {
        let mut state = self.lock();
        if state.book_error != message {
            state.book_error.clone_from(&message);
            self.tell(News::BookError(message));
        }
    }

    /// Takes over what the folder of exercises holds now. Gives the ids of
    /// those that have just gone or become unreadable.
    pub fn sync(&self, now: &Exercises) -> Vec<String> {
        let mut state = self.lock();
        let mut gone = Vec::new();
        for live in &mut state.exercises {
            let before = live.clone();
            match now
                .found
                .iter()
                .find(|exercise| exercise.id == live.exercise)
            {
                Some(exercise) => live.describe(exercise),
                None => {
                    let broken = now.broken.iter().find(|broken| broken.id == live.exercise);
                    live.error = Some(match broken {
                        Some(broken) => broken.message.clone(),
                        None => format!("the folder exercises/*-{} is gone", live.exercise),
                    });
                    live.state = Phase::Idle;
                    live.progress = None;
                }
            }
            if live.error.is_some() && live.error != before.error {
                gone.push(live.exercise.clone());
            }
            if *live != before {
                self.tell(News::Exercise(Arc::new(live.clone())));
            }
        }
        for (place, exercise) in now.found.iter().enumerate() {
            if !state
                .exercises
                .iter()
                .any(|live| live.exercise == exercise.id)
            {
                let live = LiveExercise::new(exercise, None);
                self.tell(News::Exercise(Arc::new(live.clone())));
                let place = place.min(state.exercises.len());
                state.exercises.insert(place, live);
            }
        }
        gone
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called under the lock: so news come in the order of the changes.
    fn tell(&self, news: News) {
        // An error means that no page is open.
        let _ = self.news.send(news);
    }
}

fn all_news(state: &State) -> Vec<News> {
    let exercises = state
        .exercises
        .iter()
        .cloned()
        .map(Arc::new)
        .map(News::Exercise);
    exercises
        .chain([News::BookError(state.book_error.clone())])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steps_state_is_one_word() {
        let word = |known| serde_json::to_string(&known).unwrap();
        assert_eq!(word(Known::Unknown), "\"unknown\"");
        assert_eq!(word(Known::Running), "\"running\"");
        assert_eq!(word(Known::Ended(Status::Todo)), "\"todo\"");
    }
}
