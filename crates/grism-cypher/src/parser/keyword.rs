//! Whether a word where an operand may stand is a name, or a keyword that goes on with the query.

use super::cursor::Parser;
use super::lexer::TokenKind;

/// So many words in a row are looked at, each of which may be a name or a keyword.
const LOOKAHEAD: usize = 16;

impl Parser<'_> {
    /// Whether an operand may start so many places further on, where a word before it is a keyword only then.
    pub(super) fn starts_operand(&self, ahead: usize) -> bool {
        match self.kind(ahead) {
            Some(TokenKind::Word) => !self.is_keyword(ahead),
            Some(
                TokenKind::QuotedName
                | TokenKind::String
                | TokenKind::Integer
                | TokenKind::Float
                | TokenKind::Dollar
                | TokenKind::LeftParenthesis
                | TokenKind::LeftBracket
                | TokenKind::LeftBrace
                | TokenKind::Plus
                | TokenKind::Minus,
            ) => true,
            _ => false,
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
            return self.cases > 0 && self.is_value(next, depth);
        }
        if is_any(&["AS", "SET", "REMOVE", "DELETE", "YIELD", "CALL"]) {
            return self.is_name(next) && !self.goes_on(next, depth - 1);
        }
        if is_any(&["IS"]) {
            return self.is_name(next) && !self.goes_on(next, depth - 1);
        }
        if is_any(&["ASC", "ASCENDING", "DESC", "DESCENDING"]) {
            return self.orders;
        }
        let clauses = ["MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN", "CALL"];
        (is_any(&["STARTS", "ENDS"]) && is_next(&["WITH"]))
            || (is_any(&["ORDER"]) && is_next(&["BY"]))
            || (is_any(&["UNION"]) && (is_next(&["ALL", "DISTINCT"]) || is_next(&clauses)))
            || (is_any(&["OPTIONAL"]) && is_next(&["MATCH", "CALL"]))
            || (is_any(&["DETACH"]) && is_next(&["DELETE"]))
            || (is_any(&["LOAD"]) && is_next(&["CSV"]))
            || (is_any(&["END"]) && self.cases > 0 && !is_next(&["END", "WHEN", "THEN", "ELSE"]))
    }

    /// Whether a value, and no operator, stands so many places further on.
    fn is_value(&self, ahead: usize, depth: usize) -> bool {
        match self.kind(ahead) {
            Some(TokenKind::Word) => !self.goes_on(ahead, depth - 1),
            Some(
                TokenKind::QuotedName
                | TokenKind::String
                | TokenKind::Integer
                | TokenKind::Float
                | TokenKind::Dollar,
            ) => true,
            // The first word is a name before these: `limit - 1`, `skip[0]`, `return(1)`.
            Some(
                TokenKind::LeftParenthesis
                | TokenKind::LeftBracket
                | TokenKind::LeftBrace
                | TokenKind::Plus
                | TokenKind::Minus,
            ) => depth < LOOKAHEAD,
            _ => false,
        }
    }
}
