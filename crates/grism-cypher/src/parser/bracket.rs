//! What square brackets hold, found out before it is read: a list, a list comprehension or a pattern comprehension.

use super::cursor::{CasePart, Parser};
use super::lexer::TokenKind;
use super::walk::Walk;

/// What stands between square brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    List,
    ListComprehension,
    PatternComprehension,
}

impl Parser<'_> {
    /// What the square bracket here holds.
    pub(super) fn bracket_holds(&self) -> Held {
        let binds = self.is_name(1) && self.is_word(2, "IN");
        let has_bar = self.tokens.bracket(self.at).last_bar.is_some();
        if binds && !self.has_elements() {
            Held::ListComprehension
        } else if has_bar
            && self.starts_named_path(1)
            && !self.is_path_operand()
            && !self.has_elements()
        {
            Held::PatternComprehension
        } else {
            Held::List
        }
    }

    /// Whether a path of a comprehension, and no expression, starts so many places further on.
    fn starts_named_path(&self, ahead: usize) -> bool {
        let is_named = self.is_name(ahead) && self.kind(ahead + 1) == Some(TokenKind::Equal);
        self.starts_path(if is_named { ahead + 2 } else { ahead })
    }

    fn starts_path(&self, ahead: usize) -> bool {
        let functions = ["shortestPath", "allShortestPaths"];
        if functions.iter().any(|word| self.is_word(ahead, word)) {
            return self.kind(ahead + 1) == Some(TokenKind::LeftParenthesis);
        }
        let words = [
            "ANY", "ALL", "SHORTEST", "WALK", "TRAIL", "ACYCLIC", "SIMPLE", "PATH", "PATHS",
            "GROUP", "GROUPS",
        ];
        let is_selector = |ahead: &usize| {
            words.iter().any(|word| self.is_word(*ahead, word))
                || self.kind(*ahead) == Some(TokenKind::Integer)
        };
        // One word before a parenthesis may be the name of a function: `any(x IN l WHERE …)`.
        let selectors = (ahead..).take_while(is_selector).take(words.len()).count();
        let first = ahead + selectors;
        self.kind(first) == Some(TokenKind::LeftParenthesis)
            && (selectors > 1 || self.parenthesis_starts_path(first))
    }

    fn parenthesis_starts_path(&self, ahead: usize) -> bool {
        if self.starts_path_predicate(ahead) {
            return true;
        }
        let Some(close) = self.tokens.bracket(self.at + ahead).close else {
            return false;
        };
        let after = close + 1 - self.at;
        // No expression ends before these.
        self.kind(after) == Some(TokenKind::Bar)
            || self.is_word(after, "WHERE")
            || (self.starts_group(ahead) && self.starts_named_path(ahead + 1))
    }

    /// Whether the path in the square bracket here is an operand of AND, OR or XOR, so that the bar belongs to a label
    /// expression: `[(a)-->(b) AND a:A|B]`.
    fn is_path_operand(&self) -> bool {
        if self.kind(1) != Some(TokenKind::LeftParenthesis) {
            return false;
        }
        let mut ahead = 1;
        // Of nodes, groups, relationships and quantifiers only what stands between their brackets is looked at.
        loop {
            let close = self.tokens.bracket(self.at + ahead).close;
            ahead = match (self.kind(ahead), close) {
                (_, Some(close)) => close + 1 - self.at,
                (
                    Some(
                        TokenKind::Minus
                        | TokenKind::Less
                        | TokenKind::Greater
                        | TokenKind::Plus
                        | TokenKind::Star
                        | TokenKind::Question,
                    ),
                    None,
                ) => ahead + 1,
                _ => break,
            };
        }
        let words = ["AND", "OR", "XOR"];
        words.iter().any(|word| self.is_word(ahead, word))
    }

    /// Whether a comma parts elements of the square bracket here, which it does in no comprehension; a comma between WHEN and
    /// THEN parts none.
    fn has_elements(&self) -> bool {
        if !self.tokens.bracket(self.at).has_comma {
            return false;
        }
        let mut walk = Walk {
            cases: Vec::new(),
            takes_operand: true,
        };
        let mut ahead = 1;
        while let Some(kind) = self.kind(ahead) {
            match kind {
                TokenKind::Comma if walk.cases.last() != Some(&CasePart::When) => return true,
                TokenKind::RightBracket => return false,
                _ => {}
            }
            match self.pass(&mut walk, ahead, Self::starts_case) {
                Some(next) => ahead = next,
                None => return true,
            }
        }
        true
    }
}
