//! Operators of other languages and parts of a query in the wrong place: the message says what to write.

use grism_core::Error;

use super::cursor::Parser;
use super::lexer::TokenKind;

/// Two tokens side by side that are one operator elsewhere, the operator, and what to write.
const OPERATORS: &[(TokenKind, TokenKind, &str, &str)] = &[
    (TokenKind::Equal, TokenKind::Equal, "==", "write ="),
    (TokenKind::Equal, TokenKind::RegexMatch, "==", "write ="),
    (TokenKind::Bang, TokenKind::Equal, "!=", "write <>"),
    (
        TokenKind::Ampersand,
        TokenKind::Ampersand,
        "&&",
        "write AND, or & between labels",
    ),
    (TokenKind::Star, TokenKind::Star, "**", "write ^"),
    (TokenKind::Equal, TokenKind::Greater, "=>", "write >="),
    (TokenKind::Equal, TokenKind::Less, "=<", "write <="),
    (TokenKind::LessOrEqual, TokenKind::Greater, "<=>", "write ="),
    (TokenKind::Greater, TokenKind::Less, "><", "write <>"),
    (
        TokenKind::Less,
        TokenKind::Less,
        "<<",
        "multiply by a power of 2",
    ),
    (
        TokenKind::Greater,
        TokenKind::Greater,
        ">>",
        "divide by a power of 2",
    ),
    (
        TokenKind::Question,
        TokenKind::Question,
        "??",
        "write coalesce(a, b)",
    ),
    (
        TokenKind::Question,
        TokenKind::Dot,
        "?.",
        "write a.b, which is null where a is null",
    ),
    (TokenKind::Colon, TokenKind::Equal, ":=", "write ="),
    (
        TokenKind::Colon,
        TokenKind::Colon,
        "::",
        "convert by toInteger(), toFloat(), toString() or date()",
    ),
    (
        TokenKind::Minus,
        TokenKind::Greater,
        "->",
        "an arrow is written --> or -[…]->, with its brackets closed, and a property is read by n.key",
    ),
];

/// Words in a place where an operator may follow, and what to write.
const WORDS: &[(&[&str], &str)] = &[
    (&["NOT", "IN"], "write NOT x IN list"),
    (&["NOT", "NULL"], "write x IS NOT NULL"),
    (&["NOT", "CONTAINS"], "write NOT x CONTAINS 'text'"),
    (&["NOT", "STARTS"], "write NOT x STARTS WITH 'text'"),
    (&["NOT", "ENDS"], "write NOT x ENDS WITH 'text'"),
    (&["NOTNULL"], "write x IS NOT NULL"),
    (&["ISNULL"], "write x IS NULL"),
];

/// Words that are no clause, and where they stand.
const MISPLACED: &[(&[&str], &str)] = &[
    (
        &["WHERE"],
        "WHERE stands once, right behind MATCH, WITH or YIELD and what they list; for more conditions write AND",
    ),
    (
        &["ORDER", "BY"],
        "ORDER BY stands once, right behind what RETURN or WITH lists, before SKIP and LIMIT",
    ),
    (
        &["SKIP"],
        "SKIP stands once, behind what RETURN or WITH lists, before LIMIT",
    ),
    (
        &["OFFSET"],
        "OFFSET stands once, behind what RETURN or WITH lists, before LIMIT",
    ),
    (&["LIMIT"], "LIMIT stands once, last in RETURN or WITH"),
    (&["YIELD"], "YIELD stands right behind CALL procedure(…)"),
    (
        &["ON", "CREATE"],
        "ON CREATE SET stands right behind MERGE and its path",
    ),
    (
        &["ON", "MATCH"],
        "ON MATCH SET stands right behind MERGE and its path",
    ),
    (&["WHEN"], "WHEN stands between CASE and END"),
    (&["THEN"], "THEN stands between CASE and END"),
    (&["ELSE"], "ELSE stands between CASE and END"),
];

