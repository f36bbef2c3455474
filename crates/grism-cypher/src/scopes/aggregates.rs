//! Expressions over groups, or over rows that are one where they are equal: what is not projected is not there any more.

use grism_core::{Error, Result};

use super::expression::Aggregates;
use super::known::Known;
use super::origin::Origin;
use super::query::Checker;
use crate::aggregates::aggregates;
use crate::binder::unknown_variable;
use crate::projected::{names_in, text_of};
use crate::source::Source;
use crate::syntax::{Expr, ExprKind, MapProjectionItem, Visitor, walk_expr};

/// The rows of a projection that puts rows together.
pub(super) struct Groups<'g> {
    /// The variables before it.
    pub(super) before: &'g Known,
    /// Its columns.
    pub(super) shown: &'g Known,
    /// The texts of aggregates that may be repeated; `None` where it does not aggregate.
    pub(super) aggregates: Option<&'g [String]>,
    /// The texts of what stands within larger expressions that are grouped by.
    pub(super) parts: &'g [String],
}

impl Checker<'_> {
    /// An expression in which what it repeats of the projection is replaced by the columns. Where the expression
    /// `mixes` aggregates with other things, these must be grouped by as they stand.
    pub(super) fn over_groups(
        self,
        groups: &Groups<'_>,
        expression: &Expr,
        mixes: bool,
    ) -> Result<()> {
        let visible = groups.shown.clone();
        self.grouped(groups, &visible, expression, mixes)
    }

    fn grouped(
        self,
        groups: &Groups<'_>,
        visible: &Known,
        expression: &Expr,
        mixes: bool,
    ) -> Result<()> {
        let with = |name: &str| visible.clone().and(name, Origin::Value);
        match &expression.kind {
            ExprKind::Function(call) if call.aggregates() => {
                let text = text_of(self.source, expression);
                match groups.aggregates {
                    None => Err(self.misplaced_aggregate(
                        expression,
                        &call.name.text,
                        Aggregates::ForbiddenByList,
                    )),
                    Some(known) if known.contains(&text) => Ok(()),
                    Some(_) => Err(self.not_shown(expression, &text)),
                }
            }
            ExprKind::Variable(_) | ExprKind::Property { .. } => {
                match root(expression) {
                    Some((name, _)) if visible.has(name) => Ok(()),
                    // Of the base of a property that is no variable the parts are looked at.
                    None => {
                        let mut parts = expression.parts().into_iter();
                        parts.try_for_each(|part| self.grouped(groups, visible, part, mixes))
                    }
                    Some((name, variable)) => {
                        Err(self.hidden(groups, expression, (name, variable), mixes))
                    }
                }
            }
            ExprKind::ListComprehension(own) => {
                self.grouped(groups, visible, &own.list, mixes)?;
                let inner = with(&own.variable.text);
                let mut parts = own.predicate.iter().chain(&own.projection);
                parts.try_for_each(|part| self.grouped(groups, &inner, part, mixes))
            }
            ExprKind::Quantified(own) => {
                self.grouped(groups, visible, &own.list, mixes)?;
                let inner = with(&own.variable.text);
                self.grouped(groups, &inner, &own.predicate, mixes)
            }
            ExprKind::Reduce(own) => {
                self.grouped(groups, visible, &own.initial, mixes)?;
                self.grouped(groups, visible, &own.list, mixes)?;
                let inner = with(&own.variable.text).and(&own.accumulator.text, Origin::Value);
                self.grouped(groups, &inner, &own.step, mixes)
            }
            ExprKind::Subquery(_) | ExprKind::Pattern(_) | ExprKind::PatternComprehension(_) => {
                // A variable that is hidden would be a new one in a subquery.
                let names = names_in(expression);
                let mut hidden = names.iter().filter(|name| !visible.has(name));
                match hidden.find(|name| groups.before.has(name)) {
                    Some(name) => Err(self.not_shown(expression, name)),
                    None => self.expression(visible, expression, Aggregates::Forbidden),
                }
            }
            ExprKind::MapProjection(projection) => {
                self.grouped(groups, visible, &projection.base, mixes)?;
                for item in &projection.items {
                    match item {
                        MapProjectionItem::Variable(name) if !visible.has(&name.text) => {
                            return Err(self.unknown(visible, name));
                        }
                        MapProjectionItem::Entry(entry) => {
                            self.grouped(groups, visible, &entry.value, mixes)?;
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
            _ => {
                let mut parts = expression.parts().into_iter();
                parts.try_for_each(|part| self.grouped(groups, visible, part, mixes))
            }
        }
    }

    /// The error for what reads a variable that the projection does not hand on.
    fn hidden(
        self,
        groups: &Groups<'_>,
        expression: &Expr,
        (name, variable): (&str, &Expr),
        mixes: bool,
    ) -> Error {
        let text = self.source.slice(expression.span);
        if mixes && groups.parts.contains(&text_of(self.source, expression)) {
            let message = format!(
                "`{text}` is neither aggregated nor grouped by; put it among the columns, or in a WITH before"
            );
            return self
                .source
                .invalid(message, expression.span)
                .with_code("SyntaxError:AmbiguousAggregationExpression");
        }
        if groups.before.has(name) {
            return self.not_shown(expression, text);
        }
        unknown_variable(self.source, (name, variable.span), groups.shown.names())
    }

    fn not_shown(self, expression: &Expr, text: &str) -> Error {
        let message = format!(
            "`{text}` is not among the columns; after DISTINCT and aggregation only these can be read"
        );
        self.source
            .invalid(message, expression.span)
            .with_code("SyntaxError:UndefinedVariable")
    }
}

/// The variable that a property, or a property of a property, is read of.
fn root(expression: &Expr) -> Option<(&str, &Expr)> {
    match &expression.kind {
        ExprKind::Variable(name) => Some((&name.text, expression)),
        ExprKind::Property { base, .. } => root(base.bare()),
        _ => None,
    }
}

/// The texts of the aggregates within the items of a projection.
pub(super) fn aggregate_texts(source: Source<'_>, items: &[&Expr]) -> Vec<String> {
    struct Calls<'a>(Source<'a>, Vec<String>);
    impl<'ast> Visitor<'ast> for Calls<'_> {
        fn visit_expr(&mut self, expression: &'ast Expr) {
            if let ExprKind::Function(call) = &expression.kind
                && call.aggregates()
            {
                self.1.push(text_of(self.0, expression));
                return;
            }
            if !matches!(expression.kind, ExprKind::Subquery(_)) {
                walk_expr(self, expression);
            }
        }
    }
    let mut calls = Calls(source, Vec::new());
    items.iter().for_each(|item| calls.visit_expr(item));
    calls.1
}

/// The texts of what stands within the items that are grouped by.
pub(super) fn grouped_parts(source: Source<'_>, items: &[&Expr]) -> Vec<String> {
    struct All<'a>(Source<'a>, Vec<String>);
    impl<'ast> Visitor<'ast> for All<'_> {
        fn visit_expr(&mut self, expression: &'ast Expr) {
            self.1.push(text_of(self.0, expression));
            walk_expr(self, expression);
        }
    }
    let mut all = All(source, Vec::new());
    let grouped = items.iter().filter(|item| !aggregates(item));
    grouped.for_each(|item| all.visit_expr(item));
    all.1
}
