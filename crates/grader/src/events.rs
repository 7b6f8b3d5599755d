//! What happens to the steps, told to whoever runs them.
//!
//! `WIREBOOK_EVENTS` names a file or FIFO. An object of JSON a line goes there:
//! `{"event":"started","step":…}` and
//! `{"event":"ended","step":…,"status":…,"millis":…,"report":…}`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::json;

use crate::ledger::Status;

/// A step begins.
pub fn started(step: &str) {
    tell(&json!({"event": "started", "step": step}));
}

/// A step has ended, in so much time; a report says why, where it did not pass.
pub fn ended(step: &str, status: Status, took: Duration, report: Option<&str>) {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tell(&json!({
        "event": "ended",
        "step": step,
        "status": status,
        "millis": millis,
        "report": report,
    }));
}

fn tell(event: &serde_json::Value) {
    static LISTENER: OnceLock<Option<Mutex<File>>> = OnceLock::new();
    let listener = LISTENER.get_or_init(|| {
        let path = std::env::var_os("WIREBOOK_EVENTS")?;
        match OpenOptions::new().append(true).open(&path) {
            Ok(file) => Some(Mutex::new(file)),
            Err(error) => {
                eprintln!("WIREBOOK_EVENTS: {}: {error}", path.display());
                None
            }
        }
    });
    if let Some(file) = listener {
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever listened may have gone away. The steps go on.
        file.write_all(format!("{event}\n").as_bytes()).ok();
    }
}
