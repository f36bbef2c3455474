//! Where duplicates do not matter above, drops them below expansions instead of multiplying them, and looks for the nodes
//! at the ends of paths instead of for the paths.

use grism_core::{Result, with_stack};

use super::Facts;
use super::estimate_rows::{estimate_rows, most_different};
use super::planted::is_planted;
use crate::{
    Apply, ApplyKind, Join, JoinKind, LogicalPlan, PathExpand, PathMode, PathSearch, Repeat,
    SharedPlan,
};

/// How many times fewer rows a removal of duplicates must be expected to leave, to be worth its work.
const WORTHWHILE: f64 = 3.0;

/// Rows below which duplicates are left alone.
const FEW: f64 = 4096.0;

/// Rewrites from the root down.
///
/// # Errors
/// Those of type inference.
pub(super) fn drop_duplicates(plan: LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    let pass = Pass { facts };
    pass.rewrite(&plan, Context::default())
}

#[derive(Clone, Copy, Default)]
struct Context {
    /// Whether a row that comes twice changes nothing.
    once: bool,
    /// Whether this is a subplan, which would run row by row if it put rows together.
    within: bool,
}

struct Pass<'a> {
    facts: Facts<'a>,
}

impl Pass<'_> {
    fn rewrite(&self, plan: &LogicalPlan, context: Context) -> Result<LogicalPlan> {
        with_stack(|| self.rewrite_node(plan, context))
    }

    fn rewrite_node(&self, plan: &LogicalPlan, context: Context) -> Result<LogicalPlan> {
        let with = |once: bool| Context { once, ..context };
        let every =
            |context: Context| plan.try_map_inputs(&mut |input| self.rewrite(input, context));
        match plan {
            LogicalPlan::Distinct { .. } => every(with(true)),
            LogicalPlan::Aggregate(aggregate) => every(with(
                aggregate.ignores_duplicates() || is_planted("drop_duplicates"),
            )),
            LogicalPlan::Limit { .. } | LogicalPlan::Sort { fetch: Some(_), .. } => {
                every(with(false))
            }
            LogicalPlan::Project { expressions, .. } => {
                let volatile = expressions.iter().any(|own| own.expression.is_volatile());
                every(with(context.once && !volatile))
            }
            LogicalPlan::Filter { predicate, .. } => {
                every(with(context.once && !predicate.is_volatile()))
            }
            LogicalPlan::Apply(apply) => self.apply(apply, context),
            LogicalPlan::Join(join) if join.kind != JoinKind::Inner => {
                let right = Context {
                    once: true,
                    ..context
                };
                Ok(LogicalPlan::Join(Join {
                    left: SharedPlan::new(self.rewrite(&join.left, context)?),
                    right: SharedPlan::new(self.rewrite(&join.right, right)?),
                    ..join.clone()
                }))
            }
            LogicalPlan::CountExpand(_)
            | LogicalPlan::CountIntersect(_)
            | LogicalPlan::Fetch(_) => every(context),
            LogicalPlan::PathExpand(expand) => {
                let input = self.below(&expand.input, context)?;
                let possible = expand.is_without_steps()
                    && expand.length.is_none()
                    && expand.least <= 1
                    && expand.mode == PathMode::Trail;
                let search = reach(expand.search, context, possible);
                Ok(LogicalPlan::PathExpand(PathExpand {
                    input,
                    search,
                    ..expand.clone()
                }))
            }
            LogicalPlan::Repeat(repeat) => {
                let hop = Context {
                    once: false,
                    within: true,
                };
                let possible = repeat.prunable
                    && repeat.collected.is_empty()
                    && repeat.length.is_none()
                    && repeat.least <= 1
                    && repeat.mode == PathMode::Trail;
                Ok(LogicalPlan::Repeat(Repeat {
                    input: self.below(&repeat.input, context)?,
                    hop: SharedPlan::new(self.rewrite(&repeat.hop, hop)?),
                    search: reach(repeat.search, context, possible),
                    ..repeat.clone()
                }))
            }
            LogicalPlan::EdgeExpand(_)
            | LogicalPlan::RoleExpand(_)
            | LogicalPlan::Unwind { .. } => {
                plan.try_map_inputs(&mut |input| Ok(self.below(input, context)?.into_plan()))
            }
            _ => every(context),
        }
    }

    /// The input of an expansion, without duplicates where that is expected to pay.
    fn below(&self, input: &LogicalPlan, context: Context) -> Result<SharedPlan> {
        let input = SharedPlan::new(self.rewrite(input, context)?);
        if !context.once || context.within {
            return Ok(input);
        }
        let rows = estimate_rows(&input, self.facts);
        let different = most_different(input.schema()?, self.facts);
        if rows < FEW || rows < different * WORTHWHILE {
            return Ok(input);
        }
        Ok(SharedPlan::new(LogicalPlan::Distinct { input }))
    }

    fn apply(&self, apply: &Apply, context: Context) -> Result<LogicalPlan> {
        let once = match &apply.kind {
            ApplyKind::Semi | ApplyKind::Anti | ApplyKind::Mark(_) => true,
            ApplyKind::Inner | ApplyKind::Optional => context.once,
            ApplyKind::Count(_) | ApplyKind::Collect { .. } => false,
        };
        let subplan = Context { once, within: true };
        Ok(LogicalPlan::Apply(Apply {
            input: SharedPlan::new(self.rewrite(&apply.input, context)?),
            subplan: SharedPlan::new(self.rewrite(&apply.subplan, subplan)?),
            kind: apply.kind.clone(),
        }))
    }
}

/// Where nothing of a path is read, the shortest one is as good as any.
fn reach(search: PathSearch, context: Context, possible: bool) -> PathSearch {
    match search {
        PathSearch::Trails if context.once && possible => PathSearch::Reach,
        PathSearch::AllShortest if context.once && possible => PathSearch::Reach,
        PathSearch::AnyShortest if possible => PathSearch::Reach,
        _ => search,
    }
}
