//! Every page is accessible, as far as a program can tell: axe-core finds nothing serious.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::browser::as_text;
use crate::stage::Stage;
use crate::workbook::{chapters, original};

const VERSION: &str = "4.14.1";
const SHA512: &str = "1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5";

/// The script, fetched once from the npm registry into `target/`.
fn axe() -> String {
    let tools = original().join("target/tools");
    let script = tools.join(format!("axe-core-{VERSION}.js"));
    if !script.exists() {
        fs::create_dir_all(&tools).expect("target can be written");
        let folder = tempfile::tempdir_in(&tools).expect("a temporary folder");
        let package: PathBuf = folder.path().join("axe-core.tgz");
        let url = format!("https://registry.npmjs.org/axe-core/-/axe-core-{VERSION}.tgz");
        let run = |command: &mut Command| {
            let output = command
                .output()
                .unwrap_or_else(|error| panic!("{command:?}: {error}"));
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{command:?}: {complaint}");
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        run(Command::new("curl")
            .args(["--fail", "--silent", "--show-error", "--output"])
            .arg(&package)
            .arg(url));
        let sum = run(Command::new("sha512sum").arg(&package));
        assert!(sum.starts_with(SHA512), "the package is another one: {sum}");
        let file = "package/axe.min.js";
        let unpack = ["--extract", "--gzip", "--file"];
        run(Command::new("tar")
            .args(unpack)
            .arg(&package)
            .arg("--directory")
            .arg(folder.path())
            .arg(file));
        fs::rename(folder.path().join(file), &script).expect("within target/tools");
    }
    fs::read_to_string(script).expect("the script")
}

/// What is serious or critical in the page as it is now: rule, help, and where.
fn troubles(stage: &Stage, axe: &str) -> String {
    stage.browser.run(axe);
    stage.browser.run(
        "window.found = null; \
         axe.run(document, { resultTypes: ['violations'] }).then((all) => { \
           window.found = all.violations \
             .filter((one) => ['serious', 'critical'].includes(one.impact)) \
             .map((one) => `${one.id}: ${one.help}: ` + \
               one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200) + ' ' + \
               node.any.map((check) => check.message).join(' ')).join(' | ')) \
             .join('\\n'); \
         }, (error) => { window.found = String(error); });",
    );
    stage
        .browser
        .comes_to("axe is done", "window.found !== null");
    as_text(&stage.browser.run("return window.found;"))
}

#[test]
fn nothing_serious_is_wrong_with_the_pages() {
    let axe = axe();
    let stage = Stage::set();
    let browser = &stage.browser;
    let mut wrong = Vec::new();
    for theme in ["light", "navy"] {
        for chapter in chapters() {
            stage.open(&chapter);
            browser.run(&format!("localStorage.setItem('mdbook-theme', '{theme}');"));
            stage.open(&chapter);
            // Colours on their way are nobody's colours.
            browser.run(
                "document.head.append(Object.assign(document.createElement('style'), \
                 { textContent: '* { transition: none !important; }' }));",
            );
            browser.comes_to(
                "the page is complete",
                "document.readyState === 'complete' && document.querySelector('wire-steps').state",
            );
            // One player in the middle of its trace, with a header open.
            if browser.run("return document.querySelector('.trace-ladder') !== null;")
                == Value::Bool(true)
            {
                browser.run(
                    "const player = document.querySelector('wire-trace').player; \
                     player.step(4); player.open(player.segments[1]);",
                );
            }
            let found = troubles(&stage, &axe);
            if !found.is_empty() {
                wrong.push(format!("{chapter}, {theme}:\n{found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
