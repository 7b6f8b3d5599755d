//! Programs that hang, spin, multiply, flood, run away: each gets its verdict in
//! time, and nothing of it is left.

use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use grader::{Program, Server, Step};

const HOSTILE: &str = env!("CARGO_BIN_EXE_hostile");

/// Runs a step on a hostile program: it must fail in time, and leave nothing.
fn must_fail(mode: &str, story: impl Fn(&Step, Program)) {
    let mark = format!("mark-{mode}-{}", std::process::id());
    let began = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let step = Step::begin("s1_is_hostile::here", "", "ch00-test", "00-test", "none");
        story(&step, Program::at(HOSTILE).arg(mode).arg(&mark));
    }));
    let took = began.elapsed();
    println!("{mode}: verdict and clean-up took {took:.1?}");
    assert!(outcome.is_err(), "{mode} has passed");
    assert!(took < Duration::from_secs(10), "{mode} took {took:?}");
    assert_eq!(left(&mark), Vec::<String>::new(), "{mode} is still there");
}

/// A client that says hello and wants an answer.
fn talk(step: &Step, program: Program) {
    let server: Server = step.start(program);
    server.connect().says("hello\n").hears("hello\n");
}

/// The processes that have `mark` among their arguments.
fn left(mark: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")
        .expect("/proc is there")
        .flatten()
    {
        let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).replace('\0', " ");
        if words.contains(mark) {
            found.push(format!("{} {words}", entry.file_name().display()));
        }
    }
    found
}

#[test]
fn hangs_before_it_listens() {
    must_fail("hang", talk);
}

#[test]
fn never_accepts() {
    must_fail("silent", talk);
}

#[test]
fn spins() {
    must_fail("spin", talk);
}

#[test]
fn floods_its_output() {
    must_fail("flood", talk);
}

#[test]
fn floods_its_output_once_it_listens() {
    must_fail("flood-later", talk);
}

#[test]
fn prints_what_is_no_text() {
    must_fail("not-text", talk);
}

#[test]
fn is_deaf_to_signals() {
    must_fail("deaf", talk);
}

#[test]
fn multiplies_without_end() {
    must_fail("bomb", talk);
}

#[test]
fn multiplies_without_end_each_in_a_session_of_its_own() {
    must_fail("bomb-of-sessions", talk);
}

#[test]
fn runs_away_to_a_session_of_its_own() {
    must_fail("escape", talk);
}

#[test]
fn takes_all_memory() {
    must_fail("memory", talk);
}

#[test]
fn aborts() {
    must_fail("abort", talk);
}

#[test]
fn is_no_program() {
    must_fail("none", |step, _| {
        step.start(Program::at("/etc/passwd"));
    });
    must_fail("none", |step, _| {
        step.start(Program::at("/nonexistent/program"));
    });
}

/// The check is killed in the middle: the program goes all the same, its port too.
#[test]
fn nothing_outlives_a_check_that_is_killed() {
    let mark = format!("mark-killed-{}", std::process::id());
    let mut checker = Command::new(HOSTILE)
        .args(["checker", &mark, "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the checker runs");
    let stdout = checker.stdout.take().expect("it is piped");
    let mut line = String::new();
    BufReader::new(stdout)
        .read_line(&mut line)
        .expect("the checker tells");
    assert_eq!(line, "checking\n");
    assert!(left(&mark).len() > 1, "the program runs");
    checker.kill().expect("it is there");
    checker.wait().expect("it ends");
    let until = Instant::now() + Duration::from_secs(5);
    while !left(&mark).is_empty() {
        assert!(Instant::now() < until, "still there: {:?}", left(&mark));
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
