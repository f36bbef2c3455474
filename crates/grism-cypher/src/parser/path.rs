//! How often a part of a path is repeated, and which of the paths are taken.

use grism_core::{Error, Result};
use grism_logical::PathMode;

use super::cursor::Parser;
use super::lexer::TokenKind;
use super::shortened::shortened;
use crate::syntax::{Quantifier, Selector, Span};

impl Parser<'_> {
    /// `ANY`, `ALL`, `ANY SHORTEST`, `SHORTEST k GROUPS` and their like.
    pub(super) fn selector(&mut self) -> Result<Option<(Selector, Span)>> {
        let start = self.span();
        let selector = if self.words(&["ANY", "SHORTEST"]) {
            Selector::AnyShortest
        } else if self.words(&["ALL", "SHORTEST"]) {
            Selector::AllShortest
        } else if self.words(&["ANY"]) {
            Selector::Any(self.path_count()?.unwrap_or(1))
        } else if self.words(&["ALL"]) {
            Selector::All
        } else if self.words(&["SHORTEST"]) {
            let count = self.path_count()?;
            let plural = self.path_word();
            let groups = self.words(&["GROUPS"]) || self.words(&["GROUP"]);
            match (count, groups, plural) {
                (count, true, _) => Selector::ShortestGroups(count.unwrap_or(1)),
                (Some(count), false, _) => Selector::Shortest(count),
                (None, false, _) => return Err(self.expected("a number of paths or GROUPS")),
            }
        } else {
            return Ok(None);
        };
        let span = self.since(start);
        self.path_word();
        Ok(Some((selector, span)))
    }

    /// `PATH` or `PATHS`, which say nothing.
    fn path_word(&mut self) -> bool {
        self.words(&["PATH"]) || self.words(&["PATHS"])
    }

    fn path_count(&mut self) -> Result<Option<u64>> {
        if !self.is(TokenKind::Integer) {
            return Ok(None);
        }
        let span = self.span();
        match self.count()? {
            0 => {
                let message = "the number of paths must be positive";
                Err(self.source.invalid(message, span))
            }
            count => Ok(Some(count)),
        }
    }

    /// `WALK`, `TRAIL`, `ACYCLIC` or `SIMPLE`.
    pub(super) fn path_mode(&mut self) -> Result<Option<(PathMode, Span)>> {
        let start = self.span();
        let modes = [
            PathMode::Walk,
            PathMode::Trail,
            PathMode::Acyclic,
            PathMode::Simple,
        ];
        for mode in modes {
            // A path variable may have such a name.
            if self.is_word(0, mode.as_str()) && !self.are(1, &[TokenKind::Equal]) {
                self.at += 1;
                let span = self.since(start);
                self.path_word();
                return Ok(Some((mode, span)));
            }
        }
        Ok(None)
    }

    /// `{n}`, `{n,m}`, `*`, `+` or `?` behind what is repeated.
    pub(super) fn quantifier(&mut self) -> Result<Option<Quantifier>> {
        let start = self.span();
        let (least, most) = match self.kind(0) {
            Some(TokenKind::Star) => (0, None),
            Some(TokenKind::Plus) => (1, None),
            Some(TokenKind::Question) => (0, Some(1)),
            Some(TokenKind::LeftBrace) => {
                self.at += 1;
                let (least, most) = self.braced_bounds()?;
                if !self.is(TokenKind::RightBrace) {
                    let what = "a number, `,` or `}` of a quantifier, which is written {1,3}";
                    return Err(self.expected(what));
                }
                if most.is_some_and(|most| most < least) {
                    let message = "the upper bound of a quantifier is less than the lower one";
                    return Err(self
                        .source
                        .invalid(message, self.since(start))
                        .with_code("SyntaxError:InvalidRelationshipPattern"));
                }
                (least, most)
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(Quantifier {
            least,
            most,
            span: self.since(start),
        }))
    }

    fn braced_bounds(&mut self) -> Result<(u64, Option<u64>)> {
        let least = self.optional_count()?;
        if !self.take(TokenKind::Comma) {
            return match least {
                Some(count) => Ok((count, Some(count))),
                None => {
                    Err(self.expected("a number or `,` of a quantifier, which is written {1,3}"))
                }
            };
        }
        Ok((least.unwrap_or(0), self.optional_count()?))
    }

    /// `*`, `*n`, `*n..m`, `*n..` or `*..m` within a relationship's brackets.
    pub(super) fn star_range(&mut self) -> Result<Quantifier> {
        let start = self.span();
        self.at += 1;
        self.bound_of_range()?;
        let lower = self.optional_count()?;
        let (least, most) = match (lower, self.take(TokenKind::DotDot)) {
            (Some(count), false) => (count, Some(count)),
            (None, false) => (1, None),
            (lower, true) => {
                self.bound_of_range()?;
                (lower.unwrap_or(1), self.optional_count()?)
            }
        };
        let is_more = self.is(TokenKind::DotDot) || self.is(TokenKind::Comma);
        if is_more || self.kind(0).is_some_and(is_number) {
            return Err(self.no_range("`{`, WHERE or `]`; a range is written *1..3"));
        }
        Ok(Quantifier {
            least,
            most,
            span: self.since(start),
        })
    }

    /// Refuses a number that is no number of hops, where one may stand.
    fn bound_of_range(&self) -> Result<()> {
        match self.kind(0).is_some_and(is_number) && !self.is(TokenKind::Integer) {
            true => Err(self.no_range("a number of hops, which is not negative, or `]`")),
            false => Ok(()),
        }
    }

    fn no_range(&self, what: &str) -> Error {
        self.expected_with_code(what, "SyntaxError:InvalidRelationshipPattern")
    }

    fn optional_count(&mut self) -> Result<Option<u64>> {
        match self.is(TokenKind::Integer) {
            true => self.count().map(Some),
            false => Ok(None),
        }
    }

    /// A number of things, written in digits.
    pub(super) fn count(&mut self) -> Result<u64> {
        if !self.is(TokenKind::Integer) {
            return Err(self.expected("a number"));
        }
        let (span, text) = (self.span(), self.text(0));
        let number = text.replace('_', "").parse();
        self.at += 1;
        number.map_err(|_| {
            let message = format!("the number {} is out of range", shortened(text));
            self.source.invalid(message, span)
        })
    }
}

