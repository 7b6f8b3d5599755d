//! Bare `cargo wirebook`: the book, the watching, the checks, and who may ask for them.

use std::fs;
use std::net::TcpListener;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::commands::make_executable;
use crate::mini::{HANGS, Mini, NONSENSE, SOLUTION, wait_for, wait_until_gone};
use crate::site::Site;

fn statuses(data: &Value) -> Vec<&str> {
    let steps = data["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| step["status"].as_str().unwrap())
        .collect()
}

#[test]
fn pages_come_with_the_token_and_a_policy() {
    let mini = Mini::new();
    let site = Site::of(&mini);
    let page = site.get("/01-tiny.html");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("The first edition."));
    assert_eq!(
        page.body
            .matches("<meta name=\"wirebook-token\" content=\"")
            .count(),
        1
    );
    for header in [
        "cache-control: no-store",
        "content-security-policy: default-src 'self'",
        "x-content-type-options: nosniff",
    ] {
        assert!(
            page.head.contains(header),
            "{header} is not in {}",
            page.head
        );
    }
    let missing = site.get("/nowhere.html");
    assert_eq!(missing.status, 404);
    assert!(missing.body.contains("not found"), "{}", missing.body);
}

#[test]
fn only_pages_of_the_companion_are_answered() {
    let mini = Mini::new();
    let site = Site::of(&mini);
    let (host, port) = (site.host(), site.port());
    let ours = ("Host", &*host);
    assert_eq!(site.get("/").status, 200);
    let localhost = format!("localhost:{port}");
    assert_eq!(
        site.request("GET", "/", &[("Host", &localhost)], "").status,
        200
    );

    // Another name that leads here: DNS rebinding.
    for host in ["evil.example", "127.0.0.1", &format!("evil.example:{port}")] {
        for path in ["/", "/wirebook/state", "/wirebook/events"] {
            let answer = site.request("GET", path, &[("Host", host)], "");
            assert_eq!(answer.status, 403, "{host} {path}");
            assert!(!answer.body.contains("wirebook-token"));
        }
    }
    // Another site's script.
    for origin in ["http://evil.example", "null", "https://localhost:3000"] {
        let answer = site.request("GET", "/wirebook/events", &[ours, ("Origin", origin)], "");
        assert_eq!(answer.status, 403, "{origin}");
    }
    // Without the token nothing is started.
    let check = "/wirebook/check/tiny";
    let own = format!("http://{host}");
    for headers in [
        &[ours][..],
        &[ours, ("Origin", &own)],
        &[ours, ("X-Wirebook-Token", "")],
        &[
            ours,
            ("X-Wirebook-Token", "00000000000000000000000000000000"),
        ],
    ] {
        assert_eq!(
            site.request("POST", check, headers, "").status,
            403,
            "{headers:?}"
        );
    }
    assert_eq!(site.get(check).status, 405);
    let state: Value = serde_json::from_str(&site.get("/wirebook/state").body).unwrap();
    assert_eq!(state["exercises"][0]["state"], "idle");
}

#[test]
fn no_path_leads_out_of_the_book() {
    let mini = Mini::new();
    let site = Site::of(&mini);
    assert_eq!(site.get("/").status, 200);
    for path in [
        "/../Cargo.toml",
        "/../../../Cargo.toml",
        "/%2e%2e/%2e%2e/%2e%2e/Cargo.toml",
        "/..%2f..%2f..%2fCargo.toml",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/css/../../../../Cargo.toml",
        "/%00",
    ] {
        let answer = site.get(path);
        assert!(
            [400, 404].contains(&answer.status),
            "{path}: {}",
            answer.status
        );
        assert!(
            !answer.body.contains("[workspace]") && !answer.body.contains("root:"),
            "{path}"
        );
    }
}

