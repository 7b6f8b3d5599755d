//! Every chapter on a phone and on a desk, in the light and in the dark.

use std::path::Path;

use crate::stage::Stage;
use crate::workbook::chapters;

/// Width and height, in CSS pixels.
const WINDOWS: [(u32, u32); 2] = [(390, 844), (1280, 900)];
const THEMES: [&str; 2] = ["light", "navy"];

/// Nothing is wider than the window. Pictures are left for a person to look at.
#[test]
fn pages_fit_their_windows() {
    let stage = Stage::set();
    let browser = &stage.browser;
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    let mut wrong = Vec::new();
    for chapter in chapters() {
        for theme in THEMES {
            for (width, height) in WINDOWS {
                browser.resize(width, height);
                // The theme is asked for before the page is loaded, as on a second visit.
                browser.open(&format!("{}404.html", stage.companion.site()));
                browser.run(&format!("localStorage.setItem('mdbook-theme', '{theme}');"));
                stage.open(&chapter);
                browser.comes_to(
                    &format!("{chapter} shows its steps"),
                    "document.querySelector('wire-steps').state?.checked_at",
                );
                let name = format!("{chapter}-{width}-{theme}");
                let themed = format!("return document.documentElement.matches('.{theme}');");
                assert_eq!(browser.run(&themed), true, "{name}: the theme");
                // The phone's browser would zoom out, and call its window wider then.
                let page = browser.run("return document.scrollingElement.scrollWidth;");
                if page.as_u64() > Some(width.into()) {
                    let what = browser.run(WIDER);
                    wrong.push(format!("{name}: the page is {page} pixels wide: {what}"));
                }
                let dead = browser.run(DEAD);
                if dead != "" {
                    wrong.push(format!("{name}: not brought to life: {dead}"));
                }
                browser.run("window.scrollTo({ top: 0, behavior: 'instant' });");
                browser.photograph(&pictures.join(format!("{name}-top.png")));
                browser.run(
                    "document.querySelector('wire-steps')\
                     .scrollIntoView({ behavior: 'instant' });",
                );
                browser.photograph(&pictures.join(format!("{name}-steps.png")));
                browser.run(
                    "document.querySelector('#quiz')?.scrollIntoView({ behavior: 'instant' });",
                );
                browser.photograph(&pictures.join(format!("{name}-quiz.png")));
            }
        }
    }
    println!("pictures: {}", pictures.display());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    stage.is_clean();
}

/// What sticks out of the page, and is in nothing that scrolls by itself.
const WIDER: &str = "
    const wider = [...document.querySelectorAll('main *')].filter((element) =>
        element.getBoundingClientRect().right > innerWidth + 1);
    const free = wider.filter((element) => {
        for (let box = element.parentElement; box !== null; box = box.parentElement) {
            if (box.matches('main')) return true;
            if (getComputedStyle(box).overflowX !== 'visible') return false;
        }
    });
    return free.slice(0, 5).map((element) => element.outerHTML.slice(0, 80)).join(' ');
";

/// Elements of ours that are still what the Markdown made of them.
const DEAD: &str = "
    const ours = [...document.querySelectorAll('main *')]
        .filter((element) => element.localName.startsWith('wire-'));
    return ours.filter((element) => !element.matches(':defined.live'))
        .map((element) => element.localName).join(' ');
";
