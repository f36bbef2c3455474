//! Reads each property where it is first needed, and drops columns, role bindings and edge ids that nothing needs.
//!
//! After this rule no `Property` expression is left: a scanned entity's properties are read by its scan, those of an
//! entity that was reached by an expansion are fetched by id right below the operator that uses them.

mod apply;
mod bindings;
mod inputs;
mod needs;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use grism_core::{GraphSchema, Result, with_stack};

use self::inputs::{provides, with_argument};
use self::needs::Needs;
use super::Facts;
use crate::{
    Aggregate, Column, CountExpand, CountIntersect, EdgeExpand, Fetch, HyperedgeScan, IndexLookup,
    Join, LoadRows, LogicalPlan, NodeScan, PathExpand, Repeat, RoleExpand, RoleSource, TableCall,
    property_column,
};

/// Prunes from the root down; the root keeps all its columns.
///
/// # Errors
/// Those of type inference.
pub(super) fn prune_columns(plan: LogicalPlan, facts: Facts<'_>) -> Result<LogicalPlan> {
    let columns = plan.schema()?.names().map(str::to_owned).collect();
    Pruner {
        schema: facts.schema,
    }
    .prune(
        &plan,
        Needs {
            columns,
            properties: BTreeMap::new(),
        },
    )
}

struct Pruner<'a> {
    schema: &'a GraphSchema,
}

