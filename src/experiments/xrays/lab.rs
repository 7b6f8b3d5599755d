//! What the experiments are made with: programs of the workbook, and clients.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ::xray::XRay;
use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{Signal, killpg};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, socket};
use nix::unistd::Pid;

use crate::mistakes;

/// How long an experiment waits for the kernel to show something.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a server of an experiment listens: on the port that the book always shows, if
/// that is free also of connections in TIME_WAIT, else where it can.
pub fn address() -> &'static str {
    let free = || -> nix::Result<()> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Inet, SockType::Stream, flags, None)?;
        bind(socket.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 9000))
    };
    match free() {
        Ok(()) => "127.0.0.1:9000",
        Err(_) => "127.0.0.1:0",
    }
}

/// Builds a binary of the workspace in `workspace`.
pub fn build(workspace: &Path, package: &str, bin: &str) -> Result<PathBuf, String> {
    if !workspace.is_dir() {
        let place = workspace.display();
        return Err(format!(
            "{place} is not there: the experiment runs programs of it"
        ));
    }
    let output = Command::new(env!("CARGO"))
        .current_dir(workspace)
        .args(["build", "--quiet", "--package", package, "--bin", bin])
        // Exercises and solutions have binaries of the same names: never in one folder.
        .arg("--target-dir")
        .arg(workspace.join("target"))
        .arg("--message-format=json-render-diagnostics")
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find(|message| message["target"]["name"] == bin && !message["executable"].is_null())
        .and_then(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The solution of the exercise in chapter `chapter`, built.
pub fn solution(root: &Path, chapter: &str, bin: &str) -> Result<PathBuf, String> {
    build(&root.join("solutions"), &format!("ch{chapter}"), bin)
}

/// A wrong program of chapter `chapter`, built.
pub fn mistake(root: &Path, chapter: &str, name: &str, bin: &str) -> Result<PathBuf, String> {
    let catalogue = mistakes::read(root, chapter)?;
    let wanted = catalogue.mistake.iter().find(|m| m.name == name);
    let wanted = wanted.ok_or_else(|| format!("{chapter} has no mistake {name}"))?;
    let made = root.join("target/experiments").join(name);
    let programs = mistakes::build(root, chapter, &[wanted], &made)?;
    programs[0]
        .get(bin)
        .cloned()
        .ok_or_else(|| format!("{chapter} has no program {bin}"))
}

/// A command that starts a server with nothing but its standard streams: whatever
/// else stands in the x-ray, the program has opened itself.
pub fn server(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .arg(address())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    // SAFETY: between fork and exec one system call is made, with integers; it takes
    // effect when the program is executed.
    unsafe {
        command.pre_exec(|| {
            let marked = libc::close_range(3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC as i32);
            Errno::result(marked)?;
            Ok(())
        });
    }
    command
}

/// A server that runs. It and its children end when this value is dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts `program` and waits until it listens. The kernel shows its name as
    /// `name`.
    pub fn start(program: &Path, name: &str) -> Result<Server, String> {
        let explain = |error| format!("{}: {error}", program.display());
        // The kernel calls a process after the file that it executes.
        let folder = tempfile::tempdir().map_err(explain)?;
        let link = folder.path().join(name);
        std::os::unix::fs::symlink(program, &link).map_err(explain)?;
        let mut child = server(&link)
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(explain)?;
        let stdout = child.stdout.take().ok_or("the server has no output")?;
        let mut server = Server {
            child,
            address: ([127, 0, 0, 1], 0).into(),
        };
        server.address = listening_on(stdout)?;
        Ok(server)
    }

    /// Its first process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Looks at it until `shown` holds.
    pub fn look_until(&self, shown: impl Fn(&XRay) -> bool) -> Result<XRay, String> {
        look_until(self.pid(), shown)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.child.id().cast_signed());
        killpg(group, Signal::SIGKILL).ok();
        self.child.wait().ok();
    }
}

/// Looks at process `pid` until `shown` holds.
pub fn look_until(pid: u32, shown: impl Fn(&XRay) -> bool) -> Result<XRay, String> {
    let until = Instant::now() + PATIENCE;
    loop {
        let xray = XRay::of(pid).map_err(|error| format!("x-ray of {pid}: {error}"))?;
        if shown(&xray) {
            return Ok(xray);
        }
        if Instant::now() >= until {
            return Err(format!("this was still to be seen after 10 s:\n{xray}"));
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Reads the line by which a server tells that it listens.
pub fn listening_on(stdout: impl Read) -> Result<SocketAddr, String> {
    let mut line = String::new();
    BufReader::new(stdout)
        .read_line(&mut line)
        .map_err(|error| format!("the server's output: {error}"))?;
    line.trim_end()
        .strip_prefix("listening on ")
        .and_then(|address| address.parse().ok())
        .ok_or_else(|| format!("the server printed {line:?} first"))
}

/// A client that has said hello and got its answer.
pub fn greeted(address: SocketAddr) -> Result<TcpStream, String> {
    let talk = || -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"hello\n")?;
        stream.read_exact(&mut [0; 6])?;
        Ok(stream)
    };
    talk().map_err(|error| format!("a client of {address}: {error}"))
}
