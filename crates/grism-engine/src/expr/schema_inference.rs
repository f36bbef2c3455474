//! The schemas of projections and aggregations, from their expressions.

use grism_core::{Result, Type};
use grism_logical::{AggregateCall, Column, LogicalExpr, PlanSchema, infer_type};

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
    expressions: &[(LogicalExpr, String)],
    input: &PhysicalSchema,
) -> Result<PhysicalSchema> {
    let columns = expressions
        .iter()
        .map(|(expression, name)| {
            let column = Column::new(name, infer_expr_type(expression, input)?);
            let shared = match expression {
                LogicalExpr::Column(own) => input.columns().find(own).is_some_and(|own| own.shared),
                _ => false,
            };
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
    keys: &[(LogicalExpr, String)],
    aggregates: &[(AggregateCall, String)],
    input: &PhysicalSchema,
) -> Result<PhysicalSchema> {
    let mut columns = build_project_schema(keys, input)?.columns().columns.clone();
    for (call, name) in aggregates {
        let arguments = call.arguments.iter();
        let arguments = arguments.map(|argument| infer_expr_type(argument, input));
        let ty = call
            .function
            .result_type(&arguments.collect::<Result<Vec<_>>>()?)?;
        columns.push(Column::new(name, ty));
    }
    Ok(PlanSchema::new(columns).into())
}
