//! The player of a trace: by mouse, by keyboard, and with a run of the reader's own.

use crate::browser::key::{ARROW_DOWN, ARROW_LEFT, ARROW_RIGHT, END, ENTER, ESCAPE, HOME};
use crate::browser::{Browser, as_text};
use crate::stage::Stage;

const PAGE: &str = "04-handshake";

/// The first trace of chapter 04: three segments.
const TRACE: &str = "document.querySelector('wire-trace[name=handshake]')";

/// What the trace's element has there, as text.
fn shown(browser: &Browser, what: &str) -> String {
    as_text(&browser.run(&format!("return String({TRACE}.{what});")))
}

fn text(browser: &Browser, selector: &str) -> String {
    shown(browser, &format!("querySelector('{selector}').innerText"))
}

/// Opens the chapter, and waits until the trace can be played.
fn open_player(stage: &Stage) {
    stage.open(PAGE);
    stage.browser.comes_to(
        "the player is there",
        &format!("{TRACE}.querySelector('.trace-dock')"),
    );
}

/// How many groups of the ladder are yet to come.
fn later(browser: &Browser) -> String {
    shown(browser, "querySelectorAll('.wire-ladder .later').length")
}

#[test]
fn a_trace_is_stepped_through_and_its_headers_opened() {
    let stage = Stage::set();
    let browser = &stage.browser;
    open_player(&stage);
    browser.run(&format!("{TRACE}.scrollIntoView();"));

    // Whole at first: nobody has to play it to read it.
    assert_eq!(later(browser), "0");
    let scrubber = "querySelector('.trace-scrubber')";
    let last = shown(browser, &format!("{scrubber}.max"));
    assert_eq!(shown(browser, &format!("{scrubber}.value")), last);

    // With the keyboard alone, from the first button on.
    browser.run(&format!(
        "{TRACE}.querySelector('.trace-controls button').focus();"
    ));
    browser.press(&[HOME]);
    assert_eq!(shown(browser, &format!("{scrubber}.value")), "1");
    assert_ne!(later(browser), "0");
    let states = || {
        (
            text(browser, ".trace-end:nth-child(1) .end-state"),
            text(browser, ".trace-end:nth-child(2) .end-state"),
        )
    };
    assert_eq!(states(), ("CLOSED".into(), "CLOSED".into()));
    // Step by step up to the SYN, and what it has done at either end.
    let mut seen = Vec::new();
    for _ in 1..last.parse::<u32>().expect("a number") {
        browser.press(&[ARROW_RIGHT]);
        if seen.last() != Some(&states()) {
            seen.push(states());
        }
    }
    let pair = |client: &str, server: &str| (client.to_owned(), server.to_owned());
    let walk = [
        pair("CLOSED", "CLOSED"),
        pair("SYN_SENT", "CLOSED"),
        pair("SYN_SENT", "SYN_RECV"),
        pair("ESTABLISHED", "SYN_RECV"),
        pair("ESTABLISHED", "ESTABLISHED"),
    ];
    assert_eq!(seen, walk);
    assert_eq!(later(browser), "0");
    browser.press(&[ARROW_LEFT]);
    assert_ne!(shown(browser, &format!("{scrubber}.value")), last);
    browser.press(&[END]);
    assert_eq!(shown(browser, &format!("{scrubber}.value")), last);
    // mdBook's own keys have not led to another chapter.
    assert!(as_text(&browser.run("return location.pathname;")).contains(PAGE));

    // The first segment of the ladder, by the keyboard.
    browser.run(&format!("{TRACE}.querySelector('.trace-ladder').focus();"));
    browser.press(&[ARROW_DOWN, ENTER]);
    let header = text(browser, ".trace-header");
    for part in [
        "Segment 1 of 3: SYN",
        "Source port",
        "Destination port",
        "9000",
        "Maximum segment size",
        "1460",
    ] {
        assert!(header.contains(part), "no {part:?} in\n{header}");
    }
    assert_eq!(
        text(browser, ".flag.set .cell-name").replace('\n', ""),
        "SYN"
    );
    browser.press(&[ESCAPE]);
    assert_eq!(
        shown(browser, "querySelector('.trace-header').hidden"),
        "true"
    );
    assert_eq!(
        shown(
            browser,
            "querySelector('.trace-ladder').contains(document.activeElement)"
        ),
        "true"
    );

    // Another one, by the mouse.
    browser.click("wire-trace[name=handshake] .segment.from-server .line");
    let header = text(browser, ".trace-header");
    assert!(header.contains("Segment 2 of 3: SYN ACK"), "{header}");
    stage.is_clean();
}

