//! Tokens with their places, and which brackets belong together.

use grism_core::Result;
use logos::Logos;

use super::shortened::shortened;
use crate::source::Source;
use crate::syntax::Span;

/// Brackets nested deeper than this are refused before the recursive parser sees them.
pub(super) const MAX_NESTING: usize = 200;

/// The kinds of tokens. Keywords are words: none is reserved.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(skip r"[\p{White_Space}\u{FEFF}]+")]
#[logos(skip(r"//[^\r\n]*", allow_greedy = true))]
#[logos(skip r"/\*[^*]*\*+([^/*][^*]*\*+)*/")]
pub(super) enum TokenKind {
    #[regex(r"[\p{XID_Start}\p{Pc}][\p{XID_Continue}\p{Sc}]*")]
    Word,
    #[regex(r"`([^`]|``)*`")]
    QuotedName,
    #[regex(r"'([^'\\]|\\(?s:.))*'")]
    #[regex(r#""([^"\\]|\\(?s:.))*""#)]
    String,
    #[regex(r"[0-9][0-9_]*")]
    #[regex(r"0[xX][0-9a-fA-F_]+")]
    #[regex(r"0[oO][0-9_]+")]
    #[regex(r"0[bB][0-9_]+")]
    Integer,
    #[regex(r"[0-9][0-9_]*\.[0-9][0-9_]*([eE][+-]?[0-9_]+)?")]
    #[regex(r"\.[0-9][0-9_]*([eE][+-]?[0-9_]+)?")]
    #[regex(r"[0-9][0-9_]*[eE][+-]?[0-9_]+")]
    Float,
    #[token("(")]
    LeftParenthesis,
    #[token(")")]
    RightParenthesis,
    #[token("[")]
    LeftBracket,
    #[token("]")]
    RightBracket,
    #[token("{")]
    LeftBrace,
    #[token("}")]
    RightBrace,
    #[token(",")]
    Comma,
    #[token(".")]
    Dot,
    #[token("..")]
    DotDot,
    #[token(":")]
    Colon,
    #[token(";")]
    Semicolon,
    #[token("|")]
    Bar,
    #[token("||")]
    BarBar,
    #[token("&")]
    Ampersand,
    #[token("!")]
    Bang,
    #[token("%")]
    Percent,
    #[token("+")]
    Plus,
    #[token("+=")]
    PlusEqual,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("^")]
    Caret,
    #[token("=")]
    Equal,
    #[token("<>")]
    NotEqual,
    #[token("<")]
    Less,
    #[token("<=")]
    LessOrEqual,
    #[token(">")]
    Greater,
    #[token(">=")]
    GreaterOrEqual,
    #[token("=~")]
    RegexMatch,
    #[token("$")]
    Dollar,
    #[token("?")]
    Question,
}

/// A token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// What is known of an opening bracket.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bracket {
    /// The token of the bracket that closes it.
    pub(super) close: Option<usize>,
    /// Whether a comma stands directly within.
    pub(super) has_comma: bool,
    /// The last `|` directly within.
    pub(super) last_bar: Option<usize>,
}

/// The tokens of an input.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) tokens: Vec<Token>,
    /// By the number of the token; empty for what is no opening bracket.
    brackets: Vec<Bracket>,
}

impl Tokens {
    /// Splits an input into its tokens.
    ///
    /// # Errors
    /// `InvalidQuery` for what is no token, and for brackets nested too deeply.
    pub(super) fn try_new(source: Source<'_>) -> Result<Self> {
        let mut tokens = Vec::with_capacity(source.text.len() / 4);
        for (kind, range) in TokenKind::lexer(source.text).spanned() {
            let span = Span::new(range.start, range.end);
            let Ok(kind) = kind else {
                return Err(no_token(source, span.start));
            };
            check_token(source, kind, span)?;
            tokens.push(Token { kind, span });
        }
        let brackets = match_brackets(source, &tokens)?;
        Ok(Self { tokens, brackets })
    }

    /// What is known of the opening bracket at a token.
    pub(super) fn bracket(&self, at: usize) -> Bracket {
        self.brackets.get(at).copied().unwrap_or_default()
    }
}

