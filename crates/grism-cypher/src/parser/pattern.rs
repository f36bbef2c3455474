//! Patterns: paths of nodes, relationships and groups in parentheses.

use grism_core::Result;

use super::cursor::Parser;
use super::dialect::refused;
use super::lexer::TokenKind;
use crate::syntax::{
    Clause, ClauseKind, Direction, Expr, ExprKind, GroupPattern, LabelExpression, MatchClause,
    NodePattern, PathElement, PathElementKind, PathPattern, Pattern, Quantifier, Query,
    RelationshipPattern, SingleQuery, Span,
};

impl Parser<'_> {
    /// Paths with commas between them.
    pub(super) fn pattern(&mut self) -> Result<Pattern> {
        let start = self.span();
        let paths = self.comma_separated(Self::path_pattern)?;
        Ok(Pattern {
            paths,
            span: self.since(start),
        })
    }

    /// A pattern with its WHERE, as a query of one MATCH.
    pub(super) fn bare_pattern(&mut self) -> Result<Query> {
        let start = self.span();
        let pattern = self.pattern()?;
        let predicate = match self.words(&["WHERE"]) {
            true => Some(self.expression()?),
            false => None,
        };
        let span = self.since(start);
        let kind = ClauseKind::Match(MatchClause {
            optional: false,
            pattern,
            predicate,
        });
        Ok(Query {
            head: SingleQuery {
                clauses: vec![Clause { kind, span }],
                span,
            },
            unions: Vec::new(),
            span,
        })
    }

    /// Whether a pattern starts here, where a query might start too.
    pub(super) fn starts_pattern(&self) -> bool {
        let is_path_word = || {
            let words = [
                "ANY",
                "ALL",
                "SHORTEST",
                "WALK",
                "TRAIL",
                "ACYCLIC",
                "SIMPLE",
                "shortestPath",
                "allShortestPaths",
            ];
            words.iter().any(|word| self.is_word(0, word))
        };
        self.is(TokenKind::LeftParenthesis)
            || (self.is_name(0) && self.are(1, &[TokenKind::Equal]))
            || is_path_word()
    }

    /// `[path =] [selector] [mode] elements`.
    pub(super) fn path_pattern(&mut self) -> Result<PathPattern> {
        let start = self.span();
        let mut variable = self.path_variable()?;
        let selector = self.selector()?;
        let mode = self.path_mode()?;
        if variable.is_none() {
            variable = self.path_variable()?;
        }
        let elements = self.path_elements()?;
        Ok(PathPattern {
            variable,
            selector,
            mode,
            elements,
            span: self.since(start),
        })
    }

    fn path_variable(&mut self) -> Result<Option<crate::syntax::Name>> {
        if !self.is_name(0) || !self.are(1, &[TokenKind::Equal]) {
            return Ok(None);
        }
        let name = self.variable("a variable")?;
        self.at += 1;
        Ok(Some(name))
    }

    fn path_elements(&mut self) -> Result<Vec<PathElement>> {
        let mut elements = vec![self.path_start()?];
        loop {
            match self.kind(0) {
                Some(TokenKind::Minus) => {
                    elements.push(self.relationship()?);
                    elements.push(self.parenthesized_element()?);
                }
                Some(TokenKind::Less) if self.are(1, &[TokenKind::Minus]) => {
                    elements.push(self.relationship()?);
                    elements.push(self.parenthesized_element()?);
                }
                // A group beside a node: the node between them is not written.
                Some(TokenKind::LeftParenthesis) if self.is_group_beside(&elements) => {
                    elements.push(self.parenthesized_element()?);
                }
                _ => return Ok(elements),
            }
        }
    }

    fn is_group_beside(&self, elements: &[PathElement]) -> bool {
        let last = elements.last().map(|element| &element.kind);
        matches!(last, Some(PathElementKind::Group(_))) || self.starts_group(0)
    }

    fn path_start(&mut self) -> Result<PathElement> {
        let start = self.span();
        let all = self.is_word(0, "allShortestPaths");
        if all || self.is_word(0, "shortestPath") {
            self.at += 1;
            self.expect(TokenKind::LeftParenthesis, "`(`")?;
            let path = Box::new(self.nested(Self::path_pattern)?);
            self.expect(TokenKind::RightParenthesis, "a relationship or `)`")?;
            return Ok(PathElement {
                kind: PathElementKind::Shortest { all, path },
                span: self.since(start),
            });
        }
        if !self.is(TokenKind::LeftParenthesis) {
            let what = match self.kind(1) {
                Some(TokenKind::LeftParenthesis) if self.is_name(0) => {
                    "a pattern, which starts with `(`; a path gets its name by p = (a)-->(b)"
                }
                _ => "a pattern, which starts with `(`",
            };
            let words = ["SHORTEST", "ANY", "ALL", "shortestPath"];
            return Err(self.expected_words(what, &words));
        }
        self.parenthesized_element()
    }

    /// Whether a group, and no node, stands in the parentheses so many places further on.
    pub(super) fn starts_group(&self, ahead: usize) -> bool {
        self.are(ahead + 1, &[TokenKind::LeftParenthesis])
            || (self.is_name(ahead + 1) && self.are(ahead + 2, &[TokenKind::Equal]))
    }

    /// A node, or a group with how often it is repeated.
    fn parenthesized_element(&mut self) -> Result<PathElement> {
        let start = self.span();
        if !self.is(TokenKind::LeftParenthesis) {
            return Err(self.expected("a node, which starts with `(`"));
        }
        let kind = if self.starts_group(0) {
            let outer = std::mem::take(&mut self.around);
            self.at += 1;
            let path = self.nested(Self::path_pattern)?;
            let predicate = match self.words(&["WHERE"]) {
                true => Some(self.expression()?),
                false => None,
            };
            self.expect(TokenKind::RightParenthesis, "a relationship, WHERE or `)`")?;
            self.around = outer;
            PathElementKind::Group(Box::new(GroupPattern {
                path,
                predicate,
                quantifier: self.quantifier()?,
            }))
        } else {
            let node = self.node()?;
            if let Some(quantifier) = self.node_quantifier()? {
                let what = "a repeated node";
                return Err(self.source.unsupported(what, quantifier.span));
            }
            PathElementKind::Node(Box::new(node))
        };
        Ok(PathElement {
            kind,
            span: self.since(start),
        })
    }

    /// What is written where a quantifier of the node would be.
    fn node_quantifier(&mut self) -> Result<Option<Quantifier>> {
        match self.is(TokenKind::LeftBrace) && self.are(1, &[TokenKind::Integer]) {
            true => self.quantifier(),
            false => Ok(None),
        }
    }

    fn node(&mut self) -> Result<NodePattern> {
        let outer = std::mem::take(&mut self.around);
        self.expect(TokenKind::LeftParenthesis, "`(`")?;
        let variable = match self.starts_variable(0) {
            true => Some(self.variable("a variable")?),
            false => None,
        };
        let labels = self.pattern_labels()?;
        let properties = self.pattern_properties()?;
        let predicate = match self.words(&["WHERE"]) {
            true => Some(self.expression()?),
            false => None,
        };
        let what = match (&predicate, &properties, &labels) {
            _ if self.is(TokenKind::Dot) => "`:` and a label, `{`, WHERE and a condition or `)`",
            (Some(_), ..) => "an operator or `)`",
            (None, Some(_), _) => "WHERE or `)`",
            (None, None, Some(_)) => "`&` or `|` and a label, `{`, WHERE or `)`",
            (None, None, None) => "`:` and a label, `{`, WHERE or `)`",
        };
        self.expect(TokenKind::RightParenthesis, what)?;
        self.around = outer;
        Ok(NodePattern {
            variable,
            labels,
            properties,
            predicate,
        })
    }

    /// Whether a variable, and no WHERE or IS, starts a node or a relationship so many places further on.
    fn starts_variable(&self, ahead: usize) -> bool {
        let next = ahead + 1;
        let is_keyword = match self.kind(next) {
            // Of all words these two alone may follow a variable: `(where WHERE x)`, `(is IS A)`.
            Some(TokenKind::Word) if self.is_word(next, "WHERE") => !self.starts_operand(next + 1),
            Some(TokenKind::Word) if self.is_word(next, "IS") => !self.starts_label(next + 1),
            Some(TokenKind::Word | TokenKind::QuotedName) => true,
            Some(TokenKind::Bang | TokenKind::Percent) => self.is_word(ahead, "IS"),
            Some(TokenKind::LeftParenthesis) => true,
            Some(
                TokenKind::Dollar
                | TokenKind::Integer
                | TokenKind::Float
                | TokenKind::String
                | TokenKind::Plus
                | TokenKind::Minus
                | TokenKind::LeftBracket,
            ) => self.is_word(ahead, "WHERE"),
            _ => false,
        };
        let is_word = self.is_word(ahead, "WHERE") || self.is_word(ahead, "IS");
        self.is_name(ahead) && !(is_word && is_keyword)
    }

    fn pattern_labels(&mut self) -> Result<Option<LabelExpression>> {
        match self.take(TokenKind::Colon) || self.words(&["IS"]) {
            true => self.label_expression().map(Some),
            false => Ok(None),
        }
    }

    fn pattern_properties(&mut self) -> Result<Option<Expr>> {
        let start = self.span();
        match self.kind(0) {
            Some(TokenKind::LeftBrace) => {
                let (entries, below) = self.measured(|parser| parser.nested(Self::map))?;
                let map = ExprKind::Map(entries);
                self.above(map, self.since(start), below).map(Some)
            }
            Some(TokenKind::Dollar) => self.parameter().map(Some),
            _ => Ok(None),
        }
    }

    /// `-[…]->`, `<-[…]-`, `-[…]-` or one of them without brackets.
    fn relationship(&mut self) -> Result<PathElement> {
        let start = self.span();
        let left = self.take(TokenKind::Less);
        self.expect(TokenKind::Minus, "`-` of a relationship")?;
        let outer = std::mem::take(&mut self.around);
        let (mut variable, mut labels, mut properties, mut predicate, mut quantifier) =
            (None, None, None, None, None);
        if self.take(TokenKind::LeftBracket) {
            if self.starts_variable(0) {
                variable = Some(self.variable("a variable")?);
            }
            labels = self.pattern_labels()?;
            if self.is(TokenKind::Star) {
                quantifier = Some(self.star_range()?);
            }
            let bounds = [TokenKind::Integer, TokenKind::Comma];
            if self.is(TokenKind::LeftBrace)
                && self.kind(1).is_some_and(|kind| bounds.contains(&kind))
            {
                self.at += 1;
                let what = "a key; how often it is followed is written behind it, as -[:R]->{1,3}";
                return Err(self.expected(what));
            }
            properties = self.pattern_properties()?;
            if self.words(&["WHERE"]) {
                predicate = Some(self.expression()?);
            }
            let what = match (&predicate, &properties, &labels) {
                (Some(_), ..) => "an operator or `]`",
                (None, Some(_), _) => "WHERE or `]`",
                _ if quantifier.is_some() => "`{`, WHERE or `]`; a range is written *1..3",
                (None, None, Some(_)) => "`|`, `*`, `{`, WHERE or `]`",
                (None, None, None) => "`:` and a type, `*`, `{`, WHERE or `]`",
            };
            self.expect(TokenKind::RightBracket, what)?;
        }
        self.around = outer;
        let what = "a relationship, which is written --, -->, <--, -[…]-, -[…]-> or <-[…]-";
        self.expect(TokenKind::Minus, what)?;
        let right = self.take(TokenKind::Greater);
        let direction = match (left, right) {
            (false, true) => Direction::Right,
            (true, false) => Direction::Left,
            _ => Direction::Either,
        };
        let span = self.since(start);
        if let Some(after) = self.quantifier()? {
            if quantifier.is_some() {
                let message =
                    "a relationship is repeated once, by `*` in its brackets or behind them";
                return Err(self.source.invalid(message, after.span));
            }
            quantifier = Some(after);
            // Within the brackets the variable is one relationship: `-[r WHERE p]->+` is `(()-[r]->() WHERE p)+`.
            if predicate.is_some() {
                let step = RelationshipPattern {
                    variable,
                    labels,
                    properties,
                    predicate: None,
                    direction,
                    quantifier: None,
                };
                return Ok(repeated_step(step, predicate, quantifier, span));
            }
        }
        Ok(PathElement {
            kind: PathElementKind::Relationship(Box::new(RelationshipPattern {
                variable,
                labels,
                properties,
                predicate,
                direction,
                quantifier,
            })),
            span,
        })
    }

    /// Whether the parenthesis so many places further on opens the first node of a pattern that is a predicate.
    pub(super) fn starts_path_predicate(&self, ahead: usize) -> bool {
        let Some(close) = self.tokens.bracket(self.at + ahead).close else {
            return false;
        };
        let after = close + 1 - self.at;
        // What an arrow is, and where it may be a minus: `(a)-[r]-(b)`, `(a)--(b)`, `(a)<-[r]-(b)`.
        let arrow = |ahead: usize| match self.kind(ahead) {
            Some(TokenKind::LeftBracket) => {
                let close = self.tokens.bracket(self.at + ahead).close;
                close.is_some_and(|close| self.kind(close + 1 - self.at) == Some(TokenKind::Minus))
            }
            Some(TokenKind::Minus) => matches!(
                self.kind(ahead + 1),
                Some(TokenKind::Greater | TokenKind::LeftParenthesis)
            ),
            _ => false,
        };
        let goes_on = match self.kind(after) {
            Some(TokenKind::Minus) => arrow(after + 1),
            Some(TokenKind::Less) => {
                self.kind(after + 1) == Some(TokenKind::Minus) && arrow(after + 2)
            }
            // Of expressions none is followed by a parenthesis but the name of a function.
            Some(TokenKind::LeftParenthesis) => self.starts_group_of_path(after),
            _ => false,
        };
        goes_on && self.looks_like_node(ahead)
    }

    /// Whether a group that holds a path of more than a node stands in the parentheses so many places further on.
    fn starts_group_of_path(&self, ahead: usize) -> bool {
        if !self.starts_group(ahead) {
            return false;
        }
        let first = match self.is_name(ahead + 1) {
            true => ahead + 3,
            false => ahead + 1,
        };
        self.starts_path_predicate(first) || self.starts_group_of_path(first)
    }

    /// Whether a node pattern, and no expression, stands in the parentheses so many places further on.
    fn looks_like_node(&self, ahead: usize) -> bool {
        let (first, second) = (ahead + 1, ahead + 2);
        match self.kind(first) {
            Some(TokenKind::RightParenthesis | TokenKind::Colon | TokenKind::LeftBrace) => true,
            Some(TokenKind::Word | TokenKind::QuotedName) => match self.kind(second) {
                Some(
                    TokenKind::RightParenthesis
                    | TokenKind::Colon
                    | TokenKind::LeftBrace
                    | TokenKind::Dollar,
                ) => true,
                Some(TokenKind::Word) => {
                    let third = ahead + 3;
                    let is_null = self.is_word(third, "NULL") || self.is_word(third, "NOT");
                    self.is_word(second, "WHERE") || (self.is_word(second, "IS") && !is_null)
                }
                _ => self.is_word(first, "WHERE"),
            },
            _ => false,
        }
    }

    pub(super) fn path_predicate(&mut self) -> Result<Expr> {
        let start = self.span();
        let (elements, below) = self.measured(|parser| parser.nested(Self::path_elements))?;
        let span = self.since(start);
        let path = PathPattern {
            variable: None,
            selector: None,
            mode: None,
            elements,
            span,
        };
        self.above(ExprKind::Pattern(Box::new(path)), span, below)
    }

    /// Refuses the match modes of GQL by name.
    pub(super) fn match_mode(&self) -> Result<()> {
        for (words, instead) in [
            (["REPEATABLE", "ELEMENTS"], "write WALK before the path"),
            (
                ["DIFFERENT", "RELATIONSHIPS"],
                "leave it out: relationships of one MATCH are different",
            ),
        ] {
            if self.are_words(&words) {
                return Err(refused(self, &words.join(" "), instead, self.span()));
            }
        }
        Ok(())
    }
}

