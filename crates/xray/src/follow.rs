//! A program and all that comes of it, call by call.

use std::collections::{HashMap, HashSet};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::activity::Call;

/// What a followed program does.
#[derive(Clone, Copy, Debug)]
pub enum Done {
    /// A thread calls the kernel. It is stopped until this has been looked at.
    Calls { thread: u32, call: Call },
    /// Its call has returned: a value, or the negative of an errno. It is stopped, too.
    Returned {
        thread: u32,
        call: Call,
        result: i64,
    },
    /// The program has ended; what it has started may go on.
    Ended(ExitStatus),
}

/// Runs `command`, and tells of each system call of its and of its descendants, until all of
/// them have ended. See ptrace(2); a stop of the job (Ctrl-Z) has no effect on them.
///
/// # Errors
/// It cannot be executed, or this process may not trace it.
pub fn follow(command: &mut Command, mut tell: impl FnMut(Done)) -> io::Result<()> {
    // SAFETY: between fork and exec the child makes one system call.
    unsafe { command.pre_exec(|| Ok(ptrace::traceme()?)) };
    let first = Pid::from_raw(command.spawn()?.id().cast_signed());
    // The stop that comes of exec.
    waitpid(first, None)?;
    use ptrace::Options;
    ptrace::setoptions(
        first,
        Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_EXITKILL
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEEXEC,
    )?;
    go_on(first, None);
    let mut known = HashSet::from([first]);
    let mut entered: HashMap<Pid, Call> = HashMap::new();
    loop {
        // Only what this thread traces: the process may have other children.
        let status = match waitpid(None, Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD)) {
            Ok(status) => status,
            Err(Errno::EINTR) => continue,
            Err(Errno::ECHILD) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        match status {
            WaitStatus::PtraceSyscall(pid) => {
                match side(pid) {
                    Some(Side::Entry(call)) => {
                        entered.insert(pid, call);
                        let thread = pid.as_raw().cast_unsigned();
                        tell(Done::Calls { thread, call });
                    }
                    Some(Side::Exit(result)) => {
                        if let Some(call) = entered.remove(&pid) {
                            let thread = pid.as_raw().cast_unsigned();
                            tell(Done::Returned {
                                thread,
                                call,
                                result,
                            });
                        }
                    }
                    None => {}
                }
                go_on(pid, None);
            }
            WaitStatus::PtraceEvent(pid, ..) => go_on(pid, None),
            // A new one begins with a stop of its own.
            WaitStatus::Stopped(pid, Signal::SIGSTOP) if known.insert(pid) => go_on(pid, None),
            WaitStatus::Stopped(pid, Signal::SIGTRAP) => go_on(pid, None),
            // A signal for the program goes on to it.
            WaitStatus::Stopped(pid, signal) => go_on(pid, Some(signal)),
            WaitStatus::Exited(pid, code) if pid == first => {
                tell(Done::Ended(ExitStatus::from_raw(code << 8)));
            }
            WaitStatus::Signaled(pid, signal, _) if pid == first => {
                tell(Done::Ended(ExitStatus::from_raw(signal as i32)));
            }
            _ => {}
        }
    }
}

/// Lets a thread go on to the next side of a call. One that was killed meanwhile is waited for.
fn go_on(pid: Pid, signal: Option<Signal>) {
    ptrace::syscall(pid, signal).ok();
}

enum Side {
    Entry(Call),
    Exit(i64),
}

fn side(pid: Pid) -> Option<Side> {
    let info = ptrace::syscall_info(pid).ok()?;
    // SAFETY: `op` says which member of the union the kernel has filled in.
    unsafe {
        match info.op {
            libc::PTRACE_SYSCALL_INFO_ENTRY => {
                let entry = info.u.entry;
                Call::new(entry.nr.cast_signed(), entry.args).map(Side::Entry)
            }
            libc::PTRACE_SYSCALL_INFO_EXIT => Some(Side::Exit(info.u.exit.sval)),
            _ => None,
        }
    }
}
