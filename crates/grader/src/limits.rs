//! What a program under test may use, and the limits of one that runs.

use std::io;
use std::os::unix::fs::MetadataExt;

use nix::libc;
use nix::sys::resource::{Resource as Kind, getrlimit, setrlimit};
use nix::unistd::{Uid, setresuid};

#[cfg(target_env = "musl")]
pub type Resource = libc::c_int;
/// A limited resource, as prlimit(2) numbers them.
#[cfg(not(target_env = "musl"))]
pub type Resource = libc::__rlimit_resource_t;

/// What a program may use. All of it is there so that a program which runs wild
/// hurts nobody; the learner's own mistakes should never come near it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Descriptors of one process (RLIMIT_NOFILE).
    pub descriptors: u64,
    /// Processes and threads (RLIMIT_NPROC), beyond those that the user has already.
    pub processes: u64,
    /// The user to run as, in place of the superuser, whom RLIMIT_NPROC does not bind.
    user: Option<u32>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            descriptors: 1024,
            processes: 64,
            user: None,
        }
    }
}

impl Limits {
    const MEMORY: u64 = 2 << 30;
    const FILE: u64 = 64 << 20;
    const CPU_SECONDS: u64 = 30;

    /// The limits, and the descriptor of the socket to the step, as text.
    pub(crate) fn to_variable(self, control: i32) -> String {
        format!("{control} {} {}", self.descriptors, self.processes)
    }

    /// The inverse of [`Limits::to_variable`].
    pub(crate) fn from_variable(text: &str) -> Option<(i32, Limits)> {
        let mut words = text.split(' ');
        let control = words.next()?.parse().ok()?;
        let limits = Limits {
            descriptors: words.next()?.parse().ok()?,
            processes: words.next()?.parse().ok()?,
            user: None,
        };
        Some((control, limits))
    }

    /// The same limits, made fit for whoever runs the steps.
    ///
    /// RLIMIT_NPROC counts all processes of a *user* (getrlimit(2)): an ordinary user's
    /// limit is what there is already and then `processes`. The superuser is bound
    /// by none, so the program runs as a user of its own, who may still read and write what
    /// the superuser may.
    pub(crate) fn for_this_user(mut self) -> io::Result<Limits> {
        if superuser()? {
            self.user = Some(1_000_000_000 + std::process::id());
        } else {
            self.processes += tasks_of(Uid::current())?;
        }
        Ok(self)
    }

    /// Puts them in force for this process and all that comes of it.
    pub(crate) fn impose(self) -> io::Result<()> {
        if let Some(user) = self.user {
            become_user(user)?;
        }
        for (resource, most) in [
            (Kind::RLIMIT_NOFILE, self.descriptors),
            (Kind::RLIMIT_NPROC, self.processes),
            (Kind::RLIMIT_DATA, Limits::MEMORY),
            (Kind::RLIMIT_FSIZE, Limits::FILE),
            (Kind::RLIMIT_CPU, Limits::CPU_SECONDS),
            (Kind::RLIMIT_CORE, 0),
        ] {
            let (_, hard) = getrlimit(resource)?;
            let soft = most.min(hard);
            // A program may raise the number of its own descriptors, as servers do.
            let descriptors = resource == Kind::RLIMIT_NOFILE;
            setrlimit(resource, soft, if descriptors { hard } else { soft })?;
        }
        Ok(())
    }
}

/// Whether this is the superuser of the whole machine, rather than of a user
/// namespace (user_namespaces(7)).
fn superuser() -> io::Result<bool> {
    let map = std::fs::read_to_string("/proc/self/uid_map")?;
    let whole = map.split_whitespace().eq(["0", "0", "4294967295"]);
    Ok(Uid::effective().is_root() && whole)
}

/// How many processes and threads `user` has.
fn tasks_of(user: Uid) -> io::Result<u64> {
    let mut tasks = 0;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let number = entry.file_name();
        let is_process = number.as_encoded_bytes().iter().all(u8::is_ascii_digit);
        if is_process && entry.metadata().is_ok_and(|m| m.uid() == user.as_raw()) {
            let threads = std::fs::read_dir(entry.path().join("task"));
            tasks += threads.map_or(1, |threads| threads.count() as u64);
        }
    }
    Ok(tasks)
}

/// Becomes `user`, keeping of the superuser's powers those over files and low ports.
fn become_user(user: u32) -> io::Result<()> {
    use caps::{CapSet, Capability, CapsHashSet};
    let had = caps::read(None, CapSet::Permitted).map_err(io::Error::other)?;
    let wanted = [
        Capability::CAP_DAC_OVERRIDE,
        Capability::CAP_DAC_READ_SEARCH,
        Capability::CAP_NET_BIND_SERVICE,
    ];
    let kept: CapsHashSet = wanted.into_iter().filter(|c| had.contains(c)).collect();
    caps::securebits::set_keepcaps(true).map_err(io::Error::other)?;
    let user = Uid::from_raw(user);
    setresuid(user, user, user)?;
    for set in [CapSet::Effective, CapSet::Permitted, CapSet::Inheritable] {
        // What is permitted can shrink only when nothing else is in effect.
        caps::set(None, set, &kept).map_err(io::Error::other)?;
    }
    caps::set(None, CapSet::Ambient, &kept).map_err(io::Error::other)
}

/// Reads a limit of process `pid`, and sets it to `new` if that is given.
///
/// # Errors
/// There is no such process, or it belongs to somebody else.
pub fn of(pid: u32, resource: Resource, new: Option<libc::rlimit>) -> io::Result<libc::rlimit> {
    let user = std::fs::metadata(format!("/proc/{pid}"))?.uid();
    if user == Uid::effective().as_raw() {
        return prlimit(pid, resource, new);
    }
    // Only the user to whom a process belongs may change its limits, and a superuser
    // with all powers, which those of containers are not. The user of a thread
    // is the thread's own matter (the C library's setuid alone makes it all threads'):
    // so a thread that ends at once can be that user.
    let as_user = std::thread::spawn(move || {
        // SAFETY: the call takes integers, and changes this thread only.
        if unsafe { libc::syscall(libc::SYS_setresuid, user, -1, -1) } != 0 {
            return Err(io::Error::last_os_error());
        }
        prlimit(pid, resource, new)
    });
    let ended_early = |_| io::Error::other("the thread that sets the limit has panicked");
    as_user.join().map_err(ended_early)?
}

fn prlimit(pid: u32, resource: Resource, new: Option<libc::rlimit>) -> io::Result<libc::rlimit> {
    let mut old = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    let new = new.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: both pointers are null or point to a structure that outlives the call.
    match unsafe { libc::prlimit(pid.cast_signed(), resource, new, &raw mut old) } {
        0 => Ok(old),
        _ => Err(io::Error::last_os_error()),
    }
}
