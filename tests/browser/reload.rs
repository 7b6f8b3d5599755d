//! What the page does when the book changes, and when the companion goes.

use crate::companion::Companion;
use crate::reader::Reader;
use crate::stage::Stage;

const CHAPTER: &str = "book/src/11-fork-server.md";
const SUMMARY: &str = "book/src/SUMMARY.md";
const BANNER: &str = "document.querySelector('.wirebook-banner')";

#[test]
fn a_page_shows_what_is_written_and_keeps_the_readers_place() {
    let stage = Stage::set();
    let browser = &stage.browser;
    stage.open("11-fork-server");
    heard_the_companion(&stage);
    // Above the steps, which take the place they need only after the page is loaded.
    let reader = Reader::at(browser, "#zombies");

    let sentence = "This sentence was not here before.";
    let text = stage.workbook.read(CHAPTER) + &format!("\n\n{sentence}\n");
    stage.workbook.write(CHAPTER, &text);
    browser.comes_to(
        "the new sentence is in the page",
        &format!("document.querySelector('main').innerText.includes('{sentence}')"),
    );
    reader.comes_back();
    stage.is_clean();
}

#[test]
fn a_broken_book_is_announced_until_it_is_mended() {
    let stage = Stage::set();
    let browser = &stage.browser;
    stage.open("11-fork-server");
    heard_the_companion(&stage);
    browser.run("window.marker = 'the page from before';");

    let summary = stage.workbook.read(SUMMARY);
    let broken = format!("{summary}\n- [Nowhere](nowhere.md)\n");
    stage.workbook.write(SUMMARY, &broken);
    browser.comes_to(
        "a banner says that the book does not build, and why",
        &format!(
            "{BANNER}?.innerText.includes('does not build') && \
             {BANNER}.textContent.includes('nowhere.md')"
        ),
    );
    // What was there can still be read.
    assert_eq!(browser.run("return window.marker;"), "the page from before");

    // A page that is opened meanwhile says the same.
    stage.open("02-first-server");
    let told = format!("{BANNER}?.innerText.includes('does not build')");
    browser.comes_to("the banner is in the other page, too", &told);

    stage.workbook.write(SUMMARY, &summary);
    browser.comes_to("the banner has gone", &format!("{BANNER} === null"));
    stage.is_clean();
}

#[test]
fn a_companion_that_goes_and_comes_back() {
    let mut stage = Stage::set();
    stage.open("11-fork-server");
    heard_the_companion(&stage);
    let port = stage.companion.port();
    // The old one ends as the new one takes its place: a port cannot be had twice.
    let elsewhere = Companion::start(stage.workbook.root());
    drop(std::mem::replace(&mut stage.companion, elsewhere));
    stage.browser.comes_to(
        "a banner says that the companion is not running",
        &format!("{BANNER}?.innerText.includes('not running')"),
    );
    stage.browser.comes_to(
        "no check can be asked for",
        "document.querySelector('.steps-check').getAttribute('aria-disabled') === 'true'",
    );

    stage.companion = Companion::start_on(stage.workbook.root(), port);
    stage
        .browser
        .comes_to("the banner has gone", &format!("{BANNER} === null"));
    stage.browser.comes_to(
        "checks can be asked for",
        "document.querySelector('.steps-check')?.getAttribute('aria-disabled') === 'false'",
    );
}

/// The page's line to the companion stands: what happens from now on, it hears.
fn heard_the_companion(stage: &Stage) {
    stage.browser.comes_to(
        "the page has heard the companion",
        "document.querySelector('wire-steps > ol > .step[data-status]')",
    );
}
