//! What a subplan reads of the rows it starts from.

use std::collections::BTreeSet;

use grism_core::with_stack;

use crate::{LogicalExpr, LogicalPlan, PlanSchema, RoleSource, property_column};

/// The outer columns that a subplan reads, which is what reaches its argument.
pub(super) fn argument_columns(plan: &LogicalPlan, columns: &mut BTreeSet<String>) {
    let mut read = |expression: &LogicalExpr| expression.collect_columns(columns);
    match plan {
        LogicalPlan::Filter { predicate, .. } => read(predicate),
        LogicalPlan::Project { expressions, .. } => {
            expressions.iter().for_each(|own| read(&own.expression))
        }
        LogicalPlan::Aggregate(aggregate) => {
            let keys = aggregate.keys.iter();
            keys.for_each(|key| read(&key.expression));
            aggregate
                .aggregates
                .iter()
                .flat_map(|own| &own.call.arguments)
                .for_each(read);
        }
        LogicalPlan::Sort { keys, .. } => keys.iter().for_each(|key| read(&key.expression)),
        LogicalPlan::Unwind { expression, .. } => read(expression),
        LogicalPlan::IndexLookup(lookup) => {
            read(&lookup.target);
            lookup.count.iter().for_each(read);
        }
        LogicalPlan::TableCall(call) => call.arguments.iter().for_each(read),
        LogicalPlan::LoadRows(load) => read(&load.source),
        // It may read every column.
        LogicalPlan::Extension(extension) => {
            let inputs = extension
                .inputs
                .iter()
                .filter_map(|input| input.schema().ok());
            columns.extend(inputs.flat_map(PlanSchema::names).map(str::to_owned));
        }
        LogicalPlan::EdgeExpand(expand) => {
            columns.insert(expand.from.clone());
            if expand.into {
                columns.insert(expand.to.clone());
            }
        }
        LogicalPlan::CountIntersect(count) => columns.extend(count.read().cloned()),
        LogicalPlan::Components(components) => {
            columns.insert(components.entity.clone());
        }
        LogicalPlan::CountExpand(expand) => {
            columns.insert(expand.from.clone());
            columns.extend(expand.except.iter().cloned());
        }
        LogicalPlan::RoleExpand(expand) => {
            columns.insert(match &expand.from {
                RoleSource::Member { column, .. } => column.clone(),
                RoleSource::Hyperedge => expand.hyperedge.clone(),
            });
        }
        LogicalPlan::PathExpand(expand) => {
            expand.properties.iter().for_each(|(_, value)| read(value));
            columns.insert(expand.from.clone());
            columns.extend(expand.target.clone());
        }
        LogicalPlan::Repeat(repeat) => {
            columns.insert(repeat.from.clone());
            columns.extend(repeat.target.clone());
        }
        // It reads what its input makes, which may be every column.
        LogicalPlan::Write(write) => {
            let schema = write.input.schema();
            columns.extend(schema.iter().flat_map(|own| own.names()).map(str::to_owned));
        }
        LogicalPlan::Hydrate { columns: own, .. } => columns.extend(own.iter().cloned()),
        LogicalPlan::Fetch(fetch) => {
            // What is fetched here is not asked of the outer side, where it may be fetched as well.
            for property in &fetch.properties {
                columns.remove(&property_column(&fetch.entity, &property.key));
            }
            columns.insert(fetch.entity.clone());
        }
        LogicalPlan::Join(join) => join.on.iter().for_each(|(left, right)| {
            read(left);
            read(right);
        }),
        _ => {}
    }
    plan.inputs()
        .into_iter()
        .for_each(|input| with_stack(|| argument_columns(input, columns)));
    if let Some(subplan) = plan.subplan() {
        let mut own = BTreeSet::new();
        with_stack(|| argument_columns(subplan, &mut own));
        if let LogicalPlan::Repeat(repeat) = plan {
            own.remove(&repeat.start);
        }
        columns.append(&mut own);
    }
}