/// The error for what starts no token.
fn no_token(source: Source<'_>, start: usize) -> grism_core::Error {
    let rest = source.text.get(start..).unwrap_or_default();
    let first = rest.chars().next().unwrap_or_default();
    let span = Span::new(start, start + first.len_utf8());
    let (message, code) = match first {
        '\'' | '"' => (
            format!("this text has no closing {first}"),
            "UnexpectedSyntax",
        ),
        '`' => ("this name has no closing `".to_owned(), "UnexpectedSyntax"),
        '‘' | '’' | '“' | '”' => (
            format!("`{first}` is a typographic quote; texts stand between ' or \""),
            "InvalidUnicodeCharacter",
        ),
        '#' => (
            "unexpected character `#`; a comment starts with //".to_owned(),
            "UnexpectedSyntax",
        ),
        '~' => (
            "unexpected character `~`; a regular expression is matched by =~".to_owned(),
            "UnexpectedSyntax",
        ),
        '\\' => (
            "unexpected character `\\`; it stands in texts only, and a division is /".to_owned(),
            "UnexpectedSyntax",
        ),
        _ if first.is_ascii() => (
            format!("unexpected character {}", shown(first)),
            "UnexpectedSyntax",
        ),
        _ => (
            format!("unexpected character {}{}", shown(first), look_alike(first)),
            "InvalidUnicodeCharacter",
        ),
    };
    source
        .invalid(format!("syntax error: {message}"), span)
        .with_code(format!("SyntaxError:{code}"))
}

/// What to write for a character that looks like an operator.
fn look_alike(character: char) -> String {
    let operator = match character {
        '×' | '·' | '∙' => "*",
        '÷' | '∕' => "/",
        '−' | '–' | '—' | '‐' | '‑' => "-",
        '≠' => "<>",
        '≤' => "<=",
        '≥' => ">=",
        '→' | '⟶' => "-->",
        '←' | '⟵' => "<--",
        '∧' => "AND",
        '∨' => "OR",
        '¬' => "NOT",
        '∈' => "IN",
        '，' => ",",
        '；' => ";",
        '：' => ":",
        '（' => "(",
        '）' => ")",
        '\u{200B}' | '\u{200C}' | '\u{200D}' | '\u{2060}' => {
            return "; it is invisible: delete it".to_owned();
        }
        _ => return String::new(),
    };
    format!("; write {operator}")
}

/// A character as it can be shown, with its number where it looks like another.
fn shown(character: char) -> String {
    if character.is_ascii_graphic() {
        format!("`{character}`")
    } else {
        format!(
            "`{}` (U+{:04X})",
            character.escape_debug(),
            u32::from(character)
        )
    }
}

/// Refuses tokens that run into each other.
fn check_token(source: Source<'_>, kind: TokenKind, span: Span) -> Result<()> {
    let rest = source.text.get(span.end..).unwrap_or_default();
    match kind {
        TokenKind::Integer | TokenKind::Float => {
            let tail = rest
                .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .unwrap_or(rest.len());
            let parts_digits = underscores_part_digits(source.slice(span));
            if tail == 0 && parts_digits {
                return Ok(());
            }
            let span = Span::new(span.start, span.end + tail);
            let hint = match tail == 0 {
                true => "; an underscore stands between two digits",
                false => "",
            };
            let message = format!(
                "syntax error: `{}` is no number{hint}",
                shortened(source.slice(span))
            );
            Err(source
                .invalid(message, span)
                .with_code("SyntaxError:InvalidNumberLiteral"))
        }
        // Before a comment `*` is an operator: `2 */* two */ 3`.
        TokenKind::Star if closes_comment(rest) => {
            let span = Span::new(span.start, span.end + 1);
            let message =
                "syntax error: unexpected `*/`: no comment is open here, as comments do not nest";
            Err(source
                .invalid(message, span)
                .with_code("SyntaxError:UnexpectedSyntax"))
        }
        TokenKind::Slash if rest.starts_with('*') => {
            let span = Span::new(span.start, span.end + 1);
            Err(source
                .invalid("syntax error: this comment has no closing */", span)
                .with_code("SyntaxError:UnexpectedSyntax"))
        }
        _ => Ok(()),
    }
}

/// Whether each underscore of a number stands between two digits.
fn underscores_part_digits(number: &str) -> bool {
    let is_hexadecimal = number.starts_with("0x") || number.starts_with("0X");
    let is_digit = |byte: Option<&u8>| {
        byte.is_some_and(|byte| match is_hexadecimal {
            true => byte.is_ascii_hexdigit(),
            false => byte.is_ascii_digit(),
        })
    };
    let bytes = number.as_bytes();
    let mut underscores = (0..bytes.len()).filter(|at| bytes[*at] == b'_');
    underscores.all(|at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        is_digit(before) && is_digit(bytes.get(at + 1))
    })
}

