//! Rows between the clauses of a query that writes.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array};
use arrow::compute::{concat_batches, take};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::{
    AppendedRows, CancellationHandle, Error, MemoryManager, Result, RowBuffer, Type, Value,
    cast_column,
};
use grism_logical::{Column, Internal, LogicalPlan, PlanSchema, Rows};

use super::row_sources::{NumberedRows, PickedRows, RowSet};
use crate::PhysicalSchema;

/// The limits between which the share of waiting rows follows that of the memory, in bytes.
const LIMITS: RangeInclusive<usize> = 32 << 20..=4 << 30;

/// Bytes of rows that wait between two clauses in memory, under the limit of `memory`.
pub(super) fn waiting_bytes(memory: &dyn MemoryManager) -> usize {
    memory.limit().clamp(*LIMITS.start(), *LIMITS.end()) / 32
}

/// The rows that the clauses so far have found: in memory, or in temporary files where they are many.
#[derive(Clone, Debug)]
pub(super) struct ClauseRows {
    pub(super) schema: PlanSchema,
    rows: Rows,
    /// What stops whoever reads the rows.
    cancellation: CancellationHandle,
}

impl ClauseRows {
    /// One row without columns, from which a query starts.
    pub(super) fn unit() -> Result<Self> {
        let batch = ClauseBatch::of(Vec::new(), 1)?;
        Ok(Self::new(batch.schema, Rows::new(vec![batch.batch])))
    }

    /// No rows of these columns.
    pub(super) fn none(schema: PlanSchema) -> Self {
        Self::new(schema, Rows::new(Vec::new()))
    }

    pub(super) fn new(schema: PlanSchema, rows: Rows) -> Self {
        let cancellation = CancellationHandle::default();
        Self {
            schema,
            rows,
            cancellation,
        }
    }

    /// The same rows, which are read until `cancellation`.
    pub(super) fn until(mut self, cancellation: &CancellationHandle) -> Self {
        self.cancellation = cancellation.clone();
        self
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.row_count()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows as the leaf of a plan.
    pub(super) fn leaf(&self) -> LogicalPlan {
        LogicalPlan::Rows {
            schema: self.schema.clone(),
            rows: self.rows.clone(),
        }
    }

    /// The rows, a batch at a time; `Cancelled` where the statement has to stop.
    pub(super) fn batches(&self) -> impl Iterator<Item = Result<ClauseBatch>> + Send + use<> {
        let (schema, cancellation) = (self.schema.clone(), self.cancellation.clone());
        self.rows.batches().map(move |batch| {
            cancellation.check()?;
            Ok(ClauseBatch {
                schema: schema.clone(),
                batch: batch?,
            })
        })
    }

    /// The columns, and the rows.
    pub(super) fn into_parts(self) -> (PlanSchema, Rows) {
        (self.schema, self.rows)
    }

    /// The rows with their numbers in the column [`Internal::RowNumber`]; the batches are made as they are read.
    pub(super) fn numbered(&self) -> Self {
        let mut schema = self.schema.clone();
        schema.put(Column::new(Internal::RowNumber.column(), Type::Int64));
        let numbered = NumberedRows::new(self.rows.clone(), &schema);
        let pieces = vec![AppendedRows::Source(Arc::new(numbered))];
        Self::new(schema, Rows::of(pieces)).until(&self.cancellation)
    }

    /// The rows whose numbers `wanted` holds for; they are picked as they are read.
    pub(super) fn filtered(&self, wanted: Arc<RowSet>) -> Self {
        let picked = PickedRows::new(self.rows.clone(), wanted);
        let pieces = vec![AppendedRows::Source(Arc::new(picked))];
        Self::new(self.schema.clone(), Rows::of(pieces)).until(&self.cancellation)
    }

    /// All rows as one batch: for few of them.
    pub(super) fn concat(&self) -> Result<ClauseBatch> {
        let physical = PhysicalSchema::from(self.schema.clone());
        let batches = self.rows.batches().collect::<Result<Vec<_>>>()?;
        let batch = if self.schema.columns.is_empty() {
            ClauseBatch::of(Vec::new(), self.len())?.batch
        } else {
            concat_batches(physical.arrow(), &batches)?
        };
        Ok(ClauseBatch {
            schema: self.schema.clone(),
            batch,
        })
    }
}

/// A batch of rows between clauses.
#[derive(Clone, Debug)]
pub(super) struct ClauseBatch {
    pub(super) schema: PlanSchema,
    pub(super) batch: RecordBatch,
}

impl ClauseBatch {
    pub(super) fn of(columns: Vec<(Column, ArrayRef)>, rows: usize) -> Result<Self> {
        let (columns, arrays): (Vec<Column>, Vec<ArrayRef>) = columns.into_iter().unzip();
        let schema = PlanSchema::new(columns);
        let arrow = PhysicalSchema::from(schema.clone());
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(arrow.arrow()), arrays, &options)?;
        Ok(Self { schema, batch })
    }

