//! Runs the openCypher parser and turns its diagnostics into one error with a place.

use grism_core::{Error, Result};
use open_cypher::ast::{QueryKind, RegularQuery, StatementKind};
use open_cypher::{Diagnostic, Span, TokenKind, lex, parse};

use crate::source::Source;

/// Brackets nested deeper than this are refused on the tokens, before the recursive parser sees them.
const MAX_NESTING: usize = 200;
/// Longer queries are refused, since chains of operators and clauses nest without brackets.
const MAX_TOKENS: usize = 20_000;
/// How many things a message names as expected before it stops listing.
const MAX_EXPECTED: usize = 5;

/// Parses one query.
///
/// # Errors
/// `InvalidQuery` with the place of the first thing that is wrong.
pub(crate) fn parse_query(source: Source<'_>) -> Result<RegularQuery> {
    check_nesting(source)?;
    let program = match parse(source.text) {
        Ok(parsed) => parsed.program,
        Err(errors) => {
            return Err(match errors.diagnostics().first() {
                Some(diagnostic) => syntax_error(source, diagnostic),
                None => Error::invalid_query("the query cannot be parsed"),
            });
        }
    };
    let statement = program.statements.into_iter().next();
    match statement.map(|statement| statement.kind) {
        Some(StatementKind::Query(query)) => match query.query.kind {
            QueryKind::Regular(regular) => Ok(regular),
            _ => Err(Error::invalid_query("the query cannot be parsed")),
        },
        _ => Err(Error::invalid_query("the query is empty")),
    }
}

fn check_nesting(source: Source<'_>) -> Result<()> {
    let mut depth = 0usize;
    let mut operators = 0usize;
    let tokens = lex(source.text).tokens;
    let count = tokens.iter().filter(|token| !token.is_trivia()).count();
    if count > MAX_TOKENS {
        let message = format!(
            "the query has {count} tokens, and at most {MAX_TOKENS} are taken; pass lists as parameters"
        );
        return Err(Error::invalid_query(message));
    }
    for token in tokens {
        match token.kind {
            TokenKind::LeftParen | TokenKind::LeftBracket | TokenKind::LeftBrace => depth += 1,
            TokenKind::RightParen | TokenKind::RightBracket | TokenKind::RightBrace => {
                depth = depth.saturating_sub(1)
            }
            // Prefix operators nest without brackets.
            TokenKind::Plus | TokenKind::Minus => operators += 1,
            TokenKind::Keyword(_) if token.text(source.text).is_some_and(nests) => operators += 1,
            kind if kind.is_trivia() => continue,
            _ => operators = 0,
        }
        if depth + operators > MAX_NESTING {
            return Err(source.invalid(
                format!("the query is nested deeper than {MAX_NESTING} levels"),
                token.span,
            ));
        }
    }
    Ok(())
}

fn nests(keyword: &str) -> bool {
    keyword.eq_ignore_ascii_case("NOT") || keyword.eq_ignore_ascii_case("CASE")
}

/// Clauses of other dialects that are known by name: the clause, and the tokens it starts with.
const ELSEWHERE: [(&str, &[&str]); 8] = [
    ("FOREACH", &["FOREACH", "("]),
    ("LOAD CSV", &["LOAD", "CSV"]),
    ("CALL { … }", &["CALL", "{"]),
    ("USE", &["USE"]),
    ("INSERT", &["INSERT", "("]),
    ("FILTER", &["FILTER"]),
    ("LET", &["LET"]),
    ("FINISH", &["FINISH"]),
];

/// The clause of another dialect that starts where the error is.
fn clause_elsewhere(source: Source<'_>, diagnostic: &Diagnostic) -> Option<(&'static str, Span)> {
    let tokens: Vec<_> = lex(source.text)
        .tokens
        .into_iter()
        .filter(|token| !token.is_trivia())
        .collect();
    let at = diagnostic.primary_span.start;
    for (name, words) in ELSEWHERE {
        let found = tokens.windows(words.len()).find(|window| {
            let same = window.iter().zip(words).all(|(token, word)| {
                token
                    .text(source.text)
                    .is_some_and(|text| text.eq_ignore_ascii_case(word))
            });
            let (Some(first), Some(last)) = (window.first(), window.last()) else {
                return false;
            };
            same && (first.span.start..=last.span.end).contains(&at)
        });
        if let Some(first) = found.and_then(<[_]>::first) {
            return Some((name, first.span));
        }
    }
    None
}

fn syntax_error(source: Source<'_>, diagnostic: &Diagnostic) -> Error {
    if let Some((clause, span)) = clause_elsewhere(source, diagnostic) {
        return source.unsupported(clause, span);
    }
    let message = match diagnostic.message.split_once("; expected ") {
        Some((problem, expected)) => {
            let mut wanted: Vec<&str> = expected
                .split(", ")
                .map(|item| item.trim_start_matches("or ").trim())
                .collect();
            if wanted.len() > MAX_EXPECTED {
                // A long list is the start of an expression, or nearly so: the classes say more than the tokens.
                let is_symbol = |item: &&str| {
                    !item.starts_with('`') || item.chars().nth(1).is_some_and(char::is_alphabetic)
                };
                wanted.retain(is_symbol);
                wanted.truncate(MAX_EXPECTED);
                wanted.push("…");
            }
            format!("{problem}; expected {}", wanted.join(", "))
        }
        None => diagnostic.message.clone(),
    };
    let code = syntax_code(source, diagnostic);
    source
        .invalid(format!("syntax error: {message}"), diagnostic.primary_span)
        .with_code(format!("SyntaxError:{code}"))
}

/// The code that the openCypher TCK gives to a syntax error, from what stands around its place.
fn syntax_code(source: Source<'_>, diagnostic: &Diagnostic) -> &'static str {
    let at = diagnostic.primary_span.start;
    let (before, here) = source
        .text
        .split_at_checked(at)
        .unwrap_or((source.text, ""));
    let first = here.chars().next();
    // A number and letters without anything between them.
    let word = before
        .rsplit(|letter: char| !letter.is_alphanumeric() && letter != '.' && letter != '_')
        .next()
        .unwrap_or_default();
    let number = word.starts_with(|letter: char| letter.is_ascii_digit());
    if number && first.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
        return "InvalidNumberLiteral";
    }
    if first.is_some_and(|letter| !letter.is_ascii() && !letter.is_alphanumeric()) {
        return "InvalidUnicodeCharacter";
    }
    if before.trim_end().ends_with('*')
        && first == Some('-')
        && before.rfind('[') > before.rfind(']')
    {
        return "InvalidRelationshipPattern";
    }
    let call = before
        .rsplit_once(|letter: char| letter.is_whitespace())
        .map_or(before, |(head, _)| head)
        .trim_end();
    let calls = before.to_ascii_uppercase().contains("CALL");
    if calls
        && here
            .get(..5)
            .is_some_and(|word| word.eq_ignore_ascii_case("YIELD"))
        && !call.is_empty()
    {
        return "InvalidArgumentPassingMode";
    }
    "UnexpectedSyntax"
}
