//! A program that runs in a process group of its own, until it ends or is cancelled.

use std::io;
use std::process::{Child, Command, ExitStatus};

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::Cancel;

/// A running program. Nothing of its group outlives this value.
pub struct Group<'a> {
    child: Child,
    cancel: &'a Cancel,
    reaped: bool,
}

impl<'a> Group<'a> {
    /// Starts `command`; `None` if the check was cancelled before.
    pub fn start(command: &mut Command, cancel: &'a Cancel) -> io::Result<Option<Group<'a>>> {
        Ok(cancel.spawn(command)?.map(|child| Group {
            child,
            cancel,
            reaped: false,
        }))
    }

    /// The program's pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Waits until the program has ended, then ends what it left in its group.
    pub fn wait(mut self) -> io::Result<ExitStatus> {
        wait_for_end(self.pid())?;
        self.reaped = true;
        self.cancel.reap(&mut self.child)
    }
}

/// Waits until a child has ended, and leaves it unreaped: its number, which is
/// also the group's, stays taken.
pub fn wait_for_end(pid: Pid) -> io::Result<()> {
    loop {
        match waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
            Err(Errno::EINTR) => {}
            other => return Ok(other.map(drop)?),
        }
    }
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        if !self.reaped {
            self.cancel.kill_running();
            // It was killed just now; there is nothing to do about an error.
            let _ = self.cancel.reap(&mut self.child);
        }
    }
}
