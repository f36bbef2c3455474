//! Literals and parameters.

use grism_core::Result;

use super::cursor::Parser;
use super::lexer::TokenKind;
use super::shortened::shortened;
use crate::syntax::{Expr, ExprKind, Literal, Span};

impl Parser<'_> {
    /// A number or a text.
    pub(super) fn literal(&mut self) -> Result<Literal> {
        let (text, span) = (self.text(0), self.span());
        match self.kind(0) {
            Some(TokenKind::String) => self.string("a text").map(Literal::String),
            Some(TokenKind::Float) => {
                self.at += 1;
                Ok(Literal::Float(text.replace('_', "")))
            }
            Some(TokenKind::Integer) => {
                self.at += 1;
                let (digits, radix) = match text.get(..2) {
                    Some("0x" | "0X") => (&text[2..], 16),
                    Some("0o" | "0O") => (&text[2..], 8),
                    Some("0b" | "0B") => (&text[2..], 2),
                    _ => (text, 10),
                };
                let digits = digits.replace('_', "");
                if digits.is_empty() || digits.chars().any(|digit| !digit.is_digit(radix)) {
                    self.at -= 1;
                    let message = format!("syntax error: `{}` is no number", shortened(text));
                    return Err(self
                        .source
                        .invalid(message, self.span())
                        .with_code("SyntaxError:InvalidNumberLiteral"));
                }
                if radix == 10 {
                    self.refuse_exponent_behind_dot(text, span)?;
                }
                Ok(Literal::Integer { digits, radix })
            }
            _ => Err(self.expected("a number or a text")),
        }
    }

    /// Refuses an exponent behind the dot of an integer, as in `1.e5`, which would read a property of the number.
    fn refuse_exponent_behind_dot(&self, integer: &str, span: Span) -> Result<()> {
        let rest = self.source.text.get(span.end..).unwrap_or_default();
        let Some(exponent) = exponent_behind_dot(rest) else {
            return Ok(());
        };
        let message = format!(
            "syntax error: `{}` is no number; write {}",
            shortened(&format!("{integer}.{exponent}")),
            shortened(&format!("{integer}.0{exponent}"))
        );
        let span = Span::new(span.start, span.end + 1 + exponent.len());
        Err(self
            .source
            .invalid(message, span)
            .with_code("SyntaxError:InvalidNumberLiteral"))
    }

    /// `$name` or `$1`.
    pub(super) fn parameter(&mut self) -> Result<Expr> {
        let start = self.span();
        self.at += 1;
        let name = if self.is(TokenKind::Integer) {
            let digits = self.text(0).to_owned();
            self.at += 1;
            digits
        } else {
            self.name("the name of a parameter")?.text
        };
        self.above(ExprKind::Parameter(name), self.since(start), 0)
    }

    /// A text in quotes.
    pub(super) fn string(&mut self, what: &str) -> Result<String> {
        if !self.is(TokenKind::String) {
            return Err(self.expected(what));
        }
        let (span, text) = (self.span(), self.text(0));
        self.at += 1;
        let inner = &text[1..text.len() - 1];
        let Some(first) = inner.find('\\') else {
            return Ok(inner.to_owned());
        };
        let mut value = String::with_capacity(inner.len());
        let mut rest = inner;
        let mut escape = Some(first);
        while let Some(at) = escape {
            value.push_str(&rest[..at]);
            let place = span.start + 1 + (inner.len() - rest.len()) + at;
            rest = self.escape(&rest[at + 1..], place, &mut value)?;
            escape = rest.find('\\');
        }
        value.push_str(rest);
        Ok(value)
    }

    /// Adds the character that an escape stands for, and gives what follows it; `rest` starts behind the backslash.
    fn escape<'t>(&self, rest: &'t str, place: usize, value: &mut String) -> Result<&'t str> {
        let mut characters = rest.chars();
        let letter = characters.next().unwrap_or_default();
        let digits = match letter {
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if digits > 0 {
            let number = hexadecimal(characters.as_str(), digits);
            let after = characters.as_str().get(digits..).unwrap_or_default();
            if let ('u', Some(unit @ 0xD800..=0xDFFF)) = (letter, number) {
                return self.surrogates(unit, after, place, value);
            }
            let Some(character) = number.and_then(char::from_u32) else {
                let message = format!(
                    "syntax error: `\\{letter}` takes {digits} hexadecimal digits of a character"
                );
                let span = Span::new(place, place + 2);
                return Err(self
                    .source
                    .invalid(message, span)
                    .with_code("SyntaxError:InvalidUnicodeLiteral"));
            };
            value.push(character);
            return Ok(after);
        }
        value.push(match letter {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            '\\' | '\'' | '"' | '`' => letter,
            _ => {
                let message = format!(
                    "syntax error: `\\{letter}` is no escape; a backslash is written `\\\\`"
                );
                let span = Span::new(place, place + 1 + letter.len_utf8());
                return Err(self
                    .source
                    .invalid(message, span)
                    .with_code("SyntaxError:UnexpectedSyntax"));
            }
        });
        Ok(characters.as_str())
    }

    /// Adds the character whose first half, as JSON escapes those past U+FFFF, is `high`; `after` starts with the second.
    fn surrogates<'t>(
        &self,
        high: u32,
        after: &'t str,
        place: usize,
        value: &mut String,
    ) -> Result<&'t str> {
        let low = after
            .strip_prefix(r"\u")
            .and_then(|rest| hexadecimal(rest, 4));
        let character = match low {
            Some(low @ 0xDC00..=0xDFFF) if high < 0xDC00 => {
                char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))
            }
            _ => None,
        };
        let Some(character) = character else {
            let message = format!(
                r"syntax error: `\u{high:04X}` is one half of a surrogate pair; a character takes both, as in `\uD83D\uDE00`"
            );
            return Err(self
                .source
                .invalid(message, Span::new(place, place + 6))
                .with_code("SyntaxError:InvalidUnicodeLiteral"));
        };
        value.push(character);
        Ok(&after[6..])
    }
}