/// A step as a group of its own, between nodes that are not written.
fn repeated_step(
    step: RelationshipPattern,
    predicate: Option<Expr>,
    quantifier: Option<Quantifier>,
    span: Span,
) -> PathElement {
    let node = NodePattern {
        variable: None,
        labels: None,
        properties: None,
        predicate: None,
    };
    let node = PathElement {
        kind: PathElementKind::Node(Box::new(node)),
        span,
    };
    let step = PathElement {
        kind: PathElementKind::Relationship(Box::new(step)),
        span,
    };
    let path = PathPattern {
        variable: None,
        selector: None,
        mode: None,
        elements: vec![node.clone(), step, node],
        span,
    };
    PathElement {
        kind: PathElementKind::Group(Box::new(GroupPattern {
            path,
            predicate,
            quantifier,
        })),
        span,
    }
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{clauses, failure};

    #[test]
    fn nodes_and_relationships() {
        for (text, expected) in [
            ("MATCH (n) RETURN 1", "MATCH (n) RETURN 1"),
            ("MATCH () RETURN 1", "MATCH () RETURN 1"),
            ("MATCH (:A) RETURN 1", "MATCH (:A) RETURN 1"),
            (
                "MATCH (n:A {k: 1} WHERE n.x) RETURN 1",
                "MATCH (n:A {k: 1} WHERE n.x) RETURN 1",
            ),
            ("CREATE (n $p)", "CREATE (n $p)"),
            (
                "MATCH (a)-->(b)<--(c)--(d)<-->(e) RETURN 1",
                "MATCH (a)-[]->(b)<-[]-(c)-[]-(d)-[]-(e) RETURN 1",
            ),
            ("MATCH (a)-[r]->(b) RETURN 1", "MATCH (a)-[r]->(b) RETURN 1"),
            (
                "MATCH (a)<-[r:R {w: 1} WHERE r.x]-(b) RETURN 1",
                "MATCH (a)<-[r:R {w: 1} WHERE r.x]-(b) RETURN 1",
            ),
            (
                "MATCH (a), (b)-->(c) RETURN 1",
                "MATCH (a), (b)-[]->(c) RETURN 1",
            ),
            (
                "MATCH p = (a)-->(b) RETURN 1",
                "MATCH p = (a)-[]->(b) RETURN 1",
            ),
            ("MATCH (where) RETURN 1", "MATCH (where) RETURN 1"),
            ("MATCH (WHERE x) RETURN 1", "MATCH ( WHERE x) RETURN 1"),
            ("MATCH (n IS A) RETURN 1", "MATCH (n:A) RETURN 1"),
            ("MATCH (IS A) RETURN 1", "MATCH (:A) RETURN 1"),
            ("MATCH (is) RETURN 1", "MATCH (is) RETURN 1"),
        ] {
            assert_eq!(clauses(text), expected, "{text}");
        }
    }

    #[test]
    fn hops_and_quantifiers() {
        for (text, expected) in [
            (
                "MATCH (a)-[*]->(b) RETURN 1",
                "MATCH (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH (a)-[r:R*1..3]->(b) RETURN 1",
                "MATCH (a)-[r:R]->{1,3}(b) RETURN 1",
            ),
            (
                "MATCH (a)-[*2]-(b) RETURN 1",
                "MATCH (a)-[]-{2,2}(b) RETURN 1",
            ),
            (
                "MATCH (a)-[*..3 {k: 1}]-(b) RETURN 1",
                "MATCH (a)-[ {k: 1}]-{1,3}(b) RETURN 1",
            ),
            (
                "MATCH (a)-[*2..]-(b) RETURN 1",
                "MATCH (a)-[]-{2,}(b) RETURN 1",
            ),
            (
                "MATCH (a)-[*0..1]-(b) RETURN 1",
                "MATCH (a)-[]-{0,1}(b) RETURN 1",
            ),
            (
                "MATCH (a)-->+(b) RETURN 1",
                "MATCH (a)-[]->{1,}(b) RETURN 1",
            ),
            (
                "MATCH (a)-->*(b) RETURN 1",
                "MATCH (a)-[]->{0,}(b) RETURN 1",
            ),
            (
                "MATCH (a)-[:R]->{2}(b) RETURN 1",
                "MATCH (a)-[:R]->{2,2}(b) RETURN 1",
            ),
            (
                "MATCH (a)--{,3}(b) RETURN 1",
                "MATCH (a)-[]-{0,3}(b) RETURN 1",
            ),
            (
                "MATCH (a)--{2,}(b) RETURN 1",
                "MATCH (a)-[]-{2,}(b) RETURN 1",
            ),
            ("MATCH (a)--?(b) RETURN 1", "MATCH (a)-[]-{0,1}(b) RETURN 1"),
            (
                "MATCH (a)-[r:R WHERE r.k]->{1,3}(b) RETURN 1",
                "MATCH (a)group(()-[r:R]->() WHERE r.k){1,3}(b) RETURN 1",
            ),
            (
                "MATCH ((a)-->(b)){1,3} RETURN 1",
                "MATCH group((a)-[]->(b)){1,3} RETURN 1",
            ),
            (
                "MATCH (a) ((b)-->(c) WHERE c.x)+ (d) RETURN 1",
                "MATCH (a)group((b)-[]->(c) WHERE c.x){1,}(d) RETURN 1",
            ),
            (
                "MATCH (p = (a)-->(b)) RETURN 1",
                "MATCH group(p = (a)-[]->(b)) RETURN 1",
            ),
        ] {
            assert_eq!(clauses(text), expected, "{text}");
        }
    }

    #[test]
    fn shortest_paths_as_functions() {
        for (text, expected) in [
            (
                "MATCH p = shortestPath((a)-[*]->(b)) RETURN 1",
                "MATCH p = shortestPath((a)-[]->{1,}(b)) RETURN 1",
            ),
            (
                "MATCH allShortestPaths((a)-[:R*..5]-(b)) RETURN 1",
                "MATCH allShortestPaths((a)-[:R]-{1,5}(b)) RETURN 1",
            ),
        ] {
            assert_eq!(clauses(text), expected, "{text}");
        }
    }

    #[test]
    fn slips_in_patterns_are_named() {
        for (text, expected) in [
            (
                "MATCH n RETURN n",
                "syntax error: unexpected `n`; expected a pattern, which starts with `(`",
            ),
            (
                "MATCH (a)-(b) RETURN a",
                "syntax error: unexpected `(`; expected a relationship, which is written --, -->, <--, -[…]-, -[…]-> or <-[…]-",
            ),
            (
                "MATCH (a)-[:R*1..2]->{1,2}(b) RETURN a",
                "a relationship is repeated once, by `*` in its brackets or behind them",
            ),
            (
                "MATCH (a)-[:R{1,3}]->(b) RETURN a",
                "syntax error: unexpected `1`; expected a key; how often it is followed is written behind it, as -[:R]->{1,3}",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
