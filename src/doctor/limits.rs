//! How much of everything there is.

use std::fs;

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, rlim_t};
use nix::sys::statvfs::statvfs;

use super::finding::{Finding, Thing};
use crate::workbook::Workbook;

pub fn processes(_: &Workbook) -> Finding {
    let thing = Thing {
        name: "processes",
        needed: true,
        purpose: "servers with a process or a thread a client",
    };
    limit(thing, Resource::RLIMIT_NPROC, 1024, "u")
}

pub fn descriptors(_: &Workbook) -> Finding {
    let thing = Thing {
        name: "open files",
        needed: true,
        purpose: "checks with many connections at once",
    };
    limit(thing, Resource::RLIMIT_NOFILE, 1024, "n")
}

/// A limit of getrlimit(2), which `ulimit` with this letter changes.
fn limit(thing: Thing, resource: Resource, least: rlim_t, letter: &str) -> Finding {
    match getrlimit(resource) {
        Err(error) => thing.missing(error.to_string(), "run the workbook outside of its sandbox"),
        Ok((soft, _)) if soft == RLIM_INFINITY => thing.ok("no limit"),
        Ok((soft, _)) if soft >= least => thing.ok(format!("at most {soft}")),
        Ok((soft, hard)) if hard >= least => thing.missing(
            format!("at most {soft}"),
            format!("ulimit -S{letter} {least}"),
        ),
        Ok((_, hard)) => thing.missing(
            format!("at most {hard}"),
            format!(
                "as root, in /etc/security/limits.conf, then log in again: * hard {} {least}",
                if letter == "u" { "nproc" } else { "nofile" }
            ),
        ),
    }
}

pub fn inotify(workbook: &Workbook) -> Finding {
    let thing = Thing {
        name: "file changes",
        needed: false,
        purpose: "a saved file is checked at once (inotify(7)); else it takes a second",
    };
    use notify::{RecommendedWatcher, RecursiveMode, Watcher};
    let watch = || -> notify::Result<()> {
        let mut watcher = RecommendedWatcher::new(|_| {}, notify::Config::default())?;
        watcher.watch(&workbook.exercises_folder(), RecursiveMode::Recursive)?;
        watcher.watch(&workbook.book(), RecursiveMode::Recursive)
    };
    match watch() {
        Ok(()) => thing.ok("are noticed"),
        Err(error) => thing.missing(
            error.to_string(),
            format!(
                "sudo sysctl -w fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512\n\
                 (now {} and {})",
                setting("max_user_watches"),
                setting("max_user_instances")
            ),
        ),
    }
}

fn setting(name: &str) -> String {
    let file = format!("/proc/sys/fs/inotify/{name}");
    let text = fs::read_to_string(file).unwrap_or_else(|_| "unknown".to_owned());
    text.trim().to_owned()
}

pub fn disk(workbook: &Workbook) -> Finding {
    const LEAST: u64 = 2 << 30;
    let thing = Thing {
        name: "disk space",
        needed: true,
        purpose: "what cargo compiles",
    };
    let gigabytes = |bytes: u64| format!("{:.1} GB free", bytes as f64 / 1e9);
    match statvfs(workbook.root()) {
        Err(error) => thing.missing(error.to_string(), "look at the disk with df"),
        Ok(disk) => {
            // The width of these fields differs between systems.
            #[allow(clippy::unnecessary_cast)]
            let free = disk.blocks_available() as u64 * disk.fragment_size() as u64;
            match free >= LEAST {
                true => thing.ok(gigabytes(free)),
                false => thing.missing(
                    gigabytes(free),
                    format!(
                        "make room for {LEAST} bytes; `cargo clean` in other projects gives some"
                    ),
                ),
            }
        }
    }
}
