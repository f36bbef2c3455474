//! What is wrong with a query whatever the graph holds: found before anything runs.

use std::collections::{BTreeSet, HashSet};

use grism_core::Error;
use grism_functions::built_in;

use crate::aggregates::{aggregates, is_call_of_aggregate};
use crate::projected::text_of;
use crate::source::Source;
use crate::syntax::{
    ChainLink, Clause, ClauseKind, Expr, ExprKind, InfixOperator, PathElement, PathElementKind,
    PrefixOperator, Projection, ProjectionItemKind, Query, Span, Visitor, walk_clause,
    walk_element, walk_expr,
};

/// What a check of a parsed query found.
pub(crate) struct Checked {
    /// The place and the code of the first thing that is wrong.
    pub(crate) error: Option<Error>,
    /// The names, in lower case, that are called and that no function of Grism has: which of them aggregate is known with
    /// the functions of the graph.
    pub(crate) unknown_calls: BTreeSet<String>,
}

/// Checks a parsed query.
pub(crate) fn check_query(source: Source<'_>, query: &Query) -> Checked {
    let mut checker = Checker {
        source,
        found: None,
        unknown_calls: BTreeSet::new(),
        patterns_match: false,
        predicates: HashSet::new(),
    };
    checker.visit_query(query);
    Checked {
        error: checker.found,
        unknown_calls: checker.unknown_calls,
    }
}

struct Checker<'a> {
    source: Source<'a>,
    found: Option<Error>,
    unknown_calls: BTreeSet<String>,
    /// Whether the patterns being visited are matched, so that their property maps are written out.
    patterns_match: bool,
    /// Where patterns start that stand in the place of a predicate.
    predicates: HashSet<usize>,
}

impl Checker<'_> {
    fn report(&mut self, message: impl Into<String>, span: Span, code: &str) {
        if self.found.is_none() {
            self.found = Some(self.source.invalid(message, span).with_code(code));
        }
    }

    fn projection(&mut self, projection: &Projection) {
        let items: Vec<&Expr> = projection
            .items
            .iter()
            .filter_map(|item| match &item.kind {
                ProjectionItemKind::Expression { expression, .. } => Some(expression),
                ProjectionItemKind::Wildcard => None,
            })
            .collect();
        // Of `*` it is not known here what it groups by.
        if items.len() < projection.items.len() {
            return;
        }
        let grouped: HashSet<String> = items
            .iter()
            .filter(|expression| is_plain(expression))
            .map(|expression| text_of(self.source, expression))
            .collect();
        for expression in items.iter().filter(|expression| aggregates(expression)) {
            self.beside_aggregates(expression, &grouped, &mut Vec::new());
        }
    }

    /// What stands beside an aggregate must be grouped by as it stands: a variable or a property among the items. What the
    /// expression itself binds, `locals`, may be read.
    fn beside_aggregates(
        &mut self,
        expression: &Expr,
        grouped: &HashSet<String>,
        locals: &mut Vec<String>,
    ) {
        let is_grouped =
            is_plain(expression) && grouped.contains(&text_of(self.source, expression));
        if is_call_of_aggregate(expression) || is_grouped {
            return;
        }
        match &expression.kind {
            // What is read of an aggregate is no more than the aggregate.
            ExprKind::Property { base, .. } if aggregates(base) => {
                self.beside_aggregates(base, grouped, locals);
            }
            ExprKind::Variable(_) | ExprKind::Property { .. } => {
                let root = root(expression);
                // Within a comprehension a property of what is grouped by may be read.
                let is_known = root.is_none_or(|name| {
                    locals.iter().any(|own| own == name)
                        || (!locals.is_empty() && grouped.contains(name))
                });
                if !is_known {
                    self.ambiguous(expression);
                }
            }
            // The binder tells what a subquery or a pattern reads.
            ExprKind::PatternComprehension(_) | ExprKind::Subquery(_) | ExprKind::Pattern(_) => {}
            ExprKind::MapProjection(projection) => {
                if root(&projection.base).is_none() {
                    self.beside_aggregates(&projection.base, grouped, locals);
                }
            }
            _ => {
                let outer = locals.len();
                locals.extend(expression.bound_names().into_iter().map(str::to_owned));
                for part in expression.parts() {
                    self.beside_aggregates(part, grouped, locals);
                }
                locals.truncate(outer);
            }
        }
    }

    fn ambiguous(&mut self, expression: &Expr) {
        self.report(
            format!(
                "`{}` is neither aggregated nor grouped by; put it among the columns, or in a WITH before",
                self.source.slice(expression.span)
            ),
            expression.span,
            "SyntaxError:AmbiguousAggregationExpression",
        );
    }

    /// Notes the patterns of an expression that is a predicate.
    fn predicate(&mut self, predicate: &Expr) {
        match &predicate.kind {
            ExprKind::Pattern(_) => {
                self.predicates.insert(predicate.span.start);
            }
            ExprKind::Parenthesized(inner) => self.predicate(inner),
            _ => {}
        }
    }

    /// Notes the patterns that are predicates directly within an expression.
    fn predicates_within(&mut self, expression: &Expr) {
        match &expression.kind {
            ExprKind::Prefix {
                operator: PrefixOperator::Not,
                operand,
            } => self.predicate(operand),
            ExprKind::Chain { first, rest } => {
                let is_logic = |link: &ChainLink| {
                    use InfixOperator::{And, Or, Xor};
                    matches!(link.operator, And | Or | Xor)
                };
                if rest.iter().all(is_logic) {
                    self.predicate(first);
                    rest.iter().for_each(|link| self.predicate(&link.operand));
                }
            }
            ExprKind::Function(call) if call.name.text.eq_ignore_ascii_case("exists") => {
                call.arguments.iter().for_each(|own| self.predicate(own));
            }
            ExprKind::Case(case) if case.operand.is_none() => {
                let conditions = case.alternatives.iter().flat_map(|own| &own.when);
                conditions.for_each(|condition| self.predicate(condition));
            }
            ExprKind::ListComprehension(own) => {
                own.predicate.iter().for_each(|own| self.predicate(own));
            }
            ExprKind::PatternComprehension(own) => {
                own.predicate.iter().for_each(|own| self.predicate(own));
            }
            ExprKind::Quantified(own) => self.predicate(&own.predicate),
            _ => {}
        }
    }
}

