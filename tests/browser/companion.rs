//! The companion, serving a workbook.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// A companion that serves. It ends with this value, or with the thread that made it.
pub struct Companion {
    process: Child,
    site: String,
    /// Kept open: it is to write to somebody.
    _stdout: BufReader<ChildStdout>,
    /// Its temporary files, and what it says on standard error.
    folder: TempDir,
}

impl Companion {
    /// Serves the workbook at `root` on a port that the kernel chooses.
    pub fn start(root: &Path) -> Companion {
        Companion::start_on(root, 0)
    }

    /// Serves the workbook at `root` on this port.
    pub fn start_on(root: &Path, port: u16) -> Companion {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let complaints = File::create(folder.path().join("complaints")).expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirebook"));
        command
            .current_dir(root)
            .args(["--no-open", "--port", &port.to_string()])
            // The outer cargo's, which would be shared with other packages of these names.
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("WIREBOOK_PROGRAM")
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(complaints);
        // SAFETY: between fork and exec only async-signal-safe functions may be
        // called; this is one system call and allocates nothing.
        unsafe { command.pre_exec(|| Ok(prctl::set_pdeathsig(Signal::SIGTERM)?)) };
        let mut process = command.spawn().expect("the companion starts");
        let mut stdout = BufReader::new(process.stdout.take().expect("stdout is piped"));
        let mut line = String::new();
        stdout
            .read_line(&mut line)
            .expect("the companion's first line");
        let site = line.trim().rsplit(' ').next().unwrap_or_default();
        let companion = Companion {
            process,
            site: site.to_owned(),
            _stdout: stdout,
            folder,
        };
        assert!(
            companion.site.starts_with("http://127.0.0.1:"),
            "no site in {line:?}"
        );
        companion
    }

    /// Where it serves: `http://127.0.0.1:3000/`.
    pub fn site(&self) -> &str {
        &self.site
    }

    /// Where a page of the book is, such as `11-fork-server`.
    pub fn page(&self, name: &str) -> String {
        format!("{}{name}.html", self.site)
    }

    pub fn port(&self) -> u16 {
        let port = self.site.trim_end_matches('/').rsplit(':').next();
        port.and_then(|port| port.parse().ok()).expect("a port")
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        let _ = kill(
            Pid::from_raw(self.process.id().cast_signed()),
            Signal::SIGTERM,
        );
        let _ = self.process.wait();
        if std::thread::panicking() {
            let said = fs::read_to_string(self.folder.path().join("complaints"));
            eprintln!("the companion said:\n{}", said.unwrap_or_default());
        }
    }
}