#[test]
fn a_page_asks_for_a_check_and_hears_how_it_goes() {
    let mini = Mini::new();
    let site = Site::of(&mini);
    let events = site.events();
    let begin = events.exercise("tiny", |_| true);
    assert_eq!(begin["state"], "idle");
    assert_eq!(begin["package"], "ch01-tiny");
    assert_eq!(begin["steps"][1]["section"], "goodbye");
    assert_eq!(statuses(&begin), ["unknown", "unknown"]);
    assert!(begin["checked_at"].is_null());
    events.exercise("next", |_| true);

    assert_eq!(site.check("tiny").status, 202);
    events.exercise("tiny", |live| live["state"] == "building");
    events.exercise("tiny", |live| live["progress"] == "Compiling ch01-tiny");
    events.exercise("tiny", |live| live["state"] == "running");
    let done = events.exercise("tiny", |live| live["state"] == "done");
    assert_eq!(statuses(&done), ["pass", "todo"]);
    assert!(
        done["steps"][1]["report"]
            .as_str()
            .unwrap()
            .contains("no bye in the output")
    );
    assert!(done["checked_at"].as_str().unwrap().ends_with('Z'));

    assert_eq!(site.check("nowhere").status, 404);
    let host = site.host();
    let long = "x".repeat(100_000);
    let headers = [("Host", &*host), ("X-Wirebook-Token", "")];
    assert_eq!(
        site.request("POST", "/wirebook/check/tiny", &headers, &long)
            .status,
        403
    );

    // The next companion knows what this one found.
    assert!(site.interrupt().success());
    let site = Site::of(&mini);
    let begin = site.events().exercise("tiny", |_| true);
    assert_eq!(statuses(&begin), ["pass", "todo"]);
    // But not of sources that it has not seen.
    drop(site);
    mini.save(SOLUTION);
    let site = Site::of(&mini);
    let begin = site.events().exercise("tiny", |_| true);
    assert_eq!(statuses(&begin), ["unknown", "unknown"]);
}

#[test]
fn a_saved_file_is_checked_and_a_newer_save_abandons_the_check() {
    let mini = Mini::new();
    let site = Site::of(&mini);
    let events = site.events();
    events.wait("book-error", |_| true); // the end of the beginning

    mini.save(NONSENSE);
    let done = events.exercise("tiny", |live| live["state"] == "done");
    let message = done["compile_error"].as_str().unwrap();
    assert!(
        message.contains("mismatched types") && !message.contains('\x1b'),
        "{message}"
    );
    assert_eq!(statuses(&done), ["fail", "fail"]);

    mini.save(HANGS);
    let hanging = mini.hanging();
    mini.save(SOLUTION);
    wait_until_gone(hanging);
    let done = events.exercise("tiny", |live| live["state"] == "done");
    assert_eq!(statuses(&done), ["pass", "pass"]);
    assert!(done["compile_error"].is_null());
}

#[test]
fn ctrl_c_during_a_check_ends_everything() {
    let mini = Mini::new();
    let site = Site::of(&mini);
    assert_eq!(site.get("/").status, 200);
    let _page = site.events();
    mini.save(HANGS);
    let hanging = mini.hanging();
    assert_eq!(editions(&mini), 1);
    assert!(site.interrupt().success());
    wait_until_gone(hanging);
    assert_eq!(editions(&mini), 0);
    assert!(mini.leaves_no_files());
}

#[test]
fn what_a_killed_companion_left_is_removed_and_what_a_living_one_has_is_not() {
    let mini = Mini::new();
    let killed = Site::of(&mini);
    assert_eq!(killed.get("/").status, 200);
    killed.kill();
    assert_eq!(editions(&mini), 1);
    let first = Site::of(&mini);
    assert_eq!(first.get("/").status, 200);
    assert_eq!(editions(&mini), 1);
    let second = Site::of(&mini);
    assert_eq!(second.get("/").status, 200);
    assert_eq!(editions(&mini), 2);
    assert_eq!(first.get("/01-tiny.html").status, 200);
}

/// How many companions keep a book in `target/`.
fn editions(mini: &Mini) -> usize {
    let entries = fs::read_dir(mini.path("target/wirebook")).unwrap();
    entries
        .filter(|entry| entry.as_ref().unwrap().path().is_dir())
        .count()
}