/// The exponent that stands between a dot at the start of a text and what is no part of a name.
fn exponent_behind_dot(text: &str) -> Option<&str> {
    let exponent = text.strip_prefix('.')?;
    let digits = exponent.strip_prefix(['e', 'E'])?;
    let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let after = digits.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let is_name = after.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
    let has_digits = after.len() < digits.len();
    (has_digits && !is_name).then(|| &exponent[..exponent.len() - after.len()])
}

/// The number in so many hexadecimal digits at the start of a text.
fn hexadecimal(text: &str, digits: usize) -> Option<u32> {
    let code = text.get(..digits)?;
    match code.chars().all(|digit| digit.is_ascii_hexdigit()) {
        true => u32::from_str_radix(code, 16).ok(),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{expression, failure};

    #[test]
    fn numbers_keep_their_digits_and_radix() {
        for (text, expected) in [
            ("1", "1"),
            ("007", "007"),
            ("1_000", "1000"),
            ("0x1F", "1F#16"),
            ("0XfF", "fF#16"),
            ("0o17", "17#8"),
            ("0b1_01", "101#2"),
            ("1.5", "float 1.5"),
            (".5", "float .5"),
            ("1e3", "float 1e3"),
            ("1.5E-3", "float 1.5E-3"),
            ("1_0.2_5", "float 10.25"),
            ("1_0e1_0", "float 10e10"),
            ("0xF_F", "FF#16"),
            ("$1.e5", "$1.e5"),
            ("1.e5x", "1.e5x"),
            ("l[1..e5]", "l[1..e5]"),
            ("-1", "(-1)"),
            ("- 0x1", "(-1#16)"),
            ("99999999999999999999", "99999999999999999999"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn texts_lose_their_quotes_and_escapes() {
        for (text, expected) in [
            ("'a'", r#""a""#),
            (r#""a""#, r#""a""#),
            ("''", r#""""#),
            (r#"'it\'s'"#, r#""it's""#),
            (r#""it's""#, r#""it's""#),
            (r#"'\\'"#, r#""\\""#),
            (r#"'a\nb\tc'"#, r#""a\nb\tc""#),
            (r#"'\u0041\U00000042'"#, r#""AB""#),
            ("'größe'", r#""größe""#),
            (r"'\uD83D\uDE00!'", "\"😀!\""),
            (r"'\ud83d\ude00\uD83D\uDE00'", "\"😀😀\""),
            (r#"'\`'"#, r#""`""#),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn parameters_are_names_or_numbers() {
        for (text, expected) in [
            ("$p", "$p"),
            ("$1", "$1"),
            ("$`a b`", "$a b"),
            ("$ p", "$p"),
            ("$return", "$return"),
            ("$p.k[0]", "$p.k[0]"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn wrong_literals_are_refused() {
        for (text, expected) in [
            ("RETURN 0x", "syntax error: `0x` is no number"),
            ("RETURN 1x", "syntax error: `1x` is no number"),
            ("RETURN 0b2", "syntax error: `0b2` is no number"),
            (
                "RETURN 1_",
                "syntax error: `1_` is no number; an underscore stands between two digits",
            ),
            (
                "RETURN 1__0",
                "syntax error: `1__0` is no number; an underscore stands between two digits",
            ),
            (
                "RETURN 0x_1",
                "syntax error: `0x_1` is no number; an underscore stands between two digits",
            ),
            (
                "RETURN 1_.5",
                "syntax error: `1_.5` is no number; an underscore stands between two digits",
            ),
            (
                "RETURN 1e_5",
                "syntax error: `1e_5` is no number; an underscore stands between two digits",
            ),
            (
                "RETURN 1.e5",
                "syntax error: `1.e5` is no number; write 1.0e5",
            ),
            (
                "RETURN [2.E-3]",
                "syntax error: `2.E-3` is no number; write 2.0E-3",
            ),
            (
                r#"RETURN '\q'"#,
                r#"syntax error: `\q` is no escape; a backslash is written `\\`"#,
            ),
            (
                r#"RETURN '\uD800'"#,
                r"syntax error: `\uD800` is one half of a surrogate pair; a character takes both, as in `\uD83D\uDE00`",
            ),
            (
                r"RETURN '\uD83D\u0041'",
                r"syntax error: `\uD83D` is one half of a surrogate pair; a character takes both, as in `\uD83D\uDE00`",
            ),
            (
                r"RETURN '\uDE00\uD83D'",
                r"syntax error: `\uDE00` is one half of a surrogate pair; a character takes both, as in `\uD83D\uDE00`",
            ),
            (
                r"RETURN '\u12'",
                r"syntax error: `\u` takes 4 hexadecimal digits of a character",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
