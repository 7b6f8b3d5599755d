//! What the grader says while steps run: a JSON object a line, through a FIFO.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde::Deserialize;
use tempfile::TempDir;

use crate::verdict::Status;

/// One line.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Said {
    Started {
        step: String,
    },
    Ended {
        step: String,
        status: Status,
        millis: u64,
        report: Option<String>,
    },
    /// No more will follow: the companion's own line, see [`Events::close`].
    Over,
}

/// The FIFO. It is open for reading and for writing at once: so neither side
/// waits for the other to open it, and a writer that outlives its step cannot
/// hold up the end of the reading.
pub struct Events {
    folder: TempDir,
    fifo: File,
}

impl Events {
    pub fn open() -> io::Result<Events> {
        let folder = tempfile::Builder::new().prefix("wirebook-").tempdir()?;
        let path = fifo_in(folder.path());
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR)?;
        let fifo = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Events { folder, fifo })
    }

    /// The FIFO's path: `WIREBOOK_EVENTS` of the test program.
    pub fn path(&self) -> PathBuf {
        fifo_in(self.folder.path())
    }

    /// Says that no more will follow: to be called when the test program has ended.
    pub fn close(&self) -> io::Result<()> {
        // The newline first ends a line that the test program has left unfinished.
        (&self.fifo).write_all(b"\n{\"event\":\"over\"}\n")
    }

    /// Hands over what is said until [`Events::close`].
    pub fn read(&self, mut hand_over: impl FnMut(Said)) -> io::Result<()> {
        let mut lines = BufReader::new(&self.fifo);
        let mut line = Vec::new();
        loop {
            line.clear();
            lines.read_until(b'\n', &mut line)?;
            match serde_json::from_slice(&line) {
                Ok(Said::Over) => return Ok(()),
                Ok(said) => hand_over(said),
                // Something else wrote here, or a line was cut short by a kill.
                Err(_) => {}
            }
        }
    }
}

fn fifo_in(folder: &Path) -> PathBuf {
    folder.join("events")
}