/// Whether `*` before `rest` is half of a `*/`, and `rest` starts no comment.
fn closes_comment(rest: &str) -> bool {
    rest.starts_with('/') && !rest.starts_with("//") && !rest.starts_with("/*")
}

fn match_brackets(source: Source<'_>, tokens: &[Token]) -> Result<Vec<Bracket>> {
    let mut brackets = vec![Bracket::default(); tokens.len()];
    let mut open: Vec<(usize, TokenKind)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let closing = match token.kind {
            TokenKind::LeftParenthesis => Some(TokenKind::RightParenthesis),
            TokenKind::LeftBracket => Some(TokenKind::RightBracket),
            TokenKind::LeftBrace => Some(TokenKind::RightBrace),
            _ => None,
        };
        if let Some(closing) = closing {
            open.push((at, closing));
            if open.len() > MAX_NESTING {
                return Err(too_deep(source, token.span));
            }
            continue;
        }
        let Some((innermost, closing)) = open.last().copied() else {
            continue;
        };
        match token.kind {
            kind if kind == closing => {
                brackets[innermost].close = Some(at);
                open.pop();
            }
            TokenKind::Comma => brackets[innermost].has_comma = true,
            TokenKind::Bar => brackets[innermost].last_bar = Some(at),
            TokenKind::Semicolon => open.clear(),
            _ => {}
        }
    }
    Ok(brackets)
}

/// The error for what is nested too deeply.
pub(super) fn too_deep(source: Source<'_>, span: Span) -> grism_core::Error {
    let message = format!(
        "the query is nested deeper than {MAX_NESTING} levels; compute a part of it in a WITH before"
    );
    source.invalid(message, span)
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{expression, failure};

    #[test]
    fn dots_part_ranges_from_numbers() {
        for (text, expected) in [
            ("l[1..2]", "l[1..2]"),
            ("l[..2]", "l[..2]"),
            ("l[1..]", "l[1..]"),
            ("l[..]", "l[..]"),
            ("l[.5]", "l[float .5]"),
            ("l[1.5]", "l[float 1.5]"),
            ("n.a.b", "n.a.b"),
            ("1 .a", "1.a"),
            ("1.a", "1.a"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn comments_and_white_space_part_tokens() {
        for (text, expected) in [
            ("1/* + 2 */+ 3", "(1 + 3)"),
            (
                "1 // + 2
     + 3",
                "(1 + 3)",
            ),
            ("1 /**/ + /***/ 3 /* * / */", "(1 + 3)"),
            ("'/* no comment */'", r#""/* no comment */""#),
            ("'//'", r#""//""#),
            ("1 +　2", "(1 + 2)"),
            ("1 / 2 // 3", "(1 / 2)"),
            ("1 */* two */ 3", "(1 * 3)"),
            ("1 *// two\n 3", "(1 * 3)"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn names_in_backticks_hold_any_character() {
        for (text, expected) in [
            ("`a b`", "a b"),
            ("`a``b`", "a`b"),
            ("`match`", "match"),
            ("größe + 名前 + _x + x1", "(größe + 名前 + _x + x1)"),
            ("price€ + a$b$", "(price€ + a$b$)"),
            ("$p + $a$b", "($p + $a$b)"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for (text, expected) in [
            ("RETURN 'a", "syntax error: this text has no closing '"),
            ("RETURN `a", "syntax error: this name has no closing `"),
            (
                "RETURN 1 /* a",
                "syntax error: this comment has no closing */",
            ),
            (
                "RETURN 1 /* a /* b */ c */ AS x",
                "syntax error: unexpected `*/`: no comment is open here, as comments do not nest",
            ),
            ("RETURN @a", "syntax error: unexpected character `@`"),
            (
                "RETURN €a",
                "syntax error: unexpected character `€` (U+20AC)",
            ),
            (
                "RETURN 3 × 4",
                "syntax error: unexpected character `×` (U+00D7); write *",
            ),
            (
                "RETURN “a”",
                r#"syntax error: `“` is a typographic quote; texts stand between ' or ""#,
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }

    #[test]
    fn brackets_nest_two_hundred_levels_deep() {
        let nested = |count: usize| format!("RETURN {}1{}", "[".repeat(count), "]".repeat(count));
        assert!(expression(nested(190).trim_start_matches("RETURN ")).starts_with("[[["));
        assert!(failure(&nested(201)).contains("nested deeper than 200 levels"));
    }
}
