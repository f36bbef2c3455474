//! `Meeting`: edges from several bound nodes to one node, which nothing reads: a cycle that is only counted.

use std::collections::BTreeSet;
use std::sync::Arc;

use grism_core::Result;

use super::planted::is_planted;
use super::recognized::{only_drops, other_than};
use crate::{CountIntersect, CountedStep, EdgeExpand, LogicalExpr, LogicalPlan};

/// The edges into bound nodes above an expansion, with the expansion, as one count.
///
/// ```text
/// ExpandInto (a)<--(c)                                      CountIntersect (b)-->(), (a)<--()
///   Filter edge1 <> edge2        where nothing reads c   ──►   …
///     Expand (b)-->(c)           nor the edges to it
///       …
/// ```
pub(super) struct Meeting {
    pub(super) count: CountIntersect,
    /// What is left to be tested of the rows below.
    pub(super) conjuncts: Vec<LogicalExpr>,
}

impl Meeting {
    /// The edges that meet at the top of `plan`, filtered by `conjuncts`, where nothing in `needed` is theirs.
    ///
    /// # Errors
    /// Those of the schema of `plan`.
    pub(super) fn of(
        plan: &LogicalPlan,
        conjuncts: &[LogicalExpr],
        needed: &BTreeSet<String>,
    ) -> Result<Option<Self>> {
        let mut conjuncts = conjuncts.to_vec();
        let mut closing: Vec<&EdgeExpand> = Vec::new();
        let mut node = plan;
        let first = loop {
            match node {
                LogicalPlan::Filter { input, predicate } if !closing.is_empty() => {
                    conjuncts.extend(predicate.clone().conjuncts());
                    node = input;
                }
                LogicalPlan::Project { input, expressions }
                    if !closing.is_empty() && only_drops(expressions) =>
                {
                    node = input;
                }
                LogicalPlan::EdgeExpand(expand) if expand.into => {
                    closing.push(expand);
                    node = &expand.input;
                }
                LogicalPlan::EdgeExpand(expand) if !closing.is_empty() => break expand,
                _ => return Ok(None),
            }
        };
        let mut steps = vec![step_of(first, false)];
        for expand in &closing {
            let is_reversed = match (expand.from == first.to, expand.to == first.to) {
                (true, false) => !is_planted("count_expansions.cycle"),
                (false, true) => false,
                _ => return Ok(None),
            };
            if expand.restrict.is_some() {
                return Ok(None);
            }
            steps.push(step_of(expand, is_reversed));
        }
        let edges: Vec<Option<&String>> = std::iter::once(first)
            .chain(closing)
            .map(|expand| expand.edge.as_ref())
            .collect();
        let place = |column: &str| {
            edges
                .iter()
                .position(|edge| edge.is_some_and(|own| own == column))
        };
        let is_made = |column: &String| *column == first.to || place(column).is_some();
        if needed.iter().any(is_made) || conjuncts.iter().any(LogicalExpr::is_volatile) {
            return Ok(None);
        }
        let columns = plan.schema()?;
        let is_entity = |name: &str| columns.find(name).is_some_and(|own| own.ty.is_entity());
        let (mut apart, mut rest) = (Vec::new(), Vec::new());
        for conjunct in conjuncts {
            let read = conjunct.columns();
            if !read.iter().any(is_made) {
                rest.push(conjunct);
                continue;
            }
            // What is said of an edge may only be that it is not another one.
            let Some((own, edge)) = read
                .iter()
                .find_map(|column| Some((place(column)?, column)))
            else {
                return Ok(None);
            };
            match other_than(&conjunct, edge) {
                Some(other) if place(&other).is_some_and(|other| other != own) => {
                    apart.extend(place(&other).map(|other| (own, other)));
                }
                Some(other) if !is_made(&other) && is_entity(&other) => {
                    steps[own].except.push(other);
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(Self {
            count: CountIntersect {
                input: first.input.clone(),
                steps,
                restrict: first.restrict.clone(),
                apart,
                count: String::new(),
            },
            conjuncts: rest,
        }))
    }
}

/// The step of an expansion to the node where edges meet: from its other end where it `is_reversed`.
fn step_of(expand: &EdgeExpand, is_reversed: bool) -> CountedStep {
    let (from, direction) = match is_reversed {
        true => (&expand.to, expand.direction.reversed()),
        false => (&expand.from, expand.direction),
    };
    CountedStep {
        from: from.clone(),
        tables: Arc::clone(&expand.tables),
        label: expand.label.clone(),
        direction,
        except: Vec::new(),
    }
}