impl Pruner<'_> {
    fn prune(&self, plan: &LogicalPlan, needs: Needs) -> Result<LogicalPlan> {
        with_stack(|| self.prune_node(plan, needs))
    }

    fn prune_node(&self, plan: &LogicalPlan, mut needs: Needs) -> Result<LogicalPlan> {
        Ok(match plan {
            LogicalPlan::Unit
            | LogicalPlan::Empty(_)
            | LogicalPlan::Argument(_)
            | LogicalPlan::Rows { .. } => plan.clone(),
            LogicalPlan::NodeScan(scan) => {
                let properties = needs.properties_of(&scan.variable);
                LogicalPlan::NodeScan(NodeScan {
                    properties,
                    ..scan.clone()
                })
            }
            LogicalPlan::HyperedgeScan(scan) => LogicalPlan::HyperedgeScan(HyperedgeScan {
                properties: needs.properties_of(&scan.variable),
                bindings: self.prune_bindings(&scan.bindings, &[], &scan.tables, &needs),
                ..scan.clone()
            }),
            LogicalPlan::EdgeExpand(expand) => {
                let edge = expand
                    .edge
                    .clone()
                    .filter(|edge| needs.columns.contains(edge));
                let mut below = needs.without(expand.edge.iter().chain([&expand.to]));
                below.column(&expand.from);
                if expand.into {
                    below.column(&expand.to);
                }
                let input = self.prune_and_trim(&expand.input, below)?;
                LogicalPlan::EdgeExpand(EdgeExpand {
                    input,
                    edge,
                    ..expand.clone()
                })
            }
            LogicalPlan::RoleExpand(expand) => self.prune_role_expand(expand, needs)?,
            LogicalPlan::CountIntersect(count) => {
                let mut below = needs.without([&count.count]);
                below.columns.extend(count.read().cloned());
                LogicalPlan::CountIntersect(CountIntersect {
                    input: self.prune_and_trim(&count.input, below)?,
                    ..count.clone()
                })
            }
            LogicalPlan::CountExpand(expand) => {
                let mut below = needs.without([&expand.count]);
                below.column(&expand.from);
                below.columns.extend(expand.except.iter().cloned());
                LogicalPlan::CountExpand(CountExpand {
                    input: self.prune_and_trim(&expand.input, below)?,
                    ..expand.clone()
                })
            }
            LogicalPlan::PathExpand(expand) => self.prune_path_expand(expand, needs)?,
            LogicalPlan::Repeat(repeat) => self.prune_repeat(repeat, needs)?,
            LogicalPlan::Hydrate {
                input,
                columns,
                depth,
            } => {
                let kept: Vec<String> = columns
                    .iter()
                    .filter(|column| needs.columns.contains(*column))
                    .cloned()
                    .collect();
                let input = self.prune(input, needs)?;
                if kept.is_empty() {
                    return Ok(input);
                }
                LogicalPlan::Hydrate {
                    input: Arc::new(input),
                    columns: kept,
                    depth: *depth,
                }
            }
            LogicalPlan::Fetch(fetch) => {
                let produced: Vec<String> = fetch
                    .properties
                    .iter()
                    .map(|property| property_column(&fetch.entity, &property.key))
                    .collect();
                let mut below = needs.without(&produced);
                below.column(&fetch.entity);
                LogicalPlan::Fetch(Fetch {
                    input: Arc::new(self.prune(&fetch.input, below)?),
                    ..fetch.clone()
                })
            }
            LogicalPlan::Filter { input, predicate } => {
                let (input, predicate) = self.with_one(input, predicate, needs)?;
                LogicalPlan::Filter { input, predicate }
            }
            LogicalPlan::Project { input, expressions } => {
                let kept: Vec<_> = expressions
                    .iter()
                    .filter(|(_, name)| needs.columns.contains(name))
                    .cloned()
                    .collect();
                let (input, rewritten) = self.with(
                    input,
                    kept.iter().map(|(expression, _)| expression),
                    Needs::default(),
                )?;
                let expressions = rewritten
                    .into_iter()
                    .zip(kept)
                    .map(|(expression, (_, name))| (expression, name));
                LogicalPlan::Project {
                    input,
                    expressions: expressions.collect(),
                }
            }
            LogicalPlan::Aggregate(aggregate) => self.prune_aggregate(aggregate, &needs)?,
            LogicalPlan::Distinct { input } => {
                let all = input.schema()?.names().map(str::to_owned).collect();
                let below = Needs {
                    columns: all,
                    properties: BTreeMap::new(),
                };
                LogicalPlan::Distinct {
                    input: Arc::new(self.prune(input, below)?),
                }
            }
            LogicalPlan::Sort { input, keys, fetch } => {
                let (input, rewritten) =
                    self.with(input, keys.iter().map(|key| &key.expression), needs)?;
                let keys =
                    rewritten
                        .into_iter()
                        .zip(keys)
                        .map(|(expression, key)| crate::SortKey {
                            expression,
                            descending: key.descending,
                        });
                LogicalPlan::Sort {
                    input,
                    keys: keys.collect(),
                    fetch: *fetch,
                }
            }
            LogicalPlan::Limit { input, skip, fetch } => LogicalPlan::Limit {
                input: Arc::new(self.prune(input, needs)?),
                skip: *skip,
                fetch: *fetch,
            },
            LogicalPlan::Union { inputs } => {
                let names: Vec<String> = plan.schema()?.names().map(str::to_owned).collect();
                let inputs = inputs
                    .iter()
                    .map(|input| {
                        let columns = names.iter().cloned().collect();
                        let below = Needs {
                            columns,
                            properties: BTreeMap::new(),
                        };
                        Ok(Arc::new(self.prune(input, below)?.keep_columns(&names)?))
                    })
                    .collect::<Result<_>>()?;
                LogicalPlan::Union { inputs }
            }
            LogicalPlan::WeightedCount(_) => plan.try_map_inputs(&mut |input| {
                let names: Vec<String> = input.schema()?.names().map(str::to_owned).collect();
                let below = Needs {
                    columns: names.iter().cloned().collect(),
                    properties: BTreeMap::new(),
                };
                self.prune(input, below)?.keep_columns(&names)
            })?,
            LogicalPlan::Extension(_) | LogicalPlan::Write(_) => self.prune_whole(plan)?,
            LogicalPlan::IndexLookup(lookup) => {
                let below = needs.without([&lookup.entity, &lookup.score]);
                let expressions = std::iter::once(&lookup.target).chain(&lookup.count);
                let (input, rewritten) = self.with(&lookup.input, expressions, below)?;
                let mut rewritten = rewritten.into_iter();
                let target = rewritten.next().unwrap_or_else(|| lookup.target.clone());
                LogicalPlan::IndexLookup(IndexLookup {
                    input,
                    target,
                    count: rewritten.next(),
                    ..lookup.clone()
                })
            }
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
                let (input, expression) =
                    self.with_one(input, expression, needs.without([variable]))?;
                LogicalPlan::Unwind {
                    input,
                    expression,
                    variable: variable.clone(),
                }
            }
            LogicalPlan::Apply(apply) => self.prune_apply(apply, needs)?,
            LogicalPlan::Join(join) => {
                let left_names: BTreeSet<String> =
                    join.left.schema()?.names().map(str::to_owned).collect();
                let (mut left, mut right) = (Needs::default(), Needs::default());
                for name in std::mem::take(&mut needs.columns) {
                    if left_names.contains(&name) {
                        left.columns.insert(name)
                    } else {
                        right.columns.insert(name)
                    };
                }
                for (entity, keys) in needs.properties {
                    let side = if provides(&join.left, &entity) {
                        &mut left
                    } else {
                        &mut right
                    };
                    side.properties.insert(entity, keys);
                }
                let (left, left_keys) =
                    self.with(&join.left, join.on.iter().map(|(key, _)| key), left)?;
                let (right, right_keys) =
                    self.with(&join.right, join.on.iter().map(|(_, key)| key), right)?;
                LogicalPlan::Join(Join {
                    kind: join.kind,
                    left,
                    right,
                    on: left_keys.into_iter().zip(right_keys).collect(),
                })
            }
        })
    }

    /// Prunes the inputs of a node that may read every column of them.
    fn prune_whole(&self, plan: &LogicalPlan) -> Result<LogicalPlan> {
        plan.try_map_inputs(&mut |input| {
            let columns = input.schema()?.names().map(str::to_owned).collect();
            let below = Needs {
                columns,
                properties: BTreeMap::new(),
            };
            self.prune(input, below)
        })
    }

    fn prune_role_expand(&self, expand: &RoleExpand, needs: Needs) -> Result<LogicalPlan> {
        let taken: &[String] = match &expand.from {
            RoleSource::Member { roles, .. } => roles,
            RoleSource::Hyperedge => &[],
        };
        let bindings = self.prune_bindings(&expand.bindings, taken, &expand.tables, &needs);
        let mut from = expand.from.clone();
        let mut produced: Vec<String> = expand
            .bindings
            .iter()
            .map(|binding| binding.member.clone())
            .collect();
        produced.extend(
            expand
                .bindings
                .iter()
                .filter_map(|binding| binding.incidence.clone()),
        );
        let mut wanted = None;
        if let RoleSource::Member {
            column, incidence, ..
        } = &mut from
        {
            produced.push(expand.hyperedge.clone());
            produced.extend(incidence.clone());
            *incidence = incidence
                .take()
                .filter(|incidence| needs.columns.contains(incidence));
            wanted = Some(column.clone());
        }
        let mut below = needs.without(&produced);
        below.column(wanted.as_deref().unwrap_or(&expand.hyperedge));
        let input = self.prune_and_trim(&expand.input, below)?;
        Ok(LogicalPlan::RoleExpand(RoleExpand {
            input,
            from,
            bindings,
            ..expand.clone()
        }))
    }

    fn prune_path_expand(&self, expand: &PathExpand, needs: Needs) -> Result<LogicalPlan> {
        let kept = |column: &Option<String>| {
            column
                .clone()
                .filter(|column| needs.columns.contains(column))
        };
        let (edges, nodes) = (kept(&expand.edges), kept(&expand.nodes));
        let made = expand.edges.iter().chain(&expand.nodes);
        let mut below = needs.without(made.chain([&expand.to]));
        below.column(&expand.from);
        if let Some(target) = &expand.target {
            below.column(target);
        }
        let values = expand.properties.iter().map(|(_, value)| value);
        let (input, values) = self.with(&expand.input, values, below)?;
        let properties = expand
            .properties
            .iter()
            .zip(values)
            .map(|((property, _), value)| (property.clone(), value))
            .collect();
        Ok(LogicalPlan::PathExpand(PathExpand {
            input,
            edges,
            nodes,
            properties,
            ..expand.clone()
        }))
    }

    fn prune_repeat(&self, repeat: &Repeat, needs: Needs) -> Result<LogicalPlan> {
        let mut collected = repeat.collected.clone();
        collected.retain(|list| needs.columns.contains(&list.into));
        let made = repeat.collected.iter().map(|list| &list.into);
        let mut below = needs.without(made.chain([&repeat.to]));
        below.column(&repeat.from);
        below.columns.extend(repeat.target.clone());
        let mut names: BTreeSet<String> = repeat.used.iter().cloned().collect();
        names.extend(collected.iter().map(|list| list.column.clone()));
        names.insert(repeat.end.clone());
        let hop = self.prune(
            &repeat.hop,
            Needs {
                columns: names.clone(),
                properties: BTreeMap::new(),
            },
        )?;
        let names: Vec<String> = names.into_iter().collect();
        let hop = hop.keep_columns(&names)?;
        let mut read = hop.argument_columns();
        let outer = repeat.input.schema()?;
        read.retain(|name| outer.contains(name) && name != &repeat.start);
        below.columns.extend(read);
        let input = self.prune_and_trim(&repeat.input, below)?;
        let mut argument = input.schema()?.columns;
        argument.push(Column::new(&repeat.start, repeat.start_type.clone()));
        Ok(LogicalPlan::Repeat(Repeat {
            input,
            hop: Arc::new(with_argument(&hop, &argument)?),
            collected,
            ..repeat.clone()
        }))
    }

    fn prune_table_call(&self, call: &TableCall, needs: Needs) -> Result<LogicalPlan> {
        let mut call = call.clone();
        call.columns
            .retain(|(_, name)| needs.columns.contains(name));
        let below = needs.without(call.columns.iter().map(|(_, name)| name));
        (call.input, call.arguments) = self.with(&call.input, &call.arguments, below)?;
        Ok(LogicalPlan::TableCall(call))
    }

    fn prune_aggregate(&self, aggregate: &Aggregate, needs: &Needs) -> Result<LogicalPlan> {
        let mut kept: Vec<_> = aggregate
            .aggregates
            .iter()
            .filter(|(_, name)| needs.columns.contains(name))
            .cloned()
            .collect();
        if aggregate.keys.is_empty() && kept.is_empty() {
            // Without keys there is one group, empty or not, whether its values are read or not.
            kept.extend(aggregate.aggregates.first().cloned());
        }
        let arguments = kept.iter().flat_map(|(call, _)| &call.arguments);
        let expressions = aggregate.keys.iter().map(|(key, _)| key).chain(arguments);
        let (input, rewritten) = self.with(&aggregate.input, expressions, Needs::default())?;
        let mut rewritten = rewritten.into_iter();
        let keys = aggregate
            .keys
            .iter()
            .filter_map(|(_, name)| Some((rewritten.next()?, name.clone())))
            .collect();
        let aggregates = kept
            .into_iter()
            .map(|(mut call, name)| {
                let arguments = call.arguments.len();
                call.arguments = rewritten.by_ref().take(arguments).collect();
                (call, name)
            })
            .collect();
        Ok(LogicalPlan::Aggregate(Aggregate {
            input,
            keys,
            aggregates,
        }))
    }
}
