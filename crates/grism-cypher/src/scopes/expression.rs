//! Expressions: every name in them is known, and aggregates stand where they may.

use grism_core::{Error, Result, with_stack};

use super::known::Known;
use super::origin::Origin;
use super::query::{Checker, Ending};
use crate::binder::hint;
use crate::syntax::{Expr, ExprKind, MapProjectionItem, PathElementKind, PathPattern};

/// Whether aggregates may stand in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregates {
    /// In what WITH and RETURN list.
    Allowed,
    /// Everywhere else.
    Forbidden,
    /// In ORDER BY of what does not aggregate.
    ForbiddenByList,
    /// Within a comprehension of what WITH and RETURN list.
    ForbiddenByComprehension,
}

impl Aggregates {
    const fn in_comprehension(self) -> Self {
        match self {
            Self::Allowed => Self::ForbiddenByComprehension,
            other => other,
        }
    }
}

impl Checker<'_> {
    pub(super) fn expression(
        self,
        known: &Known,
        expression: &Expr,
        aggregates: Aggregates,
    ) -> Result<()> {
        with_stack(|| self.parts_of(known, expression, aggregates))
    }

    fn parts_of(self, known: &Known, expression: &Expr, aggregates: Aggregates) -> Result<()> {
        let within = aggregates.in_comprehension();
        match &expression.kind {
            ExprKind::Variable(name) => self.variable(known, name),
            ExprKind::Function(call) if call.aggregates() => {
                if aggregates != Aggregates::Allowed {
                    return Err(self.misplaced_aggregate(expression, &call.name.text, aggregates));
                }
                self.values(known, &call.arguments)
            }
            ExprKind::ListComprehension(own) => {
                self.expression(known, &own.list, aggregates)?;
                let item = self.origin(known, &own.list).item();
                let inner = known.clone().and(&own.variable.text, item);
                for part in own.predicate.iter().chain(&own.projection) {
                    self.expression(&inner, part, within)?;
                }
                Ok(())
            }
            ExprKind::Quantified(own) => {
                self.expression(known, &own.list, aggregates)?;
                let item = self.origin(known, &own.list).item();
                let inner = known.clone().and(&own.variable.text, item);
                self.expression(&inner, &own.predicate, within)
            }
            ExprKind::Reduce(own) => {
                self.expression(known, &own.initial, aggregates)?;
                self.expression(known, &own.list, aggregates)?;
                let item = self.origin(known, &own.list).item();
                let inner = known
                    .clone()
                    .and(&own.accumulator.text, Origin::Value)
                    .and(&own.variable.text, item);
                self.expression(&inner, &own.step, within)
            }
            ExprKind::PatternComprehension(own) => {
                let inner = self.matched(known, std::slice::from_ref(&own.pattern))?;
                self.values(&inner, &own.predicate)?;
                self.value(&inner, &own.projection)
            }
            ExprKind::Subquery(subquery) => self.query(known, &subquery.query, Ending::Open),
            ExprKind::Pattern(path) => {
                self.names_of_predicate(known, path)?;
                self.matched(known, std::slice::from_ref(&**path)).map(drop)
            }
            ExprKind::MapProjection(projection) => {
                self.expression(known, &projection.base, aggregates)?;
                for item in &projection.items {
                    match item {
                        MapProjectionItem::Variable(name) => self.variable(known, name)?,
                        MapProjectionItem::Entry(entry) => {
                            self.expression(known, &entry.value, aggregates)?;
                        }
                        MapProjectionItem::Property(_) | MapProjectionItem::AllProperties => {}
                    }
                }
                Ok(())
            }
            _ => {
                let mut parts = expression.parts().into_iter();
                parts.try_for_each(|part| self.expression(known, part, aggregates))
            }
        }
    }

    /// A pattern that is a predicate binds no variables.
    fn names_of_predicate(self, known: &Known, path: &PathPattern) -> Result<()> {
        for element in &path.elements {
            let variable = match &element.kind {
                PathElementKind::Node(node) => node.variable.as_ref(),
                PathElementKind::Relationship(step) => step.variable.as_ref(),
                PathElementKind::Group(_) | PathElementKind::Shortest { .. } => None,
            };
            if let Some(name) = variable.filter(|name| !known.has(&name.text)) {
                let hint = hint(&name.text, known.names());
                let message = format!(
                    "unknown variable `{}`{hint}; a pattern predicate binds none",
                    name.text
                );
                return Err(self
                    .source
                    .invalid(message, name.span)
                    .with_code("SyntaxError:UndefinedVariable"));
            }
        }
        Ok(())
    }

    pub(super) fn misplaced_aggregate(
        self,
        expression: &Expr,
        name: &str,
        aggregates: Aggregates,
    ) -> Error {
        let message = match aggregates {
            Aggregates::ForbiddenByList => {
                "ORDER BY cannot aggregate where the projection does not".to_owned()
            }
            Aggregates::ForbiddenByComprehension => {
                format!("the aggregate `{name}()` cannot stand within a comprehension")
            }
            Aggregates::Forbidden | Aggregates::Allowed => format!(
                "the aggregate `{name}()` can only stand in WITH and RETURN, and not within another"
            ),
        };
        self.source
            .invalid(message, expression.span)
            .with_code("SyntaxError:InvalidAggregation")
    }
}
