//! Operands: literals, names, brackets and calls, and what is read of them by `.key`, `[index]` and `:Label`.

use grism_core::{Error, Result};
use grism_functions::{Function, built_in};

use super::cursor::Parser;
use super::dialect::refused;
use super::lexer::TokenKind;
use crate::syntax::{
    CallOver, Expr, ExprKind, FunctionCall, IsPredicate, Literal, MapEntry, Name, QualifiedName,
    Subquery, SubqueryKind,
};

impl Parser<'_> {
    /// An operand with what is read of it.
    pub(super) fn postfix(&mut self) -> Result<Expr> {
        let start = self.span();
        let mut base = self.primary()?;
        loop {
            let below = base.height;
            let (kind, below) = match self.kind(0) {
                Some(TokenKind::Dot) => {
                    self.at += 1;
                    let key = self.property_key()?;
                    let base = Box::new(base);
                    (ExprKind::Property { base, key }, below)
                }
                Some(TokenKind::LeftBracket) => {
                    self.at += 1;
                    self.subscript(base)?
                }
                // A label ends what is read: it is a predicate.
                Some(TokenKind::Colon) if !self.are(1, &[TokenKind::Colon]) => {
                    self.at += 1;
                    let predicate = IsPredicate::Labels(self.label_expression()?);
                    let kind = ExprKind::Is {
                        operand: Box::new(base),
                        negated: false,
                        predicate,
                    };
                    return self.above(kind, self.since(start), below);
                }
                Some(TokenKind::LeftBrace)
                    if matches!(base.kind, ExprKind::Variable(_) | ExprKind::Property { .. }) =>
                {
                    self.map_projection(base)?
                }
                _ => return Ok(base),
            };
            base = self.above(kind, self.since(start), below)?;
        }
    }

    /// The name of a property, after the dot.
    fn property_key(&mut self) -> Result<Name> {
        self.name(match self.kind(0) {
            Some(TokenKind::String) => "the name of a property, which stands without quotes",
            Some(TokenKind::Dollar) => "the name of a property; a computed one is read by n[$key]",
            Some(TokenKind::Star) => {
                "the name of a property; all of them are properties(n) or n {.*}"
            }
            _ => "the name of a property",
        })
    }

    /// `base[index]` or `base[lower..upper]`, after the bracket.
    fn subscript(&mut self, base: Expr) -> Result<(ExprKind, u16)> {
        let outer = std::mem::take(&mut self.around);
        let lower = match self.is(TokenKind::DotDot) {
            true => None,
            false => Some(self.expression()?),
        };
        let is_slice = self.take(TokenKind::DotDot);
        let upper = match is_slice && !self.is(TokenKind::RightBracket) {
            true => Some(self.expression()?),
            false => None,
        };
        let what = if is_slice { "`]`" } else { "`..` or `]`" };
        self.expect(TokenKind::RightBracket, what)?;
        self.around = outer;
        let height = |part: &Option<Expr>| part.as_ref().map_or(0, |part| part.height);
        let below = base.height.max(height(&lower)).max(height(&upper));
        let base = Box::new(base);
        let kind = match (is_slice, lower) {
            (false, Some(index)) => ExprKind::Index {
                base,
                index: Box::new(index),
            },
            (_, lower) => ExprKind::Slice {
                base,
                lower: lower.map(Box::new),
                upper: upper.map(Box::new),
            },
        };
        Ok((kind, below))
    }

    fn primary(&mut self) -> Result<Expr> {
        let start = self.span();
        match self.kind(0) {
            Some(TokenKind::Integer | TokenKind::Float | TokenKind::String) => {
                let literal = self.literal()?;
                self.above(ExprKind::Literal(literal), start, 0)
            }
            Some(TokenKind::Dollar) => self.parameter(),
            Some(TokenKind::LeftParenthesis) if self.starts_path_predicate(0) => {
                self.path_predicate()
            }
            Some(TokenKind::LeftParenthesis) => {
                self.at += 1;
                let outer = std::mem::take(&mut self.around);
                let inner = self.expression()?;
                self.expect(TokenKind::RightParenthesis, "an operator or `)`")?;
                self.around = outer;
                let height = inner.height;
                let kind = ExprKind::Parenthesized(Box::new(inner));
                self.above(kind, self.since(start), height)
            }
            Some(TokenKind::LeftBracket) => self.bracketed(),
            Some(TokenKind::LeftBrace) => {
                let (entries, below) = self.measured(Self::map)?;
                self.above(ExprKind::Map(entries), self.since(start), below)
            }
            Some(TokenKind::Word) => self.word(),
            Some(TokenKind::QuotedName) if self.is_call() => self.call(),
            Some(TokenKind::QuotedName) => {
                let name = self.name("a name")?;
                self.above(ExprKind::Variable(name), start, 0)
            }
            _ => Err(self.expected("an expression")),
        }
    }

    /// What a word that is not quoted starts; where it starts nothing else, it is a variable.
    fn word(&mut self) -> Result<Expr> {
        let start = self.span();
        let literals = [
            ("NULL", Literal::Null),
            ("TRUE", Literal::Bool(true)),
            ("FALSE", Literal::Bool(false)),
        ];
        for (word, literal) in literals {
            if self.is_word(0, word) && !self.is_call() {
                self.at += 1;
                return self.above(ExprKind::Literal(literal), start, 0);
            }
        }
        if self.starts_case(0) {
            return self.case();
        }
        for kind in [
            SubqueryKind::Exists,
            SubqueryKind::Count,
            SubqueryKind::Collect,
        ] {
            // `count {.*}` is a map of the variable `count`.
            let is_query = self.are(1, &[TokenKind::LeftBrace]) && !self.starts_map_items(2);
            if is_query && self.is_word(0, kind.name()) {
                return self.subquery(kind);
            }
        }
        if self.are(1, &[TokenKind::LeftParenthesis]) {
            if let Some(quantifier) = self.starts_quantified() {
                return self.quantified(quantifier);
            }
            if self.is_word(0, "REDUCE") && self.is_name(2) && self.are(3, &[TokenKind::Equal]) {
                return self.reduce();
            }
            if self.is_word(0, "shortestPath") || self.is_word(0, "allShortestPaths") {
                let instead = "match it: MATCH p = ANY SHORTEST (a)-[*]->(b)";
                let what = format!("{}() as a value", self.text(0));
                return Err(refused(self, &what, instead, self.span()));
            }
        }
        if self.is_call() {
            return self.call();
        }
        // Where an operand must stand a word is a name, whatever word it is.
        if self.may_be_keyword() {
            self.doubtful = Some(self.at);
        }
        let name = self.name("an expression")?;
        self.above(ExprKind::Variable(name), start, 0)
    }

    /// Whether the word here may have been meant to start what follows an expression, so that the expression is missing.
    pub(super) fn may_be_keyword(&self) -> bool {
        let is_distinct = self.is_word(0, "DISTINCT")
            && matches!(
                self.kind(1),
                Some(
                    TokenKind::Word
                        | TokenKind::QuotedName
                        | TokenKind::Integer
                        | TokenKind::String
                )
            );
        // These are more likely to be names: what would follow the keyword can follow the name as well.
        let names = [
            "UNION",
            "OPTIONAL",
            "IN",
            "ASC",
            "ASCENDING",
            "DESC",
            "DESCENDING",
        ];
        let is_keyword = self.is_keyword(0) && !names.iter().any(|word| self.is_word(0, word));
        is_keyword || (is_distinct && self.starts_operand(1))
    }

    /// Whether a name with dots and an opening parenthesis come next.
    fn is_call(&self) -> bool {
        let mut ahead = 1;
        while self.kind(ahead) == Some(TokenKind::Dot) && self.is_name(ahead + 1) {
            ahead += 2;
        }
        self.kind(ahead) == Some(TokenKind::LeftParenthesis)
    }

    /// A name with dots.
    pub(super) fn qualified_name(&mut self, what: &str) -> Result<QualifiedName> {
        let start = self.span();
        let mut text = self.name(what)?.text;
        while self.take(TokenKind::Dot) {
            let part = self.name("the rest of the name")?.text;
            text.push('.');
            text.push_str(&part);
        }
        Ok(QualifiedName {
            text,
            span: self.since(start),
        })
    }

    fn call(&mut self) -> Result<Expr> {
        let start = self.span();
        let name = self.qualified_name("the name of a function")?;
        self.expect(TokenKind::LeftParenthesis, "`(`")?;
        let outer = std::mem::take(&mut self.around);
        let place = self.span();
        let keyword = self.is_word(0, "DISTINCT") && self.starts_operand(1);
        let distinct = (keyword && self.words(&["DISTINCT"])).then_some(place);
        let star = self.are(0, &[TokenKind::Star, TokenKind::RightParenthesis]);
        self.at += usize::from(star);
        let (arguments, below) = self.measured(|parser| {
            if star || parser.is(TokenKind::RightParenthesis) {
                return Ok(Vec::new());
            }
            parser.comma_separated(Self::expression)
        })?;
        if !self.is(TokenKind::RightParenthesis) {
            return Err(self.call_of_another_dialect(&name));
        }
        self.at += 1;
        self.around = outer;
        if self.is_word(0, "OVER") && self.are(1, &[TokenKind::LeftParenthesis]) {
            return Err(self.expected("an operator"));
        }
        if self.is_word(0, "FILTER") && self.are(1, &[TokenKind::LeftParenthesis]) {
            let instead = "write CASE WHEN … THEN … END within the aggregate";
            return Err(refused(
                self,
                "FILTER of an aggregate",
                instead,
                self.span(),
            ));
        }
        let aggregates = built_in(&name.text).is_some_and(Function::aggregates)
            || self.aggregates.contains(&name.text.to_lowercase());
        let call = FunctionCall {
            name,
            distinct,
            star,
            arguments,
            over: match aggregates {
                true => CallOver::Group,
                false => CallOver::Row,
            },
        };
        self.above(ExprKind::Function(call), self.since(start), below)
    }

    /// The error for what ends no argument of a function.
    fn call_of_another_dialect(&self, name: &QualifiedName) -> Error {
        let known: [(&str, bool, &str); 3] = [
            (
                "filter",
                self.is_word(0, "WHERE"),
                "write [x IN list WHERE …]",
            ),
            ("extract", self.is(TokenKind::Bar), "write [x IN list | …]"),
            (
                "cast",
                self.is_word(0, "AS"),
                "write toInteger(x), toFloat(x), toString(x) or date(x)",
            ),
        ];
        let mut known = known.into_iter();
        let called = |other: &str| name.text.eq_ignore_ascii_case(other);
        match known.find(|(other, found, _)| *found && called(other)) {
            Some((other, _, instead)) => refused(self, &format!("{other}()"), instead, name.span),
            None => self.expected("an operator, `,` or `)`"),
        }
    }

    /// The entries of a map with its braces.
    pub(super) fn map(&mut self) -> Result<Vec<MapEntry>> {
        let outer = std::mem::take(&mut self.around);
        self.expect(TokenKind::LeftBrace, "`{`")?;
        let mut entries = Vec::new();
        if !self.is(TokenKind::RightBrace) {
            entries = self.comma_separated(Self::map_entry)?;
        }
        self.expect(TokenKind::RightBrace, "an operator, `,` or `}`")?;
        self.around = outer;
        Ok(entries)
    }

    pub(super) fn map_entry(&mut self) -> Result<MapEntry> {
        let key = if self.is(TokenKind::String) {
            return Err(self.expected("a key, which is a name without quotes"));
        } else {
            self.name("a key")?
        };
        let what = match self.is(TokenKind::RightBrace) {
            true => "`:` and a value; a parameter is written $name",
            false => "`:` and a value",
        };
        self.expect(TokenKind::Colon, what)?;
        let value = self.expression()?;
        Ok(MapEntry { key, value })
    }

    /// `EXISTS {…}` and its kin: a whole query, or a pattern alone.
    fn subquery(&mut self, kind: SubqueryKind) -> Result<Expr> {
        let start = self.span();
        self.at += 2;
        let outer = std::mem::take(&mut self.around);
        let (query, below) = self.measured(|parser| {
            parser.nested(|parser| match parser.starts_pattern() {
                true => parser.bare_pattern(),
                false => parser.query(),
            })
        })?;
        self.around = outer;
        self.expect(TokenKind::RightBrace, "a clause or `}`")?;
        let subquery = Subquery {
            kind,
            span: start,
            query: Box::new(query),
        };
        self.above(ExprKind::Subquery(subquery), self.since(start), below)
    }
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{clauses, expression, failure};

    #[test]
    fn values_are_read_of_any_operand() {
        for (text, expected) in [
            ("head(l).a", "head(l).a"),
            ("f(x)[0].y", "f(x)[0].y"),
            ("[1, 2][0]", "[1, 2][0]"),
            ("{a: 1}.a", "{a: 1}.a"),
            ("$p.k", "$p.k"),
            ("(a).b", "paren(a).b"),
            ("a.b[c.d][1..2]", "a.b[c.d][1..2]"),
            ("'a'[0]", r#""a"[0]"#),
            ("n:A", "(n IS A)"),
            ("n:A:B", "(n IS (A & B))"),
            ("n:A AND m:!B", "((n IS A) AND (m IS !B))"),
            ("(n:A).b", "paren((n IS A)).b"),
            ("n.x:A", "(n.x IS A)"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn functions_take_arguments() {
        for (text, expected) in [
            ("f()", "f()"),
            ("f(a, b + 1)", "f(a, (b + 1))"),
            ("a.b.c(1)", "a.b.c(1)"),
            ("count(*)", "count(*)"),
            ("count(DISTINCT a.b)", "count(DISTINCT a.b)"),
            ("exists(n.a)", "exists(n.a)"),
            ("collect(n)[0]", "collect(n)[0]"),
            ("`f g`(1)", "f g(1)"),
            ("all(l)", "all(l)"),
            ("count(distinct)", "count(distinct)"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn maps_and_their_keys() {
        for (text, expected) in [
            ("{}", "{}"),
            ("{a: 1, `b c`: {d: 2}}", "{a: 1, b c: {d: 2}}"),
            ("{return: return, match: 1}", "{return: return, match: 1}"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn subqueries_hold_a_pattern_or_a_query() {
        for (text, expected) in [
            ("EXISTS { (n)-->() }", "EXISTS {MATCH (n)-[]->()}"),
            (
                "EXISTS { (n)--(m), (m)--(o) WHERE m.x }",
                "EXISTS {MATCH (n)-[]-(m), (m)-[]-(o) WHERE m.x}",
            ),
            ("COUNT { MATCH (n) RETURN n }", "COUNT {MATCH (n) RETURN n}"),
            (
                "COLLECT { MATCH (n) RETURN n.a UNION RETURN 1 AS a }",
                "COLLECT {MATCH (n) RETURN n.a UNION RETURN 1 AS a}",
            ),
            ("COUNT { p = (a) } > 1", "(COUNT {MATCH p = (a)} > 1)"),
            ("EXISTS { MATCH (n) }", "EXISTS {MATCH (n)}"),
            ("count {.*}", "count{.*}"),
            ("NOT exists { (n) }", "(NOT EXISTS {MATCH (n)})"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn patterns_are_told_from_subtraction() {
        for (text, expected) in [
            ("(a)-(b)", "(paren(a) - paren(b))"),
            ("(a)-[1]", "(paren(a) - [1])"),
            ("(a) - [b][0]", "(paren(a) - [b][0])"),
            ("(a)<-b", "(paren(a) < (-b))"),
            ("(a) < -1", "(paren(a) < (-1))"),
            ("(a + 1)-(b)", "(paren((a + 1)) - paren(b))"),
            ("(a.b)--(c)", "(paren(a.b) - (-paren(c)))"),
        ] {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn patterns_are_predicates() {
        for (text, expected) in [
            ("(a)--(b)", "pattern((a)-[]-(b))"),
            ("(n)-[:R]->()", "pattern((n)-[:R]->())"),
            ("(n)<-[r:R]-(:A {k: 1})", "pattern((n)<-[r:R]-(:A {k: 1}))"),
            (
                "NOT (a)-->(b) AND a.x",
                "((NOT pattern((a)-[]->(b))) AND a.x)",
            ),
            ("()--(a)", "pattern(()-[]-(a))"),
            ("(a)<-->(b)", "pattern((a)-[]-(b))"),
            (
                "(a)((x)-->(y))+() OR a.x",
                "(pattern((a)group((x)-[]->(y)){1,}()) OR a.x)",
            ),
            (
                "NOT (:A)(p = (x)-->(y) WHERE x.k){2}(b)",
                "(NOT pattern((:A)group(p = (x)-[]->(y) WHERE x.k){2,2}(b)))",
            ),
        ] {
            let query = format!("MATCH (x) WHERE {text} RETURN 1");
            let expected = format!("MATCH (x) WHERE {expected} RETURN 1");
            assert_eq!(clauses(&query), expected, "{text}");
        }
    }

    #[test]
    fn what_other_languages_read_otherwise_is_refused() {
        for (text, expected) in [
            (
                "RETURN n.*",
                "syntax error: unexpected `*`; expected the name of a property; all of them are properties(n) or n {.*}",
            ),
            (
                "RETURN n.'a'",
                "syntax error: unexpected 'a'; expected the name of a property, which stands without quotes",
            ),
            (
                "RETURN filter(x IN l WHERE x)",
                "filter() is not supported: write [x IN list WHERE …]",
            ),
            (
                "RETURN extract(x IN l | x)",
                "extract() is not supported: write [x IN list | …]",
            ),
            (
                "RETURN (a)((x) * (y))",
                "syntax error: unexpected `(`; expected an operator, AS, `,`, ORDER BY, SKIP, LIMIT, a clause or the end of the query",
            ),
            (
                "RETURN {a = 1}",
                "syntax error: unexpected `=`; expected `:` and a value",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
