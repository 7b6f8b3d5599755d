//! What a program prints, kept while it prints it.

use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How much is kept; a program may print for ever.
const KEPT: usize = 256 * 1024;

/// One output stream of a program. Clones share it.
#[derive(Clone)]
pub struct Output {
    shared: Arc<Mutex<Text>>,
}

#[derive(Default)]
struct Text {
    kept: Vec<u8>,
    ended: bool,
}

impl Output {
    /// Reads `source` to its end in a thread of its own, so that the program never
    /// waits for its reader.
    pub fn of(mut source: impl Read + Send + 'static) -> Output {
        let output = Output {
            shared: Arc::default(),
        };
        let writer = output.clone();
        std::thread::spawn(move || {
            let mut block = [0; 16 * 1024];
            loop {
                let count = match source.read(&mut block) {
                    Ok(0) | Err(_) => break,
                    Ok(count) => count,
                };
                let mut text = writer.text();
                let room = KEPT - text.kept.len();
                text.kept.extend_from_slice(&block[..count.min(room)]);
            }
            writer.text().ended = true;
        });
        output
    }

    /// What was printed so far, its first 256 KiB.
    pub fn so_far(&self) -> Vec<u8> {
        self.text().kept.clone()
    }

    /// The same as text; what is not UTF-8 is replaced.
    pub fn text_so_far(&self) -> String {
        String::from_utf8_lossy(&self.text().kept).into_owned()
    }

    /// Whether the stream has ended: nobody holds it open any more.
    pub fn has_ended(&self) -> bool {
        self.text().ended
    }

    fn text(&self) -> MutexGuard<'_, Text> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
