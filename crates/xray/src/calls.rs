//! A program, one system call at a time.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use nix::libc;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::activity::Call;

/// A program that stops whenever a system call of its has returned, so that it can
/// be looked at in between: see ptrace(2).
///
/// The program must be of one thread. All calls must come from the thread that has
/// started it; the program ends with that thread's process, and when this value is
/// dropped.
#[derive(Debug)]
pub struct Stepper {
    child: Child,
    ended: bool,
}

/// A system call that has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The call.
    pub call: Call,
    /// What it gave: a value, or the negative of an errno.
    pub result: i64,
}

enum Stop {
    Entry(Option<Call>),
    /// With the call's result.
    Exit(i64),
}

impl Stepper {
    /// Starts `command`, which stops before its first instruction.
    ///
    /// # Errors
    /// The program cannot be executed, or this process may not trace it.
    pub fn start(command: &mut Command) -> io::Result<Stepper> {
        // SAFETY: between fork and exec the child makes one system call.
        unsafe { command.pre_exec(|| Ok(ptrace::traceme()?)) };
        let child = command.spawn()?;
        let stepper = Stepper {
            child,
            ended: false,
        };
        // The stop that comes of exec.
        waitpid(stepper.number(), None)?;
        ptrace::setoptions(
            stepper.number(),
            ptrace::Options::PTRACE_O_TRACESYSGOOD | ptrace::Options::PTRACE_O_EXITKILL,
        )?;
        Ok(stepper)
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The program's standard streams, as far as the command has asked for pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Lets the program run until its next system call has returned; `None` when it
    /// has ended instead.
    ///
    /// # Errors
    /// It is not there any more, or not traced.
    pub fn next_call(&mut self) -> io::Result<Option<Returned>> {
        let mut entered = None;
        let mut signal = None;
        while !self.ended {
            ptrace::syscall(self.number(), signal.take())?;
            match waitpid(self.number(), None)? {
                WaitStatus::PtraceSyscall(_) => match self.stop()? {
                    Stop::Entry(call) => entered = call,
                    Stop::Exit(result) => {
                        if let Some(call) = entered {
                            return Ok(Some(Returned { call, result }));
                        }
                    }
                },
                WaitStatus::Exited(..) | WaitStatus::Signaled(..) => self.ended = true,
                // A signal for the program goes on to it.
                WaitStatus::Stopped(_, Signal::SIGTRAP) => {}
                WaitStatus::Stopped(_, other) => signal = Some(other),
                _ => {}
            }
        }
        Ok(None)
    }

    /// At which side of a system call it has stopped.
    fn stop(&self) -> io::Result<Stop> {
        let info = ptrace::syscall_info(self.number())?;
        // SAFETY: `op` says which member of the union the kernel has filled in.
        Ok(unsafe {
            if info.op == libc::PTRACE_SYSCALL_INFO_ENTRY {
                let entry = info.u.entry;
                Stop::Entry(Call::new(entry.nr.cast_signed(), entry.args))
            } else {
                Stop::Exit(info.u.exit.sval)
            }
        })
    }

    fn number(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

impl Drop for Stepper {
    fn drop(&mut self) {
        if !self.ended {
            // It may have ended on its own in the meantime.
            self.child.kill().ok();
            waitpid(self.number(), None).ok();
        }
    }
}
