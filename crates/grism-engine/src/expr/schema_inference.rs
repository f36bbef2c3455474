//! The schemas of projections and aggregations, from their expressions.

use grism_core::{Result, Type};
use grism_logical::{Column, LogicalExpr, NamedAggregate, NamedExpr, PlanSchema, infer_type};

use crate::PhysicalSchema;

/// The type of `expression` over `input`.
///
/// # Errors
/// `InvalidQuery` for an operand of the wrong type.
pub fn infer_expr_type(expression: &LogicalExpr, input: &PhysicalSchema) -> Result<Type> {
    infer_type(expression, input.columns())
}

/// The schema of a projection.
///
/// # Errors
/// As [`infer_expr_type`].
pub fn build_project_schema(
    expressions: &[NamedExpr],
    input: &PhysicalSchema,
) -> Result<PhysicalSchema> {
    let columns = expressions
        .iter()
        .map(|own| {
            let column = Column::new(&own.name, infer_expr_type(&own.expression, input)?);
            let source = own.source().and_then(|name| input.columns().find(name));
            let shared = source.is_some_and(|source| source.shared);
            Ok(if shared { column.shared() } else { column })
        })
        .collect::<Result<_>>()?;
    Ok(PlanSchema::new(columns).into())
}

/// The schema of an aggregation: keys, then aggregates.
///
/// # Errors
/// As [`infer_expr_type`].
pub fn build_aggregate_schema(
    keys: &[NamedExpr],
    aggregates: &[NamedAggregate],
    input: &PhysicalSchema,
) -> Result<PhysicalSchema> {
    let mut columns = build_project_schema(keys, input)?.columns().columns.clone();
    for own in aggregates {
        let ty = own.call.result_type(input.columns())?;
        columns.push(Column::new(&own.name, ty));
    }
    Ok(PlanSchema::new(columns).into())
}
