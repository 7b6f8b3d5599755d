//! What a thread is doing.

use std::fmt;

use procfs::process::{ProcState, Syscall, Task};

/// What a thread does at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It runs, or waits for a processor to run on.
    Running,
    /// It sleeps until something happens; in which call, where the kernel tells.
    Sleeping(Option<Call>),
    /// It waits for a disk or a lock and cannot be woken by a signal.
    Waiting,
    /// Stopped by a signal (SIGSTOP) or by a tracer.
    Stopped,
    /// It has ended. A process in this state is a **zombie**: it stays until
    /// its parent waits for it.
    Ended,
}

/// A system call that a thread is in, with its raw arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The name, as in section 2 of the manual: `accept4`.
    pub name: &'static str,
    /// The six argument registers. Those beyond the call's own are meaningless.
    pub arguments: [u64; 6],
}

impl Activity {
    pub(crate) fn of(task: &Task) -> procfs::ProcResult<Activity> {
        let state = task.stat()?.state().unwrap_or(ProcState::Running);
        Ok(match state {
            ProcState::Running | ProcState::Waking => Activity::Running,
            ProcState::Waiting => Activity::Waiting,
            ProcState::Stopped | ProcState::Tracing => Activity::Stopped,
            ProcState::Zombie | ProcState::Dead => Activity::Ended,
            _ => match task.syscall() {
                // It was woken between the two looks.
                Ok(Syscall::Running) => Activity::Running,
                Ok(Syscall::Blocked {
                    syscall_number,
                    argument_registers,
                    ..
                }) => Activity::Sleeping(Call::new(syscall_number, argument_registers)),
                // The kernel shows the call to those who may trace the process.
                _ => Activity::Sleeping(None),
            },
        })
    }

    /// The call the thread sleeps in, if it sleeps and the kernel tells.
    pub fn call(&self) -> Option<&Call> {
        match self {
            Activity::Sleeping(call) => call.as_ref(),
            _ => None,
        }
    }
}

impl Call {
    pub(crate) fn new(number: i64, arguments: [u64; 6]) -> Option<Call> {
        let number = usize::try_from(number).ok()?;
        let name = syscalls::Sysno::new(number)?.name();
        Some(Call { name, arguments })
    }

    /// The descriptor that the call is about, where its first argument is one.
    pub fn descriptor(&self) -> Option<i32> {
        const ABOUT_ONE: [&str; 16] = [
            "accept",
            "accept4",
            "connect",
            "epoll_pwait",
            "epoll_pwait2",
            "epoll_wait",
            "pread64",
            "read",
            "readv",
            "recvfrom",
            "recvmsg",
            "sendmsg",
            "sendto",
            "shutdown",
            "write",
            "writev",
        ];
        let about_one = ABOUT_ONE.contains(&self.name);
        about_one.then_some(self.arguments[0] as i32)
    }
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Activity::Running => f.write_str("runs"),
            Activity::Sleeping(Some(call)) => write!(f, "sleeps in {call}"),
            Activity::Sleeping(None) => f.write_str("sleeps"),
            Activity::Waiting => f.write_str("waits for a disk or a lock"),
            Activity::Stopped => f.write_str("is stopped"),
            Activity::Ended => f.write_str("has ended, nobody has waited for it (zombie)"),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The call that the C library and the manual name waitpid.
        f.write_str(if self.name == "wait4" {
            "waitpid (wait4)"
        } else {
            self.name
        })?;
        match self.descriptor() {
            Some(number) => write!(f, " (fd {number})"),
            None => Ok(()),
        }
    }
}
