//! The steps of fork-server, live in the page of its chapter.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::reader::Reader;
use crate::stage::Stage;
use crate::workbook::{mistake, solution};

const PAGE: &str = "11-fork-server";
const PROGRAM: &str = "exercises/11-fork-server/src/main.rs";

/// How many of the steps have a status, in JavaScript.
fn number_of(status: &str) -> String {
    format!("document.querySelectorAll('wire-steps > ol > .step[data-status={status}]').length")
}

/// Whether a check is under way, in JavaScript.
const BUSY: &str =
    "(document.querySelector('.steps-check').getAttribute('aria-disabled') === 'true')";

/// A learner's way through the exercise, without one reload of the page.
#[test]
fn steps_follow_what_is_saved() {
    let stage = Stage::set();
    let browser = &stage.browser;
    stage.open(PAGE);

    // The page asks for the first check by itself.
    let todo = number_of("todo");
    browser.comes_to(
        "all 12 steps are not yet written",
        &format!("{todo} === 12 && !{BUSY}"),
    );
    let words = "return [...new Set([...document.querySelectorAll('.step-word')]\
                 .map((word) => word.textContent))].join();";
    assert_eq!(browser.run(words), "not yet written");
    browser.run("window.marker = 'the same page';");

    let passed = format!("{} === 12", number_of("pass"));
    let reader = Reader::at(browser, "wire-steps .steps-head");
    let first = save(&stage, &solution(), &passed);
    println!(
        "from the first save to the verdict in the page: {}",
        millis(first)
    );
    assert_eq!(text(&stage, ".steps-count"), "All 12 steps pass");
    reader.has_not_moved();

    // A wrong program, and its evidence.
    let failed = "document.querySelectorAll('wire-steps .step')[3].dataset.status === 'fail'";
    let time = save(&stage, &mistake("parent-keeps-the-connection"), failed);
    println!("the same for a mistake: {}", millis(time));
    reader.has_not_moved();
    let closed = browser.run(
        "const details = document.querySelector('.step:nth-child(4) > details');\
         return !details.open;",
    );
    if closed == Value::Bool(true) {
        browser.click(".step:nth-child(4) > details > summary");
    }
    let report = text(&stage, ".step:nth-child(4) > details");
    for words in ["CLOSE_WAIT", "has exited", "last descriptor"] {
        assert!(
            report.contains(words),
            "{words:?} is not to be seen in\n{report}"
        );
    }
    let link = browser.run("return document.querySelector('.step:nth-child(4) .report a').hash;");
    assert_eq!(link, "#who-holds-the-connection");

    // One that is none. The reader is further down: what grows above does not push him.
    let reader = Reader::at(browser, "#quiz");
    let nonsense = "fn main() {\n    let address: String = 1;\n}\n";
    let refused = "document.querySelector('.steps-trouble').hidden === false";
    save(&stage, nonsense, refused);
    let said = text(&stage, ".steps-compiler");
    assert!(said.contains("mismatched types"), "{said}");
    assert!(said.contains("src/main.rs:2:27"), "{said}");
    assert!(!said.contains('\u{1b}'), "{said}");
    reader.has_not_moved();

    // And right again.
    let mended = format!("{passed} && document.querySelector('.steps-trouble').hidden");
    save(&stage, &solution(), &mended);
    reader.has_not_moved();
    let mut times: Vec<Duration> = (0..5)
        .map(|turn| save(&stage, &format!("{}// {turn}\n", solution()), &passed))
        .collect();
    times.sort();
    println!(
        "from saving fork-server to the verdict in the page: {}",
        millis(times[2])
    );

    assert_eq!(browser.run("return window.marker;"), "the same page");
    stage.is_clean();
}

/// Saves the program, waits until the page shows a verdict that is as wanted, and
/// says how long that took. The page itself looks at the clock.
fn save(stage: &Stage, program: &str, wanted: &str) -> Duration {
    stage.browser.run(&format!(
        "window.verdict = null; \
         let begun = false; \
         const observer = new MutationObserver(() => {{ \
           if ({BUSY}) begun = true; \
           else if (begun && {wanted}) {{ window.verdict = Date.now(); observer.disconnect(); }} \
         }}); \
         observer.observe(document.querySelector('wire-steps'), \
           {{ subtree: true, childList: true, attributes: true, characterData: true }});"
    ));
    let saved = SystemTime::now();
    stage.workbook.write(PROGRAM, program);
    stage
        .browser
        .comes_to(&format!("the verdict {wanted}"), "window.verdict !== null");
    let verdict = stage.browser.run("return window.verdict;");
    let verdict = UNIX_EPOCH + Duration::from_millis(verdict.as_u64().expect("a time"));
    verdict.duration_since(saved).unwrap_or_default()
}

/// What of an element is to be seen.
fn text(stage: &Stage, selector: &str) -> String {
    let script = format!("return document.querySelector('{selector}').innerText;");
    crate::browser::as_text(&stage.browser.run(&script))
}

fn millis(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
