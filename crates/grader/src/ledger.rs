//! The record of a step, and the report that is made of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalogue::Entry;

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// What the step asks for holds.
    Pass,
    /// It does not.
    Fail,
    /// The program came upon a `todo!()`.
    Todo,
    /// This machine cannot run the experiment. That is no pass.
    Unchecked,
}

/// Why a step did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub exercise: String,
    pub chapter: String,
    pub step: Entry,
    pub status: Status,
    /// What the step did, up to the failure.
    pub did: Vec<String>,
    /// What came of it, in place of what should have.
    pub saw: Vec<String>,
    /// What had passed on the wire, where the step had one.
    pub wire: Vec<String>,
    /// What the kernel showed at that moment.
    pub kernel: Vec<String>,
    /// What that tells of the program.
    pub means: String,
}

impl Report {
    /// The report with the labels set off for a terminal.
    pub fn coloured(&self) -> String {
        self.write(
            |label| format!("\x1b[1;36m{label}\x1b[0m"),
            |title| format!("\x1b[1m{title}\x1b[0m"),
        )
    }

    fn write(&self, label: impl Fn(&str) -> String, title: impl Fn(&str) -> String) -> String {
        let mut text = title(&format!("{} · {}", self.step.label(), self.step.title));
        text.push('\n');
        let read = format!("book/src/{}.md#{}", self.chapter, self.step.section);
        let number = self.step.label().trim_start_matches('s');
        let hint = format!("cargo wirebook hint {} {number}", self.exercise);
        let saw = match self.status {
            Status::Todo => "todo",
            Status::Unchecked => "why",
            _ => "saw",
        };
        let means: Vec<String> = Some(self.means.clone())
            .filter(|means| !means.is_empty())
            .into_iter()
            .collect();
        for (name, lines) in [
            ("did", &shortened(&self.did)),
            (saw, &self.saw),
            ("wire", &self.wire),
            ("kernel", &self.kernel),
            ("means", &means),
            ("read", &vec![read]),
            ("hint", &vec![hint]),
        ] {
            for (index, line) in lines.iter().flat_map(|text| text.lines()).enumerate() {
                let name = if index == 0 { name } else { "" };
                text.push_str(&format!("\n  {}{line}", label(&format!("{name:<8}"))));
            }
        }
        text.push('\n');
        text
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write(str::to_owned, str::to_owned))
    }
}

/// What a step did: what it did several times over told once, and the middle of a long
/// story left out.
fn shortened(did: &[String]) -> Vec<String> {
    const FIRST: usize = 12;
    const LAST: usize = 24;
    let told: Vec<String> = did
        .chunk_by(|one, next| one == next)
        .map(|same| match same.len() {
            1 => same[0].clone(),
            times => format!("{} ({times} times)", same[0]),
        })
        .collect();
    let Some(left_out @ 2..) = told.len().checked_sub(FIRST + LAST) else {
        return told;
    };
    let (first, last) = (&told[..FIRST], &told[told.len() - LAST..]);
    [first, &[format!("… ({left_out} lines)")], last].concat()
}

/// Bytes as text in quotes, long ones cut.
pub fn quote(bytes: &[u8]) -> String {
    const SHOWN: usize = 48;
    let quoted = |bytes: &[u8]| format!("\"{}\"", bytes.escape_ascii());
    if bytes.len() <= SHOWN {
        return quoted(bytes);
    }
    let mut start = quoted(&bytes[..SHOWN / 2]);
    start.truncate(start.len() - 1);
    format!("{start}…\" ({} bytes)", bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_its_parts_in_order() {
        let report = Report {
            exercise: "fork-server".into(),
            chapter: "11-fork-server".into(),
            step: Entry {
                name: "s4_parent_lets_go".into(),
                title: "The connection ends for the client when its child ends.".into(),
                section: "who-holds-the-connection".into(),
            },
            status: Status::Fail,
            did: vec!["connected".into(), "sent \"hello\\n\"".into()],
            saw: vec!["no end of file within 1 s".into()],
            wire: Vec::new(),
            kernel: vec!["child 4711 has exited".into()],
            means: "the last descriptor counts".into(),
        };
        let expected = "\
s4 · The connection ends for the client when its child ends.

  did     connected
          sent \"hello\\n\"
  saw     no end of file within 1 s
  kernel  child 4711 has exited
  means   the last descriptor counts
  read    book/src/11-fork-server.md#who-holds-the-connection
  hint    cargo wirebook hint fork-server 4
";
        assert_eq!(report.to_string(), expected);
    }

    #[test]
    fn leaves_out_the_middle_of_a_long_story() {
        let story = |lines: usize| (0..lines).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(shortened(&story(37)), story(37));
        let short = shortened(&story(100));
        assert_eq!(short.len(), 37);
        assert_eq!(short[11..14], ["11", "… (64 lines)", "76"]);
        let same = vec!["sent \"hello\\n\"".to_owned(); 20];
        assert_eq!(shortened(&same), ["sent \"hello\\n\" (20 times)"]);
    }

    #[test]
    fn quotes_what_is_no_text() {
        assert_eq!(quote(b"a\0\xff\n"), r#""a\x00\xff\n""#);
        assert_eq!(
            quote(&[b'a'; 100]),
            format!("\"{}…\" (100 bytes)", "a".repeat(24))
        );
    }
}