/// Words that start a statement of Grism's own.
const STATEMENTS: [&str; 7] = [
    "SHOW", "COPY", "EXPLAIN", "PROFILE", "DROP", "VACUUM", "OPTIMIZE",
];

impl Parser<'_> {
    /// Whether two tokens here are an operator of another language, which no operator of this one starts.
    pub(super) fn starts_foreign_operator(&self) -> bool {
        let (Some(here), Some(next)) = (self.token(0), self.token(1)) else {
            return false;
        };
        // Signs may follow each other: `1 - -1`, `a <-b`.
        let is_double = matches!(
            (here.kind, next.kind),
            (TokenKind::Equal, TokenKind::Equal | TokenKind::RegexMatch)
                | (TokenKind::Star, TokenKind::Star)
                | (
                    TokenKind::Equal | TokenKind::LessOrEqual,
                    TokenKind::Greater
                )
                | (TokenKind::Equal | TokenKind::Greater, TokenKind::Less)
                | (TokenKind::Less, TokenKind::Less)
                | (TokenKind::Greater, TokenKind::Greater)
        );
        is_double && here.span.end == next.span.start
    }

    /// The error for a part of a query that stands where a clause would.
    pub(super) fn misplaced(&self) -> Option<Error> {
        let known = |(words, _): &&(&[&str], &str)| self.are_words(words);
        if let Some((words, message)) = MISPLACED.iter().find(known) {
            let last = self.token(words.len() - 1)?;
            return Some(self.syntax_error(message, self.span().to(last.span)));
        }
        if !self.at_start() && STATEMENTS.iter().any(|word| self.is_word(0, word)) {
            let word = self.text(0).to_ascii_uppercase();
            let message = format!("unexpected `{word}`; a new statement starts behind `;`");
            return Some(self.syntax_error(message, self.span()));
        }
        let closing = [
            TokenKind::RightParenthesis,
            TokenKind::RightBracket,
            TokenKind::RightBrace,
        ];
        let closes = self.kind(0).is_some_and(|kind| closing.contains(&kind));
        closes.then(|| {
            let message = format!("unexpected `{}`, which closes no bracket", self.text(0));
            self.syntax_error(message, self.span())
        })
    }
}

/// The error for an operator of another language at the parser's place.
pub(super) fn slip(parser: &Parser<'_>) -> Option<Error> {
    let here = parser.token(0)?;
    let known = |(words, _): &&(&[&str], &str)| parser.are_words(words);
    if let Some((words, instead)) = WORDS.iter().find(known) {
        let last = parser.token(words.len() - 1)?;
        let message = format!("unexpected `{}`; {instead}", words.join(" "));
        return Some(parser.syntax_error(message, here.span.to(last.span)));
    }
    let before = parser
        .at
        .checked_sub(1)
        .and_then(|at| parser.tokens.tokens.get(at));
    let pairs = [(before.copied(), Some(here)), (Some(here), parser.token(1))];
    for (first, second) in pairs {
        let (Some(first), Some(second)) = (first, second) else {
            continue;
        };
        let mut operators = OPERATORS.iter();
        let found =
            operators.find(|(left, right, ..)| (*left, *right) == (first.kind, second.kind));
        if let Some((_, _, operator, instead)) = found
            && first.span.end == second.span.start
        {
            let message = format!("unexpected `{operator}`; {instead}");
            return Some(parser.syntax_error(message, first.span.to(second.span)));
        }
    }
    let (operator, instead) = match here.kind {
        TokenKind::Bang => ("!", "write NOT"),
        TokenKind::Question => ("?", "write CASE WHEN … THEN … ELSE … END"),
        TokenKind::PlusEqual => (
            "+=",
            "it stands in SET, and adds the entries of a map to a variable: SET n += {key: value}",
        ),
        _ => return None,
    };
    let message = format!("unexpected `{operator}`; {instead}");
    Some(parser.syntax_error(message, here.span))
}
