//! The listings: what the book shows compiles, and is shown.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::pages::root;

/// The listings with this ending.
fn listings(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = root().join("book/listings").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder of the listings")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == ending)
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

#[test]
fn every_listing_in_c_compiles() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in listings("c", "c") {
        let output = Command::new("cc")
            .args([
                "-std=gnu11",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-pthread",
                "-o",
            ])
            .arg(folder.path().join("program"))
            .arg(&file)
            .output()
            .expect("a C compiler (Debian and Ubuntu: apt install gcc)");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {errors}", file.display());
    }
}

#[test]
fn every_listing_in_rust_compiles_without_a_warning() {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["build", "--package", "listings", "--bins"])
        .args(["--message-format=json-render-diagnostics"])
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("warning"), "{said}");
}

/// A listing that no page shows is dead; a page that shows code of its own has not
/// compiled it.
#[test]
fn pages_show_listings_and_nothing_else() {
    let sources = root().join("book/src");
    let mut pages = String::new();
    for entry in fs::read_dir(sources).expect("the pages") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let page = fs::read_to_string(&path).expect("a page");
        for language in ["rust", "c"] {
            for (number, block) in page.split(&format!("```{language}\n")).skip(1).enumerate() {
                let code = block.split("```").next().unwrap_or_default();
                let included = code.lines().all(|line| {
                    line.trim().is_empty() || line.trim_start().starts_with("{{#include ")
                });
                let place = format!("{}, block {} of {language}", path.display(), number + 1);
                assert!(included, "{place} is not included from a listing:\n{code}");
            }
        }
        pages.push_str(&page);
    }
    for file in [listings("c", "c"), listings("src/bin", "rs")].concat() {
        let name = file.file_name().expect("a name").to_string_lossy();
        // A program that the text asks the reader to run is shown, too.
        let stem = file.file_stem().expect("a name").to_string_lossy();
        let shown = pages.contains(&*name) || pages.contains(&format!("--bin {stem}"));
        assert!(shown || name == "six_calls.rs", "no page shows {name}");
    }
}
