//! The columns that a logical plan outputs.

use std::sync::Arc;

use grism_core::{Result, Type, with_stack};

use super::known_schema::known_schema;
use super::{
    ApplyKind, Components, CountExpand, CountIntersect, JoinKind, LogicalPlan, PropertyRef,
    RoleBinding, RoleSource,
};
use crate::{Column, PlanSchema, infer_type, property_column};

impl LogicalPlan {
    /// The columns of the output.
    ///
    /// # Errors
    /// Those of type inference.
    pub fn schema(&self) -> Result<PlanSchema> {
        with_stack(|| self.compute_schema())
    }

    fn compute_schema(&self) -> Result<PlanSchema> {
        Ok(match self {
            Self::Unit => PlanSchema::default(),
            Self::Empty(schema) | Self::Argument(schema) | Self::Rows { schema, .. } => {
                schema.clone()
            }
            Self::NodeScan(scan) => {
                let mut schema = PlanSchema::default();
                schema.put(Column::new(&scan.variable, scan.ty.clone()));
                put_properties(&mut schema, &scan.variable, &scan.properties);
                schema
            }
            Self::HyperedgeScan(scan) => {
                let mut schema = PlanSchema::default();
                schema.put(Column::new(
                    &scan.variable,
                    Type::Hyperedge(Arc::clone(&scan.tables)),
                ));
                put_bindings(&mut schema, &scan.bindings);
                put_properties(&mut schema, &scan.variable, &scan.properties);
                schema
            }
            Self::EdgeExpand(expand) => {
                let mut schema = (*known_schema(&expand.input)?).clone();
                if let Some(edge) = &expand.edge {
                    schema.put(Column::new(
                        edge,
                        Type::Hyperedge(Arc::clone(&expand.tables)),
                    ));
                }
                if !expand.into {
                    schema.put(Column::new(&expand.to, expand.to_type.clone()));
                }
                schema
            }
            Self::WeightedCount(count) => PlanSchema::new(count.columns()),
            Self::CountIntersect(CountIntersect {
                input,
                count: column,
                ..
            })
            | Self::CountExpand(CountExpand {
                input,
                count: column,
                ..
            })
            | Self::Components(Components {
                input,
                component: column,
                ..
            }) => {
                let mut schema = (*known_schema(input)?).clone();
                schema.put(Column::new(column, Type::Int64));
                schema
            }
            Self::RoleExpand(expand) => {
                let mut schema = (*known_schema(&expand.input)?).clone();
                if let RoleSource::Member { incidence, .. } = &expand.from {
                    schema.put(Column::new(
                        &expand.hyperedge,
                        Type::Hyperedge(Arc::clone(&expand.tables)),
                    ));
                    if let Some(incidence) = incidence {
                        schema.put(Column::new(incidence, Type::Incidence));
                    }
                }
                put_bindings(&mut schema, &expand.bindings);
                schema
            }
            Self::PathExpand(expand) => {
                let mut schema = (*known_schema(&expand.input)?).clone();
                for column in expand.columns() {
                    schema.put(column);
                }
                schema
            }
            Self::Repeat(repeat) => {
                let mut schema = (*known_schema(&repeat.input)?).clone();
                for column in repeat.columns(known_schema(&repeat.hop)?.as_ref()) {
                    schema.put(column);
                }
                schema
            }
            Self::Fetch(fetch) => {
                let mut schema = (*known_schema(&fetch.input)?).clone();
                put_properties(&mut schema, &fetch.entity, &fetch.properties);
                schema
            }
            Self::Filter { input, .. }
            | Self::Hydrate { input, .. }
            | Self::Distinct { input }
            | Self::Sort { input, .. }
            | Self::Limit { input, .. } => (*known_schema(input)?).clone(),
            Self::Project { input, expressions } => {
                let input = known_schema(input)?;
                let columns = expressions
                    .iter()
                    .map(|(expression, name)| {
                        Ok(Column::new(name, infer_type(expression, &input)?))
                    })
                    .collect::<Result<_>>()?;
                PlanSchema::new(columns)
            }
            Self::Aggregate(aggregate) => {
                let input = known_schema(&aggregate.input)?;
                let mut columns = Vec::new();
                for (key, name) in &aggregate.keys {
                    columns.push(Column::new(name, infer_type(key, &input)?));
                }
                for (call, name) in &aggregate.aggregates {
                    columns.push(Column::new(name, call.result_type(&input)?));
                }
                PlanSchema::new(columns)
            }
            Self::Union { inputs } => union_schema(inputs)?,
            Self::IndexLookup(lookup) => {
                let mut schema = (*known_schema(&lookup.input)?).clone();
                for column in lookup.columns() {
                    schema.put(column);
                }
                schema
            }
            Self::Extension(extension) => extension.schema()?,
            Self::TableCall(call) => {
                let mut schema = (*known_schema(&call.input)?).clone();
                for column in call.output() {
                    schema.put(column);
                }
                schema
            }
            Self::Write(write) => write.schema(known_schema(&write.input)?.as_ref()),
            Self::LoadRows(load) => {
                let mut schema = (*known_schema(&load.input)?).clone();
                schema.put(load.column());
                schema
            }
            Self::Unwind {
                input,
                expression,
                variable,
            } => {
                let mut schema = (*known_schema(input)?).clone();
                let ty = match infer_type(expression, &schema)? {
                    Type::List(item) => *item,
                    other => other,
                };
                schema.put(Column::new(variable, ty));
                schema
            }
            Self::Apply(apply) => {
                let mut schema = (*known_schema(&apply.input)?).clone();
                match &apply.kind {
                    ApplyKind::Inner | ApplyKind::Optional => {
                        for column in &known_schema(&apply.subplan)?.columns {
                            schema.put(column.clone());
                        }
                    }
                    ApplyKind::Semi | ApplyKind::Anti => {}
                    ApplyKind::Mark(name) => schema.put(Column::new(name, Type::Bool)),
                    ApplyKind::Count(name) => schema.put(Column::new(name, Type::Int64)),
                    ApplyKind::Collect { value, into } => {
                        let inner = known_schema(&apply.subplan)?;
                        let item = inner.find(value).map_or(Type::Null, |own| own.ty.clone());
                        schema.put(Column::new(into, item.list()));
                    }
                }
                schema
            }
            Self::Join(join) => {
                let mut schema = (*known_schema(&join.left)?).clone();
                if join.kind != JoinKind::Inner {
                    return Ok(schema);
                }
                for column in &known_schema(&join.right)?.columns {
                    schema.put(column.clone());
                }
                schema
            }
        })
    }
}

