//! A check by the real grader, abandoned: what the program under test has
//! started is gone, wherever it hides.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::mini::{Mini, wait_for, wait_until_gone};

const STEPS: &str = r#"//! The step of a test's exercise.

use grader::prelude::*;

/// Echoes.
#[test]
fn s1_echoes() {
    let step = step!("echo");
    let server = step.start(program!("tiny"));
    server.connect().says("hello\n").hears("hello\n");
}
"#;

/// Listens, and answers nobody; a grandchild in a session of its own does the same.
const HIDES: &str = r#"use std::os::unix::process::CommandExt;
use std::process::Command;

fn main() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pid");
    if std::env::args().nth(1).as_deref() == Some("hide") {
        std::fs::write(file, format!("{}\n", std::process::id())).unwrap();
    } else {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        println!("listening on {}", listener.local_addr().unwrap());
        let shell = "setsid \"$0\" hide & exit";
        let program = std::env::current_exe().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", shell]).arg(program).process_group(0);
        command.spawn().unwrap().wait().unwrap();
        std::mem::forget(listener);
    }
    loop {
        std::thread::park();
    }
}
"#;

#[test]
fn an_abandoned_check_leaves_nothing_running() {
    let mini = Mini::new();
    let workbook = Path::new(env!("CARGO_MANIFEST_DIR"));
    let grader = workbook.join("crates/grader");
    let manifest = mini.path("exercises/01-tiny/Cargo.toml");
    let dependency = format!("\n[dev-dependencies]\ngrader = {{ path = {grader:?} }}\n");
    let text = fs::read_to_string(&manifest).unwrap() + &dependency;
    fs::write(manifest, text).unwrap();
    fs::copy(workbook.join("Cargo.lock"), mini.path("Cargo.lock")).unwrap();
    mini.write("exercises/01-tiny/tests/steps.rs", STEPS);
    mini.save(HIDES);

    let mut command = mini.command(&["check", "tiny"]);
    // The grader is compiled once, and not for each run of this test.
    command.env(
        "CARGO_TARGET_DIR",
        concat!(env!("CARGO_TARGET_TMPDIR"), "/with-the-grader"),
    );
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let hidden: u32 = wait_for("the grandchild", || {
        let text = fs::read_to_string(mini.path("pid")).ok()?;
        text.strip_suffix('\n')?.parse().ok()
    });
    let companion = Pid::from_raw(child.id().cast_signed());
    kill(companion, Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    wait_until_gone(hidden);
}
