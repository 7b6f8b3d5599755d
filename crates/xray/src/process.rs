//! A process and its descendants.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use procfs::process::Process as ProcEntry;

use crate::activity::Activity;
use crate::descriptor::Descriptor;
use crate::socket::{Socket, Sockets, TcpState};

/// A process, its descendants, and the sockets of their network.
#[derive(Clone, Debug)]
pub struct XRay {
    /// The process that was asked for, then its descendants: each stands behind
    /// its parent, siblings in the order of their start.
    pub processes: Vec<Process>,
    /// The table of TCP sockets, those that no process holds included.
    pub sockets: Sockets,
}

/// One process.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// The number of its parent.
    pub parent: u32,
    /// How far below the process that was asked for: 0 for that one itself.
    pub depth: usize,
    /// The name of its program, as the kernel keeps it: 15 bytes at most.
    pub name: String,
    /// Whether it has ended and its parent has not waited for it.
    pub zombie: bool,
    /// Its threads, the first one first. A zombie has none.
    pub threads: Vec<Thread>,
    /// Processor time used so far, by all threads, in ticks of 10 ms.
    pub cpu: Duration,
    /// Resident memory, in bytes.
    pub memory: u64,
    /// What it holds. A zombie holds nothing: the kernel closed it all.
    pub descriptors: Vec<Descriptor>,
}

/// One thread of a process.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its number; the first thread's is the process's.
    pub tid: u32,
    /// The name that the program gave it, or the program's own.
    pub name: String,
    /// What it is doing.
    pub activity: Activity,
}

impl XRay {
    /// Looks at process `pid` and its descendants.
    ///
    /// # Errors
    /// There is no such process, it belongs to somebody else, or `/proc` is not
    /// there.
    pub fn of(pid: u32) -> io::Result<XRay> {
        XRay::of_all(&[pid])
    }

    /// Looks at several processes and their descendants.
    ///
    /// # Errors
    /// As [`XRay::of`], for the first of them.
    pub fn of_all(pids: &[u32]) -> io::Result<XRay> {
        let first = pids.first().copied().unwrap_or_else(std::process::id);
        let root = ProcEntry::new(first.cast_signed()).map_err(io_error)?;
        // A zombie's network is gone with it; its own view does not exist.
        let sockets = Sockets::seen_by(&root)
            .or_else(|_| Sockets::seen_by(&ProcEntry::myself()?))
            .map_err(io_error)?;
        let children = children_by_parent().map_err(io_error)?;
        let mut processes = Vec::new();
        for &pid in pids {
            for (pid, depth) in depth_first(pid, &children) {
                // One that ended in the meantime is left out.
                processes.extend(Process::of(pid, depth, &sockets));
            }
        }
        Ok(XRay { processes, sockets })
    }

    /// The process with this number.
    pub fn process(&self, pid: u32) -> Option<&Process> {
        self.processes.iter().find(|process| process.pid == pid)
    }

    /// The processes that have ended and were not waited for.
    pub fn zombies(&self) -> impl Iterator<Item = &Process> {
        self.processes.iter().filter(|process| process.zombie)
    }

    /// Who holds a socket that listens on `address`, and as which descriptor.
    pub fn listener(&self, address: SocketAddr) -> Option<(&Process, &Descriptor)> {
        self.listeners(address).next()
    }

    /// All who hold a socket that listens on `address`.
    pub fn listeners(&self, address: SocketAddr) -> impl Iterator<Item = (&Process, &Descriptor)> {
        self.holders(move |socket| socket.state == TcpState::Listen && socket.local == address)
    }

    /// All who hold the end of the connection whose own address is `local` and
    /// whose peer is `remote`.
    pub fn holders_between(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> impl Iterator<Item = (&Process, &Descriptor)> {
        self.holders(move |socket| socket.local == local && socket.remote == remote)
    }

    /// All descriptors whose TCP socket is `wanted`, with the processes that hold them.
    pub fn holders(
        &self,
        wanted: impl Fn(&Socket) -> bool,
    ) -> impl Iterator<Item = (&Process, &Descriptor)> {
        self.processes
            .iter()
            .flat_map(|process| process.descriptors.iter().map(move |d| (process, d)))
            .filter(move |(_, descriptor)| descriptor.tcp().is_some_and(&wanted))
    }
}

impl Process {
    fn of(pid: u32, depth: usize, sockets: &Sockets) -> Option<Process> {
        let entry = ProcEntry::new(pid.cast_signed()).ok()?;
        let stat = entry.stat().ok()?;
        let zombie = matches!(stat.state, 'Z' | 'X');
        let (threads, descriptors) = if zombie {
            (Vec::new(), Vec::new())
        } else {
            // A process that ends at this moment shows an empty list, or none.
            (
                Thread::all_of(&entry),
                Descriptor::all_of(&entry, sockets).unwrap_or_default(),
            )
        };
        Some(Process {
            pid,
            parent: stat.ppid.cast_unsigned(),
            depth,
            name: stat.comm.clone(),
            zombie,
            threads,
            cpu: ticks(stat.utime + stat.stime),
            memory: stat.rss * procfs::page_size(),
            descriptors,
        })
    }

