//! Expressions that bind a variable for a part of themselves, CASE, and map projections.

use grism_core::{Error, Result};
use grism_logical::Quantifier;

use super::bracket::Held;
use super::cursor::{CasePart, Parser};
use super::lexer::TokenKind;
use super::message::did_you_mean;
use crate::syntax::{
    CaseAlternative, CaseExpression, Expr, ExprKind, ListComprehension, MapProjection,
    MapProjectionItem, PatternComprehension, Quantified, Reduce,
};

impl Parser<'_> {
    /// What square brackets hold: a list, a list comprehension or a pattern comprehension.
    pub(super) fn bracketed(&mut self) -> Result<Expr> {
        let start = self.span();
        let bracket = self.tokens.bracket(self.at);
        let outer = std::mem::take(&mut self.around);
        let holds = self.bracket_holds();
        self.at += 1;
        let (kind, below) = self.measured(|parser| {
            match holds {
                Held::ListComprehension => return parser.list_comprehension(bracket.last_bar),
                Held::PatternComprehension => {
                    return parser.pattern_comprehension(bracket.last_bar);
                }
                Held::List => {}
            }
            let mut items = Vec::new();
            if !parser.is(TokenKind::RightBracket) {
                items = parser.comma_separated(Self::expression)?;
            }
            let what = match parser.is(TokenKind::Bar) {
                true => {
                    "an operator, `,` or `]`; a comprehension is written [x IN list WHERE … | …] or [(a)-->(b) WHERE … | …]"
                }
                false => "an operator, `,` or `]`",
            };
            parser.expect(TokenKind::RightBracket, what)?;
            Ok(ExprKind::List(items))
        })?;
        self.around = outer;
        self.above(kind, self.since(start), below)
    }

    fn list_comprehension(&mut self, bar: Option<usize>) -> Result<ExprKind> {
        let variable = self.variable("a variable")?;
        self.expect_word("IN")?;
        self.around.bar = bar;
        let list = Box::new(self.expression()?);
        let predicate = match self.words(&["WHERE"]) {
            true => Some(Box::new(self.expression()?)),
            false => None,
        };
        self.around.bar = None;
        let projection = match self.take(TokenKind::Bar) {
            true => Some(Box::new(self.expression()?)),
            false => None,
        };
        let what = match (&predicate, &projection) {
            (_, Some(_)) => "an operator or `]`",
            (Some(_), None) => "an operator, `|` or `]`",
            (None, None) => "an operator, WHERE, `|` or `]`",
        };
        self.expect(TokenKind::RightBracket, what)?;
        Ok(ExprKind::ListComprehension(ListComprehension {
            variable,
            list,
            predicate,
            projection,
        }))
    }

    fn pattern_comprehension(&mut self, bar: Option<usize>) -> Result<ExprKind> {
        self.around.bar = bar;
        let pattern = self.path_pattern()?;
        let predicate = match self.words(&["WHERE"]) {
            true => Some(self.expression()?),
            false => None,
        };
        self.around.bar = None;
        self.expect(TokenKind::Bar, "WHERE or `|`")?;
        let projection = self.expression()?;
        self.expect(TokenKind::RightBracket, "an operator or `]`")?;
        Ok(ExprKind::PatternComprehension(Box::new(
            PatternComprehension {
                pattern,
                predicate,
                projection,
            },
        )))
    }

    /// The quantifier that starts here; without `name IN` in its parentheses it is a function.
    pub(super) fn starts_quantified(&self) -> Option<Quantifier> {
        if !self.is_name(2) || !self.is_word(3, "IN") {
            return None;
        }
        [
            Quantifier::All,
            Quantifier::Any,
            Quantifier::None,
            Quantifier::Single,
        ]
        .into_iter()
        .find(|quantifier| self.is_word(0, quantifier.as_str()))
    }

    pub(super) fn quantified(&mut self, quantifier: Quantifier) -> Result<Expr> {
        let start = self.span();
        self.at += 2;
        let outer = std::mem::take(&mut self.around);
        let (kind, below) = self.measured(|parser| {
            let variable = parser.variable("a variable")?;
            parser.expect_word("IN")?;
            let list = Box::new(parser.expression()?);
            if !parser.words(&["WHERE"]) {
                return Err(parser.expected_words("an operator or WHERE", &["WHERE"]));
            }
            let predicate = Box::new(parser.expression()?);
            parser.expect(TokenKind::RightParenthesis, "an operator or `)`")?;
            Ok(ExprKind::Quantified(Quantified {
                quantifier,
                variable,
                list,
                predicate,
            }))
        })?;
        self.around = outer;
        self.above(kind, self.since(start), below)
    }

    pub(super) fn reduce(&mut self) -> Result<Expr> {
        let start = self.span();
        let bar = self.tokens.bracket(self.at + 1).last_bar;
        self.at += 2;
        let outer = std::mem::take(&mut self.around);
        let (kind, below) = self.measured(|parser| {
            let accumulator = parser.variable("a variable")?;
            parser.expect(TokenKind::Equal, "`=`")?;
            let initial = Box::new(parser.expression()?);
            parser.expect(TokenKind::Comma, "an operator or `,`")?;
            let variable = parser.variable("a variable")?;
            parser.expect_word("IN")?;
            parser.around.bar = bar;
            let list = Box::new(parser.expression()?);
            parser.around.bar = None;
            parser.expect(TokenKind::Bar, "an operator or `|`")?;
            let step = Box::new(parser.expression()?);
            parser.expect(TokenKind::RightParenthesis, "an operator or `)`")?;
            Ok(ExprKind::Reduce(Reduce {
                accumulator,
                initial,
                variable,
                list,
                step,
            }))
        })?;
        self.around = outer;
        self.above(kind, self.since(start), below)
    }

    pub(super) fn case(&mut self) -> Result<Expr> {
        let start = self.span();
        self.at += 1;
        let outer = self.around.case.replace(CasePart::Operand);
        let (case, below) = self.measured(|parser| {
            let operand = match parser.is_word(0, "WHEN") && !parser.when_is_operand() {
                true => None,
                false => Some(Box::new(parser.expression()?)),
            };
            let mut alternatives = Vec::new();
            while parser.words(&["WHEN"]) {
                parser.around.case = Some(CasePart::When);
                let when = match operand {
                    Some(_) => parser.comma_separated(Self::expression)?,
                    None => vec![parser.expression()?],
                };
                if !parser.words(&["THEN"]) {
                    return Err(parser.expected_words("an operator or THEN", &["THEN"]));
                }
                parser.around.case = Some(CasePart::Then);
                let then = parser.expression()?;
                alternatives.push(CaseAlternative { when, then });
            }
            if alternatives.is_empty() {
                return Err(parser.no_alternative(operand.as_deref()));
            }
            let mut otherwise = None;
            if parser.words(&["ELSE"]) {
                parser.around.case = Some(CasePart::Else);
                otherwise = Some(Box::new(parser.expression()?));
            }
            if !parser.words(&["END"]) {
                let (what, words): (_, &[&str]) = match otherwise {
                    Some(_) => ("an operator or END", &["END"]),
                    None => ("an operator, WHEN, ELSE or END", &["WHEN", "ELSE", "END"]),
                };
                return Err(parser.expected_words(what, words));
            }
            Ok(CaseExpression {
                operand,
                alternatives,
                otherwise,
            })
        })?;
        self.around.case = outer;
        self.above(ExprKind::Case(case), self.since(start), below)
    }

    /// The error for a CASE without WHEN, which may be misspelt and was then read as the operand.
    fn no_alternative(&self, operand: Option<&Expr>) -> Error {
        if let Some(ExprKind::Variable(name)) = operand.map(|operand| &operand.kind) {
            let hint = did_you_mean(&name.text, &["WHEN"]);
            if !hint.is_empty() {
                let message = format!("unexpected `{}`; expected WHEN{hint}", name.text);
                return self.syntax_error(message, name.span);
            }
        }
        self.expected_words("an operator or WHEN", &["WHEN"])
    }

    /// `base {…}`, before the brace.
    pub(super) fn map_projection(&mut self, base: Expr) -> Result<(ExprKind, u16)> {
        let height = base.height;
        let outer = std::mem::take(&mut self.around);
        self.at += 1;
        let (items, below) = self.measured(|parser| match parser.is(TokenKind::RightBrace) {
            true => Ok(Vec::new()),
            false => parser.comma_separated(Self::map_projection_item),
        })?;
        self.expect(TokenKind::RightBrace, "an operator, `,` or `}`")?;
        self.around = outer;
        let base = Box::new(base);
        let kind = ExprKind::MapProjection(MapProjection { base, items });
        Ok((kind, below.max(height)))
    }

    fn map_projection_item(&mut self) -> Result<MapProjectionItem> {
        if self.take(TokenKind::Dot) {
            if self.take(TokenKind::Star) {
                return Ok(MapProjectionItem::AllProperties);
            }
            return self
                .name("the name of a property or `*`")
                .map(MapProjectionItem::Property);
        }
        if self.is_name(0) && !self.are(1, &[TokenKind::Colon]) {
            return self.variable("a variable").map(MapProjectionItem::Variable);
        }
        if !self.is_name(0) {
            return Err(self.expected("`.key`, `.*`, a variable or `key: value`"));
        }
        self.map_entry().map(MapProjectionItem::Entry)
    }
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{expression, failure};

    #[test]
    fn the_last_bar_comes_before_the_projection() {
        for (text, expected) in [
            ("[x IN l]", "[x IN l]"),
            ("[x IN l WHERE x]", "[x IN l WHERE x]"),
            ("[x IN l | y]", "[x IN l | y]"),
            ("[x IN l WHERE x:A | y]", "[x IN l WHERE (x IS A) | y]"),
            (
                "[x IN l WHERE x:A|B | y]",
                "[x IN l WHERE (x IS (A | B)) | y]",
            ),
            (
                "[x IN l WHERE (x:A|B)]",
                "[x IN l WHERE paren((x IS (A | B)))]",
            ),
            ("[x IN [y IN l | y] | x]", "[x IN [y IN l | y] | x]"),
            ("[x IN l | (x:A|B)]", "[x IN l | paren((x IS (A | B)))]"),
            ("[x IN l, y]", "[(x IN l), y]"),
            ("[x IN l AND y]", "[x IN (l AND y)]"),
            ("[(x) IN l]", "[(paren(x) IN l)]"),
            (
                "[x IN l | CASE x WHEN 1, 2 THEN 3 END]",
                "[x IN l | CASE x WHEN 1, 2 THEN 3 END]",
            ),
            (
                "[x IN l WHERE CASE x WHEN 1, 2 THEN a ELSE b END | x]",
                "[x IN l WHERE CASE x WHEN 1, 2 THEN a ELSE b END | x]",
            ),
            (
                "[x IN CASE y WHEN 1, 2 THEN l END, z]",
                "[(x IN CASE y WHEN 1, 2 THEN l END), z]",
            ),
            (
                "[x IN l | CASE CASE y WHEN 1, 2 THEN 3 END WHEN 4, 5 THEN end + 1 WHEN 6, 7 THEN 8 END]",
                "[x IN l | CASE CASE y WHEN 1, 2 THEN 3 END WHEN 4, 5 THEN (end + 1) WHEN 6, 7 THEN 8 END]",
            ),
            ("[x IN case, when, then]", "[(x IN case), when, then]"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn pattern_comprehensions() {
        for (text, expected) in [
            ("[(a)-->(b) | b.x]", "[(a)-[]->(b) | b.x]"),
            (
                "[p = (a)-->(b) WHERE b.x | p]",
                "[p = (a)-[]->(b) WHERE b.x | p]",
            ),
            (
                "[(a)-[:R|S]->(b:A|B) WHERE b:C | b]",
                "[(a)-[:(R | S)]->(b:(A | B)) WHERE (b IS C) | b]",
            ),
            ("[(a)-(b)]", "[(paren(a) - paren(b))]"),
            (
                "[(a)((x)-->(y))+(c) | 1]",
                "[(a)group((x)-[]->(y)){1,}(c) | 1]",
            ),
            (
                "[p = (a)((x)-->(y) WHERE x:A|B){1,2}(c) WHERE c:C | p]",
                "[p = (a)group((x)-[]->(y) WHERE (x IS (A | B))){1,2}(c) WHERE (c IS C) | p]",
            ),
            (
                "[(a)-->(b) | CASE b.x WHEN 1, 2 THEN 3 END]",
                "[(a)-[]->(b) | CASE b.x WHEN 1, 2 THEN 3 END]",
            ),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn lists_hold_label_tests_with_bars() {
        for (text, expected) in [
            ("[(n.x + 1), n:A|B]", "[paren((n.x + 1)), (n IS (A | B))]"),
            ("[(n), n:A|B]", "[paren(n), (n IS (A | B))]"),
            ("[x = (y), n:A|B]", "[(x = paren(y)), (n IS (A | B))]"),
            ("[simple, n:A|B]", "[simple, (n IS (A | B))]"),
            (
                "[any(y IN l WHERE y = 1), n:A|B]",
                "[any(y IN l WHERE (y = 1)), (n IS (A | B))]",
            ),
            (
                "[all(y IN l WHERE y = 1) AND n:A|B]",
                "[(all(y IN l WHERE (y = 1)) AND (n IS (A | B)))]",
            ),
            (
                "[(a)-->(b) AND a:A|B]",
                "[(pattern((a)-[]->(b)) AND (a IS (A | B)))]",
            ),
            (
                "[(a)-[:R*1..2]->(b) OR a:A|B, 1]",
                "[(pattern((a)-[:R]->{1,2}(b)) OR (a IS (A | B))), 1]",
            ),
            (
                "[(x) + CASE n:A|B WHEN true THEN 1 END]",
                "[(paren(x) + CASE (n IS (A | B)) WHEN TRUE THEN 1 END)]",
            ),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn quantifiers_and_reduce() {
        for (text, expected) in [
            ("all(x IN l WHERE x)", "all(x IN l WHERE x)"),
            (
                "ANY (x IN l WHERE x:A|B)",
                "any(x IN l WHERE (x IS (A | B)))",
            ),
            (
                "none(x IN l WHERE x) OR single(x IN l WHERE x)",
                "(none(x IN l WHERE x) OR single(x IN l WHERE x))",
            ),
            (
                "reduce(s = 0, x IN l | s + x)",
                "reduce(s = 0, x IN l | (s + x))",
            ),
            ("reduce(s)", "reduce(s)"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn case_stands_beside_names_and_functions() {
        for (text, expected) in [
            ("CASE WHEN a THEN b END", "CASE WHEN a THEN b END"),
            (
                "CASE a WHEN 1, 2 THEN b ELSE c END",
                "CASE a WHEN 1, 2 THEN b ELSE c END",
            ),
            ("case", "case"),
            (
                "CASE WHEN end > 3 THEN end + 1 ELSE size(end) END",
                "CASE WHEN (end > 3) THEN (end + 1) ELSE size(end) END",
            ),
            (
                "CASE WHEN NOT end = 1 THEN [start, end] END",
                "CASE WHEN (NOT (end = 1)) THEN [start, end] END",
            ),
            (
                "CASE WHEN [NOT end] THEN NOT end = 1 ELSE NOT end END",
                "CASE WHEN [(NOT end)] THEN (NOT (end = 1)) ELSE (NOT end) END",
            ),
            (
                "CASE end WHEN end THEN end ELSE end END",
                "CASE end WHEN end THEN end ELSE end END",
            ),
            (
                "CASE WHEN a THEN CASE WHEN b THEN end END END",
                "CASE WHEN a THEN CASE WHEN b THEN end END END",
            ),
            ("case + 1", "(case + 1)"),
            ("case - 1", "(case - 1)"),
            ("case(1)", "case(1)"),
            ("case.a", "case.a"),
            ("[case, 1]", "[case, 1]"),
            (
                "CASE (a) WHEN 1 THEN 2 END",
                "CASE paren(a) WHEN 1 THEN 2 END",
            ),
            ("CASE -a WHEN 1 THEN 2 END", "CASE (-a) WHEN 1 THEN 2 END"),
            (
                "CASE [1][0] WHEN 1 THEN 2 END",
                "CASE [1][0] WHEN 1 THEN 2 END",
            ),
            (
                "CASE WHEN exists(1) THEN collect(c) ELSE CASE WHEN true THEN 2 END END",
                "CASE WHEN exists(1) THEN collect(c) ELSE CASE WHEN TRUE THEN 2 END END",
            ),
            (
                "case(1), CASE WHEN a THEN b END",
                "case(1), CASE WHEN a THEN b END",
            ),
            (
                "CASE a.b WHEN x THEN y END.c",
                "CASE a.b WHEN x THEN y END.c",
            ),
            (
                "f(CASE WHEN a THEN b END, exists(c))",
                "f(CASE WHEN a THEN b END, exists(c))",
            ),
            (
                "CASE a = b WHEN true THEN 1 END",
                "CASE (a = b) WHEN TRUE THEN 1 END",
            ),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn map_projections() {
        for (text, expected) in [
            ("n {.a, .*, b, c: 1}", "n{.a, .*, b, c: 1}"),
            ("n {}", "n{}"),
            ("n.m {.a}", "n.m{.a}"),
            ("n {match, .return}", "n{match, .return}"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, expected) in [
            (
                "RETURN CASE a THEN 1 END",
                "syntax error: unexpected `THEN`; expected an operator or WHEN; did you mean WHEN?",
            ),
            (
                "RETURN all(x IN l)",
                "syntax error: unexpected `)`; expected an operator or WHERE",
            ),
            (
                "RETURN reduce(s = 0, x IN l)",
                "syntax error: unexpected `)`; expected an operator or `|`",
            ),
            (
                "RETURN [(a)-->(b) AND b.x = 1 | b]",
                "syntax error: unexpected `|`; expected an operator, `,` or `]`; a comprehension is written [x IN list WHERE … | …] or [(a)-->(b) WHERE … | …]",
            ),
            (
                "RETURN [x IN l | ]",
                "syntax error: unexpected `]`; expected an expression",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
