//! How broad a text will be, before any font is known: generously.

use crate::ladder::clean;

/// The kinds of text in the drawing. Sizes are in units of the drawing, and have to be those
/// of the style sheets (`ladder.css`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Font {
    /// Labels of segments: 12.
    Label,
    /// Marks, states, queues, breaks: 10.
    Small,
    /// Calls: 10, all letters of one width.
    Code,
    /// Times: 10.
    Time,
}

/// How broad this character is.
pub(crate) fn letter(font: Font, c: char) -> f32 {
    let size = match font {
        Font::Label => 12.0,
        Font::Small | Font::Code | Font::Time => 10.0,
    };
    let wide = clean::columns(c.encode_utf8(&mut [0; 4])) > 1;
    size * match c {
        _ if wide => 1.2,
        '→' | '…' => 1.0,
        _ if font == Font::Code && c.is_ascii() => 0.61,
        ' ' | '.' | ':' | ',' => 0.34,
        'i' | 'l' => 0.3,
        'm' | 'w' => 0.88,
        'a'..='z' => 0.58,
        'A'..='Z' => 0.72,
        '0'..='9' => 0.62,
        _ if c.is_ascii() => 0.64,
        _ => 1.05,
    }
}

/// How broad this text is.
pub(crate) fn width(font: Font, text: &str) -> f32 {
    text.chars().map(|c| letter(font, c)).sum()
}

/// The text, shortened to this breadth.
pub(crate) fn to_width(font: Font, text: &str, room: f32) -> String {
    clean::shortened(text, room, |c| letter(font, c))
}