    /// Whether every thread of it sleeps.
    pub fn asleep(&self) -> bool {
        self.threads
            .iter()
            .all(|thread| matches!(thread.activity, Activity::Sleeping(_)))
    }
}

impl Thread {
    fn all_of(entry: &ProcEntry) -> Vec<Thread> {
        let Ok(tasks) = entry.tasks() else {
            return Vec::new();
        };
        let mut threads: Vec<Thread> = tasks
            .flatten()
            .filter_map(|task| {
                Some(Thread {
                    tid: task.tid.cast_unsigned(),
                    name: task.stat().ok()?.comm,
                    activity: Activity::of(&task).ok()?,
                })
            })
            .collect();
        threads.sort_by_key(|thread| thread.tid);
        threads
    }
}

/// The numbers of all descendants of process `pid`, parents before children.
///
/// # Errors
/// `/proc` cannot be read.
pub fn descendants(pid: u32) -> io::Result<Vec<u32>> {
    let children = children_by_parent().map_err(io_error)?;
    let numbers = depth_first(pid, &children).into_iter();
    Ok(numbers.skip(1).map(|(pid, _)| pid).collect())
}

/// How many threads of these processes run, wait for a processor, or wait for a disk.
/// A process that is not there has none.
pub fn busy_threads(pids: &[u32]) -> usize {
    let entries = pids
        .iter()
        .filter_map(|pid| ProcEntry::new(pid.cast_signed()).ok());
    entries
        .filter_map(|entry| entry.tasks().ok())
        .flat_map(|tasks| tasks.flatten())
        .filter(|task| {
            task.stat()
                .is_ok_and(|stat| matches!(stat.state, 'R' | 'D'))
        })
        .count()
}

/// The numbers of the children of process `pid`, oldest first.
///
/// # Errors
/// `/proc` cannot be read.
pub fn children(pid: u32) -> io::Result<Vec<u32>> {
    let mut children = children_by_parent().map_err(io_error)?;
    Ok(children.remove(&pid).unwrap_or_default())
}

/// Every process's children, oldest first.
fn children_by_parent() -> procfs::ProcResult<HashMap<u32, Vec<u32>>> {
    let mut children: HashMap<u32, Vec<(u64, u32)>> = HashMap::new();
    for entry in procfs::process::all_processes()?.flatten() {
        let Ok(stat) = entry.stat() else { continue };
        children
            .entry(stat.ppid.cast_unsigned())
            .or_default()
            .push((stat.starttime, stat.pid.cast_unsigned()));
    }
    let oldest_first = |mut list: Vec<(u64, u32)>| {
        list.sort_unstable();
        list.into_iter().map(|(_, pid)| pid).collect()
    };
    Ok(children
        .into_iter()
        .map(|(parent, list)| (parent, oldest_first(list)))
        .collect())
}

/// `root` and all below it, with their depth, each behind its parent.
fn depth_first(root: u32, children: &HashMap<u32, Vec<u32>>) -> Vec<(u32, usize)> {
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    let mut stack = vec![(root, 0)];
    while let Some((pid, depth)) = stack.pop() {
        // The look at /proc is no snapshot: a number may be used again meanwhile.
        if !seen.insert(pid) {
            continue;
        }
        order.push((pid, depth));
        let below = children.get(&pid).map(Vec::as_slice).unwrap_or_default();
        stack.extend(below.iter().rev().map(|&child| (child, depth + 1)));
    }
    order
}

/// Clock ticks as a time.
fn ticks(count: u64) -> Duration {
    Duration::from_secs_f64(count as f64 / procfs::ticks_per_second() as f64)
}

pub(crate) fn io_error(error: procfs::ProcError) -> io::Error {
    use procfs::ProcError;
    let kind = match &error {
        ProcError::PermissionDenied(_) => io::ErrorKind::PermissionDenied,
        ProcError::NotFound(_) => io::ErrorKind::NotFound,
        ProcError::Io(inner, _) => inner.kind(),
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error.to_string())
}
