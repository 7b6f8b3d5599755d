//! The programs that the workbook uses.

use std::process::{Command, Stdio};

use super::finding::{Finding, Thing};
use crate::serve::{address, browser};
use crate::workbook::Workbook;

/// The oldest Rust that compiles the workbook.
const RUST: &str = env!("CARGO_PKG_RUST_VERSION");

pub fn rust(_: &Workbook) -> Finding {
    let thing = Thing {
        name: "Rust",
        needed: true,
        purpose: "compiles the exercises",
    };
    let install = "install it from https://rustup.rs and open a new terminal";
    for program in ["cargo", "rustc"] {
        let Some(found) = version_of(program) else {
            return thing.missing(format!("{program} is not in PATH"), install);
        };
        let newer = numbers(&found) >= numbers(RUST);
        if !newer {
            return thing.missing(
                format!("{found} is older than {RUST}"),
                "rustup update stable",
            );
        }
    }
    thing.ok(version_of("rustc").unwrap_or_default())
}

pub fn cc(_: &Workbook) -> Finding {
    let thing = Thing {
        name: "C compiler",
        needed: true,
        purpose: "links Rust programs, and compiles the book's listings in C",
    };
    match version_of("cc") {
        Some(found) => thing.ok(found),
        None => thing.missing(
            "cc is not in PATH",
            "Debian, Ubuntu: sudo apt install build-essential\n\
             Fedora: sudo dnf install gcc · Arch: sudo pacman -S base-devel",
        ),
    }
}

pub fn git(_: &Workbook) -> Finding {
    let thing = Thing {
        name: "git",
        needed: false,
        purpose: "updates of the workbook",
    };
    match version_of("git") {
        Some(found) => thing.ok(found),
        None => thing.missing(
            "git is not in PATH",
            "Debian, Ubuntu: sudo apt install git · Fedora: sudo dnf install git",
        ),
    }
}

pub fn browser(_: &Workbook) -> Finding {
    let thing = Thing {
        name: "browser",
        needed: false,
        purpose: "bare `cargo wirebook` opens it",
    };
    match browser::available() {
        Ok(()) => thing.ok("can be opened"),
        Err(why) => thing.missing(
            why,
            "open the address that `cargo wirebook` prints, in any browser on this machine",
        ),
    }
}

pub fn port(_: &Workbook) -> Finding {
    let thing = Thing {
        name: "port 3000",
        needed: false,
        purpose: "the book's address stays the same from day to day; else the next free port is taken",
    };
    match address::first_is_free() {
        Ok(()) => thing.ok("is free"),
        Err(why) => {
            let (what, remedy) = why.split_once('\n').unwrap_or((&why, ""));
            thing.missing(what, remedy)
        }
    }
}

/// The first line of `program --version`, if it can be run.
fn version_of(program: &str) -> Option<String> {
    let output = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().map(str::to_owned)
}

/// `[1, 95, 0]` of `cargo 1.95.0 (f2d3ce0bd 2026-03-21)`.
fn numbers(version: &str) -> Vec<u32> {
    let word = version
        .split(' ')
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let parts = word
        .unwrap_or_default()
        .split(|c: char| !c.is_ascii_digit());
    parts.map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(numbers("cargo 1.95.0 (f2d3ce0bd 2026-03-21)"), [1, 95, 0]);
        assert_eq!(numbers("rustc 1.90.0-nightly (x 2025-01-01)")[..2], [1, 90]);
        assert!(numbers("rustc 1.100.0") > numbers("1.88"));
    }
}
