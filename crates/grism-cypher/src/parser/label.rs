//! Label and type expressions: names, `%`, `!`, `&`, `|`, parentheses, and `:` between names.

use grism_core::Result;

use super::cursor::Parser;
use super::dialect::refused;
use super::lexer::TokenKind;
use crate::syntax::{LabelExpression, LabelKind, Span};

impl Parser<'_> {
    /// A label expression, after its first `:` or IS.
    pub(super) fn label_expression(&mut self) -> Result<LabelExpression> {
        let start = self.span();
        let mut parts = vec![self.label_conjunction()?];
        // `|` and, as older Cypher writes it, `|:`.
        while self.is(TokenKind::Bar) && self.around.bar != Some(self.at) {
            self.at += 1;
            self.take(TokenKind::Colon);
            parts.push(self.label_conjunction()?);
        }
        Ok(joined(parts, LabelKind::Or, self.since(start)))
    }

    /// Whether a label expression starts so many places further on, where a word before it is a keyword only then.
    pub(super) fn starts_label(&self, ahead: usize) -> bool {
        match self.kind(ahead) {
            Some(TokenKind::Word) => !self.is_keyword(ahead),
            Some(
                TokenKind::QuotedName
                | TokenKind::Bang
                | TokenKind::Percent
                | TokenKind::Colon
                | TokenKind::LeftParenthesis,
            ) => true,
            _ => false,
        }
    }

    fn label_conjunction(&mut self) -> Result<LabelExpression> {
        let start = self.span();
        let mut parts = vec![self.label_factor()?];
        while self.take(TokenKind::Ampersand) || self.take(TokenKind::Colon) {
            parts.push(self.label_factor()?);
        }
        Ok(joined(parts, LabelKind::And, self.since(start)))
    }

    fn label_factor(&mut self) -> Result<LabelExpression> {
        let start = self.span();
        let mut negations = 0usize;
        while self.take(TokenKind::Bang) {
            negations += 1;
        }
        let mut found = if self.take(TokenKind::Percent) {
            LabelExpression {
                kind: LabelKind::Wildcard,
                span: self.since(start),
            }
        } else if self.take(TokenKind::LeftParenthesis) {
            let outer = std::mem::take(&mut self.around);
            let inner = self.nested(Self::label_expression);
            self.around = outer;
            let inner = inner?;
            self.expect(
                TokenKind::RightParenthesis,
                "`&`, `|` or `)` of a label expression",
            )?;
            inner
        } else if self.is(TokenKind::Dollar) {
            let instead = "a label is written out; test computed ones with $label IN labels(n)";
            return Err(refused(self, "a label computed by $", instead, self.span()));
        } else {
            let name = self.name(match self.is(TokenKind::String) {
                true => "a label or a type, which is a name without quotes",
                false => "a label or a type",
            })?;
            LabelExpression {
                span: name.span,
                kind: LabelKind::Name(name),
            }
        };
        // Two negations are none.
        if negations % 2 == 1 {
            found = LabelExpression {
                kind: LabelKind::Not(Box::new(found)),
                span: self.since(start),
            };
        }
        Ok(found)
    }
}

fn joined(
    mut parts: Vec<LabelExpression>,
    kind: fn(Vec<LabelExpression>) -> LabelKind,
    span: Span,
) -> LabelExpression {
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => LabelExpression {
            kind: kind(parts),
            span,
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{clauses, expression, failure};

    #[test]
    fn label_expressions_nest_and_mix() {
        for (text, expected) in [
            ("MATCH (n:A) RETURN 1", "MATCH (n:A) RETURN 1"),
            ("MATCH (n:A:B:C) RETURN 1", "MATCH (n:(A & B & C)) RETURN 1"),
            ("MATCH (n:A|B|C) RETURN 1", "MATCH (n:(A | B | C)) RETURN 1"),
            (
                "MATCH (n:A&B|C) RETURN 1",
                "MATCH (n:((A & B) | C)) RETURN 1",
            ),
            (
                "MATCH (n:(A|B)&!C) RETURN 1",
                "MATCH (n:((A | B) & !C)) RETURN 1",
            ),
            ("MATCH (:%&A|B) RETURN 1", "MATCH (:((% & A) | B)) RETURN 1"),
            ("MATCH (n:!%) RETURN 1", "MATCH (n:!%) RETURN 1"),
            ("MATCH (n:!!A) RETURN 1", "MATCH (n:A) RETURN 1"),
            ("MATCH (n:!!!A) RETURN 1", "MATCH (n:!A) RETURN 1"),
            ("MATCH (n:!(A|B)) RETURN 1", "MATCH (n:!(A | B)) RETURN 1"),
            ("MATCH (n:((A))) RETURN 1", "MATCH (n:A) RETURN 1"),
            (
                "MATCH ()-[:R|!(S|T)]->() RETURN 1",
                "MATCH ()-[:(R | !(S | T))]->() RETURN 1",
            ),
            (
                "MATCH ()-[:R|:S]->() RETURN 1",
                "MATCH ()-[:(R | S)]->() RETURN 1",
            ),
            (
                "MATCH ()-[:!R&!S*1..2]->() RETURN 1",
                "MATCH ()-[:(!R & !S)]->{1,2}() RETURN 1",
            ),
            (
                "MATCH (n:`A B`|match) RETURN 1",
                "MATCH (n:(A B | match)) RETURN 1",
            ),
        ] {
            assert_eq!(clauses(text), expected, "{text}");
        }
    }

    #[test]
    fn labels_are_tested_in_expressions() {
        for (text, expected) in [
            ("n:A|B", "(n IS (A | B))"),
            ("n:(A|B)&!C", "(n IS ((A | B) & !C))"),
            ("NOT n:A", "(NOT (n IS A))"),
            ("n:A = m:B", "((n IS A) = (m IS B))"),
            ("n:% OR n:!A", "((n IS %) OR (n IS !A))"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn wrong_labels_are_refused() {
        for (text, expected) in [
            (
                "MATCH (n:) RETURN n",
                "syntax error: unexpected `)`; expected a label or a type",
            ),
            (
                "MATCH (n:'A') RETURN n",
                "syntax error: unexpected 'A'; expected a label or a type, which is a name without quotes",
            ),
            (
                "MATCH (n:$(x)) RETURN n",
                "a label computed by $ is not supported: a label is written out; test computed ones with $label IN labels(n)",
            ),
            (
                "MATCH (n:(A RETURN n",
                "syntax error: unexpected `RETURN`; expected `&`, `|` or `)` of a label expression",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
