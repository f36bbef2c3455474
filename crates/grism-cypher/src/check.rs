//! What is wrong with a query whatever the graph holds: found before anything runs.

use std::collections::HashSet;

use crate::syntax::{
    Clause, ClauseKind, Expr, ExprKind, PathElement, PathElementKind, Projection,
    ProjectionItemKind, Query, Span, Visitor, walk_clause, walk_element, walk_expr,
};
use grism_core::{Error, Result};

use crate::binder::is_aggregate;
use crate::source::Source;

/// Checks a parsed query.
///
/// # Errors
/// `InvalidQuery` with the place and the code of what is wrong.
pub(crate) fn check_query(source: Source<'_>, query: &Query) -> Result<()> {
    let mut checker = Checker {
        source,
        found: None,
        patterns_match: false,
    };
    checker.visit_query(query);
    checker.found.map_or(Ok(()), Err)
}

struct Checker<'a> {
    source: Source<'a>,
    found: Option<Error>,
    /// Whether the patterns being visited are matched, so that their property maps are written out.
    patterns_match: bool,
}

impl Checker<'_> {
    fn report(&mut self, message: impl Into<String>, span: Span, code: &str) {
        if self.found.is_none() {
            self.found = Some(self.source.invalid(message, span).with_code(code));
        }
    }

    fn projection(&mut self, projection: &Projection) {
        let items: Vec<(&Expr, Option<&str>)> = projection
            .items
            .iter()
            .filter_map(|item| match &item.kind {
                ProjectionItemKind::Expression { expression, alias } => {
                    let alias = alias.as_ref().map(|alias| alias.text.as_str());
                    Some((expression, alias))
                }
                _ => None,
            })
            .collect();
        for (expression, _) in &items {
            self.pattern_value(expression);
        }
        if !items.iter().any(|(expression, _)| aggregates(expression)) {
            return;
        }
        let grouped: HashSet<String> = items
            .iter()
            .filter(|(expression, _)| is_plain(expression) && !aggregates(expression))
            .map(|(expression, _)| self.words(expression))
            .collect();
        for (expression, _) in items
            .iter()
            .filter(|(expression, _)| aggregates(expression))
        {
            self.beside_aggregates(expression, &grouped);
        }
        let ordered = projection.order_by.iter().map(|item| &item.expression);
        let mut ordered = ordered
            .filter(|expression| aggregates(expression))
            .peekable();
        if ordered.peek().is_some() {
            let columns = Columns::new(self, &items);
            for expression in ordered {
                self.order_by_aggregate(expression, &columns);
            }
        }
    }

    /// A pattern is a predicate, and no value to hand on.
    fn pattern_value(&mut self, expression: &Expr) {
        match &expression.kind {
            ExprKind::Pattern(_) => self.report(
                "a pattern is a predicate and cannot be projected; use EXISTS { … } or a comprehension",
                expression.span,
                "SyntaxError:UnexpectedSyntax",
            ),
            ExprKind::Parenthesized(inner) => self.pattern_value(inner),
            _ => {}
        }
    }

    /// What stands beside an aggregate must be grouped by as it stands: a variable or a property among the items.
    fn beside_aggregates(&mut self, expression: &Expr, grouped: &HashSet<String>) {
        let is_grouped = |own: &Expr| is_plain(own) && grouped.contains(&self.words(own));
        if is_call_of_aggregate(expression) || is_grouped(expression) {
            return;
        }
        match &expression.kind {
            // What is read of an aggregate is no more than the aggregate.
            ExprKind::Property { base, .. } if aggregates(base) => {
                self.beside_aggregates(base, grouped);
            }
            ExprKind::Variable(_) | ExprKind::Property { .. } => self.report(
                format!(
                    "`{}` is neither aggregated nor grouped by; put it among the columns, or in a WITH before",
                    self.source.slice(expression.span)
                ),
                expression.span,
                "SyntaxError:AmbiguousAggregationExpression",
            ),
            ExprKind::ListComprehension(_)
            | ExprKind::PatternComprehension(_)
            | ExprKind::Quantified(_)
            | ExprKind::Reduce(_)
            | ExprKind::MapProjection(_)
            | ExprKind::Subquery(_) => {}
            _ => {
                let mut parts = Parts(Vec::new());
                walk_expr(&mut parts, expression);
                for part in parts.0 {
                    self.beside_aggregates(part, grouped);
                }
            }
        }
    }

    /// The text of an expression without its white space.
    fn words(&self, expression: &Expr) -> String {
        let text = self.source.slice(expression.span);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn order_by_aggregate(&mut self, expression: &Expr, columns: &Columns<'_>) {
        let text = self.words(expression);
        let alias = matches!(&expression.kind, ExprKind::Variable(name)
            if columns.aliases.contains(name.text.as_str()));
        if columns.texts.contains(&text) || alias {
            return;
        }
        if is_call_of_aggregate(expression) || matches!(expression.kind, ExprKind::Variable(_)) {
            let inside = columns.aggregates.contains(&text);
            if !inside || matches!(expression.kind, ExprKind::Variable(_)) {
                self.report(
                    format!("`{text}` is not among the columns that are ordered"),
                    expression.span,
                    "SyntaxError:UndefinedVariable",
                );
            }
            return;
        }
        let mut parts = Parts(Vec::new());
        walk_expr(&mut parts, expression);
        for part in parts.0 {
            self.order_by_aggregate(part, columns);
        }
    }
}

