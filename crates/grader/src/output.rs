//! What a program prints, kept while it prints it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// How much is kept; a program may print for ever.
const KEPT: usize = 256 * 1024;

/// One output stream of a program. Clones share it.
#[derive(Clone)]
pub struct Output {
    pipe: Arc<File>,
    text: Arc<Mutex<Text>>,
}

#[derive(Default)]
struct Text {
    kept: Vec<u8>,
    ended: bool,
}

impl Output {
    /// Takes over the reading end of a pipe. A thread reads it to its end, so that the
    /// program never waits for its reader.
    ///
    /// # Errors
    /// The pipe cannot be made non-blocking.
    pub fn of(pipe: impl Into<OwnedFd>) -> std::io::Result<Output> {
        let pipe = pipe.into();
        fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        let output = Output {
            pipe: Arc::new(File::from(pipe)),
            text: Arc::default(),
        };
        let reader = output.clone();
        std::thread::spawn(move || {
            while !reader.has_ended() {
                let mut watched = [PollFd::new(reader.pipe.as_fd(), PollFlags::POLLIN)];
                // Interrupted or not: the next read tells.
                poll(&mut watched, PollTimeout::NONE).ok();
            }
        });
        Ok(output)
    }

    /// What was printed so far, its first 256 KiB. It has everything that the program
    /// had written before the call.
    pub fn so_far(&self) -> Vec<u8> {
        self.up_to_date(|text| text.kept.clone())
    }

    /// The same as text; what is not UTF-8 is replaced.
    pub fn text_so_far(&self) -> String {
        String::from_utf8_lossy(&self.so_far()).into_owned()
    }

    /// Whether the stream has ended: nobody holds it open any more.
    pub fn has_ended(&self) -> bool {
        self.up_to_date(|text| text.ended)
    }

    /// Reads what is in the pipe, and then asks. One that is filled all the time is
    /// read for a while only.
    fn up_to_date<T>(&self, ask: impl FnOnce(&Text) -> T) -> T {
        const FOR_A_WHILE: usize = 64;
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let mut block = [0; 16 * 1024];
        for _ in 0..FOR_A_WHILE {
            if text.ended {
                break;
            }
            match (&*self.pipe).read(&mut block) {
                Ok(0) => text.ended = true,
                Ok(count) => {
                    let room = KEPT - text.kept.len();
                    text.kept.extend_from_slice(&block[..count.min(room)]);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => text.ended = true,
            }
        }
        ask(&text)
    }
}
