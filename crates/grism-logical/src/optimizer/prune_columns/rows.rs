//! Operators that compute, drop, order or join rows.

use grism_core::Result;

use super::Pruner;
use super::inputs::provides;
use super::lengths::length_of;
use super::needs::Needs;
use crate::{
    Aggregate, Fetch, IndexLookup, Internal, Join, LogicalPlan, NamedExpr, PlanSchema, SharedPlan,
    SortKey, TableCall, property_column,
};

impl Pruner<'_> {
    pub(super) fn prune_hydrate(
        &self,
        input: &LogicalPlan,
        columns: &[String],
        depth: u8,
        needs: Needs,
    ) -> Result<LogicalPlan> {
        let kept = columns.iter();
        let kept: Vec<String> = kept
            .filter(|column| needs.columns.contains(*column))
            .cloned()
            .collect();
        let input = self.prune(input, needs)?;
        if kept.is_empty() {
            return Ok(input);
        }
        Ok(LogicalPlan::Hydrate {
            input: SharedPlan::new(input),
            columns: kept,
            depth,
        })
    }

    pub(super) fn prune_fetch(&self, fetch: &Fetch, needs: Needs) -> Result<LogicalPlan> {
        let produced: Vec<String> = fetch
            .properties
            .iter()
            .map(|property| property_column(&fetch.entity, &property.key))
            .collect();
        let mut below = needs.without(&produced);
        below.column(&fetch.entity);
        Ok(LogicalPlan::Fetch(Fetch {
            input: SharedPlan::new(self.prune(&fetch.input, below)?),
            ..fetch.clone()
        }))
    }

    pub(super) fn prune_project(
        &self,
        input: &LogicalPlan,
        expressions: &[NamedExpr],
        needs: &Needs,
    ) -> Result<LogicalPlan> {
        let columns = input.schema()?;
        let mut kept: Vec<NamedExpr> = Vec::new();
        for own in expressions {
            if needs.columns.contains(&own.name) {
                kept.push(own.clone());
            } else if needs.lengths.contains(&own.name) {
                kept.push(match length_of(&own.expression, &columns) {
                    Some(length) => length.named(Internal::LengthOf(&own.name).column()),
                    None => own.clone(),
                });
            }
        }
        let read = kept.iter().map(|own| &own.expression);
        let (input, rewritten) = self.with(input, read, Needs::default())?;
        let expressions = rewritten
            .into_iter()
            .zip(&kept)
            .map(|(expression, own)| expression.named(&own.name));
        Ok(LogicalPlan::Project {
            input,
            expressions: expressions.collect(),
        })
    }

    pub(super) fn prune_sort(
        &self,
        input: &LogicalPlan,
        keys: &[SortKey],
        fetch: Option<usize>,
        needs: Needs,
    ) -> Result<LogicalPlan> {
        let read = keys.iter().map(|key| &key.expression);
        let (input, rewritten) = self.with(input, read, needs)?;
        let keys = rewritten
            .into_iter()
            .zip(keys)
            .map(|(expression, key)| SortKey {
                expression,
                descending: key.descending,
            });
        Ok(LogicalPlan::Sort {
            input,
            keys: keys.collect(),
            fetch,
        })
    }

    /// Every input has all columns, in the order of `columns`.
    pub(super) fn prune_union(
        &self,
        inputs: &[SharedPlan],
        columns: &PlanSchema,
    ) -> Result<LogicalPlan> {
        let names: Vec<String> = columns.names().map(str::to_owned).collect();
        let inputs = inputs.iter().map(|input| {
            let below = Needs::of(names.iter().cloned());
            Ok(SharedPlan::new(
                self.prune(input, below)?.keep_columns(&names)?,
            ))
        });
        Ok(LogicalPlan::Union {
            inputs: inputs.collect::<Result<_>>()?,
        })
    }

    pub(super) fn prune_index_lookup(
        &self,
        lookup: &IndexLookup,
        needs: Needs,
    ) -> Result<LogicalPlan> {
        let below = needs.without([&lookup.entity, &lookup.score]);
        let expressions = std::iter::once(&lookup.target).chain(&lookup.count);
        let (input, rewritten) = self.with(&lookup.input, expressions, below)?;
        let mut rewritten = rewritten.into_iter();
        let target = rewritten.next().unwrap_or_else(|| lookup.target.clone());
        Ok(LogicalPlan::IndexLookup(IndexLookup {
            input,
            target,
            count: rewritten.next(),
            ..lookup.clone()
        }))
    }

    pub(super) fn prune_table_call(&self, call: &TableCall, needs: Needs) -> Result<LogicalPlan> {
        let mut call = call.clone();
        call.columns
            .retain(|(_, name)| needs.columns.contains(name));
        let below = needs.without(call.columns.iter().map(|(_, name)| name));
        (call.input, call.arguments) = self.with(&call.input, &call.arguments, below)?;
        Ok(LogicalPlan::TableCall(call))
    }

    pub(super) fn prune_aggregate(
        &self,
        aggregate: &Aggregate,
        needs: &Needs,
    ) -> Result<LogicalPlan> {
        let mut kept: Vec<_> = aggregate
            .aggregates
            .iter()
            .filter(|own| needs.columns.contains(&own.name))
            .cloned()
            .collect();
        if aggregate.keys.is_empty() && kept.is_empty() {
            // Without keys there is one group, empty or not, whether its values are read or not.
            kept.extend(aggregate.aggregates.first().cloned());
        }
        let arguments = kept.iter().flat_map(|own| &own.call.arguments);
        let keys = aggregate.keys.iter().map(|key| &key.expression);
        let expressions = keys.chain(arguments);
        let (input, rewritten) = self.with(&aggregate.input, expressions, Needs::default())?;
        let mut rewritten = rewritten.into_iter();
        let keys = aggregate
            .keys
            .iter()
            .filter_map(|key| Some(rewritten.next()?.named(&key.name)))
            .collect();
        let aggregates = kept
            .into_iter()
            .map(|mut own| {
                let arguments = own.call.arguments.len();
                own.call.arguments = rewritten.by_ref().take(arguments).collect();
                own
            })
            .collect();
        Ok(LogicalPlan::Aggregate(Aggregate {
            input,
            keys,
            aggregates,
        }))
    }

    pub(super) fn prune_join(&self, join: &Join, needs: Needs) -> Result<LogicalPlan> {
        let left_columns = join.left.schema()?;
        let (mut left, mut right) = (Needs::default(), Needs::default());
        for name in needs.columns {
            let side = match left_columns.contains(&name) {
                true => &mut left,
                false => &mut right,
            };
            side.columns.insert(name);
        }
        for name in needs.lengths {
            let side = match left_columns.contains(&name) {
                true => &mut left,
                false => &mut right,
            };
            side.lengths.insert(name);
        }
        for (entity, keys) in needs.properties {
            let side = match provides(&join.left, &entity) {
                true => &mut left,
                false => &mut right,
            };
            side.properties.insert(entity, keys);
        }
        let (left_keys, right_keys) = (
            join.on.iter().map(|(key, _)| key),
            join.on.iter().map(|(_, key)| key),
        );
        let (left, left_keys) = self.with(&join.left, left_keys, left)?;
        let (right, right_keys) = self.with(&join.right, right_keys, right)?;
        Ok(LogicalPlan::Join(Join {
            kind: join.kind,
            left,
            right,
            on: left_keys.into_iter().zip(right_keys).collect(),
        }))
    }
}
