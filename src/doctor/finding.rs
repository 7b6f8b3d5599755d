//! What an examination found.

use serde::Serialize;

/// One thing that was examined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub name: &'static str,
    pub ok: bool,
    /// Without it the workbook cannot be worked through.
    pub needed: bool,
    /// What there is, or why it cannot be had.
    pub found: String,
    /// What it is for.
    pub purpose: &'static str,
    /// What to do, if it is not there: commands, or where to read.
    pub remedy: Option<String>,
}

/// Something to examine.
#[derive(Clone, Copy)]
pub struct Thing {
    pub name: &'static str,
    pub needed: bool,
    pub purpose: &'static str,
}

impl Thing {
    /// It is there.
    pub fn ok(self, found: impl Into<String>) -> Finding {
        self.finding(true, found.into(), None)
    }

    /// It is not.
    pub fn missing(self, why: impl Into<String>, remedy: impl Into<String>) -> Finding {
        self.finding(false, why.into(), Some(remedy.into()))
    }

    fn finding(self, ok: bool, found: String, remedy: Option<String>) -> Finding {
        let Thing {
            name,
            needed,
            purpose,
        } = self;
        Finding {
            name,
            ok,
            needed,
            found,
            purpose,
            remedy,
        }
    }
}
