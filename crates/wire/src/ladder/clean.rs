//! Text from outside, made fit to be shown in one line of a known width.

/// `text` with a `�` in place of whatever a terminal or a browser would obey rather than
/// show: control characters, and those that turn the direction of writing.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if obeyed(c) { '\u{fffd}' } else { c })
        .collect()
}

fn obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// How many columns of a terminal the text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

/// Two for the scripts of East Asia and for pictures, else one.
fn column(c: char) -> usize {
    match c {
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f000}'..='\u{3ffff}' => 2,
        _ => 1,
    }
}

/// The text, or as much of its beginning as takes no more than `room`, and `…`.
/// `measure` tells how much one character takes.
pub(crate) fn shortened<T>(text: &str, room: T, measure: impl Fn(char) -> T) -> String
where
    T: Copy + PartialOrd + std::ops::Add<Output = T> + Default,
{
    let mut taken = T::default();
    let mut kept = 0;
    for (start, c) in text.char_indices() {
        if taken + measure('…') <= room {
            kept = start;
        }
        taken = taken + measure(c);
        if taken > room {
            return format!("{}…", &text[..kept]);
        }
    }
    text.to_owned()
}

/// [`shortened`] to this many columns of a terminal.
pub(crate) fn to_columns(text: &str, room: usize) -> String {
    if room == 0 {
        return String::new();
    }
    shortened(text, room, column)
}
