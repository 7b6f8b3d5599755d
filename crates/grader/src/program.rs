//! Which program is started, with what, and within which limits.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::limits::Limits;

/// A program to be started, with its arguments and limits.
#[derive(Clone, Debug)]
pub struct Program {
    /// What a report calls it: `fork-server`.
    pub name: String,
    /// The executable.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// What it may use.
    pub limits: Limits,
    /// The host on which it runs; `None`: this machine.
    pub host: Option<wire::Entrance>,
}

impl Program {
    /// The program in the file `path`.
    pub fn at(path: impl Into<PathBuf>) -> Program {
        let path = path.into();
        let name = path.file_name().map(OsStr::to_string_lossy);
        Program {
            name: name.unwrap_or_default().into_owned(),
            path,
            arguments: Vec::new(),
            limits: Limits::default(),
            host: None,
        }
    }

    /// The program `name` of the exercise whose Cargo.toml reads `manifest`, which cargo
    /// has built as `path`, unless the environment puts another one in its place: see
    /// [`program!`](crate::program!).
    pub fn of_exercise(name: &str, path: &str, manifest: &str) -> Program {
        let suffix = name.replace('-', "_").to_uppercase();
        let own = std::env::var_os(format!("WIREBOOK_PROGRAM_{suffix}"));
        let first = first_program(manifest).is_none_or(|first| first == name);
        let other = own.or_else(|| first.then(|| std::env::var_os("WIREBOOK_PROGRAM"))?);
        Program {
            name: name.to_owned(),
            ..Program::at(other.unwrap_or_else(|| path.into()))
        }
    }

    /// With one more argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Program {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// With these arguments more.
    pub fn args(self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Program {
        arguments.into_iter().fold(self, Program::arg)
    }

    /// With a limit on the number of its descriptors (RLIMIT_NOFILE).
    pub fn descriptors(mut self, most: u64) -> Program {
        self.limits.descriptors = most;
        self
    }

    /// With a limit on its processes and threads (RLIMIT_NPROC).
    pub fn processes(mut self, most: u64) -> Program {
        self.limits.processes = most;
        self
    }
}

/// The name of the first `[[bin]]` in a Cargo.toml.
fn first_program(manifest: &str) -> Option<&str> {
    let (_, first) = manifest.split_once("\n[[bin]]\n")?;
    let value = first
        .lines()
        .find_map(|line| line.strip_prefix("name = "))?;
    Some(value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_program_need_not_bear_the_exercises_name() {
        let manifest = "[package]\nname = \"ch04-handshake\"\n\n[[bin]]\nname = \"probe\"\n\n\
                        [[bin]]\nname = \"client\"\n";
        assert_eq!(first_program(manifest), Some("probe"));
        assert_eq!(
            first_program("[package]\nname = \"ch04-handshake\"\n"),
            None
        );
    }
}