/// Whether a number starts with such a token.
fn is_number(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Integer | TokenKind::Float | TokenKind::Minus | TokenKind::Plus | TokenKind::Dot
    )
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{clauses, failure};

    #[test]
    fn selectors_and_modes() {
        for (text, expected) in [
            (
                "MATCH ANY (a)-->+(b) RETURN 1",
                "MATCH ANY 1 (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH ANY 3 (a)-->+(b) RETURN 1",
                "MATCH ANY 3 (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH ALL (a)-->+(b) RETURN 1",
                "MATCH ALL (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH ANY SHORTEST (a)-->+(b) RETURN 1",
                "MATCH ANY SHORTEST (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH ALL SHORTEST (a)-->+(b) RETURN 1",
                "MATCH ALL SHORTEST (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH SHORTEST 2 (a)-->+(b) RETURN 1",
                "MATCH SHORTEST 2 (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH SHORTEST 2 PATHS (a)-->+(b) RETURN 1",
                "MATCH SHORTEST 2 (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH SHORTEST 2 GROUPS (a)-->+(b) RETURN 1",
                "MATCH SHORTEST 2 GROUPS (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH SHORTEST GROUP (a)-->+(b) RETURN 1",
                "MATCH SHORTEST 1 GROUPS (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH WALK (a)-->+(b) RETURN 1",
                "MATCH WALK (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH TRAIL (a)-->+(b) RETURN 1",
                "MATCH TRAIL (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH ACYCLIC PATH (a)-->+(b) RETURN 1",
                "MATCH ACYCLIC (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH SIMPLE (a)-->+(b) RETURN 1",
                "MATCH SIMPLE (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH p = ANY SHORTEST TRAIL (a)-->+(b) RETURN 1",
                "MATCH p = ANY SHORTEST TRAIL (a)-[]->{1,}(b) RETURN 1",
            ),
            ("MATCH any = (a) RETURN 1", "MATCH any = (a) RETURN 1"),
            ("MATCH walk = (a) RETURN 1", "MATCH walk = (a) RETURN 1"),
        ] {
            assert_eq!(clauses(text), expected, "{text}");
        }
    }

    #[test]
    fn wrong_counts_are_refused() {
        for (text, expected) in [
            (
                "MATCH SHORTEST 0 (a)-->(b) RETURN 1",
                "the number of paths must be positive",
            ),
            (
                "MATCH SHORTEST (a)-->(b) RETURN 1",
                "syntax error: unexpected `(`; expected a number of paths or GROUPS",
            ),
            (
                "MATCH (a)-->{3,1}(b) RETURN 1",
                "the upper bound of a quantifier is less than the lower one",
            ),
            (
                "MATCH (a)-[*-1]->(b) RETURN 1",
                "syntax error: unexpected `-`; expected a number of hops, which is not negative, or `]`",
            ),
            (
                "MATCH (a)-[*99999999999999999999]->(b) RETURN 1",
                "the number 99999999999999999999 is out of range",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