/// What the items of a projection are, by their texts.
struct Columns<'a> {
    texts: HashSet<String>,
    aliases: HashSet<&'a str>,
    /// The aggregates within the items.
    aggregates: HashSet<String>,
}

impl<'a> Columns<'a> {
    fn new(checker: &Checker<'_>, items: &[(&Expr, Option<&'a str>)]) -> Self {
        let mut calls = Calls(Vec::new());
        items.iter().for_each(|(item, _)| calls.visit_expr(item));
        Self {
            texts: items.iter().map(|(item, _)| checker.words(item)).collect(),
            aliases: items.iter().filter_map(|(_, alias)| *alias).collect(),
            aggregates: calls
                .0
                .into_iter()
                .map(|call| checker.words(call))
                .collect(),
        }
    }
}

/// The outermost calls of aggregates.
struct Calls<'ast>(Vec<&'ast Expr>);

impl<'ast> Visitor<'ast> for Calls<'ast> {
    fn visit_expr(&mut self, expression: &'ast Expr) {
        match is_call_of_aggregate(expression) {
            true => self.0.push(expression),
            false => walk_expr(self, expression),
        }
    }
}

/// Whether the expression is a variable or a property.
fn is_plain(expression: &Expr) -> bool {
    matches!(
        expression.kind,
        ExprKind::Variable(_) | ExprKind::Property { .. }
    )
}

/// The direct parts of an expression.
struct Parts<'ast>(Vec<&'ast Expr>);

impl<'ast> Visitor<'ast> for Parts<'ast> {
    fn visit_expr(&mut self, expression: &'ast Expr) {
        self.0.push(expression);
    }
}

fn is_call_of_aggregate(expression: &Expr) -> bool {
    matches!(&expression.kind, ExprKind::Function(call)
        if is_aggregate(&call.name.text))
}

/// Whether an aggregate stands in the expression.
pub(crate) fn aggregates(expression: &Expr) -> bool {
    struct Finder(bool);
    impl<'ast> Visitor<'ast> for Finder {
        fn visit_expr(&mut self, expression: &'ast Expr) {
            self.0 |= is_call_of_aggregate(expression);
            // A subquery groups for itself.
            if !matches!(expression.kind, ExprKind::Subquery(_)) {
                walk_expr(self, expression);
            }
        }
    }
    let mut finder = Finder(false);
    finder.visit_expr(expression);
    finder.0
}

impl<'ast> Visitor<'ast> for Checker<'_> {
    fn visit_clause(&mut self, clause: &'ast Clause) {
        match &clause.kind {
            ClauseKind::With(with) => self.projection(&with.projection),
            ClauseKind::Return(projection) => self.projection(projection),
            _ => {}
        }
        let before = self.patterns_match;
        self.patterns_match = matches!(clause.kind, ClauseKind::Match(_) | ClauseKind::Merge(_));
        walk_clause(self, clause);
        self.patterns_match = before;
    }

    fn visit_element(&mut self, element: &'ast PathElement) {
        let properties = match &element.kind {
            PathElementKind::Node(node) => node.properties.as_ref(),
            PathElementKind::Relationship(step) => step.properties.as_ref(),
            _ => None,
        };
        if let Some(properties) = properties
            && self.patterns_match
            && matches!(properties.kind, ExprKind::Parameter(_))
        {
            self.report(
                "a pattern that is matched writes its properties out; a parameter stands for one value",
                properties.span,
                "SyntaxError:InvalidParameterUse",
            );
        }
        walk_element(self, element);
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        if self.found.is_some() {
            return;
        }
        if let ExprKind::Function(call) = &expression.kind
            && is_call_of_aggregate(expression)
        {
            for argument in &call.arguments {
                if aggregates(argument) {
                    self.report(
                        "an aggregate cannot stand within another",
                        argument.span,
                        "SyntaxError:NestedAggregation",
                    );
                }
                if calls_rand(argument) {
                    self.report(
                        "rand() cannot be aggregated",
                        argument.span,
                        "SyntaxError:NonConstantExpression",
                    );
                }
            }
        }
        walk_expr(self, expression);
    }
}

fn calls_rand(expression: &Expr) -> bool {
    struct Finder(bool);
    impl<'ast> Visitor<'ast> for Finder {
        fn visit_expr(&mut self, expression: &'ast Expr) {
            if let ExprKind::Function(call) = &expression.kind {
                self.0 |= call.name.text.eq_ignore_ascii_case("rand");
            }
            walk_expr(self, expression);
        }
    }
    let mut finder = Finder(false);
    finder.visit_expr(expression);
    finder.0
}
