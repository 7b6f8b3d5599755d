//! `cargo wirebook trace`: real segments of real kernels, in every form.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User};
use predicates::prelude::*;
use predicates::str::{contains, is_match, starts_with};
use serde_json::Value;

use crate::mini::{Mini, wait_for};

#[test]
fn without_a_name_the_experiments_are_listed() {
    let mini = Mini::new();
    let listed = contains("handshake         three segments open a connection (chapter 04)");
    mini.wirebook(&["trace"]).assert().success().stdout(listed);
}

#[test]
fn an_experiment_is_drawn_plain_into_a_pipe() {
    let mini = Mini::new();
    let output = mini.wirebook(&["trace", "handshake"]).output().unwrap();
    let ladder = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{ladder}");
    for part in [
        "client 10.0.0.1",
        "server 10.0.0.2",
        "── SYN seq 0 win 64240 mss 1460 ─",
        "▶│ SYN_RECV",
        "SYN_SENT │",
        "connect returns 0 ",
    ] {
        assert!(ladder.contains(part), "no {part:?} in\n{ladder}");
    }
    assert!(!ladder.contains('\u{1b}'), "{ladder}");
    assert!(
        ladder.lines().all(|line| line.chars().count() <= 80),
        "{ladder}"
    );
}

#[test]
fn colours_where_they_are_wanted() {
    let mini = Mini::new();
    let mut wirebook = mini.wirebook(&["trace", "refused"]);
    wirebook.env("CLICOLOR_FORCE", "1");
    wirebook
        .assert()
        .success()
        .stdout(contains("\u{1b}[31mRST ACK"));
}