/// The variable that a variable, or a property of one, is read of.
fn root(expression: &Expr) -> Option<&str> {
    match &expression.bare().kind {
        ExprKind::Variable(name) => Some(&name.text),
        ExprKind::Property { base, .. } => root(base),
        _ => None,
    }
}

/// Whether the expression is a variable or a property.
fn is_plain(expression: &Expr) -> bool {
    matches!(
        expression.kind,
        ExprKind::Variable(_) | ExprKind::Property { .. }
    ) && !aggregates(expression)
}

impl<'ast> Visitor<'ast> for Checker<'_> {
    fn visit_clause(&mut self, clause: &'ast Clause) {
        match &clause.kind {
            ClauseKind::With(with) => {
                self.projection(&with.projection);
                with.predicate.iter().for_each(|own| self.predicate(own));
            }
            ClauseKind::Return(projection) => self.projection(projection),
            ClauseKind::Match(matched) => {
                matched.predicate.iter().for_each(|own| self.predicate(own));
            }
            ClauseKind::Call(call) => {
                let predicates = call.yields.iter().filter_map(|own| own.predicate.as_ref());
                predicates.for_each(|own| self.predicate(own));
            }
            _ => {}
        }
        let before = self.patterns_match;
        self.patterns_match = matches!(clause.kind, ClauseKind::Match(_) | ClauseKind::Merge(_));
        walk_clause(self, clause);
        self.patterns_match = before;
    }

    fn visit_element(&mut self, element: &'ast PathElement) {
        let (properties, predicate) = match &element.kind {
            PathElementKind::Node(node) => (node.properties.as_ref(), &node.predicate),
            PathElementKind::Relationship(step) => (step.properties.as_ref(), &step.predicate),
            PathElementKind::Group(group) => (None, &group.predicate),
            PathElementKind::Shortest { .. } => (None, &None),
        };
        predicate.iter().for_each(|own| self.predicate(own));
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
        if let ExprKind::Function(call) = &expression.kind
            && built_in(&call.name.text).is_none()
        {
            self.unknown_calls.insert(call.name.text.to_lowercase());
        }
        if self.found.is_some() {
            // Calls of unknown functions are collected to the end.
            walk_expr(self, expression);
            return;
        }
        self.predicates_within(expression);
        if matches!(expression.kind, ExprKind::Pattern(_))
            && !self.predicates.contains(&expression.span.start)
        {
            self.report(
                "a pattern is a predicate and no value; use EXISTS { … } or a comprehension",
                expression.span,
                "SyntaxError:UnexpectedSyntax",
            );
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
