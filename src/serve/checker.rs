//! Runs the checks that pages and saved files ask for, one at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::board::{Board, Phase};
use crate::progress::{Progress, now};
use crate::run::{self, Cancel, Event};
use crate::spinner::Spinner;
use crate::terminal::Layout;
use crate::verdict::Verdict;
use crate::workbook::{Exercise, Workbook};

/// A handle on the checker. Clones are handles on the same one.
#[derive(Clone)]
pub struct Checker {
    shared: Arc<Shared>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
    board: Arc<Board>,
}

#[derive(Default)]
struct Queue {
    /// Ids of exercises, the next one first, each at most once.
    waiting: VecDeque<String>,
    /// The exercise whose check is under way.
    current: Option<(String, Cancel)>,
    stopped: bool,
}

impl Checker {
    pub fn start(workbook: &Workbook, board: &Arc<Board>, spinner: &Spinner) -> Checker {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            changed: Condvar::new(),
            board: board.clone(),
        });
        let work = Work {
            shared: shared.clone(),
            workbook: workbook.clone(),
            spinner: spinner.clone(),
        };
        let thread = thread::spawn(move || work.run());
        Checker {
            shared,
            thread: Arc::new(Mutex::new(Some(thread))),
        }
    }

    /// An exercise was saved: it is the next to be checked, and a check of it
    /// under way is abandoned, for it judges what is no longer there.
    pub fn saved(&self, id: &str) {
        let mut queue = self.shared.lock();
        queue.waiting.retain(|waiting| waiting != id);
        queue.waiting.push_front(id.to_owned());
        if let Some((current, cancel)) = &queue.current
            && current == id
        {
            cancel.cancel();
        }
        self.shared.announce(&queue, id);
    }

    /// A page asks for a check. It joins one that is under way or waiting.
    pub fn asked(&self, id: &str) {
        let mut queue = self.shared.lock();
        let current = queue
            .current
            .as_ref()
            .is_some_and(|(current, _)| current == id);
        if !current && !queue.waiting.iter().any(|waiting| waiting == id) {
            queue.waiting.push_back(id.to_owned());
            self.shared.announce(&queue, id);
        }
    }

    /// An exercise is gone.
    pub fn forget(&self, id: &str) {
        let mut queue = self.shared.lock();
        queue.waiting.retain(|waiting| waiting != id);
        if let Some((current, cancel)) = &queue.current
            && current == id
        {
            cancel.cancel();
        }
    }

    /// Abandons everything, and waits until nothing is left running.
    pub fn stop(&mut self) {
        {
            let mut queue = self.shared.lock();
            queue.stopped = true;
            if let Some((_, cancel)) = &queue.current {
                cancel.cancel();
            }
            self.shared.changed.notify_all();
        }
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the thread, and shows that the exercise's turn is to come.
    fn announce(&self, queue: &Queue, id: &str) {
        let other = queue.current.as_ref().filter(|(current, _)| current != id);
        let progress = other.map(|(other, _)| format!("Waiting for the check of {other}"));
        self.board.change(id, |live| {
            live.state = Phase::Building;
            live.progress = progress;
        });
        self.changed.notify_all();
    }

    /// Waits for the next exercise; `None` when all is to end.
    fn next(&self) -> Option<(String, Cancel)> {
        let mut queue = self.lock();
        loop {
            if queue.stopped {
                return None;
            }
            if let Some(id) = queue.waiting.pop_front() {
                let current = (id, Cancel::default());
                queue.current = Some(current.clone());
                return Some(current);
            }
            let waited = self.changed.wait(queue);
            queue = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The check of `id` is over: `show` unless another one waits, which has
    /// been announced already.
    fn over(&self, id: &str, show: impl FnOnce(&Board)) {
        let mut queue = self.lock();
        queue.current = None;
        if !queue.waiting.iter().any(|waiting| waiting == id) {
            show(&self.board);
        }
    }
}

struct Work {
    shared: Arc<Shared>,
    workbook: Workbook,
    spinner: Spinner,
}

impl Work {
    fn run(&self) {
        while let Some((id, cancel)) = self.shared.next() {
            let exercises = self.workbook.exercises();
            match exercises.found.iter().find(|exercise| exercise.id == id) {
                Some(exercise) => self.check(exercise, &cancel),
                // The board has said so since the folder went.
                None => self.shared.over(&id, |board| board.change(&id, idle)),
            }
        }
    }

    fn check(&self, exercise: &Exercise, cancel: &Cancel) {
        let (id, board) = (&exercise.id, &self.shared.board);
        let sources = exercise.fingerprint();
        board.change(id, |live| {
            live.state = Phase::Building;
            live.progress = None;
            live.error = None;
        });
        self.spinner.start(format!("{id}: building"));
        let checked = run::check(&self.workbook, exercise, None, cancel, &mut |event| {
            self.spinner.follow(exercise, &event);
            if !cancel.is_cancelled() {
                board.change(id, |live| match event {
                    Event::Building(line) => live.progress = Some(line),
                    Event::Warnings(_) | Event::CompileError(_) => {}
                    Event::Built => {
                        live.state = Phase::Running;
                        live.progress = None;
                        live.compile_error = None;
                        live.forget_steps();
                    }
                    Event::Started(step) => live.step_started(&step),
                    Event::Ended(verdict) => live.step_ended(&verdict),
                });
            }
        });
        self.spinner.stop();
        match checked {
            Ok(verdict) => {
                self.print(exercise, &verdict);
                self.shared.over(id, |board| {
                    board.change(id, |live| {
                        live.state = Phase::Done;
                        live.progress = None;
                        live.checked_at = Some(now());
                        live.compile_error.clone_from(&verdict.compile_error);
                        for step in &verdict.steps {
                            live.step_ended(step);
                        }
                    })
                });
                if let Err(warning) = Progress::of(&self.workbook).record(&verdict, &sources) {
                    self.spinner.complain(&format!("warning: {warning}"));
                }
            }
            // Also if its folder went from under it, and that went wrong first.
            Err(_) if cancel.is_cancelled() => self.shared.over(id, |board| board.change(id, idle)),
            Err(error) => {
                let message = error.to_string();
                self.spinner.complain(&format!("error: {id}: {message}"));
                self.shared.over(id, |board| {
                    board.change(id, |live| {
                        idle(live);
                        live.error = Some(message);
                    });
                });
            }
        }
    }

    fn print(&self, exercise: &Exercise, verdict: &Verdict) {
        let text = Layout::of_stdout().verdict(&exercise.number, verdict);
        self.spinner.print(&format!("\n{text}"));
    }
}

/// The check was abandoned: what it had found so far stands for nothing.
fn idle(live: &mut super::board::LiveExercise) {
    live.state = Phase::Idle;
    live.progress = None;
    live.checked_at = None;
    live.forget_steps();
}