#[test]
fn a_trace_plays_to_its_end_and_can_be_stopped() {
    let stage = Stage::set();
    let browser = &stage.browser;
    open_player(&stage);
    browser.click("wire-trace[name=handshake] .trace-play");
    assert_eq!(
        shown(
            browser,
            "querySelector('.trace-play').getAttribute('aria-label')"
        ),
        "Pause"
    );
    browser.comes_to(
        "it plays",
        &format!("{TRACE}.querySelector('.trace-scrubber').value > 2"),
    );
    browser.click("wire-trace[name=handshake] .trace-play");
    assert_eq!(
        shown(
            browser,
            "querySelector('.trace-play').getAttribute('aria-label')"
        ),
        "Play"
    );
    browser.click("wire-trace[name=handshake] .trace-play");
    browser.comes_to(
        "it comes to its end",
        &format!(
            "{TRACE}.querySelector('.trace-play').getAttribute('aria-label') === 'Play' && \
                  {TRACE}.querySelector('.trace-count').textContent === \
                  `${{{TRACE}.player.last + 1}}/${{{TRACE}.player.last + 1}}`"
        ),
    );
    stage.is_clean();
}

#[test]
fn a_run_of_the_readers_own_takes_the_recordings_place() {
    let stage = Stage::set();
    let browser = &stage.browser;
    stage.open(PAGE);
    browser.comes_to(
        "the page is live",
        &format!("{TRACE}.querySelector('.trace-live button')"),
    );
    let number = "player.trace.events.find((event) => event.type === 'segment').seq_absolute";
    let recorded = shown(browser, number);
    let drawn = shown(browser, "querySelector('svg').textContent");

    browser.click("wire-trace[name=handshake] .trace-live button");
    browser.comes_to("it was run", &format!("{TRACE}.matches('.own-run')"));
    let told = text(browser, ".trace-told");
    assert!(told.starts_with("Run on this machine, Linux "), "{told}");
    assert!(told.ends_with("It went as in the recording."), "{told}");
    // The kernel has chosen other numbers.
    assert_ne!(shown(browser, number), recorded);
    assert_ne!(shown(browser, "querySelector('svg').textContent"), drawn);
    // It can be played like the recording.
    browser.click("wire-trace[name=handshake] .trace-icon[data-icon=start]");
    assert_ne!(later(browser), "0");

    browser.run(&format!("{TRACE}.back.click();"));
    assert_eq!(shown(browser, number), recorded);
    assert_eq!(shown(browser, "matches('.own-run')"), "false");
    stage.is_clean();
}

#[test]
fn who_wants_no_motion_gets_none() {
    let stage = Stage::set();
    let browser = &stage.browser;
    browser.prefers_reduced_motion();
    open_player(&stage);
    browser.click("wire-trace[name=handshake] .trace-play");
    browser.comes_to(
        "it plays",
        &format!("{TRACE}.querySelector('.trace-scrubber').value > 4"),
    );
    assert_eq!(
        shown(
            browser,
            "getAnimations({ subtree: true }).filter((one) => one.effect.target.matches('.trace-traveller')).length"
        ),
        "0"
    );
    stage.is_clean();
}