    /// No rows of these columns.
    pub(super) fn none(schema: &PlanSchema) -> Result<Self> {
        let physical = PhysicalSchema::from(schema.clone());
        Ok(Self {
            schema: schema.clone(),
            batch: RecordBatch::new_empty(Arc::clone(physical.arrow())),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.batch.num_rows()
    }

    fn columns(&self) -> Vec<(Column, ArrayRef)> {
        self.schema
            .columns
            .iter()
            .cloned()
            .zip(self.batch.columns().iter().cloned())
            .collect()
    }

    pub(super) fn column(&self, name: &str) -> Result<(&ArrayRef, &Type)> {
        let position = self.schema.columns.iter().position(|own| own.name == name);
        let index =
            position.ok_or_else(|| Error::internal(format!("there is no column `{name}`")))?;
        Ok((self.batch.column(index), &self.schema.columns[index].ty))
    }

    /// The columns of `schema`, which have the same names and types that hold the values.
    pub(super) fn converted(&self, schema: &PlanSchema) -> Result<RecordBatch> {
        let mut columns = Vec::with_capacity(schema.columns.len());
        for column in &schema.columns {
            let (own, ty) = self.column(&column.name)?;
            columns.push(cast_column(own, ty, &column.ty)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.len()));
        let physical = PhysicalSchema::from(schema.clone());
        let arrow = Arc::clone(physical.arrow());
        Ok(RecordBatch::try_new_with_options(arrow, columns, &options)?)
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
        Self::of(columns, self.len())
    }

    pub(super) fn with(&self, added: Vec<(Column, ArrayRef)>) -> Result<Self> {
        let mut columns = self.columns();
        let replaced: HashSet<&String> = added.iter().map(|(column, _)| &column.name).collect();
        columns.retain(|(own, _)| !replaced.contains(&own.name));
        columns.extend(added);
        Self::of(columns, self.len())
    }

    /// The rows at some places.
    pub(super) fn rows(&self, rows: &[u32]) -> Result<Self> {
        let places = UInt32Array::from(rows.to_vec());
        let columns = self
            .columns()
            .into_iter()
            .map(|(column, array)| Ok((column, take(&array, &places, None)?)))
            .collect::<Result<_>>()?;
        Self::of(columns, rows.len())
    }

    pub(super) fn into_rows(self) -> ClauseRows {
        ClauseRows::new(self.schema, Rows::new(vec![self.batch]))
    }
}

/// Takes batches of rows, and holds a share of the memory's limit of them.
pub(super) struct ClauseRowsBuilder(RowBuffer);

impl ClauseRowsBuilder {
    pub(super) fn new(memory: &Arc<dyn MemoryManager>) -> Self {
        let limit = waiting_bytes(memory.as_ref());
        Self(RowBuffer::new(limit, memory))
    }

    pub(super) fn push(&mut self, batch: RecordBatch) -> Result<()> {
        self.0.push(batch)
    }

    pub(super) fn finish(self, schema: PlanSchema) -> Result<ClauseRows> {
        Ok(ClauseRows::new(schema, Rows::of(self.0.finish()?)))
    }
}
