//! The book as stock mdBook builds it, without the companion.

use std::path::Path;

use mdbook_driver::MDBook;

use crate::browser::Browser;
use crate::static_site::StaticSite;
use crate::workbook::{chapters, original};

/// From a web host, and from the disk.
#[test]
fn pages_read_well_without_the_companion() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    build(folder.path());
    let site = StaticSite::of(folder.path());
    let browser = Browser::start();
    for place in [site.url(), format!("file://{}/", folder.path().display())] {
        for chapter in chapters() {
            browser.open(&format!("{place}{chapter}.html"));
            let titles = titles_of(&chapter);
            let seen = browser.run(
                "return [...document.querySelectorAll('wire-steps > ol > li')] \
                 .filter((item) => item.checkVisibility()) \
                 .map((item) => item.innerText.trim());",
            );
            assert_eq!(seen, serde_json::json!(titles), "{place}{chapter}");
            let command = "return document.querySelector('wire-steps').innerText\
                           .includes('cargo test');";
            assert_eq!(
                browser.run(command),
                true,
                "{place}{chapter}: how to run them"
            );
            let dead = "return document.querySelectorAll('wire-steps button').length;";
            assert_eq!(
                browser.run(dead),
                0,
                "{place}{chapter}: a button without use"
            );
            // A trace can be played; running it anew takes the companion.
            let players = "const traces = [...document.querySelectorAll('wire-trace')]; \
                           return traces.every((trace) => trace.querySelector('.trace-dock') \
                           && trace.querySelector('svg').checkVisibility() \
                           && trace.querySelector('.trace-live') === null);";
            assert_eq!(browser.run(players), true, "{place}{chapter}: the players");
            // A quiz needs nobody.
            let quizzes = "return [...document.querySelectorAll('wire-quiz')]\
                           .every((quiz) => quiz.matches('.live'));";
            assert_eq!(browser.run(quizzes), true, "{place}{chapter}: the quizzes");
        }
        browser.is_clean(&place);
    }
}

/// What the steps of an exercise are called.
fn titles_of(chapter: &str) -> Vec<String> {
    let file = original()
        .join("exercises")
        .join(chapter)
        .join("tests/steps.rs");
    let source = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let steps = grader::catalogue::read(&source);
    // As mdBook sets them: code without backquotes, and curved apostrophes.
    let set = |title: &str| title.replace('`', "").replace('\'', "’");
    steps.iter().map(|step| set(&step.title)).collect()
}

fn build(destination: &Path) {
    let mut book = MDBook::load(original().join("book")).expect("the book can be read");
    book.config.build.build_dir = destination.to_owned();
    book.build().expect("the book can be built");
}
