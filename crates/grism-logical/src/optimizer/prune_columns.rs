//! Reads each property where it is first needed, and drops columns, role bindings and edge ids that nothing needs.
//!
//! After this rule no `Property` expression is left: a scanned entity's properties are read by its scan, those of an
//! entity that was reached by an expansion are fetched by id right below the operator that uses them.

mod apply;
mod bindings;
mod expansions;
mod inputs;
mod lengths;
mod needs;
mod rows;

use grism_core::{GraphSchema, Result, with_stack};

use self::needs::Needs;
use super::Facts;
use crate::{HyperedgeScan, LoadRows, LogicalPlan, NodeScan, SharedPlan};

/// Prunes from the root down; the root keeps all its columns.
///
/// # Errors
/// Those of type inference.
pub(super) fn prune_columns(plan: LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    let pruner = Pruner {
        schema: facts.schema,
    };
    pruner.prune(&plan, Needs::all_of(&plan)?)
}

struct Pruner<'a> {
    schema: &'a GraphSchema,
}

impl Pruner<'_> {
    fn prune(&self, plan: &LogicalPlan, needs: Needs) -> Result<LogicalPlan> {
        with_stack(|| self.prune_node(plan, needs))
    }

    fn prune_node(&self, plan: &LogicalPlan, needs: Needs) -> Result<LogicalPlan> {
        let needs = match lengths::are_passed_on(plan) {
            true => needs,
            false => needs.without_lengths(),
        };
        Ok(match plan {
            LogicalPlan::Unit
            | LogicalPlan::Empty(_)
            | LogicalPlan::Argument(_)
            | LogicalPlan::Rows { .. } => plan.clone(),
            LogicalPlan::NodeScan(scan) => LogicalPlan::NodeScan(NodeScan {
                properties: needs.properties_of(&scan.variable),
                ..scan.clone()
            }),
            LogicalPlan::HyperedgeScan(scan) => LogicalPlan::HyperedgeScan(HyperedgeScan {
                properties: needs.properties_of(&scan.variable),
                bindings: self.prune_bindings(&scan.bindings, &[], &scan.tables, &needs),
                ..scan.clone()
            }),
            LogicalPlan::EdgeExpand(expand) => self.prune_edge_expand(expand, needs)?,
            LogicalPlan::RoleExpand(expand) => self.prune_role_expand(expand, needs)?,
            LogicalPlan::CountIntersect(count) => self.prune_count_intersect(count, needs)?,
            LogicalPlan::Components(components) => self.prune_components(components, needs)?,
            LogicalPlan::CountExpand(expand) => self.prune_count_expand(expand, needs)?,
            LogicalPlan::PathExpand(expand) => self.prune_path_expand(expand, needs)?,
            LogicalPlan::Repeat(repeat) => self.prune_repeat(repeat, needs)?,
            LogicalPlan::Hydrate {
                input,
                columns,
                depth,
            } => self.prune_hydrate(input, columns, *depth, needs)?,
            LogicalPlan::Fetch(fetch) => self.prune_fetch(fetch, needs)?,
            LogicalPlan::Filter { input, predicate } => {
                let (input, predicate) = self.with_one(input, predicate, needs)?;
                LogicalPlan::Filter { input, predicate }
            }
            LogicalPlan::Project { input, expressions } => {
                self.prune_project(input, expressions, &needs)?
            }
            LogicalPlan::Aggregate(aggregate) => self.prune_aggregate(aggregate, &needs)?,
            LogicalPlan::Distinct { .. } | LogicalPlan::Extension(_) | LogicalPlan::Write(_) => {
                plan.try_map_inputs(&mut |input| self.prune(input, Needs::all_of(input)?))?
            }
            LogicalPlan::Sort { input, keys, fetch } => {
                self.prune_sort(input, keys, *fetch, needs)?
            }
            LogicalPlan::Limit { input, skip, fetch } => LogicalPlan::Limit {
                input: SharedPlan::new(self.prune(input, needs)?),
                skip: *skip,
                fetch: *fetch,
            },
            LogicalPlan::Union { inputs } => self.prune_union(inputs, &plan.schema()?)?,
            LogicalPlan::WeightedCount(_) => plan.try_map_inputs(&mut |input| {
                let names: Vec<String> = input.schema()?.names().map(str::to_owned).collect();
                let below = Needs::of(names.iter().cloned());
                self.prune(input, below)?.keep_columns(&names)
            })?,
            LogicalPlan::IndexLookup(lookup) => self.prune_index_lookup(lookup, needs)?,
            LogicalPlan::TableCall(call) => self.prune_table_call(call, needs)?,
            LogicalPlan::LoadRows(load) => {
                let below = needs.without([&load.variable]);
                let (input, source) = self.with_one(&load.input, &load.source, below)?;
                LogicalPlan::LoadRows(LoadRows {
                    input,
                    source,
                    ..load.clone()
                })
            }
            LogicalPlan::Unwind {
                input,
                expression,
                variable,
            } => {
                let below = needs.without([variable]);
                let (input, expression) = self.with_one(input, expression, below)?;
                LogicalPlan::Unwind {
                    input,
                    expression,
                    variable: variable.clone(),
                }
            }
            LogicalPlan::Apply(apply) => self.prune_apply(apply, needs)?,
            LogicalPlan::Join(join) => self.prune_join(join, needs)?,
        })
    }
}
