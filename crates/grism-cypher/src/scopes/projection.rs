//! WITH and RETURN: the variables that they hand on, and what ORDER BY and WHERE may still see.

use grism_core::Result;

use super::aggregates::{Groups, aggregate_texts, grouped_parts};
use super::expression::Aggregates;
use super::known::Known;
use super::origin::Origin;
use super::query::Checker;
use crate::aggregates::aggregates;
use crate::projected::{Projected, column_name};
use crate::syntax::{Expr, Projection, ProjectionItemKind};

impl Checker<'_> {
    /// The variables after a projection whose rows `predicate` filters.
    pub(super) fn projection(
        self,
        known: &Known,
        projection: &Projection,
        predicate: Option<&Expr>,
    ) -> Result<Known> {
        let mut listed: Vec<&Expr> = Vec::new();
        let mut shown = Known::default();
        for item in &projection.items {
            match &item.kind {
                ProjectionItemKind::Wildcard => shown = shown.with(&sorted(known)),
                ProjectionItemKind::Expression { expression, alias } => {
                    self.expression(known, expression, Aggregates::Allowed)?;
                    let name = column_name(self.source, expression, alias.as_ref());
                    shown.put(&name, self.origin(known, expression));
                    listed.push(expression);
                }
            }
        }
        let aggregated = listed.iter().any(|expression| aggregates(expression));
        let order = projection.order_by.iter().map(|item| &item.expression);
        if !aggregated && !projection.distinct {
            let both = known.clone().with(&shown);
            for expression in order {
                self.expression(&both, expression, Aggregates::ForbiddenByList)?;
            }
            self.values(&both, predicate)?;
            return Ok(shown);
        }
        let projected = Projected::new(self.source, projection);
        let kept = match projection.distinct {
            // What is no column of its own is not there any more when equal rows are one.
            true => Vec::new(),
            false => aggregate_texts(self.source, &listed),
        };
        let groups = Groups {
            before: known,
            shown: &shown,
            aggregates: aggregated.then_some(&kept[..]),
            parts: &grouped_parts(self.source, &listed),
        };
        for expression in order {
            let replaced = projected.replaced(expression);
            self.over_groups(&groups, &replaced, aggregates(expression))?;
        }
        let Some(predicate) = predicate else {
            return Ok(shown);
        };
        let is_early = !aggregated && projection.skip.is_none() && projection.limit.is_none();
        if is_early {
            // Rows are dropped before equal ones become one.
            self.value(&known.clone().with(&shown), predicate)?;
            return Ok(shown);
        }
        if aggregates(predicate) {
            // The predicate sees the groups only.
            self.value(known, predicate)?;
        }
        let groups = Groups {
            aggregates: None,
            ..groups
        };
        self.over_groups(&groups, &projected.replaced(predicate), false)?;
        Ok(shown)
    }
}

/// The variables in the order of their names, as `*` lists them.
fn sorted(known: &Known) -> Known {
    let mut all: Vec<(&str, &Origin)> = known.iter().collect();
    all.sort_by_key(|(name, _)| *name);
    let mut sorted = Known::default();
    for (name, origin) in all {
        sorted.put(name, origin.clone());
    }
    sorted
}
