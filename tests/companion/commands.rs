//! What each command says and does when all is well.

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};

use crate::mini::{MISTAKE, Mini, SOLUTION};

#[test]
fn every_command_shows_examples_in_its_help() {
    let mini = Mini::new();
    for command in [
        &["--help"][..],
        &["check", "--help"],
        &["list", "--help"],
        &["doctor", "--help"],
        &["hint", "--help"],
        &["xray", "--help"],
        &["trace", "--help"],
    ] {
        let assert = mini.wirebook(command).assert().success();
        assert.stdout(contains("Examples:").and(contains("cargo wirebook")));
    }
    let version = format!("wirebook {}\n", env!("CARGO_PKG_VERSION"));
    mini.wirebook(&["--version"])
        .assert()
        .success()
        .stdout(version);
}

#[test]
fn list_shows_the_exercises_in_chapter_order() {
    let mini = Mini::new();
    mini.wirebook(&["list"]).assert().success().stdout(
        "01  tiny  the smallest of all  0/2  10 + 20 min\n\
         02  next  the one after        0/2  10 + 20 min\n\
         \n\
         0 of 4 steps done; 1 h 00 min to read and to solve in all.\n",
    );
    let output = mini.wirebook(&["list", "--json"]).output().unwrap();
    let lines = objects(&output.stdout);
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[0],
        json!({
            "number": "01", "exercise": "tiny", "package": "ch01-tiny",
            "title": "the smallest of all", "steps": 2, "done": 0, "stale": false,
            "checked_at": null, "reading": 10, "solving": 20,
        })
    );
}

#[test]
fn check_tells_of_each_step_and_list_remembers_until_the_sources_change() {
    let mini = Mini::new();
    mini.wirebook(&["check", "tiny"]).assert().code(1).stdout(
        "01 tiny · the smallest of all\n  \
           ✓ s1  Says hello.                                                         7 ms\n  \
           · s2  Says goodbye, too.                                       not yet written\n\
         \n\
         s2_goodbye\n\
         \n  \
           saw     no bye in the output\n  \
           read    book/src/01-tiny.md#goodbye\n",
    );
    mini.wirebook(&["list"])
        .assert()
        .stdout(contains("tiny  the smallest of all  1/2"));

    mini.save(SOLUTION);
    mini.wirebook(&["list"])
        .assert()
        .stdout(contains("1/2, stale"));
    mini.wirebook(&["check", "exercises/01-tiny/"])
        .assert()
        .success();
    mini.wirebook(&["list"])
        .assert()
        .stdout(contains("2/2").and(contains("stale").not()));
}

#[test]
fn hint_gives_the_level_that_is_asked_for() {
    let mini = Mini::new();
    mini.write(
        "exercises/01-tiny/hints.md",
        "# Hints: tiny\n\n## s1\n\n1. Look.\n2. Use this:\n\n   ```rust\n   call();\n   ```\n\n\
         3. All.\n\n## s2\n\n1. Look elsewhere.\n",
    );
    mini.wirebook(&["hint", "tiny", "1"])
        .assert()
        .success()
        .stdout("s1 · Says hello.\n\nLook.\n\nMore: cargo wirebook hint tiny 1 --level 2\n");
    mini.wirebook(&["hint", "01", "s1", "--level", "2"])
        .assert()
        .success()
        .stdout(contains("Use this:\n\n    call();\n"));
    let last = mini
        .wirebook(&["hint", "tiny", "s1_hello", "--level", "3"])
        .output();
    let last = String::from_utf8(last.unwrap().stdout).unwrap();
    assert!(last.ends_with("All.\n"), "{last}");
    // Without a step: the first that the last check has not seen pass.
    mini.wirebook(&["check", "tiny"]).assert().code(1);
    mini.wirebook(&["hint", "tiny"])
        .assert()
        .success()
        .stdout(contains("Look elsewhere."));
    mini.wirebook(&["hint", "tiny", "s2", "--level", "2"])
        .assert()
        .code(1)
        .stderr(contains("hints.md has no hint 2 for s2"));
    mini.wirebook(&["hint", "tiny", "9"])
        .assert()
        .code(2)
        .stderr(contains("its steps: s1, s2"));
    mini.wirebook(&["hint", "tini"])
        .assert()
        .code(2)
        .stderr(contains("did you mean tiny?"));
}

