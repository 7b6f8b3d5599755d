//! Somebody who looks at a place of the page, and wants it to stay where it is.

use crate::browser::Browser;

pub struct Reader<'a> {
    browser: &'a Browser,
    place: &'static str,
    /// Pixels from the top of the window.
    top: f64,
}

impl Reader<'_> {
    /// Scrolls until the element that this selector finds is the first to be seen.
    pub fn at<'a>(browser: &'a Browser, place: &'static str) -> Reader<'a> {
        browser.run(&format!(
            "document.querySelector('{place}').scrollIntoView({{ behavior: 'instant' }});"
        ));
        let top = top(browser, place);
        Reader {
            browser,
            place,
            top,
        }
    }

    pub fn has_not_moved(&self) {
        let moved = top(self.browser, self.place) - self.top;
        assert!(
            moved.abs() <= 1.0,
            "{} has moved by {moved} pixels",
            self.place
        );
    }

    /// The same for a page that is still loading.
    pub fn comes_back(&self) {
        let Reader { place, top, .. } = self;
        self.browser.comes_to(
            &format!("{place} is at {top} again"),
            &format!(
                "Math.abs(document.querySelector('{place}').getBoundingClientRect().top - {top}) <= 1"
            ),
        );
    }
}

fn top(browser: &Browser, selector: &str) -> f64 {
    let script =
        format!("return document.querySelector('{selector}').getBoundingClientRect().top;");
    browser.run(&script).as_f64().expect("pixels")
}
