//! A line for each value: the name, and the value.

/// The lines of a row, whose names are right-aligned.
pub(super) fn lines(names: &[String], texts: &[String]) -> String {
    let width = names.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut lines = String::new();
    for (name, text) in names.iter().zip(texts) {
        lines.push_str(&format!("{name:>width$} = {text}\n"));
    }
    lines
}
