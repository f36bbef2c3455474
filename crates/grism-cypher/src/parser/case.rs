//! Whether CASE and WHEN are keywords or names, where both may stand.

use super::cursor::{CasePart, Parser};
use super::lexer::TokenKind;
use super::message::OPERATORS;
use super::walk::Walk;

/// An operand of CASE that is longer is not looked through.
const LONGEST: usize = 64;

/// So many CASEs within each other are looked through.
const DEEPEST: usize = 8;

impl Parser<'_> {
    /// Whether CASE starts so many places further on, and no variable or function of that name.
    pub(super) fn starts_case(&self, ahead: usize) -> bool {
        self.may_start_case(ahead)
            && (!self.stands_behind_case(ahead) || self.is_whole_operand(ahead))
    }

    /// Whether CASE may start so many places further on, whatever stands before it.
    fn may_start_case(&self, ahead: usize) -> bool {
        if !self.is_word(ahead, "CASE") {
            return false;
        }
        let next = ahead + 1;
        if self.is_word(next, "WHEN") || (self.is_name(next) && self.is_word(next + 1, "WHEN")) {
            return true;
        }
        match self.kind(next) {
            // `case(x)` and `case - 1` are no CASE unless a WHEN follows, and neither is `case END`.
            _ if self.is_bracket_or_sign(next) => self.comes_to_when(next),
            Some(TokenKind::Word) if self.is_word(next, "END") => {
                self.kind(next + 1) != Some(TokenKind::Word) && self.comes_to_when(next)
            }
            _ => self.starts_operand(next),
        }
    }

    /// Whether WHEN follows what stands so many places further on, before anything that ends an expression.
    fn comes_to_when(&self, ahead: usize) -> bool {
        let ends = [
            TokenKind::Comma,
            TokenKind::Semicolon,
            TokenKind::RightParenthesis,
            TokenKind::RightBracket,
            TokenKind::RightBrace,
        ];
        let mut ahead = ahead;
        for _ in 0..LONGEST {
            let close = self.tokens.bracket(self.at + ahead).close;
            ahead = close.map_or(ahead + 1, |close| close + 1 - self.at);
            if self.is_word(ahead, "WHEN") {
                return true;
            }
            if self.kind(ahead).is_none_or(|kind| ends.contains(&kind)) {
                return false;
            }
        }
        false
    }

    /// Whether the token right before the one so many places further on is the word CASE.
    fn stands_behind_case(&self, ahead: usize) -> bool {
        let before = (self.at + ahead).checked_sub(1);
        let before = before.and_then(|at| self.tokens.tokens.get(at));
        before.is_some_and(|token| {
            token.kind == TokenKind::Word
                && self.source.slice(token.span).eq_ignore_ascii_case("CASE")
        })
    }

    /// Whether the CASE so many places further on, right behind another, has an END of its own with a WHEN of the other one
    /// behind it: in `CASE case WHEN 1 THEN 2 END` the second is a name.
    fn is_whole_operand(&self, ahead: usize) -> bool {
        let next = ahead + 1;
        if self.starts_plain_operand(next) {
            return true;
        }
        let walk = Walk {
            cases: vec![CasePart::Operand],
            takes_operand: !self.is_word(next, "WHEN"),
        };
        self.comes_to_outer_when(walk, next)
    }

    /// Whether the WHEN here, right behind CASE, is the name that starts the operand, and no alternative.
    pub(super) fn when_is_operand(&self) -> bool {
        // `CASE when WHEN 1 THEN …`, but `CASE WHEN when THEN …` and `CASE WHEN when = 1 THEN …`.
        if self.is_word(1, "WHEN") {
            let is_condition = self.is_word(2, "THEN");
            return self.is_word(2, "WHEN") || (self.starts_plain_operand(2) && !is_condition);
        }
        // No function is called `when`.
        if self.starts_plain_operand(1) || self.kind(1) == Some(TokenKind::LeftParenthesis) {
            return false;
        }
        let walk = Walk {
            cases: Vec::new(),
            takes_operand: false,
        };
        self.comes_to_outer_when(walk, 1)
    }

    /// Whether what stands so many places further on starts an operand, and cannot go on with the one before it.
    fn starts_plain_operand(&self, ahead: usize) -> bool {
        match self.kind(ahead) {
            Some(TokenKind::Word) => !self.is_word(ahead, "WHEN") && !self.is_operator(ahead),
            _ => self.is_plain_operand(ahead),
        }
    }

    fn is_operator(&self, ahead: usize) -> bool {
        OPERATORS.iter().any(|word| self.is_word(ahead, word))
    }

    /// Whether the expression that goes on so many places further on is followed by WHEN, outside of every CASE that the walk
    /// has open or comes to. In an expression that is too long the answer is whether the walk's CASE was not closed.
    fn comes_to_outer_when(&self, mut walk: Walk, ahead: usize) -> bool {
        let mut ahead = ahead;
        let mut is_closed = walk.cases.is_empty();
        for _ in 0..LONGEST {
            let Some(kind) = self.kind(ahead) else {
                return false;
            };
            match kind {
                TokenKind::Comma if walk.cases.last() != Some(&CasePart::When) => return false,
                TokenKind::Semicolon
                | TokenKind::RightParenthesis
                | TokenKind::RightBracket
                | TokenKind::RightBrace => return false,
                // WITH is the second word of STARTS WITH.
                TokenKind::Word
                    if walk.cases.is_empty()
                        && !walk.takes_operand
                        && !self.is_operator(ahead)
                        && !self.is_word(ahead, "WITH") =>
                {
                    return self.is_word(ahead, "WHEN");
                }
                _ => {}
            }
            // Not `starts_case`, which would look through the same CASEs once for each that stands around them.
            match self.pass(&mut walk, ahead, Self::may_start_case) {
                Some(next) if walk.cases.len() <= DEEPEST => ahead = next,
                _ => break,
            }
            is_closed |= walk.cases.is_empty();
        }
        !is_closed
    }
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::expression;

    #[test]
    fn the_operand_of_a_case_may_be_named_case() {
        for (text, expected) in [
            ("CASE case WHEN 1 THEN 2 END", "CASE case WHEN 1 THEN 2 END"),
            (
                "CASE case + 1 WHEN 1 THEN case END",
                "CASE (case + 1) WHEN 1 THEN case END",
            ),
            (
                "CASE case WHEN case THEN 2 END + CASE WHEN a THEN b END",
                "(CASE case WHEN case THEN 2 END + CASE WHEN a THEN b END)",
            ),
            (
                "CASE WHEN a THEN CASE case WHEN 1 THEN 2 END ELSE 3 END",
                "CASE WHEN a THEN CASE case WHEN 1 THEN 2 END ELSE 3 END",
            ),
            (
                "[x IN l | CASE case WHEN 1, 2 THEN 3 END]",
                "[x IN l | CASE case WHEN 1, 2 THEN 3 END]",
            ),
            (
                "[x IN case WHERE CASE case WHEN 1 THEN true END | CASE WHEN a THEN b END]",
                "[x IN case WHERE CASE case WHEN 1 THEN TRUE END | CASE WHEN a THEN b END]",
            ),
            (
                "[CASE case WHEN 1 THEN 2 END, CASE WHEN a THEN b END]",
                "[CASE case WHEN 1 THEN 2 END, CASE WHEN a THEN b END]",
            ),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn the_operand_of_a_case_may_be_a_case() {
        for (text, expected) in [
            (
                "CASE CASE WHEN a THEN 1 END WHEN 1 THEN 2 END",
                "CASE CASE WHEN a THEN 1 END WHEN 1 THEN 2 END",
            ),
            (
                "CASE CASE WHEN a THEN CASE WHEN b THEN 1 END END + 1 WHEN 1 THEN 2 END",
                "CASE (CASE WHEN a THEN CASE WHEN b THEN 1 END END + 1) WHEN 1 THEN 2 END",
            ),
            (
                "CASE CASE -a WHEN 1, 2 THEN 'b' END STARTS WITH 'b' WHEN true THEN 2 END",
                r#"CASE (CASE (-a) WHEN 1, 2 THEN "b" END STARTS WITH "b") WHEN TRUE THEN 2 END"#,
            ),
            (
                "[x IN l | CASE CASE WHEN a THEN 1 END WHEN 1, 2 THEN 3 END]",
                "[x IN l | CASE CASE WHEN a THEN 1 END WHEN 1, 2 THEN 3 END]",
            ),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn the_operand_of_a_case_may_be_named_when() {
        for (text, expected) in [
            ("CASE when WHEN 1 THEN 2 END", "CASE when WHEN 1 THEN 2 END"),
            (
                "CASE when WHEN when THEN when END",
                "CASE when WHEN when THEN when END",
            ),
            (
                "CASE when + 0 WHEN 1, 2 THEN 1 END",
                "CASE (when + 0) WHEN 1, 2 THEN 1 END",
            ),
            (
                "CASE when.a = 1 WHEN true THEN 1 END",
                "CASE (when.a = 1) WHEN TRUE THEN 1 END",
            ),
            (
                "CASE when IS NULL WHEN true THEN 1 END",
                "CASE (when IS NULL) WHEN TRUE THEN 1 END",
            ),
            ("CASE WHEN when THEN 1 END", "CASE WHEN when THEN 1 END"),
            (
                "CASE WHEN when + 1 = 2 THEN when END",
                "CASE WHEN ((when + 1) = 2) THEN when END",
            ),
            (
                "CASE WHEN -1 < a THEN 1 WHEN when THEN 2 END",
                "CASE WHEN ((-1) < a) THEN 1 WHEN when THEN 2 END",
            ),
            (
                "CASE WHEN -CASE a WHEN 1 THEN 2 END < 0 THEN 1 END",
                "CASE WHEN ((-CASE a WHEN 1 THEN 2 END) < 0) THEN 1 END",
            ),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }
}
