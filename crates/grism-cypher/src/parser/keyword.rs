//! Whether a word where an operand may stand is a name, or a keyword that goes on with the query.

use super::clause::CLAUSES;
use super::cursor::{CasePart, Parser};
use super::lexer::TokenKind;

/// So many words in a row are looked at, each of which may be a name or a keyword.
const LOOKAHEAD: usize = 16;

impl Parser<'_> {
    /// Whether an operand may start so many places further on, where a word before it is a keyword only then.
    pub(super) fn starts_operand(&self, ahead: usize) -> bool {
        match self.kind(ahead) {
            Some(TokenKind::Word) => !self.is_keyword(ahead),
            _ => self.is_plain_operand(ahead) || self.is_bracket_or_sign(ahead),
        }
    }

    /// Whether the word so many places further on follows an expression, so that it is no operand itself.
    pub(super) fn is_keyword(&self, ahead: usize) -> bool {
        self.goes_on(ahead, LOOKAHEAD)
    }

    /// As [`Self::is_keyword`]: a word is a keyword where that fits what follows it, and the words that follow are names or
    /// keywords by the same rule.
    fn goes_on(&self, ahead: usize, depth: usize) -> bool {
        if depth == 0 || self.kind(ahead) != Some(TokenKind::Word) {
            return false;
        }
        let next = ahead + 1;
        let is_any = |words: &[&str]| words.iter().any(|word| self.is_word(ahead, word));
        let is_next = |words: &[&str]| words.iter().any(|word| self.is_word(next, word));
        if is_any(&["IN"]) && depth == LOOKAHEAD && self.kind(next) == Some(TokenKind::LeftBracket)
        {
            return true;
        }
        if is_any(&["INSERT"]) {
            return self.kind(next) == Some(TokenKind::LeftParenthesis);
        }
        if is_any(&["CALL"]) && self.starts_called_subquery(next) {
            return true;
        }
        if is_any(&["MATCH", "MERGE", "CREATE", "FOREACH"]) {
            return self.kind(next) == Some(TokenKind::LeftParenthesis)
                || (self.is_name(next) && self.kind(next + 1) == Some(TokenKind::Equal))
                || (is_next(&[
                    "ANY", "ALL", "SHORTEST", "WALK", "TRAIL", "ACYCLIC", "SIMPLE",
                ]) && self.kind(next + 1) != Some(TokenKind::Dot))
                || is_next(&["shortestPath", "allShortestPaths"]);
        }
        if self.kind(next) == Some(TokenKind::Dot) {
            return false;
        }
        if is_any(&[
            "AND", "OR", "XOR", "IN", "CONTAINS", "SKIP", "OFFSET", "LIMIT", "WHERE", "UNWIND",
        ]) {
            return self.is_value(next, depth);
        }
        if is_any(&["WITH", "RETURN"]) {
            let lists_all = self.kind(next) == Some(TokenKind::Star)
                && match self.kind(next + 1) {
                    Some(TokenKind::Word) => self.goes_on(next + 1, depth - 1),
                    Some(TokenKind::Comma | TokenKind::Semicolon | TokenKind::RightBrace)
                    | None => true,
                    _ => false,
                };
            return lists_all || self.is_value(next, depth);
        }
        if is_any(&["WHEN", "THEN", "ELSE"]) {
            // Any value may follow, in brackets too: `WHEN case THEN [1]`.
            return self.ends_part_of_case(ahead) && self.is_value(next, depth.min(LOOKAHEAD - 1));
        }
        if is_any(&["END"]) {
            return self.ends_part_of_case(ahead) && !self.follows_operand(next);
        }
        if is_any(&["AS", "SET", "REMOVE", "DELETE", "YIELD", "CALL"]) {
            return self.is_name(next) && !self.goes_on(next, depth - 1);
        }
        if is_any(&["IS"]) {
            return match self.kind(next) {
                Some(TokenKind::Word) => !self.goes_on(next, depth - 1),
                Some(TokenKind::QuotedName | TokenKind::Bang | TokenKind::LeftParenthesis) => true,
                // The first word is a name before these: `is % 2`, `is:Label`.
                Some(TokenKind::Percent | TokenKind::Colon) => depth < LOOKAHEAD,
                _ => false,
            };
        }
        if is_any(&["ASC", "ASCENDING", "DESC", "DESCENDING"]) {
            return self.around.orders;
        }
        (is_any(&["STARTS", "ENDS"]) && is_next(&["WITH"]))
            || (is_any(&["ORDER"]) && is_next(&["BY"]))
            || (is_any(&["UNION"])
                && (is_next(&["ALL", "DISTINCT"]) || is_next(&CLAUSES) || is_next(&["INSERT"])))
            || (is_any(&["ON"]) && is_next(&["CREATE", "MATCH"]) && self.is_word(next + 1, "SET"))
            || (is_any(&["NULLS"]) && self.around.orders && is_next(&["FIRST", "LAST"]))
            || (is_any(&["OPTIONAL"]) && is_next(&["MATCH", "CALL"]))
            || (is_any(&["DETACH", "NODETACH"]) && is_next(&["DELETE"]))
            || (is_any(&["LOAD"]) && is_next(&["CSV", "FROM"]))
    }

    /// Whether the word so many places further on ends the part of CASE that is being read.
    fn ends_part_of_case(&self, ahead: usize) -> bool {
        let words = self.around.case.map_or(&[][..], CasePart::ends);
        words.iter().any(|word| self.is_word(ahead, word))
    }

    /// Whether what stands so many places further on follows an operand within CASE, so that END before it is a name.
    fn follows_operand(&self, ahead: usize) -> bool {
        match self.kind(ahead) {
            Some(TokenKind::Word) => {
                let words = ["END", "WHEN", "THEN", "ELSE"];
                words.iter().any(|word| self.is_word(ahead, word))
            }
            Some(
                TokenKind::Equal
                | TokenKind::NotEqual
                | TokenKind::Less
                | TokenKind::LessOrEqual
                | TokenKind::Greater
                | TokenKind::GreaterOrEqual
                | TokenKind::RegexMatch
                | TokenKind::Plus
                | TokenKind::BarBar
                | TokenKind::Minus
                | TokenKind::Star
                | TokenKind::Slash
                | TokenKind::Percent
                | TokenKind::Caret
                | TokenKind::LeftBracket
                | TokenKind::Colon,
            ) => true,
            _ => false,
        }
    }

    /// Whether `{ query }`, or `(imports) { query }`, stands so many places further on.
    fn starts_called_subquery(&self, ahead: usize) -> bool {
        match self.kind(ahead) {
            Some(TokenKind::LeftBrace) => {
                let is_empty = self.kind(ahead + 1) == Some(TokenKind::RightBrace);
                !is_empty && !self.starts_map_items(ahead + 1)
            }
            Some(TokenKind::LeftParenthesis) => {
                let close = self.tokens.bracket(self.at + ahead).close;
                close.is_some_and(|close| {
                    self.kind(close + 1 - self.at) == Some(TokenKind::LeftBrace)
                })
            }
            _ => false,
        }
    }

    /// Whether the items of a map, and no clause, stand so many places further on.
    pub(super) fn starts_map_items(&self, ahead: usize) -> bool {
        let parts = [TokenKind::Colon, TokenKind::Comma];
        let is_item = self.is_name(ahead)
            && self
                .kind(ahead + 1)
                .is_some_and(|kind| parts.contains(&kind));
        is_item || self.kind(ahead) == Some(TokenKind::Dot)
    }

    /// Whether a literal, a parameter or a name in backticks stands so many places further on.
    pub(super) fn is_plain_operand(&self, ahead: usize) -> bool {
        matches!(
            self.kind(ahead),
            Some(
                TokenKind::QuotedName
                    | TokenKind::String
                    | TokenKind::Integer
                    | TokenKind::Float
                    | TokenKind::Dollar
            )
        )
    }

    /// Whether an opening bracket or a sign stands so many places further on.
    pub(super) fn is_bracket_or_sign(&self, ahead: usize) -> bool {
        matches!(
            self.kind(ahead),
            Some(
                TokenKind::LeftParenthesis
                    | TokenKind::LeftBracket
                    | TokenKind::LeftBrace
                    | TokenKind::Plus
                    | TokenKind::Minus
            )
        )
    }

    /// Whether a value, and no operator, stands so many places further on.
    fn is_value(&self, ahead: usize, depth: usize) -> bool {
        match self.kind(ahead) {
            Some(TokenKind::Word) => !self.goes_on(ahead, depth - 1),
            _ if self.is_plain_operand(ahead) => true,
            // The first word is a name before these: `limit - 1`, `skip[0]`, `return(1)`.
            _ => self.is_bracket_or_sign(ahead) && depth < LOOKAHEAD,
        }
    }
}
