//! `UnwindExec`: a row for each element of a list.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, ListArray, UInt32Array};
use arrow::compute::take;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, Result, Type};
use grism_functions::{RANGE, Steps};
use grism_logical::optimizer::Facts;
use grism_logical::{Column, LogicalExpr};
use serde::{Deserialize, Serialize};

use super::parts::Parts;
use crate::expr::schema_inference::infer_expr_type;
use crate::operators::expand::expansion::fan_out_advice;
use crate::{
    ExecutionContextTrait, ExprEvaluator, OperatorRun, PhysicalSchema, RecordBatchStream, Unary,
    UnaryExec,
};

/// Repeats each row for the elements of a list, in their order; null and the empty list drop the row.
///
/// Output: input columns, then the element. A list that rows share, or that is constant, is not copied for each row, and
/// rows come out in batches of the usual size however long it is; of a `range` no list is made at all.
#[derive(Debug, Serialize, Deserialize)]
pub struct UnwindExec {
    expression: LogicalExpr,
    variable: String,
}

impl UnwindExec {
    /// Unwinds `expression`, which is a list, into the column `variable`.
    #[must_use]
    pub fn new(expression: LogicalExpr, variable: String) -> Self {
        Self {
            expression,
            variable,
        }
    }
}

#[typetag::serde]
impl Unary for UnwindExec {
    fn name(&self) -> &'static str {
        "UnwindExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        let ty = match infer_expr_type(&self.expression, input)? {
            Type::List(item) => *item,
            Type::Null => Type::Null,
            other => {
                return Err(Error::invalid_query(format!(
                    "UNWIND needs a list, not {other}"
                )));
            }
        };
        Ok(input.with([Column::new(&self.variable, ty)]))
    }

    fn estimated_rows(&self, _own: &UnaryExec, inputs: &[f64], _facts: Facts<'_>) -> f64 {
        inputs[0] * 4.0
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        fan_out_advice(run)
    }

    fn describe(&self) -> String {
        let text = self.expression.to_string();
        let shown = if text.chars().count() > 60 {
            format!("{}…", text.chars().take(60).collect::<String>())
        } else {
            text
        };
        format!("Unwind({shown} AS {})", self.variable)
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let input = own.run_input(&context)?;
        let compile = |expression: &LogicalExpr| {
            let evaluator = ExprEvaluator::try_new(expression, own.input().schema())?;
            Ok::<_, Error>(evaluator.for_query(context.query()))
        };
        let (schema, batch_rows) = (own.schema().clone(), context.query().config.batch_rows);
        let bounds = match &self.expression {
            LogicalExpr::Function {
                function,
                arguments,
            } if function.is(&RANGE) => {
                arguments.iter().map(compile).collect::<Result<Vec<_>>>()?
            }
            _ => Vec::new(),
        };
        let is_known =
            |bound: &ExprEvaluator| matches!(bound.value_type(), Type::Int64 | Type::Null);
        if !bounds.is_empty() && bounds.iter().all(is_known) {
            return Ok(unwind_ranges(schema, bounds, batch_rows, input));
        }
        let evaluator = compile(&self.expression)?;
        Ok(unwind_lists(schema, evaluator, batch_rows, input))
    }
}

/// A row for each element of a list.
fn unwind_lists(
    schema: PhysicalSchema,
    evaluator: ExprEvaluator,
    batch_rows: usize,
    mut input: RecordBatchStream,
) -> RecordBatchStream {
    let unwound = async_stream::try_stream! {
        while let Some(batch) = input.try_next().await? {
            let mut parts = Parts::of(batch);
            while let Some(batch) = parts.next() {
                let indexed = match evaluator.evaluate_indexed(&batch) {
                    Ok(indexed) => indexed,
                    Err(error) => {
                        parts.halve(batch, error)?;
                        continue;
                    }
                };
                let Some(lists) = indexed.values.as_any().downcast_ref::<ListArray>() else { continue };
                let elements = |items: Vec<u32>| take(lists.values(), &UInt32Array::from(items), None).map_err(Error::from);
                let (mut rows, mut items) = (Vec::new(), Vec::new());
                for row in 0..batch.num_rows() {
                    let list = indexed.at(row);
                    if lists.is_null(list) {
                        continue;
                    }
                    let offsets = lists.value_offsets();
                    for item in offsets[list]..offsets[list + 1] {
                        rows.push(row as u32);
                        items.push(item as u32);
                        if rows.len() == batch_rows {
                            let elements = elements(std::mem::take(&mut items))?;
                            yield repeat(&schema, &batch, std::mem::take(&mut rows), elements)?;
                        }
                    }
                }
                if !rows.is_empty() {
                    yield repeat(&schema, &batch, rows, elements(items)?)?;
                }
            }
        }
    };
    unwound.boxed()
}

/// A row for each number of a range, of which no list is made: numbers are counted out as rows are asked for.
fn unwind_ranges(
    schema: PhysicalSchema,
    bounds: Vec<ExprEvaluator>,
    batch_rows: usize,
    mut input: RecordBatchStream,
) -> RecordBatchStream {
    let unwound = async_stream::try_stream! {
        while let Some(batch) = input.try_next().await? {
            let bounds = bounds.iter().map(|bound| bound.evaluate(&batch));
            let bounds = bounds.collect::<Result<Vec<_>>>()?;
            let (mut rows, mut numbers) = (Vec::new(), Vec::new());
            for row in 0..batch.num_rows() {
                let Some(steps) = Steps::of_row(&bounds, row)? else { continue };
                for place in 0..steps.count() {
                    rows.push(row as u32);
                    numbers.push(steps.at(place));
                    if rows.len() == batch_rows {
                        let elements = Arc::new(Int64Array::from(std::mem::take(&mut numbers)));
                        yield repeat(&schema, &batch, std::mem::take(&mut rows), elements)?;
                    }
                }
            }
            if !rows.is_empty() {
                yield repeat(&schema, &batch, rows, Arc::new(Int64Array::from(numbers)))?;
            }
        }
    };
    unwound.boxed()
}

/// The rows `rows` of `batch`, each with its element.
fn repeat(
    schema: &PhysicalSchema,
    batch: &RecordBatch,
    rows: Vec<u32>,
    elements: ArrayRef,
) -> Result<RecordBatch> {
    let rows = UInt32Array::from(rows);
    let mut columns = batch
        .columns()
        .iter()
        .map(|column| take(column, &rows, None))
        .collect::<Result<Vec<_>, _>>()?;
    columns.push(elements);
    Ok(RecordBatch::try_new(Arc::clone(schema.arrow()), columns)?)
}
