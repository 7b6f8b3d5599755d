//! What the commands print: wrapped to the terminal's width, coloured if it
//! wants colour, plain and unwrapped into a pipe.

use std::io::Write;

use console::{StyledObject, Term, measure_text_width, style};

use crate::verdict::{Status, Verdict};
use crate::workbook::label;

/// Says something on standard error. If nobody reads that, there is nobody
/// left to tell, and the command goes on.
pub fn complain(text: &str) {
    // In one piece: other threads speak, too.
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// How wide the output may be.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// `None`: not a terminal, lines may be of any length.
    columns: Option<usize>,
}

/// The width at which titles and times stand in columns, if there is no terminal.
const PAGE: usize = 80;

impl Layout {
    /// That of standard output.
    pub fn of_stdout() -> Layout {
        let term = Term::stdout();
        let columns = term.is_term().then(|| usize::from(term.size().1));
        Layout {
            // Less than this would be a column of single words.
            columns: columns.map(|columns| columns.max(20)),
        }
    }

    /// At most this many columns are used for tables.
    pub fn page(&self) -> usize {
        self.columns.unwrap_or(PAGE).min(PAGE)
    }

    /// `head` and `text` on as many lines as it takes; those after the first
    /// are indented by the width of `head`.
    pub fn hang(&self, head: &str, text: &str) -> String {
        let indent = measure_text_width(head);
        let Some(columns) = self.columns else {
            return format!("{head}{text}");
        };
        let indent = if indent * 2 > columns { 2 } else { indent };
        let mut lines = String::from(head);
        let mut used = measure_text_width(head);
        let mut first = true;
        for word in text.split(' ') {
            let width = measure_text_width(word);
            if !first {
                if used + 1 + width > columns {
                    lines.push('\n');
                    lines.push_str(&" ".repeat(indent));
                    used = indent;
                } else {
                    lines.push(' ');
                    used += 1;
                }
            }
            lines.push_str(word);
            used += width;
            first = false;
        }
        lines
    }

    /// Several lines of text, each wrapped and indented like its beginning.
    pub fn text(&self, text: &str) -> String {
        let lines: Vec<String> = text.lines().map(|line| self.report_line(line)).collect();
        lines.join("\n")
    }

    /// A line of a report: its label in the margin (`  saw     `), or none.
    fn report_line(&self, line: &str) -> String {
        // A drawing is as broad as it is.
        if line.contains('│') {
            return line.to_owned();
        }
        const MARGIN: usize = 10;
        let labelled = line.is_char_boundary(MARGIN)
            && line.starts_with("  ")
            && line[..MARGIN].ends_with(' ');
        let split = if labelled {
            MARGIN
        } else {
            line.len() - line.trim_start().len()
        };
        let (head, text) = line.split_at(split);
        match head.trim() {
            "" => self.hang(head, text),
            _ => self.hang(&style(head).dim().to_string(), text),
        }
    }

    /// A whole exercise: its header, a line a step, and the first report that matters.
    pub fn verdict(&self, number: &str, verdict: &Verdict) -> String {
        let header = format!("{} · {}", verdict.exercise, verdict.title);
        let number = style(format!("{number} ")).bold().to_string();
        let mut lines = vec![self.hang(&number, &style_words(&header))];
        if verdict.compile_error.is_some() {
            lines.push(self.hang(
                &format!("  {} ", sign(Status::Fail)),
                "does not compile; no step was run",
            ));
            return lines.join("\n");
        }
        if verdict.steps.is_empty() {
            lines.push("  no steps in tests/steps.rs".to_owned());
        }
        for step in &verdict.steps {
            let head = format!("  {} {:<4}", sign(step.status), label(&step.name));
            let note = match step.status {
                Status::Pass | Status::Fail => format!("{} ms", step.millis),
                Status::Todo => "not yet written".to_owned(),
                Status::Unchecked => "not checked".to_owned(),
            };
            lines.push(self.with_note(&head, &step.title, &note));
        }
        lines.extend(self.first_report(verdict));
        lines.join("\n")
    }

