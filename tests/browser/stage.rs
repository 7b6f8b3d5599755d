//! What most tests need: a workbook, the companion that serves it, and a browser.

use crate::browser::Browser;
use crate::companion::Companion;
use crate::workbook::Workbook;

/// Fields end in this order: the page is not to see the companion go, and the
/// workbook is the next one's only when nobody reads it any more.
pub struct Stage {
    pub browser: Browser,
    pub companion: Companion,
    pub workbook: Workbook,
}

impl Stage {
    /// Waits for its turn.
    pub fn set() -> Stage {
        let workbook = Workbook::fresh();
        let companion = Companion::start(workbook.root());
        Stage {
            browser: Browser::start(),
            companion,
            workbook,
        }
    }

    /// Opens a page of the book, such as `11-fork-server`.
    pub fn open(&self, page: &str) {
        self.browser.open(&self.companion.page(page));
    }

    /// No error was written to the console, and nobody but the companion was asked
    /// for anything.
    pub fn is_clean(&self) {
        self.browser.is_clean(self.companion.site());
    }
}
