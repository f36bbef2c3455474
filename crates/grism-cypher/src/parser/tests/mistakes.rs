//! What is said of mistakes: each paragraph of `mistakes.txt` is an input that is refused, and the snapshot holds the whole
//! message with its place.

use std::fmt::Write as _;

use super::super::parse_input;

const MISTAKES: &str = include_str!("mistakes.txt");

/// Inputs that read badly in a file.
fn generated() -> Vec<(&'static str, String)> {
    vec![
        ("an empty text", String::new()),
        ("white space", " \n\t ".to_owned()),
        ("a remark", "// nothing".to_owned()),
        (
            "201 parentheses",
            format!("RETURN {}1{}", "(".repeat(201), ")".repeat(201)),
        ),
        (
            "201 lists",
            format!("RETURN {}1{}", "[".repeat(201), "]".repeat(201)),
        ),
        (
            "201 times NOT",
            format!("RETURN {} true", "NOT ".repeat(201)),
        ),
        ("201 signs", format!("RETURN {} 1", "- ".repeat(201))),
        ("201 properties", format!("RETURN n{}", ".a".repeat(201))),
        (
            "201 times CASE",
            format!(
                "RETURN {}1{}",
                "CASE WHEN true THEN ".repeat(201),
                " END".repeat(201)
            ),
        ),
        (
            "201 subqueries",
            format!("{} RETURN 1 {}", "CALL { ".repeat(201), "}".repeat(201)),
        ),
        ("a null character", "RETURN \0".to_owned()),
        ("a control character", "RETURN 1 \u{1b}[0m".to_owned()),
        (
            "a zero-width space",
            "MATCH (n)\u{200b} RETURN n".to_owned(),
        ),
        ("a long word", format!("RETURN 1 {}", "abcdefgh".repeat(20))),
        (
            "a long number",
            format!("MATCH (a)-[*{}]->(b) RETURN a", "9".repeat(80)),
        ),
        (
            "a long number with a letter",
            format!("RETURN {}x", "9".repeat(80)),
        ),
    ]
}

#[test]
fn messages_of_mistakes() {
    let mut report = String::new();
    let mut accepted = Vec::new();
    let mut count = 0;
    let paragraphs = MISTAKES.split("\n\n").map(str::trim_end);
    let paragraphs =
        paragraphs.map(|text| (text.strip_prefix("# "), text.trim_start_matches('\n')));
    for (title, text) in paragraphs {
        if let Some(title) = title {
            writeln!(report, "\n==== {title} ====\n").unwrap();
            continue;
        }
        count += 1;
        match parse_input(text) {
            Ok(_) => accepted.push(text.to_owned()),
            Err(error) => writeln!(report, "{error}\n").unwrap(),
        }
    }
    writeln!(report, "\n==== Inputs that are generated ====\n").unwrap();
    for (title, text) in generated() {
        count += 1;
        match parse_input(&text) {
            Ok(_) => accepted.push(title.to_owned()),
            Err(error) => {
                let shown: Vec<String> = error
                    .to_string()
                    .lines()
                    .map(|line| line.chars().take(100).collect())
                    .collect();
                writeln!(report, "# {title}\n{}\n", shown.join("\n")).unwrap();
            }
        }
    }
    assert!(count >= 150, "only {count} mistakes");
    insta::assert_snapshot!("mistakes", report);
    assert!(accepted.is_empty(), "these are no mistakes: {accepted:#?}");
}
