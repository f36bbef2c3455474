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
