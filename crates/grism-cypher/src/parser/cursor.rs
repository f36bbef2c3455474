//! The parser's place among the tokens, and the small steps that all rules are made of.

use std::collections::BTreeSet;

use grism_core::{Result, with_stack};

use super::lexer::{MAX_NESTING, Token, TokenKind, Tokens, too_deep};
use crate::source::Source;
use crate::syntax::{Expr, ExprKind, Name, Span};

/// The part of a CASE that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CasePart {
    Operand,
    When,
    Then,
    Else,
}

impl CasePart {
    /// The words that end the part.
    pub(super) const fn ends(self) -> &'static [&'static str] {
        match self {
            Self::Operand => &["WHEN"],
            Self::When => &["THEN"],
            Self::Then => &["WHEN", "ELSE", "END"],
            Self::Else => &["END"],
        }
    }
}

/// What is open around an expression, within the innermost bracket: it decides what may end the expression.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Surroundings {
    /// The `|` that ends the part of a comprehension being read, which no label expression takes.
    pub(super) bar: Option<usize>,
    /// The part of the innermost CASE; `None` outside of CASE.
    pub(super) case: Option<CasePart>,
    /// Whether an item of ORDER BY is being read, which ASC, DESC or NULLS may follow.
    pub(super) orders: bool,
}

/// Reads tokens from left to right.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    pub(super) source: Source<'a>,
    pub(super) tokens: Tokens,
    /// The token that is read next.
    pub(super) at: usize,
    /// How deep the rule being read is nested.
    depth: usize,
    /// The largest height of an expression read since the caller last looked.
    tallest: u16,
    pub(super) around: Surroundings,
    /// The variable read last whose word may have been meant as a keyword, so that its expression is missing.
    pub(super) doubtful: Option<usize>,
    /// What may follow the clause read last, as a message lists it.
    pub(super) follow: &'static str,
    /// Names of the user's aggregates, in lower case.
    pub(super) aggregates: BTreeSet<String>,
}

impl<'a> Parser<'a> {
    pub(super) fn try_new(source: Source<'a>) -> Result<Self> {
        Ok(Self {
            source,
            tokens: Tokens::try_new(source)?,
            at: 0,
            depth: 0,
            tallest: 0,
            around: Surroundings::default(),
            doubtful: None,
            follow: "",
            aggregates: BTreeSet::new(),
        })
    }

    /// The token so many places further on.
    pub(super) fn token(&self, ahead: usize) -> Option<Token> {
        self.tokens.tokens.get(self.at + ahead).copied()
    }

    /// The kind of the token so many places further on.
    pub(super) fn kind(&self, ahead: usize) -> Option<TokenKind> {
        self.token(ahead).map(|token| token.kind)
    }

