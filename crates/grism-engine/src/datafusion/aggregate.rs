//! Grouping on DataFusion's hash aggregate, in one phase or in two.

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion_expr::AggregateUDF;
use datafusion_functions_aggregate::array_agg::array_agg_udaf;
use datafusion_functions_aggregate::average::avg_udaf;
use datafusion_functions_aggregate::count::count_udaf;
use datafusion_functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion_functions_aggregate::sum::sum_udaf;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::aggregate::{AggregateExprBuilder, AggregateFunctionExpr};
use datafusion_physical_expr::expressions::{Column, cast, lit};
use datafusion_physical_plan::ExecutionPlan;
use datafusion_physical_plan::aggregates::{AggregateExec, AggregateMode, PhysicalGroupBy};
use datafusion_physical_plan::empty::EmptyExec;
use grism_core::{Error, Result};
use grism_logical::{AggregateFunction, AggregateRef};

use super::adapter::{leaf, start};
use super::error::from_datafusion;
use super::extreme::{Extreme, float_extreme};
use super::sum::integer_sum;
use super::user_aggregate::user_aggregate;
use super::user_group::Counted;
use crate::operators::{AggregateColumn, AggregatePhase};
use crate::{CancellationHandle, QueryContext, RecordBatchStream};

/// Groups `stream` by `keys`. `input` is the schema of the rows, in every phase.
pub(crate) fn aggregate(
    phase: AggregatePhase,
    input: &SchemaRef,
    keys: &[String],
    aggregates: &[AggregateColumn],
    stream: RecordBatchStream,
    query: &QueryContext,
) -> Result<RecordBatchStream> {
    let source = match phase {
        AggregatePhase::Final => leaf(&state_schema(input, keys, aggregates)?, stream),
        _ => leaf(input, stream),
    };
    let plan = plan(phase, input, keys, aggregates, source, &query.cancellation)?;
    start(&plan, query.task()?)
}

/// The schema of the states that the partial phase outputs: keys, then the states of each aggregate.
pub(crate) fn state_schema(
    input: &SchemaRef,
    keys: &[String],
    aggregates: &[AggregateColumn],
) -> Result<SchemaRef> {
    let source = Arc::new(EmptyExec::new(Arc::clone(input)));
    let unused = CancellationHandle::default();
    let phase = AggregatePhase::Partial;
    Ok(plan(phase, input, keys, aggregates, source, &unused)?.schema())
}

fn plan(
    phase: AggregatePhase,
    input: &SchemaRef,
    keys: &[String],
    aggregates: &[AggregateColumn],
    source: Arc<dyn ExecutionPlan>,
    cancellation: &CancellationHandle,
) -> Result<AggregateExec> {
    let column = |name: &str| -> Result<Arc<dyn PhysicalExpr>> {
        let index = input
            .index_of(name)
            .map_err(|error| Error::internal(error.to_string()))?;
        Ok(Arc::new(Column::new(name, index)))
    };
    let keys = keys
        .iter()
        .map(|key| Ok((column(key)?, key.clone())))
        .collect::<Result<Vec<_>>>()?;
    let group_by = PhysicalGroupBy::new_single(keys);
    let expressions = aggregates
        .iter()
        .map(|aggregate| expression(input, aggregate, &column, cancellation).map(Arc::new))
        .collect::<Result<Vec<_>>>()?;
    let filters = vec![None; expressions.len()];
    let (mode, group_by) = match phase {
        AggregatePhase::Single => (AggregateMode::Single, group_by),
        AggregatePhase::Partial => (AggregateMode::Partial, group_by),
        AggregatePhase::Final => (AggregateMode::Final, group_by.as_final()),
    };
    AggregateExec::try_new(
        mode,
        group_by,
        expressions,
        filters,
        source,
        Arc::clone(input),
    )
    .map_err(from_datafusion)
}

fn expression(
    input: &SchemaRef,
    aggregate: &AggregateColumn,
    column: &dyn Fn(&str) -> Result<Arc<dyn PhysicalExpr>>,
    cancellation: &CancellationHandle,
) -> Result<AggregateFunctionExpr> {
    let built = match &aggregate.function {
        AggregateRef::BuiltIn(function) => {
            let (function, argument) = built_in(input, *function, aggregate, column)?;
            AggregateExprBuilder::new(function, vec![argument]).with_distinct(aggregate.distinct)
        }
        AggregateRef::User(function) => {
            let counted = match aggregate.distinct {
                true => Counted::Different,
                false => Counted::Every,
            };
            let arguments = aggregate.arguments.iter().map(|name| column(name));
            let mut arguments = arguments.collect::<Result<Vec<_>>>()?;
            if arguments.is_empty() {
                arguments.push(lit(1i64));
            }
            AggregateExprBuilder::new(user_aggregate(function, counted, cancellation), arguments)
        }
    };
    built
        .schema(Arc::clone(input))
        .alias(aggregate.name.clone())
        .with_ignore_nulls(true)
        .build()
        .map_err(from_datafusion)
}

/// DataFusion's form of a built-in aggregate, and its argument.
fn built_in(
    input: &SchemaRef,
    function: AggregateFunction,
    aggregate: &AggregateColumn,
    column: &dyn Fn(&str) -> Result<Arc<dyn PhysicalExpr>>,
) -> Result<(Arc<AggregateUDF>, Arc<dyn PhysicalExpr>)> {
    let argument = match aggregate.arguments.first() {
        Some(name) => column(name)?,
        None => lit(1i64),
    };
    let data_type = argument.data_type(input).map_err(from_datafusion)?;
    let float = |argument| cast(argument, input, DataType::Float64).map_err(from_datafusion);
    Ok(match (function, &data_type) {
        (AggregateFunction::Count, _) => (count_udaf(), argument),
        (AggregateFunction::Sum, DataType::Float64) => (sum_udaf(), argument),
        (AggregateFunction::Sum, DataType::Null) => (
            integer_sum(),
            cast(argument, input, DataType::Int64).map_err(from_datafusion)?,
        ),
        (AggregateFunction::Sum, _) => (integer_sum(), argument),
        (AggregateFunction::Avg, _) => (avg_udaf(), float(argument)?),
        (AggregateFunction::Min, DataType::Float64) => (float_extreme(Extreme::Least), argument),
        (AggregateFunction::Max, DataType::Float64) => (float_extreme(Extreme::Greatest), argument),
        (AggregateFunction::Min, _) => (min_udaf(), argument),
        (AggregateFunction::Max, _) => (max_udaf(), argument),
        (AggregateFunction::Collect, _) => (array_agg_udaf(), argument),
    })
}
