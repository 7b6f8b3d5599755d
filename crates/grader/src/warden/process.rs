//! The warden's own side: a process that starts one program and ends all that
//! comes of it.
//!
//! Every executable that links the grader can be a warden: a constructor, run by
//! the loader before `main`, looks for [`VARIABLE`]. So no second executable has to
//! be built, found, or kept in step.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, kill, killpg};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, setsid};

use super::{Message, VARIABLE};
use crate::exit::Exit;
use crate::limits::Limits;

/// Becomes a warden, if that is asked for.
#[ctor::ctor(unsafe)]
fn become_warden() {
    let Some(order) = std::env::var_os(VARIABLE) else {
        return;
    };
    let order = order.into_string().ok();
    let Some((number, limits)) = order.as_deref().and_then(Limits::from_variable) else {
        return;
    };
    // SAFETY: the step has left this descriptor open for its warden, and nothing
    // else has run in this process.
    let control = UnixStream::from(unsafe { OwnedFd::from_raw_fd(number) });
    let ended_well = guard(control, limits).is_ok();
    std::process::exit(if ended_well { 0 } else { 1 });
}

/// Starts the program named by this process's arguments, tells of its end, and ends
/// whatever is left when the step hangs up.
fn guard(mut control: UnixStream, limits: Limits) -> io::Result<ExitCode> {
    // A session of its own: the terminal's Ctrl-C ends the test, not the warden.
    setsid()?;
    prctl::set_child_subreaper(true)?;
    prctl::set_name(c"wirebook-warden")?;
    close_all_but(&control)?;
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    children.thread_block()?;
    let ended = SignalFd::with_flags(&children, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;

    let program = match start(limits) {
        Ok(pid) => {
            tell(&mut control, &Message::Started(pid))?;
            Pid::from_raw(pid.cast_signed())
        }
        Err(error) => {
            tell(&mut control, &Message::Failed(error.to_string()))?;
            return Err(error);
        }
    };
    // The program's streams are the program's alone from here on: their end must
    // show when it has ended.
    let nothing = OwnedFd::from(
        std::fs::File::options()
            .read(true)
            .write(true)
            .open("/dev/null")?,
    );
    nix::unistd::dup2_stdin(&nothing)?;
    nix::unistd::dup2_stdout(&nothing)?;
    nix::unistd::dup2_stderr(&nothing)?;

    loop {
        let mut watched = [
            PollFd::new(control.as_fd(), PollFlags::POLLIN),
            PollFd::new(ended.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut watched, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let hung_up = watched[0].any().unwrap_or(false);
        while let Ok(Some(_)) = ended.read_signal() {}
        reap(program, &mut control);
        if hung_up {
            end_all(program, &mut control);
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Closes every descriptor but the standard streams and the socket to the step:
/// nothing of the test process may live on in the program.
fn close_all_but(control: &UnixStream) -> io::Result<()> {
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    use std::os::fd::AsRawFd;
    let kept = control.as_raw_fd().cast_unsigned();
    // SAFETY: close_range(2) with integers; no value in this process owns any of
    // these descriptors.
    unsafe {
        nix::libc::close_range(3, kept - 1, 0);
        nix::libc::close_range(kept + 1, u32::MAX, 0);
    }
    fcntl(control, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok(())
}

/// Starts the program, within its limits; its number.
fn start(limits: Limits) -> io::Result<u32> {
    let mut words = std::env::args_os().skip(1);
    let path: OsString = words
        .next()
        .ok_or_else(|| io::Error::other("no program was named"))?;
    let limits = limits.for_this_user()?;
    let mut command = Command::new(&path);
    command
        .args(words)
        .env_remove(VARIABLE)
        .stdin(Stdio::inherit())
        .process_group(0);
    // SAFETY: the warden has one thread, so its copy may do whatever a process may.
    unsafe {
        command.pre_exec(move || {
            SigSet::empty().thread_set_mask()?;
            limits.impose()?;
            // Should the warden be killed, the program at least goes with it.
            prctl::set_pdeathsig(Signal::SIGKILL)?;
            Ok(())
        });
    }
    // The handle is let go: `reap` waits for the program as for everything else.
    Ok(command.spawn()?.id())
}

fn tell(control: &mut UnixStream, message: &Message) -> io::Result<()> {
    let mut line = serde_json::to_string(message)?;
    line.push('\n');
    control.write_all(line.as_bytes())
}

/// Waits for all children that have ended, and tells the step if the program is
/// one of them.
fn reap(program: Pid, control: &mut UnixStream) {
    loop {
        let (pid, exit) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, status)) => (pid, Exit::Status(status)),
            Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, Exit::Signal(signal as i32)),
            _ => return,
        };
        if pid == program {
            // A step that is gone needs no telling.
            tell(control, &Message::Ended(exit)).ok();
        }
    }
}

/// Ends all descendants, however fast they multiply. It gives up on none: a process
/// that no signal reaches for a while keeps its warden.
fn end_all(program: Pid, control: &mut UnixStream) {
    // All that have stayed in the program's group go at one blow.
    killpg(program, Signal::SIGKILL).ok();
    loop {
        reap(program, control);
        let left = stop_all_below(std::process::id());
        if left.is_empty() {
            return;
        }
        for pid in left {
            kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).ok();
        }
        // Those below a killed child come to the warden as it dies.
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// Stops all descendants of a process, and gives their numbers. A stopped process
/// cannot fork, and keeps its place under the limit on processes: so round by round
/// fewer are left that can.
pub fn stop_all_below(ancestor: u32) -> HashSet<u32> {
    let mut stopped = HashSet::new();
    loop {
        let all = xray::descendants(ancestor).unwrap_or_default();
        let new: Vec<u32> = all.into_iter().filter(|pid| stopped.insert(*pid)).collect();
        if new.is_empty() {
            return stopped;
        }
        for pid in new {
            kill(Pid::from_raw(pid.cast_signed()), Signal::SIGSTOP).ok();
        }
    }
}