    /// The text of the token so many places further on; empty past the end.
    pub(super) fn text(&self, ahead: usize) -> &'a str {
        self.token(ahead)
            .map_or("", |token| self.source.slice(token.span))
    }

    /// The place of the next token, or the end of the input.
    pub(super) fn span(&self) -> Span {
        let last = self.tokens.tokens.last();
        let end = Span::empty(last.map_or(0, |token| token.span.end));
        self.token(0).map_or(end, |token| token.span)
    }

    /// From `start` to the end of the token read last.
    pub(super) fn since(&self, start: Span) -> Span {
        let last = self
            .at
            .checked_sub(1)
            .and_then(|at| self.tokens.tokens.get(at));
        let end = last.map_or(start.end, |token| token.span.end);
        Span::new(start.start, end.max(start.start))
    }

    /// Whether the next token is of this kind.
    pub(super) fn is(&self, kind: TokenKind) -> bool {
        self.kind(0) == Some(kind)
    }

    /// Whether the tokens follow each other without white space, starting so many places further on.
    pub(super) fn are(&self, ahead: usize, kinds: &[TokenKind]) -> bool {
        kinds
            .iter()
            .enumerate()
            .all(|(index, kind)| self.kind(ahead + index) == Some(*kind))
    }

    /// Whether a statement starts here.
    pub(super) fn at_start(&self) -> bool {
        let before = self
            .at
            .checked_sub(1)
            .and_then(|at| self.tokens.tokens.get(at));
        before.is_none_or(|token| token.kind == TokenKind::Semicolon)
    }

    /// Takes the next token where it is of this kind.
    pub(super) fn take(&mut self, kind: TokenKind) -> bool {
        let found = self.is(kind);
        self.at += usize::from(found);
        found
    }

    /// Takes the next token, which must be of this kind.
    pub(super) fn expect(&mut self, kind: TokenKind, what: &str) -> Result<()> {
        if self.take(kind) {
            Ok(())
        } else {
            Err(self.expected(what))
        }
    }

    /// Whether the token so many places further on is this word, in any case.
    pub(super) fn is_word(&self, ahead: usize, word: &str) -> bool {
        self.kind(ahead) == Some(TokenKind::Word) && self.text(ahead).eq_ignore_ascii_case(word)
    }

    /// Whether these words come next.
    pub(super) fn are_words(&self, words: &[&str]) -> bool {
        let mut numbered = words.iter().enumerate();
        numbered.all(|(index, word)| self.is_word(index, word))
    }

    /// Takes these words where they come next, all of them or nothing.
    pub(super) fn words(&mut self, words: &[&str]) -> bool {
        let found = self.are_words(words);
        self.at += if found { words.len() } else { 0 };
        found
    }

    /// Takes a word that must come next.
    pub(super) fn expect_word(&mut self, word: &str) -> Result<()> {
        if self.words(&[word]) {
            Ok(())
        } else {
            Err(self.expected_words(word, &[word]))
        }
    }

    /// Whether the token so many places further on is a name.
    pub(super) fn is_name(&self, ahead: usize) -> bool {
        matches!(
            self.kind(ahead),
            Some(TokenKind::Word | TokenKind::QuotedName)
        )
    }

    /// Takes a name.
    pub(super) fn name(&mut self, what: &str) -> Result<Name> {
        if !self.is_name(0) {
            return Err(self.expected(what));
        }
        let (text, span) = (self.text(0), self.span());
        self.at += 1;
        let text = match text
            .strip_prefix('`')
            .and_then(|text| text.strip_suffix('`'))
        {
            Some(quoted) => quoted.replace("``", "`"),
            None => text.to_owned(),
        };
        Ok(Name { text, span })
    }

    /// Takes the name of a variable where it is bound.
    pub(super) fn variable(&mut self, what: &str) -> Result<Name> {
        let values = ["NULL", "TRUE", "FALSE"];
        if values.iter().any(|word| self.is_word(0, word)) {
            let message = format!(
                "unexpected `{}`, which is a value; a variable of this name stands in backticks",
                self.text(0)
            );
            return Err(self.syntax_error(message, self.span()));
        }
        self.name(what)
    }

    /// Takes a list of items with commas between them.
    pub(super) fn comma_separated<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.take(TokenKind::Comma) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Reads a rule one level deeper.
    pub(super) fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= MAX_NESTING {
            return Err(too_deep(self.source, self.span()));
        }
        self.depth += 1;
        let result = with_stack(|| rule(self));
        self.depth -= 1;
        result
    }

    /// Reads a rule, and gives the largest height of an expression within.
    pub(super) fn measured<T>(
        &mut self,
        rule: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<(T, u16)> {
        let before = std::mem::take(&mut self.tallest);
        let result = rule(self)?;
        let height = self.tallest;
        self.tallest = height.max(before);
        Ok((result, height))
    }

    /// An expression above parts of at most this height.
    pub(super) fn above(&mut self, kind: ExprKind, span: Span, below: u16) -> Result<Expr> {
        let height = below + 1;
        if usize::from(height) > MAX_NESTING {
            return Err(too_deep(self.source, span));
        }
        self.tallest = self.tallest.max(height);
        Ok(Expr { kind, span, height })
    }
}
