//! `UnwindExec`: a row for each element of a list.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, UInt32Array};
use arrow::compute::take;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, Result, Type};
use grism_logical::{Column, LogicalExpr};
use serde::{Deserialize, Serialize};

use super::only_child;
use super::parts::Parts;
use crate::expr::schema_inference::infer_expr_type;
use crate::{
    ExecutionContextTrait, ExprEvaluator, OperatorCaps, PhysicalOperator, PhysicalSchema,
    RecordBatchStream, run,
};

/// Repeats each row for the elements of a list, in their order; null and the empty list drop the row.
///
/// Output: input columns, then the element. A list that rows share, or that is constant, is not copied for each row, and
/// rows come out in batches of the usual size however long it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct UnwindExec {
    input: Arc<dyn PhysicalOperator>,
    expression: LogicalExpr,
    variable: String,
    schema: PhysicalSchema,
}

impl UnwindExec {
    /// Unwinds `expression` over `input` into the column `variable`.
    ///
    /// # Errors
    /// `InvalidQuery` where the expression is no list.
    pub fn try_new(
        input: Arc<dyn PhysicalOperator>,
        expression: LogicalExpr,
        variable: String,
    ) -> Result<Self> {
        let ty = match infer_expr_type(&expression, input.schema())? {
            Type::List(item) => *item,
            Type::Null => Type::Null,
            other => {
                return Err(Error::invalid_query(format!(
                    "UNWIND needs a list, not {other}"
                )));
            }
        };
        let schema = input.schema().with([Column::new(&variable, ty)]);
        Ok(Self {
            input,
            expression,
            variable,
            schema,
        })
    }
}

#[typetag::serde]
impl PhysicalOperator for UnwindExec {
    fn name(&self) -> &'static str {
        "UnwindExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn capabilities(&self) -> OperatorCaps {
        OperatorCaps::streaming()
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.input]
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(Arc::new(Self::try_new(
            only_child(children)?,
            self.expression.clone(),
            self.variable.clone(),
        )?))
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

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let evaluator = ExprEvaluator::try_new(&self.expression, self.input.schema())?
            .with_memory(context.memory_manager());
        let schema = self.schema.clone();
        let batch_rows = context.query().config.batch_rows;
        let mut input = run(&self.input, &context)?;
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
                                yield repeat(&schema, &batch, lists.values(), std::mem::take(&mut rows), std::mem::take(&mut items))?;
                            }
                        }
                    }
                    if !rows.is_empty() {
                        yield repeat(&schema, &batch, lists.values(), rows, items)?;
                    }
                }
            }
        };
        Ok(unwound.boxed())
    }
}

fn repeat(
    schema: &PhysicalSchema,
    batch: &RecordBatch,
    values: &ArrayRef,
    rows: Vec<u32>,
    items: Vec<u32>,
) -> Result<RecordBatch> {
    let (rows, items) = (UInt32Array::from(rows), UInt32Array::from(items));
    let mut columns = batch
        .columns()
        .iter()
        .map(|column| take(column, &rows, None))
        .collect::<Result<Vec<_>, _>>()?;
    let elements = take(values, &items, None)?;
    columns.push(elements);
    Ok(RecordBatch::try_new(Arc::clone(schema.arrow()), columns)?)
}
