//! The aggregates of a pattern's rows as aggregates of its counts.

use std::collections::BTreeSet;

use grism_core::Result;

use super::super::weighted_aggregate::{WeightedAggregate, counts_all};
use super::region::Region;
use crate::{Aggregate, Internal, LogicalExpr, NamedAggregate, NamedExpr};

/// How an aggregate is made of counts.
pub(super) struct Rewritten {
    /// The variables that it or a condition on several places reads, two at most.
    pub(super) roots: Vec<String>,
    pub(super) above: WeightedAggregate,
}

/// `aggregate` over rows of the entities at one place or two and their [`Internal::Weight`], where each of `regions` makes a part of its
/// rows; `None` where it reads more places, an edge, or what cannot be told of rows that come several times.
///
/// # Errors
/// Those of type inference.
pub(super) fn rewritten(aggregate: &Aggregate, regions: &[Region]) -> Result<Option<Rewritten>> {
    let is_bound = |name: &str| {
        let mut regions = regions.iter();
        regions.all(|own| own.place(name).is_some() || own.step(name).is_some())
    };
    let mut read = BTreeSet::new();
    for NamedExpr {
        expression: key, ..
    } in &aggregate.keys
    {
        key.collect_columns(&mut read);
    }
    for NamedAggregate { call, .. } in &aggregate.aggregates {
        if !counts_all(call, is_bound) {
            let arguments = call.arguments.iter();
            arguments.for_each(|own| own.collect_columns(&mut read));
        }
    }
    for conjunct in regions.iter().flat_map(|own| &own.residual) {
        conjunct.collect_columns(&mut read);
    }
    let is_place = |name: &String| regions.iter().all(|own| own.place(name).is_some());
    if read.len() > 2 || !read.iter().all(is_place) {
        return Ok(None);
    }
    let schema = aggregate.input.schema()?;
    let count = LogicalExpr::column(Internal::Weight.column());
    let above = WeightedAggregate::of(aggregate, schema, &count, is_bound)?;
    Ok(above.map(|above| Rewritten {
        roots: read.into_iter().collect(),
        above,
    }))
}
