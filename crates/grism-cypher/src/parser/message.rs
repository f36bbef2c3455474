//! The messages of syntax errors: what was found, what was expected, and the keyword that was probably meant.

use grism_core::{Error, nearest};

use super::cursor::Parser;
use super::dialect::of_another_dialect;
use super::lexer::TokenKind;
use super::shortened::{LONGEST_PIECE, shortened};

/// Words between two operands.
pub(super) const OPERATORS: [&str; 8] =
    ["AND", "OR", "XOR", "IN", "IS", "STARTS", "ENDS", "CONTAINS"];

impl Parser<'_> {
    /// The error for what is no `what`.
    pub(super) fn expected(&self, what: &str) -> Error {
        self.expected_words(what, &[])
    }

    /// The error for what is no `what`, with a code of its own.
    pub(super) fn expected_with_code(&self, what: &str, code: &str) -> Error {
        let error = self.expected(what);
        let coded = Error::new(error.kind(), error.message()).with_code(code);
        match error.location() {
            Some(location) => coded.with_location(location.clone()),
            None => coded,
        }
    }

    /// The error for what is no `what`, which one of `keywords` would start.
    pub(super) fn expected_words(&self, what: &str, keywords: &[&str]) -> Error {
        let known = of_another_dialect(self).or_else(|| self.missing_expression());
        if let Some(error) = known {
            return error;
        }
        let takes_operator = what.starts_with("an operator");
        if takes_operator && (self.is_word(0, "STARTS") || self.is_word(0, "ENDS")) {
            return self.unexpected(1, "WITH", &["WITH"]);
        }
        let mut known = keywords.to_vec();
        if takes_operator {
            known.extend(OPERATORS);
        }
        self.unexpected(0, what, &known)
    }

    /// The error for a keyword in the place of an expression. As no word is reserved it was read as a variable, which shows
    /// only now, by a token that does not fit.
    pub(super) fn missing_expression(&self) -> Option<Error> {
        let at = self.at.checked_sub(1)?;
        if self.doubtful != Some(at) {
            return None;
        }
        let token = self.tokens.tokens.get(at)?;
        let word = self.source.slice(token.span);
        let hint = match word.eq_ignore_ascii_case("DISTINCT") {
            true => "; DISTINCT stands right behind RETURN, WITH or `(`",
            false => "",
        };
        let message = format!("unexpected `{word}`; expected an expression{hint}");
        Some(self.syntax_error(message, token.span))
    }

    /// The error for the token so many places further on, which is no `what`.
    fn unexpected(&self, ahead: usize, what: &str, keywords: &[&str]) -> Error {
        let hint = match self.kind(ahead) {
            // What was expected says it already.
            Some(TokenKind::Word) if keywords == [what] => String::new(),
            Some(TokenKind::Word) => did_you_mean(self.text(ahead), keywords),
            _ => String::new(),
        };
        let span = self.token(ahead).map_or(self.span(), |token| token.span);
        let found = self.found(ahead);
        self.syntax_error(format!("{found}; expected {what}{hint}"), span)
    }

    /// A syntax error with a message of its own.
    pub(super) fn syntax_error(
        &self,
        message: impl AsRef<str>,
        span: crate::syntax::Span,
    ) -> Error {
        let message = format!("syntax error: {}", message.as_ref());
        self.source
            .invalid(message, span)
            .with_code("SyntaxError:UnexpectedSyntax")
    }

    /// What stands so many places further on, as a message says it.
    fn found(&self, ahead: usize) -> String {
        let text = shortened(self.text(ahead));
        match self.kind(ahead) {
            None => "unexpected end of the query".to_owned(),
            Some(TokenKind::QuotedName | TokenKind::String) => format!("unexpected {text}"),
            _ => format!("unexpected `{text}`"),
        }
    }
}

/// The end of a message that names the keyword which `word` probably is; empty where no keyword is near.
pub(super) fn did_you_mean(word: &str, keywords: &[&str]) -> String {
    // A longer word is no slip of a keyword.
    if word.len() > LONGEST_PIECE {
        return String::new();
    }
    let upper = word.to_ascii_uppercase();
    let letters = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    // Of the shortest words only the order of the letters can be wrong, else all of them are near each other.
    let turned = keywords
        .iter()
        .find(|keyword| letters(keyword) == letters(&upper));
    turned
        .copied()
        .or_else(|| nearest(&upper, keywords.iter().copied()))
        .filter(|near| *near != upper)
        .map(|near| format!("; did you mean {near}?"))
        .unwrap_or_default()
}
