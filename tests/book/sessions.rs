//! The sessions that the pages show: each command with a listing is run again, and
//! must print what stands in the book, but for numbers that differ from run to run.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::pages::root;

/// A command of a session, and what the page says that it prints.
struct Run {
    place: String,
    command: String,
    prints: String,
}

/// All commands in blocks of `console` that run a listing.
fn runs() -> Vec<Run> {
    let mut runs = Vec::new();
    let mut pages: Vec<_> = fs::read_dir(root().join("book/src"))
        .expect("the pages")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    for page in pages {
        let text = fs::read_to_string(&page).expect("a page");
        for block in text.split("```console\n").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            for part in format!("\n{block}").split("\n$ ").skip(1) {
                let (command, prints) = part.split_once('\n').unwrap_or((part, ""));
                if command.contains("listings") || command.contains("/tmp/") {
                    runs.push(Run {
                        place: page.file_name().expect("a name").display().to_string(),
                        command: command.to_owned(),
                        prints: prints.trim_end().to_owned(),
                    });
                }
            }
        }
    }
    runs
}

/// Text with every number, also in hexadecimal, replaced by `#`.
fn without_numbers(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        result.push_str(&rest[..start]);
        let digits = rest[start..].trim_start_matches("0x");
        let word = |c: char| {
            c.is_ascii_digit() || digits.len() < rest.len() - start && c.is_ascii_hexdigit()
        };
        rest = digits.trim_start_matches(word);
        result.push('#');
    }
    result.push_str(rest);
    // Columns shift with the width of a number.
    let lines = result
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_session_goes_as_the_page_says() {
    let built = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["build", "--quiet", "--package", "listings", "--bins"])
        .args(["--message-format=json"])
        .output()
        .expect("cargo runs");
    assert!(built.status.success());
    // Everybody may use it: the sessions are an ordinary user's.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let open = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    open(folder.path(), 0o777);
    for line in String::from_utf8_lossy(&built.stdout).lines() {
        let message: serde_json::Value = serde_json::from_str(line).expect("a message of cargo");
        if let Some(program) = message["executable"].as_str() {
            let name = message["target"]["name"].as_str().expect("a name");
            let copy = folder.path().join(name);
            fs::copy(program, &copy).expect("a copy");
            open(&copy, 0o755);
        }
    }
    let sources = folder.path().join("c");
    fs::create_dir(&sources).expect("a folder");
    for entry in fs::read_dir(root().join("book/listings/c")).expect("the listings") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), sources.join(entry.file_name())).expect("a copy");
    }

    let place = folder.path().display().to_string();
    let mut wrong = Vec::new();
    let mut server: Option<Running> = None;
    let runs = runs();
    assert!(runs.len() > 5, "the pages show sessions");
    for run in runs {
        let is_server = run.prints.starts_with("listening on");
        let address = match &server {
            Some(server) => server.address(),
            // The port that the book shows may have been in use a moment ago.
            None => "127.0.0.1:0".to_owned(),
        };
        let command = run
            .command
            .replace("/tmp/", &format!("{place}/"))
            .replace("book/listings/c/", &format!("{place}/c/"))
            .replace("cargo run -q -p listings --bin ", &format!("{place}/"))
            .replace("127.0.0.1:9000", &address);
        let mut running = Running::start(run, &command, folder.path());
        if is_server {
            // It goes on while the next command, its client, runs.
            running.read_line();
            server = Some(running);
            continue;
        }
        wrong.extend(running.compare());
        wrong.extend(server.take().and_then(Running::compare));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A command that runs, with what it has printed so far.
struct Running {
    run: Run,
    child: Child,
    output: BufReader<ChildStdout>,
    printed: String,
}

impl Running {
    fn start(run: Run, command: &str, folder: &Path) -> Running {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("exec 2>&1; {command}")])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if nix::unistd::Uid::effective().is_root() {
            // Of all users the one with the fewest rights and processes.
            shell.uid(65534).gid(65534);
        }
        let mut child = shell.spawn().expect("sh runs");
        Running {
            run,
            output: BufReader::new(child.stdout.take().expect("it is piped")),
            child,
            printed: String::new(),
        }
    }

    fn read_line(&mut self) {
        let line = self.output.read_line(&mut self.printed);
        line.expect("a line in UTF-8");
    }

    /// Where a server listens that has just said so.
    fn address(&self) -> String {
        self.printed.trim_end().replace("listening on ", "")
    }

    /// What is wrong with it, if it prints something else than the page says.
    fn compare(mut self) -> Option<String> {
        let rest = self.output.read_to_string(&mut self.printed);
        rest.expect("text in UTF-8");
        self.child.wait().expect("sh ends");
        let (printed, prints) = (self.printed.trim_end(), &self.run.prints);
        let same = without_numbers(printed) == without_numbers(prints);
        (!same).then(|| {
            let Run { place, command, .. } = &self.run;
            format!("{place}: $ {command}\n--- in the book:\n{prints}\n--- here:\n{printed}")
        })
    }
}
