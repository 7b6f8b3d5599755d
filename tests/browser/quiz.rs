//! A quiz, answered with the keyboard alone.

use crate::browser::key::{ARROW_DOWN, ARROW_RIGHT, ENTER, SPACE, TAB};
use crate::browser::{Browser, as_text};
use crate::stage::Stage;

/// The first quiz of chapter 11. Its third choice is right.
const QUIZ: &str = "document.querySelector('#quiz ~ wire-quiz')";

#[test]
fn a_quiz_is_answered_by_keyboard() {
    let stage = Stage::set();
    let browser = &stage.browser;
    stage.open("11-fork-server");
    assert_eq!(shown(browser, "querySelector('details').hidden"), "true");
    assert_eq!(
        shown(browser, "querySelector('button').textContent"),
        "Answer"
    );

    // From the question on, the next stop is the first choice.
    browser.run(&format!(
        "const question = {QUIZ}.question; question.tabIndex = -1; question.focus();"
    ));
    browser.press(&[TAB]);
    assert_eq!(shown(browser, "contains(document.activeElement)"), "true");
    browser.press(&[SPACE]);
    assert_eq!(chosen(browser), "0");
    // Not to the next chapter, where mdBook leads from elsewhere.
    browser.press(&[ARROW_RIGHT]);
    assert_eq!(chosen(browser), "1");
    assert_eq!(shown(browser, "dataset.answered"), "");

    browser.press(&[TAB, ENTER]);
    assert_eq!(shown(browser, "dataset.answered"), "wrong");
    assert_eq!(
        shown(browser, "querySelector('[role=status]').textContent"),
        "Not so."
    );
    assert_eq!(marks(browser), "-,wrong,right,-");
    let answer = shown(browser, "querySelector('details p').innerText");
    assert!(answer.starts_with("The log file."), "{answer}");

    // The same button asks again.
    browser.press(&[ENTER]);
    assert_eq!(shown(browser, "dataset.answered"), "");
    assert_eq!(marks(browser), "-,-,-,-");
    assert_eq!(shown(browser, "querySelector('details').hidden"), "true");
    browser.press(&[SPACE, ARROW_DOWN, ARROW_DOWN]);
    assert_eq!(chosen(browser), "2");
    browser.press(&[TAB, SPACE]);
    assert_eq!(shown(browser, "dataset.answered"), "right");
    assert_eq!(
        shown(browser, "querySelector('[role=status]').textContent"),
        "Right."
    );
    assert_eq!(marks(browser), "-,-,right,-");

    // A later visit finds the answer that was given.
    stage.open("11-fork-server");
    assert_eq!(shown(browser, "dataset.answered"), "right");
    assert_eq!(chosen(browser), "2");
    stage.is_clean();
}

/// What the quiz has there, as text; nothing if it has not.
fn shown(browser: &Browser, what: &str) -> String {
    as_text(&browser.run(&format!("return String({QUIZ}.{what} ?? '');")))
}

/// The number of the choice that is chosen.
fn chosen(browser: &Browser) -> String {
    shown(
        browser,
        "choices.findIndex((choice) => choice.radio.checked)",
    )
}

/// How each choice is marked.
fn marks(browser: &Browser) -> String {
    shown(
        browser,
        "choices.map((choice) => choice.item.dataset.mark ?? '-').join()",
    )
}
