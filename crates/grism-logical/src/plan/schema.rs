//! The columns that a logical plan outputs.

use std::sync::Arc;

use grism_core::{Result, Tables, Type, with_stack};

use super::{
    Aggregate, Apply, ApplyKind, Components, CountExpand, CountIntersect, EdgeExpand,
    HyperedgeScan, Join, JoinKind, LogicalPlan, NodeScan, PropertyRef, RoleBinding, RoleExpand,
    RoleSource, SharedPlan,
};
use crate::{Column, LogicalExpr, NamedExpr, PlanSchema, infer_type, property_column};

impl LogicalPlan {
    /// The columns of the output.
    ///
    /// # Errors
    /// Those of type inference.
    pub fn schema(&self) -> Result<PlanSchema> {
        with_stack(|| self.compute_schema())
    }

    fn compute_schema(&self) -> Result<PlanSchema> {
        match self {
            Self::Unit => Ok(PlanSchema::default()),
            Self::Empty(schema) | Self::Argument(schema) | Self::Rows { schema, .. } => {
                Ok(schema.clone())
            }
            Self::NodeScan(scan) => Ok(scan.schema()),
            Self::HyperedgeScan(scan) => Ok(scan.schema()),
            Self::EdgeExpand(expand) => with_columns(&expand.input, expand.columns()),
            Self::RoleExpand(expand) => with_columns(&expand.input, expand.columns()),
            Self::WeightedCount(count) => Ok(PlanSchema::new(count.columns())),
            Self::CountIntersect(CountIntersect {
                input,
                count: number,
                ..
            })
            | Self::CountExpand(CountExpand {
                input,
                count: number,
                ..
            })
            | Self::Components(Components {
                input,
                component: number,
                ..
            }) => with_columns(input, [Column::new(number, Type::Int64)]),
            Self::PathExpand(expand) => with_columns(&expand.input, expand.columns()),
            Self::Repeat(repeat) => {
                with_columns(&repeat.input, repeat.columns(repeat.hop.schema()?))
            }
            Self::Fetch(fetch) => {
                let properties = property_columns(&fetch.entity, &fetch.properties);
                with_columns(&fetch.input, properties)
            }
            Self::Filter { input, .. }
            | Self::Hydrate { input, .. }
            | Self::Distinct { input }
            | Self::Sort { input, .. }
            | Self::Limit { input, .. } => input.schema().cloned(),
            Self::Project { input, expressions } => {
                let columns = named_columns(expressions, input.schema()?);
                Ok(PlanSchema::new(columns.collect::<Result<_>>()?))
            }
            Self::Aggregate(aggregate) => aggregate.schema(),
            Self::Union { inputs } => union_schema(inputs),
            Self::IndexLookup(lookup) => with_columns(&lookup.input, lookup.columns()),
            Self::Extension(extension) => extension.schema(),
            Self::TableCall(call) => with_columns(&call.input, call.output()),
            Self::Write(write) => with_columns(&write.input, write.columns()),
            Self::LoadRows(load) => with_columns(&load.input, [load.column()]),
            Self::Unwind {
                input,
                expression,
                variable,
            } => {
                let ty = element_type(expression, input.schema()?)?;
                with_columns(input, [Column::new(variable, ty)])
            }
            Self::Apply(apply) => apply.schema(),
            Self::Join(join) => join.schema(),
        }
    }
}

impl NodeScan {
    /// The columns of the output.
    #[must_use]
    pub fn schema(&self) -> PlanSchema {
        let entity = Column::new(&self.variable, self.ty.clone());
        let properties = property_columns(&self.variable, &self.properties);
        [entity].into_iter().chain(properties).collect()
    }
}

impl HyperedgeScan {
    /// The columns of the output.
    #[must_use]
    pub fn schema(&self) -> PlanSchema {
        let entity = hyperedge_column(&self.variable, &self.tables);
        let properties = property_columns(&self.variable, &self.properties);
        let columns = [entity]
            .into_iter()
            .chain(self.bindings.iter().flat_map(RoleBinding::columns));
        columns.chain(properties).collect()
    }
}

impl PropertyRef {
    /// The column that holds the property of the entity in the column `entity`.
    #[must_use]
    pub fn column(&self, entity: &str) -> Column {
        Column::new(property_column(entity, &self.key), self.ty.clone())
    }
}

