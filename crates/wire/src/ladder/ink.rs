//! Words, each in a colour, that become a line of a terminal or of plain text.

use super::clean::columns;

/// How a word is written where there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Blue,
}

impl Ink {
    /// The escape sequence (ECMA-48, SGR); none for plain.
    fn code(self) -> Option<&'static str> {
        Some(match self {
            Ink::Plain => return None,
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Red => "31",
            Ink::Green => "32",
            Ink::Yellow => "33",
            Ink::Blue => "34",
        })
    }
}

/// Words one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words(Vec<(Ink, String)>);

impl Words {
    pub fn push(&mut self, ink: Ink, text: String) {
        self.0.push((ink, text));
    }

    pub fn extend(&mut self, other: &Words) {
        self.0.extend(other.0.iter().cloned());
    }

    /// Spaces up to this column, if it is not reached.
    pub fn pad_to(&mut self, column: usize) {
        let missing = column.saturating_sub(self.width());
        self.push(Ink::Plain, " ".repeat(missing));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many columns they take.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| columns(text)).sum()
    }

    /// As a line, without spaces at its end.
    pub fn shown(&self, coloured: bool) -> String {
        let mut line = String::new();
        for (ink, text) in &self.0 {
            match ink.code() {
                Some(code) if coloured && !text.is_empty() => {
                    line.push_str(&format!("\x1b[{code}m{text}\x1b[0m"));
                }
                _ => line.push_str(text),
            }
        }
        line.truncate(line.trim_end_matches(' ').len());
        line
    }
}