#[test]
fn the_json_is_a_trace() {
    let mini = Mini::new();
    let output = mini
        .wirebook(&["trace", "refused", "--json"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let trace = wire::Trace::from_json(&text).unwrap();
    assert_eq!(
        (trace.name.as_str(), trace.segments().count()),
        ("refused", 2)
    );
    // As documented, field by field.
    let value: Value = serde_json::from_str(&text).unwrap();
    let segment = value["events"]
        .as_array()
        .unwrap()
        .iter()
        .find(|event| event["type"] == "segment")
        .unwrap();
    assert_eq!(segment["from"], "client");
    assert_eq!(segment["flags"], serde_json::json!(["SYN"]));
    assert_eq!(segment["seq"], 0);
    assert_eq!(segment["ack"], Value::Null);
    assert_eq!(segment["options"]["mss"], 1460);
    assert_eq!(segment["fate"], "arrived");
}

#[test]
fn a_trace_that_was_saved_is_drawn_again() {
    let mini = Mini::new();
    let output = mini
        .wirebook(&["trace", "refused", "--json"])
        .output()
        .unwrap();
    let saved = String::from_utf8(output.stdout).unwrap();
    let trace = wire::Trace::from_json(&saved).unwrap();
    mini.write("saved.json", &saved);
    let drawn = trace.ladder().to_string();
    mini.wirebook(&["trace", "--from", "saved.json"])
        .assert()
        .success()
        .stdout(drawn);
    mini.write(
        "old.json",
        &saved.replacen("\"version\":1", "\"version\":0", 1),
    );
    mini.write("none.json", "{\"version\":1}");
    for (file, why) in [
        (
            "old.json",
            "old.json: the trace is of version 0, and this program reads version 1",
        ),
        ("none.json", "none.json: not a trace: missing field"),
        ("absent.json", "absent.json: No such file"),
    ] {
        let told = contains(why);
        mini.wirebook(&["trace", "--from", file])
            .assert()
            .code(1)
            .stderr(told);
    }
}

#[test]
fn a_kernel_that_does_something_else_is_told_of() {
    let mini = Mini::new();
    let output = mini
        .wirebook(&["trace", "refused", "--json"])
        .output()
        .unwrap();
    let here = String::from_utf8(output.stdout).unwrap();
    let mut other = wire::Trace::from_json(&here).unwrap();
    let told = contains("does not do what the book's").not();
    let recording = |trace: &wire::Trace| {
        mini.write("book/src/traces/refused.html", &wire::html::html(trace));
    };
    recording(&other);
    mini.wirebook(&["trace", "refused"])
        .assert()
        .success()
        .stderr(told);

    // One that does not answer.
    other.events.truncate(3);
    other.kernel = "2.4.0".into();
    recording(&other);
    let both = contains("(2.4.0) did.\n\nIn the book:\n\n").and(contains("\nHere:\n\n"));
    let reset = contains("sends RST ACK seq 0 ack 1 (reset)");
    mini.wirebook(&["trace", "refused"])
        .assert()
        .success()
        .stderr(both.and(reset));
}

/// What tshark reads in a file, a line a packet.
fn tshark(file: &std::path::Path, fields: &[&str]) -> Vec<String> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(["-T", "fields"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().expect("tshark is installed");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn tshark_reads_the_frames_as_we_do() {
    let mini = Mini::new();
    let file = mini.path("frames.pcapng");
    let name = file.to_str().unwrap();
    let output = mini
        .wirebook(&["trace", "textbook", "--json", "--pcap", name])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let trace = wire::Trace::from_json(&text).unwrap();
    let ours: Vec<String> = trace
        .segments()
        .map(|segment| {
            let ack = segment.ack.unwrap_or(0);
            let flags = u16::from_str_radix(&segment.header[25..28], 16).unwrap() & 0xfff;
            format!(
                "{}\t{ack}\t{}\t{}\t0x{flags:04x}",
                segment.seq, segment.length, segment.window_bytes
            )
        })
        .collect();
    let fields = [
        "tcp.seq",
        "tcp.ack",
        "tcp.len",
        "tcp.window_size",
        "tcp.flags",
    ];
    assert_eq!(tshark(&file, &fields), ours);
    // And finds nothing wrong with them.
    let mut checked = Command::new("tshark");
    checked.args([
        "-o",
        "tcp.check_checksum:TRUE",
        "-o",
        "ip.check_checksum:TRUE",
        "-r",
    ]);
    checked
        .arg(&file)
        .args(["-Y", "_ws.malformed || tcp.checksum.status == 0"]);
    let output = checked.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

#[test]
fn the_svg_stands_alone() {
    let mini = Mini::new();
    let file = mini.path("drawing.svg");
    let name = file.to_str().unwrap();
    mini.wirebook(&["trace", "handshake", "--svg", name])
        .assert()
        .success();
    let svg = fs::read_to_string(&file).unwrap();
    assert!(svg.starts_with("<svg xmlns="), "{svg}");
    assert!(svg.contains("prefers-color-scheme: dark"));
    assert!(svg.contains(">SYN ACK<"), "{svg}");
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let mini = Mini::new();
    let refused = contains("cannot write /proc/no/such.svg");
    mini.wirebook(&["trace", "refused", "--svg", "/proc/no/such.svg"])
        .assert()
        .code(1)
        .stderr(refused);
}

#[test]
fn an_experiment_that_there_is_not() {
    let mini = Mini::new();
    mini.wirebook(&["trace", "handshakes"])
        .assert()
        .code(2)
        .stderr(contains("no experiment is called handshakes").and(contains("handshake,")));
    mini.wirebook(&["trace", "--json"])
        .assert()
        .code(2)
        .stderr(contains("which experiment"));
}

/// Two programs that anybody has, and that speak over TCP.
const TALK: &str = "\
    exec 9< <(exec perl -MIO::Socket::INET -e '\
        $l = IO::Socket::INET->new(Listen => 1, LocalAddr => \"127.0.0.1:9000\") or die; \
        $| = 1; print \"ready\\n\"; $c = $l->accept; print $c uc <$c>; close $c'); \
    read -r _ <&9; exec 3<>/dev/tcp/127.0.0.1/9000; echo hello >&3; cat <&3";

#[test]
fn a_commands_connections_are_drawn_with_its_calls() {
    let mini = Mini::new();
    let output = mini
        .wirebook(&["trace", "--", "bash", "-c", TALK])
        .output()
        .unwrap();
    let ladder = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{ladder}{stderr}");
    let (said, ladder) = ladder.split_once('\n').unwrap();
    assert_eq!(said, "HELLO", "the command's own output comes first");
    for part in [
        "client 127.0.0.1",
        "listen(1) = 0 │",
        "│ connect(127.0.0.1:9000)",
        "│ write(\"hello\\n\")",
        "── SYN seq 0",
        "len 6",
        "FIN ACK",
    ] {
        assert!(ladder.contains(part), "no {part:?} in\n{ladder}");
    }
}

#[test]
fn a_commands_end_is_ours() {
    let mini = Mini::new();
    let nothing = contains("the command has made no connection");
    mini.wirebook(&["trace", "--", "sh", "-c", "exit 7"])
        .assert()
        .code(7)
        .stderr(nothing);
    mini.wirebook(&["trace", "--", "sh", "-c", "kill -9 $$"])
        .assert()
        .code(137);
    mini.wirebook(&["trace", "--", "no-such-program"])
        .assert()
        .code(1)
        .stderr(contains("there is no program no-such-program"));
}

#[test]
fn with_json_the_commands_output_goes_elsewhere() {
    let mini = Mini::new();
    let output = mini
        .wirebook(&["trace", "--json", "--", "bash", "-c", TALK])
        .output()
        .unwrap();
    let trace = wire::Trace::from_json(&String::from_utf8_lossy(&output.stdout)).unwrap();
    assert_eq!(trace.connections.len(), 1);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "HELLO\n");
}

#[test]
fn a_command_that_never_ends_is_drawn_at_ctrl_c_and_nothing_is_left() {
    let mini = Mini::new();
    let script = format!("{TALK}; echo $$ > pid; sleep 1000");
    let mut running = mini
        .command(&["trace", "--", "bash", "-c", &script])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let bash = wait_for("the command to say its word", || {
        fs::read_to_string(mini.path("pid"))
            .ok()?
            .trim()
            .parse::<i32>()
            .ok()
    });
    kill(Pid::from_raw(running.id().cast_signed()), Signal::SIGINT).unwrap();
    let status = running.wait().unwrap();
    let ladder = std::io::read_to_string(running.stdout.take().unwrap()).unwrap();
    assert_eq!(status.code(), Some(130), "{ladder}");
    assert!(ladder.contains("── SYN seq 0"), "{ladder}");
    assert!(!fs::exists(format!("/proc/{bash}")).unwrap());
}

#[test]
fn thousands_of_connections_are_counted_and_some_drawn() {
    let mini = Mini::new();
    let script = "for i in $(seq 300); do (exec 3<>/dev/tcp/127.0.0.1/9) 2>/dev/null; done; true";
    let output = mini
        .wirebook(&["trace", "--", "bash", "-c", script])
        .output()
        .unwrap();
    let ladder = String::from_utf8(output.stdout).unwrap();
    assert!(
        ladder.contains("276 more connections are not shown."),
        "{ladder}"
    );
}

/// Runs the companion as an ordinary user, inside `sh -c` in a user namespace where that
/// script may change what the machine allows.
fn restricted(mini: &Mini, script: &str) -> assert_cmd::Command {
    let program = mini.path("wirebook");
    // By another process: a program started meanwhile by another test would hold the copy
    // open for writing, and such a file cannot be executed.
    let mut copy = Command::new("cp");
    copy.arg(assert_cmd::cargo::cargo_bin!("wirebook"))
        .arg(&program);
    assert!(copy.status().unwrap().success());
    for path in [mini.root().to_path_buf(), program.clone()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new("unshare");
    command.args([
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
    ]);
    command
        .arg(program)
        .args(["trace", "refused"])
        .current_dir("/");
    if nix::unistd::geteuid().is_root() {
        let nobody = User::from_name("nobody").unwrap().unwrap();
        command.uid(nobody.uid.as_raw()).gid(nobody.gid.as_raw());
    }
    assert_cmd::Command::from_std(command)
}

#[test]
fn an_ordinary_user_may() {
    let mini = Mini::new();
    restricted(&mini, "exec \"$@\"")
        .assert()
        .success()
        .stdout(contains("RST ACK"));
}

#[test]
fn where_no_networks_are_allowed_the_remedy_is_told() {
    let mini = Mini::new();
    let forbid = "echo 0 > /proc/sys/user/max_user_namespaces; \
                  echo 0 > /proc/sys/user/max_net_namespaces; exec \"$@\"";
    restricted(&mini, forbid).assert().code(3).stderr(
        starts_with("error: this machine lets nobody make a network: unshare(CLONE_NEW")
            .and(contains("sudo sysctl -w user.max_user_namespaces=")),
    );
}

#[test]
fn without_proc_the_reason_is_told() {
    let mini = Mini::new();
    let hide = "mount -t tmpfs none /proc && exec \"$@\"";
    let told = is_match("error: .*/proc is not mounted").unwrap();
    restricted(&mini, hide).assert().code(3).stderr(told);
}
