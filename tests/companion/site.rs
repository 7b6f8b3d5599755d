//! A companion that serves, and a small HTTP client to talk to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::mini::Mini;

/// How long an answer, or an event, may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A companion that serves a workbook. It ends with this value.
pub struct Site {
    child: Child,
    port: u16,
    /// Kept open: the companion is to write to somebody.
    _stdout: BufReader<ChildStdout>,
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Site {
    /// Serves `mini` at a port that the kernel chooses.
    pub fn of(mini: &Mini) -> Site {
        let mut command = mini.command(&["--no-open", "--port", "0"]);
        command.stderr(Stdio::null());
        Site::start(command)
    }

    /// Serves as `command` says.
    pub fn start(mut command: std::process::Command) -> Site {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let port = line
            .trim()
            .trim_end_matches('/')
            .rsplit(':')
            .next()
            .unwrap();
        let port = port
            .parse()
            .unwrap_or_else(|_| panic!("no port in {line:?}"));
        Site {
            child,
            port,
            _stdout: stdout,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The `Host` of a request that is in order.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[("Host", &self.host())], "")
    }

    /// Asks for a check, as a page does.
    pub fn check(&self, exercise: &str) -> Answer {
        let page = self.get("/").body;
        let mark = "<meta name=\"wirebook-token\" content=\"";
        let token = page
            .split(mark)
            .nth(1)
            .expect("the page has a token")
            .split('"')
            .next();
        let headers = [
            ("Host", &*self.host()),
            ("X-Wirebook-Token", token.unwrap()),
        ];
        self.request("POST", &format!("/wirebook/check/{exercise}"), &headers, "")
    }

    /// A request with just these headers.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut stream = self.send(method, path, headers, body);
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        Answer {
            status: head
                .split(' ')
                .nth(1)
                .and_then(|status| status.parse().ok())
                .unwrap(),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        request += "\r\n";
        request += body;
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    /// The events that a page hears from now on.
    pub fn events(&self) -> Events {
        let stream = self.send("GET", "/wirebook/events", &[("Host", &self.host())], "");
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut name = String::new();
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if let Some(event) = line.strip_prefix("event: ") {
                    name = event.to_owned();
                } else if let Some(data) = line.strip_prefix("data: ") {
                    let data = serde_json::from_str(data).unwrap();
                    if sender.send((name.clone(), data)).is_err() {
                        return;
                    }
                }
            }
        });
        Events(receiver)
    }

    /// SIGKILL: no time for anything.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ctrl-C.
    pub fn interrupt(mut self) -> ExitStatus {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill(
                Pid::from_raw(self.child.id().cast_signed()),
                Signal::SIGTERM,
            );
            let _ = self.child.wait();
        }
    }
}

/// A page's stream of events.
pub struct Events(Receiver<(String, Value)>);

impl Events {
    /// The next event of this name whose data are as wanted.
    pub fn wait(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = None;
        loop {
            match self.0.recv_timeout(PATIENCE) {
                Ok((event, data)) if event == name && wanted(&data) => return data,
                Ok(other) => last = Some(other),
                Err(_) => panic!("waited in vain for {name}; the last was {last:?}"),
            }
        }
    }

    /// The state of an exercise, once it is as wanted.
    pub fn exercise(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.wait("exercise", |data| data["exercise"] == id && wanted(data))
    }
}
