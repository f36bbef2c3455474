//! Rows between the clauses of a query that writes.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, UInt32Array};
use arrow::compute::{concat_batches, take};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::{Error, Result, Type, Value};
use grism_engine::PhysicalSchema;
use grism_logical::{Column, LogicalExpr, LogicalPlan, PlanSchema, Rows};

use super::ROW;

/// The rows that the clauses so far have found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) schema: PlanSchema,
    pub(super) batch: RecordBatch,
}

impl Found {
    /// One row without columns, from which a query starts.
    pub(super) fn unit() -> Result<Self> {
        let schema = PlanSchema::default();
        let arrow = PhysicalSchema::from(schema.clone());
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        let batch =
            RecordBatch::try_new_with_options(Arc::clone(arrow.arrow()), Vec::new(), &options)?;
        Ok(Self { schema, batch })
    }

    pub(super) fn leaf(&self) -> LogicalPlan {
        LogicalPlan::Rows {
            schema: self.schema.clone(),
            rows: Rows::new(vec![self.batch.clone()]),
        }
    }

    pub(super) fn of(columns: Vec<(Column, ArrayRef)>, rows: usize) -> Result<Self> {
        let (columns, arrays): (Vec<Column>, Vec<ArrayRef>) = columns.into_iter().unzip();
        let schema = PlanSchema::new(columns);
        let arrow = PhysicalSchema::from(schema.clone());
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(arrow.arrow()), arrays, &options)?;
        Ok(Self { schema, batch })
    }

    pub(super) fn columns(&self) -> Vec<(Column, ArrayRef)> {
        self.schema
            .columns
            .iter()
            .cloned()
            .zip(self.batch.columns().iter().cloned())
            .collect()
    }

    pub(super) fn column(&self, name: &str) -> Result<(&ArrayRef, &Type)> {
        let found = self.schema.columns.iter().position(|own| own.name == name);
        let index = found.ok_or_else(|| Error::internal(format!("there is no column `{name}`")))?;
        Ok((self.batch.column(index), &self.schema.columns[index].ty))
    }

    pub(super) fn value(&self, name: &str, row: usize) -> Result<Value> {
        let (column, ty) = self.column(name)?;
        Value::from_typed(column, row, ty)
    }

    /// The columns called `names`.
    pub(super) fn keep(&self, names: &[String]) -> Result<Self> {
        let names: HashSet<&String> = names.iter().collect();
        let columns = self
            .columns()
            .into_iter()
            .filter(|(column, _)| names.contains(&column.name))
            .collect();
        Self::of(columns, self.batch.num_rows())
    }

    pub(super) fn with(&self, added: Vec<(Column, ArrayRef)>) -> Result<Self> {
        let mut columns = self.columns();
        let replaced: HashSet<&String> = added.iter().map(|(column, _)| &column.name).collect();
        columns.retain(|(own, _)| !replaced.contains(&own.name));
        columns.extend(added);
        Self::of(columns, self.batch.num_rows())
    }

    pub(super) fn rows(&self, rows: &[u32]) -> Result<Self> {
        let places = UInt32Array::from(rows.to_vec());
        let columns = self
            .columns()
            .into_iter()
            .map(|(column, array)| Ok((column, take(&array, &places, None)?)))
            .collect::<Result<_>>()?;
        Self::of(columns, rows.len())
    }
}

pub(super) fn concat(schema: &PhysicalSchema, batches: &[RecordBatch]) -> Result<RecordBatch> {
    if schema.columns().columns.is_empty() {
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        return Ok(RecordBatch::try_new_with_options(
            Arc::clone(schema.arrow()),
            Vec::new(),
            &options,
        )?);
    }
    Ok(concat_batches(schema.arrow(), batches)?)
}

/// The plan over numbered rows, with the column of numbers handed through its projections.
pub(super) fn with_passed_through(plan: &LogicalPlan, rows: &Found) -> Result<LogicalPlan> {
    fn pass(plan: &LogicalPlan, leaf: &LogicalPlan) -> Result<LogicalPlan> {
        match plan {
            LogicalPlan::Argument(_) => Ok(leaf.clone()),
            LogicalPlan::Project { input, expressions } => {
                let input = Arc::new(pass(input, leaf)?);
                let mut expressions = expressions.clone();
                if input.schema()?.contains(ROW) {
                    expressions.push((LogicalExpr::column(ROW), ROW.to_owned()));
                }
                Ok(LogicalPlan::Project { input, expressions })
            }
            other => other.try_map_outer(&mut |input| pass(input, leaf)),
        }
    }
    pass(plan, &rows.leaf())
}

/// The places of rows in the order of their numbers.
pub(super) fn row_order(found: &Found) -> Result<Vec<u32>> {
    let (numbers, _) = found.column(ROW)?;
    let numbers = numbers
        .as_any()
        .downcast_ref::<Int64Array>()
        .ok_or_else(|| Error::internal("row numbers of another type"))?;
    let mut order: Vec<u32> = (0..numbers.len() as u32).collect();
    order.sort_by_key(|row| numbers.value(*row as usize));
    Ok(order)
}