#[test]
fn a_book_with_an_error_keeps_the_last_good_one() {
    let mini = Mini::new();
    let site = Site::of(&mini);
    assert!(
        site.get("/01-tiny.html")
            .body
            .contains("The first edition.")
    );
    let events = site.events();
    events.wait("book-error", |data| data["message"].is_null());

    mini.write("book/src/01-tiny.md", "# tiny\n\n{{#include nowhere.rs}}\n");
    let error = events.wait("book-error", |_| true);
    assert!(
        error["message"].as_str().unwrap().contains("nowhere.rs"),
        "{error}"
    );
    assert!(
        site.get("/01-tiny.html")
            .body
            .contains("The first edition.")
    );

    mini.write("book/src/01-tiny.md", "# tiny\n\nThe second edition.\n");
    events.wait("book-error", |data| data["message"].is_null());
    events.wait("reload", |_| true);
    assert!(
        site.get("/01-tiny.html")
            .body
            .contains("The second edition.")
    );
}

#[test]
fn a_book_that_never_built_shows_why_until_it_does() {
    let mini = Mini::new();
    mini.write(
        "book/src/01-tiny.md",
        "# tiny\n\n{{#include <nowhere>.rs}}\n",
    );
    let site = Site::of(&mini);
    let page = site.get("/01-tiny.html");
    assert_eq!(page.status, 503);
    assert!(page.body.contains("The book does not build"));
    assert!(page.body.contains("&lt;nowhere&gt;.rs"), "{}", page.body);
    let events = site.events();
    mini.write("book/src/01-tiny.md", "# tiny\n");
    events.wait("reload", |_| true);
    assert_eq!(site.get("/01-tiny.html").status, 200);
}

#[test]
fn a_folder_that_goes_and_comes_back() {
    let mini = Mini::new();
    let site = Site::of(&mini);
    let events = site.events();
    events.wait("book-error", |_| true);

    fs::rename(mini.path("exercises/01-tiny"), mini.path("elsewhere")).unwrap();
    let gone = events.exercise("tiny", |live| live["error"].is_string());
    assert!(gone["error"].as_str().unwrap().contains("tiny"), "{gone}");
    site.check("tiny");
    events.exercise("tiny", |live| {
        live["error"].is_string() && live["state"] == "idle"
    });
    fs::rename(mini.path("elsewhere"), mini.path("exercises/01-tiny")).unwrap();
    events.exercise("tiny", |live| live["error"].is_null());

    // The same with the folder of all folders.
    fs::rename(mini.path("exercises"), mini.path("away")).unwrap();
    events.exercise("tiny", |live| live["error"].is_string());
    fs::rename(mini.path("away"), mini.path("exercises")).unwrap();
    events.exercise("tiny", |live| live["error"].is_null());
    mini.save(SOLUTION);
    let done = events.exercise("tiny", |live| live["state"] == "done");
    assert_eq!(statuses(&done), ["pass", "pass"]);

    // A check of a folder that goes in the middle of it.
    mini.save(HANGS);
    let hanging = mini.hanging();
    fs::remove_dir_all(mini.path("exercises/01-tiny")).unwrap();
    wait_until_gone(hanging);
    let gone = events.exercise("tiny", |live| {
        live["error"].is_string() && live["state"] == "idle"
    });
    assert_eq!(statuses(&gone).len(), 2);
}

#[test]
fn a_port_that_is_taken() {
    let mini = Mini::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    mini.wirebook(&["--no-open", "--port", &port.to_string()])
        .assert()
        .code(1)
        .stderr(contains(format!("127.0.0.1:{port}")).and(contains("--port")));
}

#[test]
fn the_browser_is_opened_if_there_is_one() {
    let mini = Mini::new();
    mini.write("browser", "#!/bin/sh\necho \"$1\" > opened\n");
    make_executable(&mini.path("browser"));
    let mut command = mini.command(&["--port", "0"]);
    command.env("BROWSER", mini.path("browser"));
    let site = Site::start(command);
    let opened = wait_for("the browser", || {
        fs::read_to_string(mini.path("opened"))
            .ok()
            .filter(|url| url.ends_with('\n'))
    });
    assert_eq!(opened, format!("http://{}/\n", site.host()));
}

#[test]
fn without_a_browser_the_companion_says_so_and_goes_on() {
    let mini = Mini::new();
    let complaints = tempfile::NamedTempFile::new().unwrap();
    let mut command = mini.command(&["--port", "0"]);
    command.stderr(complaints.reopen().unwrap());
    let site = Site::start(command);
    assert_eq!(site.get("/").status, 200);
    let said = fs::read_to_string(complaints.path()).unwrap();
    assert!(
        said.contains(&format!("open http://{}/ yourself", site.host())),
        "{said}"
    );
}