/// The columns that all inputs have, in the first one's order. Columns belong together by name: where the argument of a
/// subplan changes, an input may have them in another order, or others beside them.
fn union_schema(inputs: &[Arc<LogicalPlan>]) -> Result<PlanSchema> {
    let schemas = inputs.iter().map(known_schema);
    let schemas = schemas.collect::<Result<Vec<_>>>()?;
    let Some((first, others)) = schemas.split_first() else {
        return Ok(PlanSchema::default());
    };
    let column = |own: &Column| {
        let mut own = own.clone();
        for other in others {
            let other = other.find(&own.name)?;
            own.ty = own.ty.unify(&other.ty);
            own.shared |= other.shared;
        }
        Some(own)
    };
    Ok(PlanSchema::new(
        first.columns.iter().filter_map(column).collect(),
    ))
}

fn put_properties(schema: &mut PlanSchema, entity: &str, properties: &[PropertyRef]) {
    for property in properties {
        schema.put(Column::new(
            property_column(entity, &property.key),
            property.ty.clone(),
        ));
    }
}

fn put_bindings(schema: &mut PlanSchema, bindings: &[RoleBinding]) {
    for binding in bindings {
        schema.put(Column::new(&binding.member, binding.member_type.clone()));
        if let Some(incidence) = &binding.incidence {
            schema.put(Column::new(incidence, Type::Incidence));
        }
    }
}
