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
        }
    }

    /// The program `name` of the exercise `package`, which cargo has built as `path`,
    /// unless the environment puts another one in its place: see
    /// [`program!`](crate::program!).
    pub fn of_exercise(name: &str, path: &str, package: &str) -> Program {
        let suffix = name.replace('-', "_").to_uppercase();
        let own = std::env::var_os(format!("WIREBOOK_PROGRAM_{suffix}"));
        // The first program of an exercise bears the exercise's name.
        let first = package.ends_with(&format!("-{name}"));
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
