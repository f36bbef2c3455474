//! The direct parts of an expression.

use super::{Expr, ExprKind, MapProjectionItem, Visitor, walk_expr};

impl Expr {
    /// The expressions directly within this one, those of its patterns and subqueries too.
    pub(crate) fn parts(&self) -> Vec<&Self> {
        struct Parts<'a>(Vec<&'a Expr>);
        impl<'a> Visitor<'a> for Parts<'a> {
            fn visit_expr(&mut self, expression: &'a Expr) {
                self.0.push(expression);
            }
        }
        let mut parts = Parts(Vec::new());
        walk_expr(&mut parts, self);
        parts.0
    }

    /// The expressions directly within this one, to be changed; not those of its patterns and subqueries.
    pub(crate) fn children_mut(&mut self) -> Vec<&mut Self> {
        match &mut self.kind {
            ExprKind::Literal(_)
            | ExprKind::Variable(_)
            | ExprKind::Parameter(_)
            | ExprKind::PatternComprehension(_)
            | ExprKind::Subquery(_)
            | ExprKind::Pattern(_) => Vec::new(),
            ExprKind::Parenthesized(inner) => vec![inner],
            ExprKind::List(items) => items.iter_mut().collect(),
            ExprKind::Map(entries) => entries.iter_mut().map(|entry| &mut entry.value).collect(),
            ExprKind::Prefix { operand, .. } | ExprKind::Is { operand, .. } => vec![operand],
            ExprKind::Chain { first, rest } => {
                let rest = rest.iter_mut().map(|link| &mut link.operand);
                std::iter::once(&mut **first).chain(rest).collect()
            }
            ExprKind::Property { base, .. } => vec![base],
            ExprKind::Index { base, index } => vec![base, index],
            ExprKind::Slice { base, lower, upper } => {
                let bounds = lower.iter_mut().chain(upper).map(|bound| &mut **bound);
                std::iter::once(&mut **base).chain(bounds).collect()
            }
            ExprKind::Function(call) => call.arguments.iter_mut().collect(),
            ExprKind::Case(case) => {
                let mut parts: Vec<&mut Self> = Vec::new();
                parts.extend(case.operand.as_deref_mut());
                for alternative in &mut case.alternatives {
                    parts.extend(&mut alternative.when);
                    parts.push(&mut alternative.then);
                }
                parts.extend(case.otherwise.as_deref_mut());
                parts
            }
            ExprKind::MapProjection(projection) => {
                let entries = projection.items.iter_mut().filter_map(|item| match item {
                    MapProjectionItem::Entry(entry) => Some(&mut entry.value),
                    _ => None,
                });
                std::iter::once(&mut *projection.base)
                    .chain(entries)
                    .collect()
            }
            ExprKind::ListComprehension(comprehension) => {
                let mut parts: Vec<&mut Self> = vec![&mut comprehension.list];
                parts.extend(comprehension.predicate.as_deref_mut());
                parts.extend(comprehension.projection.as_deref_mut());
                parts
            }
            ExprKind::Quantified(quantified) => {
                vec![&mut quantified.list, &mut quantified.predicate]
            }
            ExprKind::Reduce(reduce) => {
                vec![&mut reduce.initial, &mut reduce.list, &mut reduce.step]
            }
        }
    }

    /// The names that the expression binds for parts of itself.
    pub(crate) fn bound_names(&self) -> Vec<&str> {
        match &self.kind {
            ExprKind::ListComprehension(comprehension) => vec![&comprehension.variable.text],
            ExprKind::Quantified(quantified) => vec![&quantified.variable.text],
            ExprKind::Reduce(reduce) => vec![&reduce.accumulator.text, &reduce.variable.text],
            _ => Vec::new(),
        }
    }

    /// The expression without parentheses around it.
    pub(crate) fn bare(&self) -> &Self {
        match &self.kind {
            ExprKind::Parenthesized(inner) => inner.bare(),
            _ => self,
        }
    }
}
