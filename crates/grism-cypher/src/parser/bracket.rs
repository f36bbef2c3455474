//! What square brackets hold, found out before it is read: a list, a list comprehension or a pattern comprehension.

use super::cursor::{CasePart, Parser};
use super::lexer::TokenKind;

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
        } else if has_bar && self.starts_named_path(1) && !self.has_elements() {
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

    /// Whether a comma parts elements of the square bracket here, which it does in no comprehension; a comma between WHEN and
    /// THEN parts none.
    fn has_elements(&self) -> bool {
        if !self.tokens.bracket(self.at).has_comma {
            return false;
        }
        // Whether the word so many places further on ends the innermost part of a CASE; END may be a name as well.
        let ends = |cases: &[CasePart], ahead: usize| {
            let words = cases.last().map_or(&[][..], |part| part.ends());
            let mut words = words.iter().filter(|word| **word != "END");
            words.any(|word| self.is_word(ahead, word))
        };
        let mut cases: Vec<CasePart> = Vec::new();
        // Where an operand must stand every word is a name, but for NOT and CASE.
        let mut takes_operand = true;
        let mut ahead = 1;
        while let Some(kind) = self.kind(ahead) {
            match kind {
                TokenKind::Comma if cases.last() != Some(&CasePart::When) => return true,
                TokenKind::RightBracket => return false,
                TokenKind::LeftParenthesis | TokenKind::LeftBracket | TokenKind::LeftBrace => {
                    let Some(close) = self.tokens.bracket(self.at + ahead).close else {
                        return true;
                    };
                    ahead = close - self.at;
                    takes_operand = false;
                }
                TokenKind::Dot | TokenKind::Colon if self.is_name(ahead + 1) => {
                    ahead += 1;
                    takes_operand = false;
                }
                TokenKind::Word
                    if takes_operand && self.starts_case(ahead) && !ends(&cases, ahead + 1) =>
                {
                    cases.push(CasePart::Operand);
                    takes_operand = !self.is_word(ahead + 1, "WHEN");
                }
                TokenKind::Word if takes_operand => {
                    let is_labeled = self.is_word(ahead, "LABELED")
                        && ["IS", "NOT"]
                            .iter()
                            .any(|word| self.is_word(ahead - 1, word));
                    let is_prefix = is_labeled || self.is_word(ahead, "NOT");
                    takes_operand =
                        is_prefix && self.starts_operand(ahead + 1) && !ends(&cases, ahead + 1);
                }
                TokenKind::Word => takes_operand = self.word_takes_operand(ahead, &mut cases),
                TokenKind::QuotedName
                | TokenKind::String
                | TokenKind::Integer
                | TokenKind::Float => takes_operand = false,
                TokenKind::Percent => takes_operand = !takes_operand,
                _ => takes_operand = true,
            }
            ahead += 1;
        }
        true
    }

    /// Whether an operand follows the word that stands behind one, so many places further on.
    fn word_takes_operand(&self, ahead: usize, cases: &mut Vec<CasePart>) -> bool {
        let parts = [
            ("WHEN", CasePart::When),
            ("THEN", CasePart::Then),
            ("ELSE", CasePart::Else),
        ];
        if self.is_word(ahead, "END") {
            cases.pop();
            return false;
        }
        let part = parts.iter().find(|(word, _)| self.is_word(ahead, word));
        if let (Some((_, part)), Some(innermost)) = (part, cases.last_mut()) {
            *innermost = *part;
        }
        // The second word of these operators takes it.
        !self.is_word(ahead, "STARTS") && !self.is_word(ahead, "ENDS")
    }
}
