//! Tables of Markdown.

/// The head of a table.
pub(super) fn head(names: &[String]) -> String {
    let rule: Vec<&str> = names.iter().map(|_| "---").collect();
    format!("{}| {} |\n", row(names), rule.join(" | "))
}

/// A row of a table.
pub(super) fn row(texts: &[String]) -> String {
    let cells: Vec<String> = texts.iter().map(|text| escaped(text)).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace("\r\n", "<br>")
        .replace(['\n', '\r'], "<br>")
}
