//! What the kernel lets us do. Each thing is tried.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::prctl;
use nix::sys::utsname::uname;
use wire::Network;

use super::finding::{Finding, Thing};
use crate::workbook::Workbook;

/// The first kernel with pidfd_getfd(2).
const OLDEST: (u32, u32) = (5, 6);

pub fn linux(_: &Workbook) -> Finding {
    let thing = Thing {
        name: "Linux",
        needed: true,
        purpose: "the checks ask the Linux kernel what a program does",
    };
    let elsewhere = "use Linux, WSL2 on Windows, or the dev container of this repository";
    let Ok(name) = uname() else {
        return thing.missing("the system does not say what it is", elsewhere);
    };
    let system = name.sysname().to_string_lossy();
    let release = name.release().to_string_lossy();
    if system != "Linux" {
        return thing.missing(format!("this is {system}"), elsewhere);
    }
    match version(&release) {
        Some(version) if version < OLDEST => thing.missing(
            format!("{release} is older than {}.{}", OLDEST.0, OLDEST.1),
            "update the system, or use the dev container of this repository on a newer one",
        ),
        _ => thing.ok(release),
    }
}

/// `(6, 18)` of `6.18.4-generic`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

pub fn wsl(workbook: &Workbook) -> Finding {
    let thing = Thing {
        name: "a Linux of its own",
        needed: true,
        purpose: "WSL1 has no Linux kernel, and Windows' folders do not tell of changes",
    };
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = release.to_lowercase();
    if !release.contains("microsoft") {
        return thing.ok(match container() {
            Some(container) => format!("not WSL; in a container ({container})"),
            None => "not WSL".to_owned(),
        });
    }
    if !release.contains("wsl2") && !release.contains("microsoft-standard") {
        return thing.missing(
            "this is WSL1",
            "in PowerShell: wsl --set-version <distribution> 2",
        );
    }
    if workbook.root().starts_with("/mnt") {
        return thing.missing(
            format!(
                "WSL2, but the workbook is in {}, a folder of Windows",
                workbook.root().display()
            ),
            "clone it into your Linux home: cd ~ && git clone …",
        );
    }
    thing.ok("WSL2")
}

/// The kind of container that this runs in, as far as it shows.
fn container() -> Option<&'static str> {
    let kinds = [("/.dockerenv", "Docker"), ("/run/.containerenv", "Podman")];
    kinds
        .into_iter()
        .find_map(|(file, kind)| Path::new(file).exists().then_some(kind))
}

pub fn proc(_: &Workbook) -> Finding {
    let thing = Thing {
        name: "/proc",
        needed: true,
        purpose: "processes, descriptors and sockets are read from there",
    };
    match xray::XRay::of(std::process::id()) {
        Ok(_) => thing.ok("shows processes and their descriptors"),
        Err(error) => thing.missing(
            error.to_string(),
            "mount it, without hidepid: sudo mount -o remount,hidepid=0 /proc",
        ),
    }
}

pub fn loopback(_: &Workbook) -> Finding {
    let thing = Thing {
        name: "loopback",
        needed: true,
        purpose: "servers and clients of the exercises talk over 127.0.0.1",
    };
    let talk = || -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut client = TcpStream::connect(listener.local_addr()?)?;
        client.write_all(b"?")?;
        listener.accept()?.0.read_exact(&mut [0])
    };
    match talk() {
        Ok(()) => thing.ok("127.0.0.1 answers"),
        Err(error) => thing.missing(error.to_string(), "sudo ip link set lo up"),
    }
}

pub fn subreaper(_: &Workbook) -> Finding {
    let thing = Thing {
        name: "child subreaper",
        needed: true,
        purpose: "nothing that a program under test starts outlives its step (prctl(2))",
    };
    match in_child(|| Ok(prctl::set_child_subreaper(true)?)) {
        Ok(()) => thing.ok("a process can adopt its orphans"),
        Err(error) => thing.missing(
            error.to_string(),
            "a sandbox forbids it: run the workbook outside of it",
        ),
    }
}

pub fn descriptors_of_others(_: &Workbook) -> Finding {
    let thing = Thing {
        name: "pidfd_getfd",
        needed: false,
        purpose: "the options of a program's sockets (SO_REUSEADDR, TCP_NODELAY) in reports",
    };
    let look = || -> io::Result<()> {
        let listener = OwnedFd::from(TcpListener::bind("127.0.0.1:0")?);
        let mut child = Command::new("sleep").arg("10").stdin(listener).spawn()?;
        let looked = xray::SocketOptions::of(child.id(), 0);
        child.kill()?;
        child.wait()?;
        looked.map(drop)
    };
    match look() {
        Ok(()) => thing.ok("a child's socket can be looked at"),
        Err(error) => thing.missing(error.to_string(), remedy_for_tracing()),
    }
}

fn remedy_for_tracing() -> String {
    match setting("/proc/sys/kernel/yama/ptrace_scope") {
        Some(2..) => "sudo sysctl -w kernel.yama.ptrace_scope=1".to_owned(),
        _ if container().is_some() => {
            "start the container with --cap-add=SYS_PTRACE (the dev container of this \
             repository does)"
                .to_owned()
        }
        _ => "a sandbox forbids it: run the workbook outside of it".to_owned(),
    }
}

pub fn networks(_: &Workbook) -> Finding {
    let thing = Thing {
        name: "networks",
        needed: false,
        purpose: "two hosts and a cable on this machine; steps that need them say \"not checked\"",
    };
    match Network::new() {
        Ok(_) => thing.ok("two hosts and a cable can be made here"),
        Err(error) => {
            let remedy = error.remedy();
            thing.missing(error.to_string(), remedy.unwrap_or_default())
        }
    }
}

/// The number in a file of `/proc/sys`.
fn setting(file: &str) -> Option<i64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Tries something in a child, which ends at once: whatever it changes goes with it.
fn in_child(attempt: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> io::Result<()> {
    let mut command = Command::new("/proc/self/exe");
    command.arg("--version").stdout(Stdio::null());
    // SAFETY: this process has one thread (`doctor` starts none), so no lock can
    // be held by another at the fork, and the child may do what the parent may.
    unsafe { command.pre_exec(attempt) };
    command.status().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_begins_with_its_version() {
        assert_eq!(version("6.18.44-fc-v669"), Some((6, 18)));
        assert_eq!(version("5.15.167.4-microsoft-standard-WSL2"), Some((5, 15)));
        assert_eq!(version("?"), None);
    }
}
