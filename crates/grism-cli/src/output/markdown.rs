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

#[cfg(test)]
mod tests {
    use super::{head, row};

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn cells_hold_no_bar_and_no_line_of_their_own() {
        assert_eq!(
            head(&texts(&["a", "b|c"])),
            "| a | b\\|c |\n| --- | --- |\n"
        );
        let cells = texts(&["x\ny", "x\r\ny", "back\\slash"]);
        assert_eq!(row(&cells), "| x<br>y | x<br>y | back\\\\slash |\n");
    }
}
