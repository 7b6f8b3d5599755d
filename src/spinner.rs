//! What is going on, on the last line of the terminal; nothing if standard
//! error is not one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::run::Event;
use crate::terminal::complain;
use crate::workbook::{Exercise, label};

/// The last line. Clones are handles on the same one.
#[derive(Clone)]
pub struct Spinner {
    bar: ProgressBar,
    /// The steps that run now.
    under_way: Arc<Mutex<Vec<String>>>,
}

impl Default for Spinner {
    fn default() -> Spinner {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {wide_msg}");
        bar.set_style(style.expect("the template is one of indicatif's"));
        bar.finish_and_clear(); // nothing is drawn before the first start
        Spinner {
            bar,
            under_way: Arc::default(),
        }
    }
}

impl Spinner {
    /// Begins to turn.
    pub fn start(&self, message: String) {
        self.bar.reset();
        self.bar.set_message(message);
        self.bar.enable_steady_tick(Duration::from_millis(100));
    }

    /// Leaves no trace of itself.
    pub fn stop(&self) {
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
    }

    /// Prints on standard error, above the line.
    pub fn complain(&self, text: &str) {
        self.bar.suspend(|| complain(text));
    }

    /// Prints on standard output, above the line. If nobody reads that any
    /// more, the companion goes on: the page shows the same.
    pub fn print(&self, text: &str) {
        use std::io::Write;
        self.bar.suspend(|| {
            // In one piece: other threads speak, too.
            let _ = std::io::stdout().write_all(format!("{text}\n").as_bytes());
        });
    }

    /// Shows where a check is; prints what the compiler says, in colour.
    pub fn follow(&self, exercise: &Exercise, event: &Event) {
        let id = &exercise.id;
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Building(line) => return self.bar.set_message(format!("{id}: {line}")),
            Event::Warnings(text) | Event::CompileError(text) => {
                let plain = !console::colors_enabled_stderr();
                let text = match plain {
                    true => console::strip_ansi_codes(text).into_owned(),
                    false => text.clone(),
                };
                return self.complain(&text);
            }
            Event::Built => under_way.clear(),
            Event::Started(step) => under_way.push(step.clone()),
            Event::Ended(step) => under_way.retain(|name| *name != step.name),
        }
        let labels: Vec<&str> = under_way.iter().map(|name| label(name)).collect();
        self.bar
            .set_message(format!("{id}: running {}", labels.join(", ")));
    }
}
