//! What mdBook complains about while it builds a book.
//!
//! mdBook gives its warnings to whoever subscribes to `tracing`, and goes on.
//! In this book each of them is an error: a link that leads nowhere, an include
//! that is not there.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Runs `work` on this thread and gives, beside its value, each warning and
/// error that mdBook uttered in the meantime.
pub fn during<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    let heard = Heard::default();
    let value = tracing::subscriber::with_default(heard.clone(), work);
    let complaints = std::mem::take(&mut *heard.lock());
    (value, complaints)
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && *metadata.level() <= Level::WARN
            && metadata.target().starts_with("mdbook")
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        let mut heard = self.lock();
        if !heard.contains(&message.0) {
            heard.push(message.0);
        }
    }

    // Spans are of no interest; none is enabled.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
