//! Bad input: a clear message, nothing lost, nothing left running.

use std::fs;
use std::io::{self, Read};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, getpgid};
use predicates::prelude::*;
use predicates::str::contains;

use crate::commands::{make_executable, objects};
use crate::mini::{HANGS, Mini, NONSENSE, SOLUTION, wait_until_gone};

#[test]
fn an_exercise_that_does_not_exist() {
    let mini = Mini::new();
    mini.wirebook(&["check", "tinny"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(
            contains("there is no exercise tinny; did you mean tiny?").and(contains("tiny, next")),
        );
    mini.wirebook(&["check", "--nonsense"]).assert().code(2);
    mini.wirebook(&["frobnicate"]).assert().code(2);
    mini.wirebook(&["--port", "65536"]).assert().code(2);
}

#[test]
fn an_exercise_that_does_not_compile() {
    let mini = Mini::new();
    mini.save(NONSENSE);
    let check = mini.wirebook(&["check", "tiny"]).assert().code(1);
    check
        .stdout(contains("does not compile; no step was run"))
        .stderr(contains("mismatched types").and(contains("src/main.rs:2:24")));

    let output = mini
        .wirebook(&["check", "tiny", "--json"])
        .output()
        .unwrap();
    let tiny = &objects(&output.stdout)[0];
    let message = tiny["compile_error"].as_str().unwrap();
    assert!(message.contains("mismatched types"), "{message}");
    assert!(!message.contains('\x1b'), "{message:?}");
    for step in tiny["steps"].as_array().unwrap() {
        assert_eq!(step["status"], "fail");
        assert_eq!(step["millis"], 0);
        assert!(step["report"].is_null());
    }
}

#[test]
fn a_manifest_that_cannot_be_read() {
    let mini = Mini::new();
    mini.write("exercises/02-next/Cargo.toml", "[package\n");
    mini.wirebook(&["list"])
        .assert()
        .code(1)
        .stdout(contains("tiny"))
        .stderr(contains("exercises/02-next/Cargo.toml"));
    mini.wirebook(&["check", "next"])
        .assert()
        .code(1)
        .stderr(contains("exercises/02-next/Cargo.toml"));
}

#[test]
fn a_program_that_cannot_be_run() {
    let mini = Mini::new();
    mini.write("text", "hello\n");
    for (program, message) in [
        ("nowhere", "no such file; build it first"),
        ("text", "is not executable"),
        ("book", "is not a file"),
    ] {
        let assert = mini
            .wirebook(&["check", "tiny", "--program", program])
            .assert();
        assert
            .code(2)
            .stderr(contains(format!("--program {program}: ")).and(contains(message)));
    }
    mini.write("server", "#!/bin/sh\n");
    make_executable(&mini.path("server"));
    for names in [&["check"][..], &["check", "tiny", "next"]] {
        let assert = mini
            .wirebook(names)
            .args(["--program", "./server"])
            .assert();
        assert
            .code(2)
            .stderr(contains("exactly one NAME").or(contains("give exactly one NAME")));
    }
}

#[test]
fn no_cargo_in_the_path() {
    let mini = Mini::new();
    let check = mini
        .wirebook(&["check", "tiny"])
        .env_remove("CARGO")
        .env("PATH", "/nowhere")
        .assert();
    check
        .code(1)
        .stderr(contains("cargo is not found").and(contains("https://rustup.rs")));
}

#[test]
fn an_output_that_is_closed() {
    let mini = Mini::new();
    for arguments in [&["list"][..], &["doctor", "--json"], &["check", "--json"]] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut command = mini.command(arguments);
        let mut child = command
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut complaint = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut complaint)
            .unwrap();
        assert!(
            !complaint.contains("panicked"),
            "{arguments:?}: {complaint}"
        );
        assert_eq!(
            child.wait().unwrap().code(),
            Some(141),
            "{arguments:?}: {complaint}"
        );
    }
}

#[test]
fn ctrl_c_during_a_check() {
    let mini = Mini::new();
    mini.save(HANGS);
    let mut command = mini.command(&["check", "tiny"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let hanging = mini.hanging();
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let mut complaint = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut complaint)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(
        complaint.contains("interrupted; nothing is left running"),
        "{complaint}"
    );
    wait_until_gone(hanging);
    assert!(mini.leaves_no_files());
}

#[test]
fn even_a_companion_that_is_killed_leaves_nothing_running() {
    let mini = Mini::new();
    mini.save(HANGS);
    let mut command = mini.command(&["check", "tiny"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let hanging = mini.hanging();
    let group = getpgid(Some(Pid::from_raw(hanging.cast_signed()))).unwrap();
    let test_program = parent_of(hanging).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // The test program dies with the companion. What that has started is the
    // grader's to end; here, without the grader, it is this test's.
    wait_until_gone(test_program);
    killpg(group, Signal::SIGKILL).unwrap();
    wait_until_gone(hanging);
}

fn parent_of(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok()
}

#[test]
fn progress_that_cannot_be_read_or_kept() {
    let mini = Mini::new();
    mini.save(SOLUTION);
    mini.write(".wirebook/progress.json", "{ \"version\": 1, ");
    mini.wirebook(&["list"])
        .assert()
        .success()
        .stderr(contains("progress.json cannot be read"));
    mini.wirebook(&["check", "tiny"])
        .assert()
        .success()
        .stderr(contains("could not be read; it is now").and(contains("progress.broken-1.json")));
    assert!(mini.path(".wirebook/progress.broken-1.json").is_file());
    mini.wirebook(&["list"])
        .assert()
        .stdout(contains("2/2"))
        .stderr("");

    // As on a disk that cannot be written to.
    fs::remove_dir_all(mini.path(".wirebook")).unwrap();
    mini.write(".wirebook", "");
    mini.wirebook(&["check", "tiny"])
        .assert()
        .success()
        .stderr(contains("this check is not kept"));
}

#[test]
fn a_terminal_of_40_columns() {
    let mini = Mini::new();
    for arguments in [&["check"][..], &["list"], &["doctor"], &["check", "--help"]] {
        let text = on_terminal(&mini, 40, arguments);
        let plain = console::strip_ansi_codes(&text);
        assert!(plain.contains(' '), "{arguments:?} says nothing");
        // clap's examples are not wrapped: they are to be copied.
        if arguments.contains(&"--help") {
            continue;
        }
        for line in plain.lines() {
            // The spinner overwrites itself on one line.
            let last = line.rsplit('\r').next().unwrap_or(line);
            let width = console::measure_text_width(last);
            assert!(width <= 40, "{arguments:?}: {width} columns: {last:?}");
        }
    }
}

/// What a command prints on a terminal of so many columns.
fn on_terminal(mini: &Mini, columns: u16, arguments: &[&str]) -> String {
    let size = nix::pty::Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let terminal = nix::pty::openpty(Some(&size), None).unwrap();
    let mut command = mini.command(arguments);
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    command
        .stdout(terminal.slave.try_clone().unwrap())
        .stderr(terminal.slave);
    let mut child = command.spawn().unwrap();
    // The command holds the terminal, too, as long as it lives.
    drop(command);
    let mut text = Vec::new();
    let mut master = fs::File::from(terminal.master);
    let mut piece = [0; 4096];
    // The end of a terminal is an error (EIO), not an end of file.
    while let Ok(read) = master.read(&mut piece) {
        text.extend_from_slice(&piece[..read]);
    }
    child.wait().unwrap();
    String::from_utf8_lossy(&text).replace("\r\n", "\n")
}
