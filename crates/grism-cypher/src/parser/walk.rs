//! A walk over the tokens of an expression before it is read, which tells its operands from its keywords.

use super::cursor::{CasePart, Parser};
use super::lexer::TokenKind;

/// What a walk knows of the tokens that it has passed.
#[derive(Debug)]
pub(super) struct Walk {
    /// The part that is being passed of each CASE that is open, of the innermost last.
    pub(super) cases: Vec<CasePart>,
    /// Whether an operand must stand next, where every word is a name but for NOT and CASE.
    pub(super) takes_operand: bool,
}

impl Parser<'_> {
    /// Passes over what stands so many places further on, a bracket with all that it holds, and gives the place behind it;
    /// `None` at the end of the input and for a bracket that is not closed. `starts_case` tells CASE from a name.
    pub(super) fn pass(
        &self,
        walk: &mut Walk,
        ahead: usize,
        starts_case: fn(&Self, usize) -> bool,
    ) -> Option<usize> {
        let mut last = ahead;
        let next = ahead + 1;
        match self.kind(ahead)? {
            TokenKind::LeftParenthesis | TokenKind::LeftBracket | TokenKind::LeftBrace => {
                last = self.tokens.bracket(self.at + ahead).close? - self.at;
                walk.takes_operand = false;
            }
            TokenKind::Dot | TokenKind::Colon if self.is_name(next) => {
                last = next;
                walk.takes_operand = false;
            }
            // Before WHEN the word is a CASE in every part: `CASE CASE WHEN …`, `THEN CASE WHEN …`.
            TokenKind::Word
                if walk.takes_operand
                    && starts_case(self, ahead)
                    && (self.is_word(next, "WHEN") || !self.ends_part(walk, next)) =>
            {
                walk.cases.push(CasePart::Operand);
                walk.takes_operand = !self.is_word(next, "WHEN");
            }
            TokenKind::Word if walk.takes_operand => {
                let is_labeled = self.is_word(ahead, "LABELED")
                    && ["IS", "NOT"]
                        .iter()
                        .any(|word| self.is_word(ahead - 1, word));
                let is_prefix = is_labeled || self.is_word(ahead, "NOT");
                walk.takes_operand =
                    is_prefix && self.starts_operand(next) && !self.ends_part(walk, next);
            }
            TokenKind::Word => {
                walk.takes_operand = self.word_takes_operand(ahead, &mut walk.cases);
            }
            TokenKind::QuotedName | TokenKind::String | TokenKind::Integer | TokenKind::Float => {
                walk.takes_operand = false;
            }
            TokenKind::Percent => walk.takes_operand = !walk.takes_operand,
            _ => walk.takes_operand = true,
        }
        Some(last + 1)
    }

    /// Whether the word so many places further on ends the innermost part of a CASE; END may be a name as well.
    fn ends_part(&self, walk: &Walk, ahead: usize) -> bool {
        let words = walk.cases.last().map_or(&[][..], |part| part.ends());
        let mut words = words.iter().filter(|word| **word != "END");
        words.any(|word| self.is_word(ahead, word))
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
