//! A trace as text: what is written, and what is read.

use std::fmt;

use serde::Deserialize;

use super::{Event, Trace, VERSION};

/// Why a text is not read as a trace.
#[derive(Debug)]
pub enum ReadError {
    /// It is a trace, written by another version of this library.
    Version(u64),
    /// It is no trace: what is wrong, and where.
    Malformed(serde_json::Error),
}

impl Trace {
    /// The trace as JSON, on one line.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a trace has only text keys and finite numbers")
    }

    /// The inverse of [`Trace::to_json`].
    ///
    /// # Errors
    /// It is of another version, or no trace at all.
    pub fn from_json(text: &str) -> Result<Trace, ReadError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let found: Versioned = serde_json::from_str(text).map_err(ReadError::Malformed)?;
        if found.version != u64::from(VERSION) {
            return Err(ReadError::Version(found.version));
        }
        let trace: Trace = serde_json::from_str(text).map_err(ReadError::Malformed)?;
        trace.check().map_err(|why| {
            ReadError::Malformed(<serde_json::Error as serde::de::Error>::custom(why))
        })?;
        Ok(trace)
    }

    /// Whether every connection that an event names is there.
    fn check(&self) -> Result<(), String> {
        let named = self.events.iter().filter_map(Event::connection).max();
        match named {
            Some(index) if index >= self.connections.len() => Err(format!(
                "an event is of connection {index}, which is not there"
            )),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Version(found) => write!(
                f,
                "the trace is of version {found}, and this program reads version {VERSION}: \
                 record it anew, or use the program that wrote it"
            ),
            ReadError::Malformed(error) => write!(f, "not a trace: {error}"),
        }
    }
}

impl std::error::Error for ReadError {}
