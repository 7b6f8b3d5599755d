//! The steps of an exercise, read from the text of its `tests/steps.rs`.
//!
//! A step is a test function named `sN_what_holds`; its doc comment is its
//! title; the argument of its `step!` is the section of the chapter that
//! explains it. The text is the only source of all three: nobody has to keep a
//! second list in step.

/// One step, as its source states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The test function: `s4_parent_lets_go`.
    pub name: String,
    /// The doc comment, on one line.
    pub title: String,
    /// The fragment of the section in the chapter: `who-holds-the-connection`.
    pub section: String,
}

impl Entry {
    /// `s4` of `s4_parent_lets_go`: what a report and a hint call the step.
    pub fn label(&self) -> &str {
        label(&self.name)
    }
}

/// `s4` of `s4_parent_lets_go`.
pub fn label(name: &str) -> &str {
    name.split('_').next().unwrap_or(name)
}

/// All steps in `source`, in the order in which they stand there.
pub fn read(source: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut title = Vec::new();
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            title.push(text.trim());
        } else if line.starts_with("#[") {
            // An attribute stands between the title and its function.
        } else if let Some(name) = step_name(line) {
            entries.push(Entry {
                name: name.to_owned(),
                title: title.join(" "),
                section: String::new(),
            });
            title.clear();
        } else {
            title.clear();
            if let (Some(entry), Some(section)) = (entries.last_mut(), section(line))
                && entry.section.is_empty()
            {
                entry.section = section.to_owned();
            }
        }
    }
    entries
}

/// `s4_parent_lets_go` of `fn s4_parent_lets_go() {`.
fn step_name(line: &str) -> Option<&str> {
    let name = line.strip_prefix("fn ")?.split('(').next()?;
    let number = label(name).strip_prefix('s')?;
    let numbered = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    numbered.then_some(name)
}

/// The argument of `step!` in a line that has one.
fn section(line: &str) -> Option<&str> {
    let rest = line.split_once("step!(\"")?.1;
    Some(rest.split_once('"')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_name_title_and_section() {
        let source = r#"
            //! The steps.
            use grader::prelude::*;

            /// The connection ends for the client
            /// when its child ends.
            #[test]
            fn s4_parent_lets_go() {
                let step = step!("who-holds-the-connection");
            }

            fn send(text: &str) {}

            /// The last.
            #[test]
            fn s10_restart() {
                let step = step!("restart");
            }
        "#;
        let entries = read(source);
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].name, "s4_parent_lets_go");
        assert_eq!(
            entries[0].title,
            "The connection ends for the client when its child ends."
        );
        assert_eq!(entries[0].section, "who-holds-the-connection");
        assert_eq!(entries[1].label(), "s10");
        assert_eq!(entries[1].section, "restart");
    }
}
