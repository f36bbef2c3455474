//! The tokens of one statement, taken one by one.

use grism_core::{Error, Result};
use open_cypher::{Span, Token, TokenKind};

use super::StatementKind;
use crate::source::Source;

/// Reads the tokens of one statement.
pub(super) struct Reader<'a> {
    pub(super) source: Source<'a>,
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    /// Takes one token by its text, where it is there.
    pub(super) fn take_text(&mut self, wanted: &str) -> bool {
        let is_there = self.text_at(self.at) == wanted;
        self.at += usize::from(is_there);
        is_there
    }

    pub(super) fn number(&mut self, what: &str) -> Result<u64> {
        let parsed = self.text_at(self.at).parse();
        let number = parsed.map_err(|_| self.expected(what))?;
        self.at += 1;
        Ok(number)
    }

    /// Takes one token by its text.
    pub(super) fn text(&mut self, wanted: &str) -> Result<()> {
        if self.text_at(self.at) == wanted {
            self.at += 1;
            return Ok(());
        }
        Err(self.expected(&format!("`{wanted}`")))
    }

    pub(super) fn end(&self, kind: StatementKind) -> Result<StatementKind> {
        if self.at < self.tokens.len() {
            Err(self.expected("the end of the statement"))
        } else {
            Ok(kind)
        }
    }

    pub(super) fn span(&self) -> Span {
        let end = self.tokens.last().map_or(0, |token| token.span.end);
        self.tokens
            .get(self.at)
            .map_or(Span::empty(end), |token| token.span)
    }

    pub(super) fn expected(&self, what: &str) -> Error {
        self.source
            .invalid(format!("syntax error: expected {what}"), self.span())
    }

    pub(super) fn text_at(&self, at: usize) -> &'a str {
        self.tokens
            .get(at)
            .map_or("", |token| self.source.slice(token.span))
    }

    pub(super) fn peek(&self, kind: TokenKind) -> bool {
        self.tokens
            .get(self.at)
            .is_some_and(|token| token.kind == kind)
    }

    pub(super) fn take(&mut self, kind: TokenKind) -> bool {
        let found = self.peek(kind);
        self.at += usize::from(found);
        found
    }

    pub(super) fn punctuation(&mut self, kind: TokenKind, what: &str) -> Result<()> {
        if self.take(kind) {
            Ok(())
        } else {
            Err(self.expected(what))
        }
    }

    /// Takes all of `words`, in any case, or nothing.
    pub(super) fn words(&mut self, words: &[&str]) -> bool {
        let found = words
            .iter()
            .enumerate()
            .all(|(index, word)| self.text_at(self.at + index).eq_ignore_ascii_case(word));
        self.at += if found { words.len() } else { 0 };
        found
    }

    pub(super) fn name(&mut self, what: &str) -> Result<String> {
        let text = self.text_at(self.at);
        let Some(token) = self.tokens.get(self.at) else {
            return Err(self.expected(what));
        };
        self.at += 1;
        match token.kind {
            TokenKind::Identifier | TokenKind::Keyword(_) => Ok(text.to_owned()),
            TokenKind::EscapedIdentifier => Ok(text[1..text.len() - 1].replace("``", "`")),
            _ => {
                self.at -= 1;
                Err(self.expected(what))
            }
        }
    }

    pub(super) fn string(&mut self, what: &str) -> Result<String> {
        if !self.peek(TokenKind::String) {
            return Err(self.expected(what));
        }
        let text = self.text_at(self.at);
        self.at += 1;
        let mut value = String::new();
        let mut characters = text[1..text.len() - 1].chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some('n') => value.push('\n'),
                    Some('t') => value.push('\t'),
                    Some(other) => value.push(other),
                    None => {}
                },
                other => value.push(other),
            }
        }
        Ok(value)
    }
}
