//! A client of chromedriver: the little of W3C WebDriver that these tests use, and
//! `goog/cdp` for what only Chromium's own protocol can do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::prctl;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long one command may take; the start of a browser is the longest of them.
const PATIENCE: Duration = Duration::from_secs(60);

/// The driver, a browser, and its one session. Both processes end with this value,
/// or with the thread that made it.
pub struct Driver {
    process: Child,
    port: u16,
    session: String,
    /// The browser's profile and all its other files.
    folder: TempDir,
}

impl Driver {
    /// Starts a browser with a new profile.
    pub fn start() -> Driver {
        let (chromium, chromedriver) = (find("chromium"), find("chromedriver"));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(chromedriver);
        command
            .arg("--port=0")
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // SAFETY: between fork and exec only async-signal-safe functions may be
        // called; this is one system call and allocates nothing.
        unsafe { command.pre_exec(|| Ok(prctl::set_pdeathsig(Signal::SIGKILL)?)) };
        let mut process = command.spawn().expect("chromedriver starts");
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut driver = Driver {
            process,
            port: 0,
            session: String::new(),
            folder,
        };
        driver.port = port_in(BufReader::new(stdout));
        let answer = driver
            .send(
                "POST",
                "/session",
                &capabilities(&chromium, driver.folder.path()),
            )
            .unwrap_or_else(|error| panic!("Chromium does not start: {error}"));
        driver.session = answer["sessionId"].as_str().expect("a session").to_owned();
        driver
    }

    /// The folder that the browser's command line names.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A command of the session, such as `url`. What went wrong comes as the driver's words.
    pub fn post(&self, command: &str, body: &Value) -> Result<Value, String> {
        self.send(
            "POST",
            &format!("/session/{}/{command}", self.session),
            body,
        )
    }

    /// A command of the Chrome DevTools Protocol.
    pub fn cdp(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.post("goog/cdp/execute", &body)
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = match method {
            "POST" => body.to_string(),
            _ => String::new(),
        };
        let (status, answer) = exchange(self.port, method, path, &body)
            .map_err(|error| format!("chromedriver does not answer: {error}"))?;
        let mut answer: Value = serde_json::from_slice(&answer)
            .map_err(|error| format!("chromedriver answers with status {status}: {error}"))?;
        match answer["value"].take() {
            value if status == 200 => Ok(value),
            error => Err(error["message"].as_str().unwrap_or("no reason").to_owned()),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The browser first, which takes its leave; if it cannot, it ends with its
        // driver: they talk through a pipe, and the browser goes when that is closed.
        if !self.session.is_empty() {
            let _ = self.send(
                "DELETE",
                &format!("/session/{}", self.session),
                &Value::Null,
            );
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn capabilities(chromium: &Path, folder: &Path) -> Value {
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // Else it asks for hosts of its maker.
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        "--remote-debugging-pipe",
        &profile,
    ];
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": { "binary": chromium, "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
    } } })
}

/// The program's path, by `PATH`.
fn find(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!(
                "{program} is not found, and the pages cannot be tested without it: on Debian \
                 and Ubuntu, `sudo apt install chromium chromium-driver`"
            )
        })
}

/// The port, which the driver states once it listens.
fn port_in(stdout: impl BufRead) -> u16 {
    let mut said = String::new();
    for line in stdout.lines().map_while(Result::ok) {
        let port = line.rsplit_once("started successfully on port ");
        if let Some(port) = port.and_then(|(_, port)| port.trim_end_matches('.').parse().ok()) {
            return port;
        }
        said += &line;
        said.push('\n');
    }
    panic!("chromedriver states no port; it says:\n{said}");
}

/// One HTTP request, and the status and body of its answer.
fn exchange(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = BufReader::new(stream);
    let mut line = String::new();
    answer.read_line(&mut line)?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let mut length = 0;
    loop {
        line.clear();
        answer.read_line(&mut line)?;
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap_or(0);
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    answer.read_exact(&mut body)?;
    Ok((status.unwrap_or(0), body))
}
