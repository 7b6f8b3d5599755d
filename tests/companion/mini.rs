//! A small workbook.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use tempfile::TempDir;

/// Compiles, and both steps pass.
pub const SOLUTION: &str = "fn main() {\n    println!(\"hello\");\n    println!(\"bye\");\n}\n";

/// Compiles; the first step passes, the second is not yet written.
pub const SKELETON: &str =
    "fn main() {\n    println!(\"hello\");\n    todo!(\"say goodbye\");\n}\n";

/// Compiles; the first step fails, and so does the second.
pub const MISTAKE: &str = "fn main() {\n    println!(\"good day\");\n}\n";

/// Does not compile.
pub const NONSENSE: &str = "fn main() {\n    let text: String = 1;\n}\n";

/// Writes its process's number to `pid` at the workbook's root, and hangs.
pub const HANGS: &str = r#"fn main() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pid");
    std::fs::write(file, std::process::id().to_string()).unwrap();
    loop {
        std::thread::park();
    }
}
"#;

/// Two steps, judged by what the program prints.
const STEPS: &str = r##"//! The steps of a test's exercise.

use std::io::Write;
use std::process::Command;

macro_rules! step {
    ($section:literal) => {
        concat!("book/src/PAGE.md#", $section)
    };
}

/// Says hello.
#[test]
fn s1_hello() {
    judge(step!("hello"), "s1_hello", "hello");
}

/// Says goodbye, too.
#[test]
fn s2_goodbye() {
    judge(step!("goodbye"), "s2_goodbye", "bye");
}

fn judge(section: &str, step: &str, wanted: &str) {
    tell(&r#"{"event":"started","step":"STEP"}"#.replace("STEP", step));
    let built = env!("CARGO_BIN_EXE_BIN").into();
    let program = std::env::var_os("WIREBOOK_PROGRAM").unwrap_or(built);
    let output = Command::new(program).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    let status = match said.contains(wanted) {
        true => "pass",
        false if complained.contains("not yet implemented") => "todo",
        false => "fail",
    };
    let report = match status {
        "pass" => "null".to_owned(),
        _ => format!("\"{step}\\n\\n  saw     no {wanted} in the output\\n  read    {section}\""),
    };
    let ended = r#"{"event":"ended","step":"STEP","status":"STATUS","millis":7,"report":REPORT}"#;
    let ended = ended.replace("STEP", step).replace("STATUS", status);
    tell(&ended.replace("REPORT", &report));
    assert_eq!(status, "pass");
}

fn tell(line: &str) {
    if let Some(path) = std::env::var_os("WIREBOOK_EVENTS") {
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}
"##;

/// A workbook in a temporary folder, with the exercises 01-tiny and 02-next.
pub struct Mini {
    folder: TempDir,
}

impl Mini {
    /// Both exercises are skeletons.
    pub fn new() -> Mini {
        let mini = Mini {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(mini.path("tmp")).unwrap();
        mini.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"exercises/*\"]\n",
        );
        mini.write("book/book.toml", "[book]\ntitle = \"Mini\"\n");
        let summary = "# Summary\n\n- [Tiny](01-tiny.md)\n- [Next](02-next.md)\n";
        mini.write("book/src/SUMMARY.md", summary);
        mini.exercise("01", "tiny", "the smallest of all");
        mini.exercise("02", "next", "the one after");
        mini
    }

    fn exercise(&self, number: &str, id: &str, title: &str) {
        let name = format!("{number}-{id}");
        self.write(
            &format!("book/src/{name}.md"),
            &format!("# {id}\n\nThe first edition.\n"),
        );
        self.write(
            &format!("exercises/{name}/Cargo.toml"),
            &format!(
                "[package]\nname = \"ch{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                 [[bin]]\nname = \"{id}\"\npath = \"src/main.rs\"\n\n\
                 [package.metadata.wirebook]\ntitle = \"{title}\"\nreading = 10\nsolving = 20\n"
            ),
        );
        let steps = STEPS
            .replace("_BIN\"", &format!("_{id}\""))
            .replace("PAGE", &name);
        self.write(&format!("exercises/{name}/tests/steps.rs"), &steps);
        self.write(&format!("exercises/{name}/src/main.rs"), SKELETON);
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, inside: &str) -> PathBuf {
        self.root().join(inside)
    }

    /// Saves a file.
    pub fn write(&self, inside: &str, text: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Saves the program of the exercise `tiny`.
    pub fn save(&self, program: &str) {
        self.write("exercises/01-tiny/src/main.rs", program);
    }

    /// `wirebook` in this workbook.
    pub fn wirebook(&self, arguments: &[&str]) -> Command {
        Command::from_std(self.command(arguments))
    }

    /// The same, for whoever wants to start it in a way of his own.
    pub fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("wirebook"));
        command.current_dir(self.root()).args(arguments);
        // The outer cargo's would be shared by all tests, and their programs'
        // names are equal.
        command.env_remove("CARGO_TARGET_DIR");
        command.env("TMPDIR", self.path("tmp"));
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WIREBOOK_PROGRAM"] {
            command.env_remove(name);
        }
        command
    }

    /// Whether the folder for temporary files is as empty as it was.
    pub fn leaves_no_files(&self) -> bool {
        fs::read_dir(self.path("tmp")).unwrap().next().is_none()
    }

    /// The process that [`HANGS`] runs as, once it does.
    pub fn hanging(&self) -> u32 {
        let file = self.path("pid");
        wait_for("the program to hang", || {
            fs::read_to_string(&file).ok()?.parse().ok()
        })
    }
}

/// Waits for something to be there. A test that waits in vain fails.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until a process is gone, or only waits to be reaped by somebody else.
pub fn wait_until_gone(pid: u32) {
    wait_for(
        &format!("process {pid} to end"),
        || match fs::read_to_string(format!("/proc/{pid}/stat")) {
            Err(_) => Some(()),
            Ok(stat) => stat
                .rsplit(')')
                .next()?
                .trim()
                .starts_with('Z')
                .then_some(()),
        },
    );
}