#[test]
fn xray_lists_its_experiments() {
    let mini = Mini::new();
    mini.wirebook(&["xray"])
        .assert()
        .success()
        .stdout(contains("fork-tree").and(contains("cargo wirebook xray NAME")));
    mini.wirebook(&["xray", "fork-three"])
        .assert()
        .code(2)
        .stderr(contains("no experiment is called fork-three"));
}

#[test]
fn another_program_leaves_the_progress_alone() {
    let mini = Mini::new();
    let mut check = mini.wirebook(&["check", "tiny"]);
    check.env("WIREBOOK_PROGRAM", "/bin/true").assert().code(1);
    mini.wirebook(&["list"])
        .assert()
        .stdout(contains("0 of 4 steps done"));
}

#[test]
fn check_without_names_runs_all_and_sums_up() {
    let mini = Mini::new();
    mini.save(MISTAKE);
    mini.wirebook(&["check"]).assert().code(1).stdout(
        contains("01 tiny")
            .and(contains("✗ s1"))
            .and(contains("also    s2 fails, too; begin with s1"))
            .and(contains("02 next"))
            .and(contains("0 of 2 exercises pass, 1 of 4 steps.")),
    );
}

#[test]
fn check_json_is_an_object_an_exercise() {
    let mini = Mini::new();
    mini.save(SOLUTION);
    let output = mini
        .wirebook(&["check", "2", "ch01-tiny", "--json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let exercises = objects(&output.stdout);
    assert_eq!(exercises.len(), 2);
    assert_eq!(
        exercises[0],
        json!({
            "exercise": "next",
            "title": "the one after",
            "steps": [
                {"name": "s1_hello", "title": "Says hello.", "status": "pass", "millis": 7, "report": null},
                {"name": "s2_goodbye", "title": "Says goodbye, too.", "status": "todo", "millis": 7,
                 "report": "s2_goodbye\n\n  saw     no bye in the output\n  read    book/src/02-next.md#goodbye"},
            ],
            "compile_error": null,
        })
    );
    assert_eq!(exercises[1]["exercise"], "tiny");
    assert_eq!(exercises[1]["steps"][1]["status"], "pass");
}

#[test]
fn check_program_judges_another_program_and_keeps_no_progress() {
    let mini = Mini::new();
    mini.write("server", "#!/bin/sh\necho hello\necho bye\n");
    make_executable(&mini.path("server"));
    mini.wirebook(&["check", "tiny", "--program", "./server"])
        .assert()
        .success();
    mini.wirebook(&["list"])
        .assert()
        .stdout(contains("tiny  the smallest of all  0/2"));
}

#[test]
fn a_program_under_test_has_no_signal_blocked() {
    let mini = Mini::new();
    mini.save(
        r#"fn main() {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            assert!(status.contains("SigBlk:\t0000000000000000\n"), "{status}");
            println!("hello and goodbye");
        }"#,
    );
    mini.wirebook(&["check", "tiny"]).assert().success();
}

#[test]
fn doctor_names_the_remedy_of_all_that_is_missing() {
    let mini = Mini::new();
    let output = mini.wirebook(&["doctor", "--json"]).output().unwrap();
    let findings = objects(&output.stdout);
    let named = |name: &str| {
        findings
            .iter()
            .find(|finding| finding["name"] == name)
            .unwrap()
    };
    for name in [
        "Linux",
        "/proc",
        "Rust",
        "C compiler",
        "loopback",
        "child subreaper",
    ] {
        assert_eq!(named(name)["needed"], true, "{name}");
    }
    // There is none here: the variables that would name one are not set.
    assert_eq!(named("browser")["ok"], false);
    for finding in &findings {
        assert_eq!(
            finding["ok"] == false,
            finding["remedy"].is_string(),
            "{finding}"
        );
    }
    let missing = findings
        .iter()
        .any(|finding| finding["ok"] == false && finding["needed"] == true);
    assert_eq!(output.status.code(), Some(i32::from(missing)));

    mini.wirebook(&["doctor"]).assert().stdout(
        contains("missing browser")
            .and(contains("remedy  open the address"))
            .and(contains("/proc: ")),
    );
}

#[test]
fn doctor_notices_that_there_is_no_compiler() {
    let mini = Mini::new();
    let doctor = mini.wirebook(&["doctor"]).env("PATH", "/nowhere").assert();
    doctor.code(1).stdout(
        contains("missing Rust: cargo is not in PATH")
            .and(contains("https://rustup.rs"))
            .and(contains("missing C compiler"))
            .and(contains("build-essential")),
    );
}

/// The objects of JSON, a line each.
pub fn objects(text: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(text);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub fn make_executable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
