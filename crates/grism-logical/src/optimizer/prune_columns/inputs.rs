//! The inputs of operators, pruned to what these need.

use grism_core::{Result, Type, with_stack};
use std::collections::BTreeMap;

use super::Pruner;
use super::lengths::Measured;
use super::needs::Needs;
use crate::{
    Apply, Column, EdgeExpand, Fetch, LoadRows, LogicalExpr, LogicalPlan, PropertyRef, Repeat,
    RoleExpand, SharedPlan, TableCall, property_column,
};

impl Pruner<'_> {
    pub(super) fn prune_and_trim(&self, plan: &LogicalPlan, needs: Needs) -> Result<SharedPlan> {
        let names = needs.names();
        let pruned = self.prune(plan, needs)?;
        let schema = pruned.schema()?;
        let kept: Vec<String> = schema
            .names()
            .filter(|name| names.contains(*name))
            .map(str::to_owned)
            .collect();
        if matches!(pruned, LogicalPlan::Argument(_)) {
            return Ok(SharedPlan::new(pruned));
        }
        Ok(SharedPlan::new(pruned.keep_columns(&kept)?))
    }

    pub(super) fn with_one(
        &self,
        input: &LogicalPlan,
        expression: &LogicalExpr,
        needs: Needs,
    ) -> Result<(SharedPlan, LogicalExpr)> {
        let (input, mut rewritten) = self.with(input, [expression], needs)?;
        let rewritten = rewritten.pop().unwrap_or_else(|| expression.clone());
        Ok((input, rewritten))
    }

    /// Prunes `input` for an operator that needs `needs` and evaluates `expressions`, whose properties become columns.
    pub(super) fn with<'a>(
        &self,
        input: &LogicalPlan,
        expressions: impl IntoIterator<Item = &'a LogicalExpr>,
        mut needs: Needs,
    ) -> Result<(SharedPlan, Vec<LogicalExpr>)> {
        let mut fetched: BTreeMap<String, BTreeMap<String, Type>> = BTreeMap::new();
        let mut rewritten = Vec::new();
        let mut lengths = Measured::default();
        for expression in expressions {
            let expression = lengths.take_from(expression.clone(), &mut needs);
            rewritten.push(expression.transform(&mut |node| match node {
                LogicalExpr::Property { entity, key, ty } => {
                    let name = property_column(&entity, &key);
                    let target = if provides(input, &entity) {
                        &mut needs.properties
                    } else {
                        &mut fetched
                    };
                    target.entry(entity).or_default().insert(key, ty);
                    LogicalExpr::Column(name)
                }
                LogicalExpr::Column(name) if lengths.has(&name) => LogicalExpr::Column(name),
                LogicalExpr::Column(name) => {
                    needs.columns.insert(name.clone());
                    LogicalExpr::Column(name)
                }
                other => other,
            }));
        }
        // A column that a fetch below makes is not to be asked of the input.
        for (entity, keys) in &fetched {
            for key in keys.keys() {
                needs.columns.remove(&property_column(entity, key));
            }
            needs.columns.insert(entity.clone());
        }
        let mut plan = self.prune(input, needs)?;
        for (entity, keys) in fetched {
            let tables = plan
                .schema()?
                .find(&entity)
                .and_then(|column| column.ty.tables().cloned())
                .unwrap_or_default();
            // An operator below may have fetched some of them for itself.
            let known = plan.schema()?;
            let missing = keys
                .into_iter()
                .filter(|(key, _)| !known.contains(&property_column(&entity, key)));
            let properties: Vec<PropertyRef> =
                missing.map(|(key, ty)| PropertyRef { key, ty }).collect();
            if properties.is_empty() {
                continue;
            }
            plan = LogicalPlan::Fetch(Fetch {
                input: SharedPlan::new(plan),
                entity,
                tables,
                properties,
            });
        }
        let made = plan.schema()?;
        let rewritten = rewritten.into_iter();
        let rewritten = rewritten.map(|expression| lengths.put_back(expression, &made));
        let rewritten = rewritten.collect();
        Ok((SharedPlan::new(plan), rewritten))
    }
}

/// Whether a scan below makes the column `entity` and can read its properties along.
pub(super) fn provides(plan: &LogicalPlan, entity: &str) -> bool {
    match plan {
        LogicalPlan::NodeScan(scan) => scan.variable == entity,
        LogicalPlan::HyperedgeScan(scan) => scan.variable == entity,
        LogicalPlan::EdgeExpand(EdgeExpand { input, .. })
        | LogicalPlan::RoleExpand(RoleExpand { input, .. })
        | LogicalPlan::Fetch(Fetch { input, .. })
        | LogicalPlan::Filter { input, .. }
        | LogicalPlan::LoadRows(LoadRows { input, .. })
        | LogicalPlan::TableCall(TableCall { input, .. })
        | LogicalPlan::Unwind { input, .. } => with_stack(|| provides(input, entity)),
        LogicalPlan::Join(join) => {
            with_stack(|| provides(&join.left, entity) || provides(&join.right, entity))
        }
        _ => false,
    }
}

/// Gives the arguments of a subplan the columns that the outer side has now.
pub(super) fn with_argument(plan: &LogicalPlan, outer: &[Column]) -> Result<LogicalPlan> {
    with_stack(|| argument_replaced(plan, outer))
}

fn argument_replaced(plan: &LogicalPlan, outer: &[Column]) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Argument(_) => Ok(LogicalPlan::Argument(crate::PlanSchema::new(
            outer.to_vec(),
        ))),
        // The argument of a nested subplan is its own outer side, which this pass has seen to already.
        LogicalPlan::Apply(apply) => {
            let input = SharedPlan::new(with_argument(&apply.input, outer)?);
            let subplan = SharedPlan::new(with_argument(&apply.subplan, &input.schema()?.columns)?);
            Ok(LogicalPlan::Apply(Apply {
                input,
                subplan,
                kind: apply.kind.clone(),
            }))
        }
        LogicalPlan::Repeat(repeat) => {
            let input = SharedPlan::new(with_argument(&repeat.input, outer)?);
            let mut argument = input.schema()?.columns.clone();
            argument.push(Column::new(&repeat.start, repeat.start_type.clone()));
            let hop = SharedPlan::new(with_argument(&repeat.hop, &argument)?);
            Ok(LogicalPlan::Repeat(Repeat {
                input,
                hop,
                ..repeat.clone()
            }))
        }
        other => other.try_map_inputs(&mut |input| with_argument(input, outer)),
    }
}
