//! The stock mdBook, with nothing of ours installed, serves the same book.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::pages::{built, root};

const VERSION: &str = "0.5.4";

/// The stock command: the one that is installed, or one that is built into `target/`
/// once. That takes some minutes.
fn mdbook() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(find_or_build).clone()
}

fn find_or_build() -> PathBuf {
    let tools = root().join("target/tools");
    let candidates = [PathBuf::from("mdbook"), tools.join("bin/mdbook")];
    let is_it = |candidate: &PathBuf| {
        let output = Command::new(candidate).arg("--version").output();
        output.is_ok_and(|o| String::from_utf8_lossy(&o.stdout).contains(VERSION))
    };
    if let Some(found) = candidates.iter().find(|candidate| is_it(candidate)) {
        return found.clone();
    }
    eprintln!(
        "building the stock mdbook {VERSION} into {}: some minutes",
        tools.display()
    );
    let installed = Command::new(env!("CARGO"))
        .args([
            "install",
            "mdbook",
            "--version",
            VERSION,
            "--locked",
            "--root",
        ])
        .arg(&tools)
        // A place of its own, or it would wait for the lock of this build.
        .env("CARGO_TARGET_DIR", tools.join("build"))
        .status()
        .expect("cargo runs");
    assert!(installed.success(), "cargo install mdbook");
    tools.join("bin/mdbook")
}

/// All files below a folder, by their paths. The search index has its own hash in its
/// name; it is made by a library of which the stock command has an older version, so
/// only its name is compared, without the hash.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    let mut index = None;
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder of the book") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path
                .strip_prefix(folder)
                .expect("below")
                .display()
                .to_string();
            if name.starts_with("searchindex") {
                index = Some(name);
            } else {
                found.insert(name, fs::read(&path).expect("a file of the book"));
            }
        }
    }
    let index = index.expect("the book can be searched");
    // Each page names it.
    for bytes in found.values_mut() {
        if let Ok(text) = std::str::from_utf8(bytes) {
            *bytes = text.replace(&index, "searchindex").into_bytes();
        }
    }
    found
}

#[test]
fn the_stock_command_builds_the_same_book() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(mdbook())
        .arg("build")
        .arg(root().join("book"))
        .arg("--dest-dir")
        .arg(folder.path())
        .output()
        .expect("mdbook runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("WARN") && !said.contains("ERROR"), "{said}");
    let (stock, ours) = (files(folder.path()), files(built()));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&stock), names(&ours));
    for (name, bytes) in stock {
        assert!(ours[&name] == bytes, "{name} differs");
    }
}

#[test]
fn the_stock_command_serves_the_book() {
    // A copy: its own build folder must not appear in the workbook.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let book = folder.path().join("book");
    let copied = Command::new("cp")
        .arg("-r")
        .arg(root().join("book"))
        .arg(&book)
        .status()
        .expect("cp runs");
    assert!(copied.success());
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("bound").port();
    drop(free);
    let mut server = Server(
        Command::new(mdbook())
            .args([
                "serve",
                "--hostname",
                "127.0.0.1",
                "--port",
                &port.to_string(),
            ])
            .arg(&book)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("mdbook runs"),
    );
    let log = server.0.stderr.take().expect("it is piped");
    let mut lines = BufReader::new(log).lines();
    let serving = lines.any(|line| line.is_ok_and(|line| line.contains("Serving on")));
    assert!(serving, "mdbook serve says where");
    let page = get(port, "/11-fork-server.html");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("<wire-steps exercise=\"fork-server\">"));
}

/// A server that ends with this value.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The answer to a request; waits until the server listens.
fn get(port: u16, path: &str) -> String {
    let until = Instant::now() + Duration::from_secs(20);
    let mut stream = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        std::thread::park_timeout(Duration::from_millis(10));
    };
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer).into_owned()
}