impl RoleBinding {
    /// The member, and the incidence where that is bound.
    pub fn columns(&self) -> impl Iterator<Item = Column> {
        let member = Column::new(&self.member, self.member_type.clone());
        let incidence = self.incidence.as_ref().map(incidence_column);
        [member].into_iter().chain(incidence)
    }
}

impl EdgeExpand {
    /// The columns added to those of the input.
    pub fn columns(&self) -> impl Iterator<Item = Column> {
        let edge = self.edge.iter();
        let edge = edge.map(|edge| hyperedge_column(edge, &self.tables));
        edge.chain((!self.into).then(|| Column::new(&self.to, self.to_type.clone())))
    }
}

impl RoleExpand {
    /// The columns added to those of the input.
    pub fn columns(&self) -> impl Iterator<Item = Column> {
        let mut first = Vec::new();
        if let RoleSource::Member { incidence, .. } = &self.from {
            first.push(hyperedge_column(&self.hyperedge, &self.tables));
            first.extend(incidence.as_ref().map(incidence_column));
        }
        first
            .into_iter()
            .chain(self.bindings.iter().flat_map(RoleBinding::columns))
    }
}

impl Aggregate {
    fn schema(&self) -> Result<PlanSchema> {
        let input = self.input.schema()?;
        let calls = self.aggregates.iter();
        let calls = calls.map(|own| Ok(Column::new(&own.name, own.call.result_type(input)?)));
        let columns = named_columns(&self.keys, input).chain(calls);
        Ok(PlanSchema::new(columns.collect::<Result<_>>()?))
    }
}

impl Apply {
    fn schema(&self) -> Result<PlanSchema> {
        let one = |name: &String, ty| with_columns(&self.input, [Column::new(name, ty)]);
        match &self.kind {
            ApplyKind::Inner | ApplyKind::Optional => {
                with_columns(&self.input, self.subplan.schema()?.columns.iter().cloned())
            }
            ApplyKind::Semi | ApplyKind::Anti => self.input.schema().cloned(),
            ApplyKind::Mark(name) => one(name, Type::Bool),
            ApplyKind::Count(name) => one(name, Type::Int64),
            ApplyKind::Collect { value, into } => {
                let item = self.subplan.schema()?.find(value);
                let item = item.map_or(Type::Null, |own| own.ty.clone());
                one(into, item.list())
            }
        }
    }
}

impl Join {
    fn schema(&self) -> Result<PlanSchema> {
        match self.kind {
            JoinKind::Inner => {
                with_columns(&self.left, self.right.schema()?.columns.iter().cloned())
            }
            JoinKind::Semi | JoinKind::Anti => self.left.schema().cloned(),
        }
    }
}

/// The columns of the input, and these.
fn with_columns(
    input: &SharedPlan,
    columns: impl IntoIterator<Item = Column>,
) -> Result<PlanSchema> {
    let mut schema = input.schema()?.clone();
    schema.extend(columns);
    Ok(schema)
}

/// The columns that all inputs have, in the first one's order. Columns belong together by name: where the argument of a
/// subplan changes, an input may have them in another order, or others beside them.
fn union_schema(inputs: &[SharedPlan]) -> Result<PlanSchema> {
    let schemas = inputs.iter().map(SharedPlan::schema);
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

fn named_columns(
    expressions: &[NamedExpr],
    input: &PlanSchema,
) -> impl Iterator<Item = Result<Column>> {
    let expressions = expressions.iter();
    expressions.map(|own| Ok(Column::new(&own.name, infer_type(&own.expression, input)?)))
}

/// The type of what UNWIND makes of a list.
fn element_type(list: &LogicalExpr, input: &PlanSchema) -> Result<Type> {
    Ok(match infer_type(list, input)? {
        Type::List(item) => *item,
        other => other,
    })
}

fn hyperedge_column(name: &str, tables: &Tables) -> Column {
    Column::new(name, Type::Hyperedge(Arc::clone(tables)))
}

fn incidence_column(name: &String) -> Column {
    Column::new(name, Type::Incidence)
}

fn property_columns(entity: &str, properties: &[PropertyRef]) -> impl Iterator<Item = Column> {
    properties.iter().map(move |own| own.column(entity))
}