    /// `note` at the right margin, if it fits there.
    fn with_note(&self, head: &str, text: &str, note: &str) -> String {
        let used = measure_text_width(head) + measure_text_width(text);
        let dim = style(note).dim();
        match self.page().checked_sub(used + measure_text_width(note)) {
            Some(gap) if gap >= 2 => format!("{head}{text}{}{dim}", " ".repeat(gap)),
            _ => self.hang(head, &format!("{text} ({note})")),
        }
    }

    /// The report of the first step that does not pass. Later ones often fail
    /// for the same reason; they are named, and shown when their turn comes.
    /// Reports of unchecked steps say what to do, so each different one is shown.
    fn first_report(&self, verdict: &Verdict) -> Vec<String> {
        let mut lines = Vec::new();
        let is_open = |status| matches!(status, Status::Fail | Status::Todo);
        let mut open = verdict.steps.iter().filter(|step| is_open(step.status));
        if let Some(first) = open.next() {
            let report = first.report.as_deref().unwrap_or_default().trim_end();
            if !report.is_empty() {
                lines.push(format!("\n{}", self.text(report)));
            }
            let later: Vec<&str> = open
                .filter(|step| step.status == Status::Fail)
                .map(|step| label(&step.name))
                .collect();
            if let Some((last, others)) = later.split_last() {
                let steps = match others {
                    [] => format!("{last} fails"),
                    _ => format!("{} and {last} fail", others.join(", ")),
                };
                let also = format!("{steps}, too; begin with {}", label(&first.name));
                lines.push(format!("\n{}", self.hang("  also    ", &also)));
            }
        }
        let mut shown: Vec<&str> = Vec::new();
        for step in &verdict.steps {
            let report = step.report.as_deref().unwrap_or_default().trim_end();
            if step.status == Status::Unchecked && !report.is_empty() && !shown.contains(&report) {
                lines.push(format!("\n{}", self.text(report)));
                shown.push(report);
            }
        }
        lines
    }
}

/// The sign before a step.
pub fn sign(status: Status) -> StyledObject<&'static str> {
    match status {
        Status::Pass => style("✓").green(),
        Status::Fail => style("✗").red(),
        Status::Todo => style("·").yellow(),
        Status::Unchecked => style("?").cyan(),
    }
}

/// Bold, word by word, so that wrapping does not count the colours.
fn style_words(text: &str) -> String {
    let words: Vec<String> = text
        .split(' ')
        .map(|word| style(word).bold().to_string())
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::StepVerdict;

    fn layout(columns: usize) -> Layout {
        Layout {
            columns: Some(columns),
        }
    }

    #[test]
    fn long_lines_hang_below_their_head() {
        assert_eq!(
            layout(20).hang("  saw     ", "no end of file within 1 s"),
            "  saw     no end of\n          file\n          within 1 s"
        );
    }

    #[test]
    fn nothing_is_wrapped_into_a_pipe() {
        let text = "word ".repeat(100);
        assert_eq!(Layout { columns: None }.text(&text), text);
    }

    #[test]
    fn every_line_fits_a_terminal_of_40_columns() {
        let step = |name: &str, status| {
            StepVerdict {
            name: name.into(),
            title: "The connection ends for the client when its child ends.".into(),
            status,
            millis: 1012,
            report: Some("s4 · The connection ends for the client when its child ends.\n\n  did     connected from 127.0.0.1:51234\n  kernel  parent 4709 holds fd 5: socket 127.0.0.1:9000 → :51234, CLOSE_WAIT\n          and more of it, and more of it, and more".into()),
        }
        };
        let verdict = Verdict {
            exercise: "fork-server".into(),
            title: "a process a client, and a title that is long".into(),
            steps: vec![
                step("s1_a", Status::Pass),
                step("s2_b", Status::Fail),
                step("s3_c", Status::Fail),
                step("s4_d", Status::Todo),
                step("s5_e", Status::Unchecked),
            ],
            compile_error: None,
        };
        let text = layout(40).verdict("11", &verdict);
        for line in text.lines() {
            assert!(measure_text_width(line) <= 40, "{line:?}\n{text}");
        }
        assert!(
            text.contains("also    s3 fails, too; begin with s2"),
            "{text}"
        );
    }
}
