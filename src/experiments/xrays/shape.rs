//! What two recordings of the same experiment have in common.

use std::collections::HashMap;

/// A recording with each number that differs from run to run replaced by its place,
/// `#1` for the first that is named, `#2` for the second: ports, which stand behind a
/// colon, and processes and threads, which stand in parentheses or behind what they are.
pub fn shape(text: &str) -> String {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut shape = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(from.len());
        let (digits, after) = from.split_at(end);
        shape.push_str(before);
        let processes = ["parent ", "child ", "start ", "thread "];
        if before.ends_with(['(', ':']) || processes.iter().any(|word| before.ends_with(word)) {
            let next = places.len() + 1;
            let place = *places.entry(digits).or_insert(next);
            shape.push_str(&format!("#{place}"));
        } else {
            shape.push_str(digits);
        }
        rest = after;
    }
    shape.push_str(rest);
    shape
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn processes_and_ports_are_named_by_their_place() {
        let one = "server (711) fd 3 127.0.0.1:9000 → 127.0.0.1:51234, again (711)";
        let other = "server (815123) fd 3 127.0.0.1:8000 → 127.0.0.1:400, again (815123)";
        assert_eq!(shape(one), shape(other));
        assert_eq!(
            shape(one),
            "server (#1) fd 3 127.0.0.1:#2 → 127.0.0.1:#3, again (#1)"
        );
        assert_ne!(shape(one), shape(&one.replace("fd 3", "fd 4")));
        assert_ne!(
            shape(one),
            shape(&one.replace("again (711)", "again (712)"))
        );
    }
}
