//! Where a statement ends that is typed over several lines.

/// Whether a text ends with a semicolon that is within no quotes and no comment.
pub(super) fn is_complete(text: &str) -> bool {
    let mut characters = text.chars().peekable();
    let mut ended = false;
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\'' | '"' | '`', _) => {
                ended = false;
                if !skip_quoted(&mut characters, character) {
                    return false;
                }
            }
            ('/', Some('/')) => {
                characters.by_ref().find(|own| *own == '\n');
            }
            ('/', Some('*')) => {
                characters.next();
                let mut before = ' ';
                let end = characters.by_ref().find(|own| {
                    let found = before == '*' && *own == '/';
                    before = *own;
                    found
                });
                if end.is_none() {
                    return false;
                }
            }
            (';', _) => ended = true,
            (own, _) if own.is_whitespace() => {}
            _ => ended = false,
        }
    }
    ended
}

/// Goes past a quoted text; whether it ends. A backslash hides what is behind it, but not in names.
fn skip_quoted(characters: &mut impl Iterator<Item = char>, quote: char) -> bool {
    while let Some(character) = characters.next() {
        if character == quote {
            return true;
        }
        if character == '\\' && quote != '`' {
            characters.next();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::is_complete;

    #[test]
    fn a_statement_ends_with_a_semicolon_outside_quotes_and_comments() {
        for complete in [
            "RETURN 1;",
            "RETURN 1; \n",
            "RETURN 1; // done",
            "RETURN 1; /* done */",
            "RETURN 1; /* **/",
            "RETURN ';';",
            r"RETURN 'it\'s';",
            r"RETURN `a\`;",
            "RETURN 1; RETURN 2;",
        ] {
            assert!(is_complete(complete), "{complete}");
        }
        for open in [
            "",
            "RETURN 1",
            "RETURN 1; RETURN 2",
            "RETURN ';",
            r"RETURN 'a\';",
            "RETURN \"it's;",
            "RETURN 1 // ;",
            "RETURN 1; /* ",
            "RETURN 1 /* ; */",
            "RETURN 1; /*/",
            "RETURN 1; 'a'",
        ] {
            assert!(!is_complete(open), "{open}");
        }
    }
}
