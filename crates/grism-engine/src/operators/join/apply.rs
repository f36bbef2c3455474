//! `ApplyExec`: OPTIONAL MATCH, EXISTS, COUNT and subqueries, a batch of outer rows at a time.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, ListArray, UInt32Array, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{concat, filter_record_batch, take};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, Result, Type};
use grism_logical::optimizer::Facts;
use grism_logical::{ApplyKind, Column};
use serde::{Deserialize, Serialize};

use crate::batch::batch_of;
use crate::{
    ArgumentContext, ExecutionContextTrait, OperatorRun, PhysicalOperator, PhysicalSchema,
    RecordBatchStream, SubplanRuns, Unary, UnaryExec, run,
};

/// Runs a subplan over each batch of outer rows, which carry their number in a column of their own, and puts together
/// what belongs to each.
///
/// ```text
/// outer rows 0..n ──► subplan ──► rows that say which outer row they come from
///       └──────────── semi: rows that came back; anti: the others; optional: the others with nulls; …
/// ```
///
/// Output: outer columns, then those of the subplan (`Inner`, `Optional`), or one column (`Mark`, `Count`). Order and
/// partitioning are the input's, but `Optional` puts rows without a match behind the others of their batch. Scans
/// within the subplan read everything in every partition. A subplan that mixes rows, as an aggregation does, runs for
/// one outer row at a time.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApplyExec {
    subplan: Arc<dyn PhysicalOperator>,
    kind: ApplyKind,
    /// The column of outer row numbers, which the subplan hands through; `None` where it runs row by row.
    row: Option<String>,
}

impl ApplyExec {
    /// Runs `subplan`, whose argument is the input with the column `row` (where there is one), for the rows of the input.
    #[must_use]
    pub fn new(subplan: Arc<dyn PhysicalOperator>, kind: ApplyKind, row: Option<String>) -> Self {
        Self { subplan, kind, row }
    }
}

#[typetag::serde]
impl Unary for ApplyExec {
    fn name(&self) -> &'static str {
        "ApplyExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        let subplan = self.subplan.schema().columns();
        let added: Vec<Column> = match &self.kind {
            ApplyKind::Inner | ApplyKind::Optional => {
                let columns = subplan.columns.iter();
                // A column of the outer row is taken from there.
                let is_new = |column: &&Column| {
                    self.row.as_ref() != Some(&column.name)
                        && !input.columns().contains(&column.name)
                };
                columns.filter(is_new).cloned().collect()
            }
            ApplyKind::Semi | ApplyKind::Anti => Vec::new(),
            ApplyKind::Mark(name) => vec![Column::new(name, Type::Bool)],
            ApplyKind::Count(name) => vec![Column::new(name, Type::Int64)],
            ApplyKind::Collect { value, into } => {
                let found = subplan.find(value);
                let item = found.map_or(Type::Null, |column| column.ty.clone());
                vec![Column::new(into, item.list())]
            }
        };
        Ok(input.with(added))
    }

    fn estimated_rows(&self, _own: &UnaryExec, inputs: &[f64], _facts: Facts<'_>) -> f64 {
        match &self.kind {
            ApplyKind::Inner => inputs[1],
            ApplyKind::Optional => inputs[0].max(inputs[1]),
            _ => inputs[0],
        }
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        Some(match &self.row {
            Some(_) => format!(
                "the subquery runs for {} rows: filter them before",
                run.first_input()
            ),
            None => format!(
                "the subquery runs for each of {} rows alone, since it sorts, limits or aggregates: filter them before",
                run.first_input()
            ),
        })
    }

    fn subplan(&self) -> Option<&Arc<dyn PhysicalOperator>> {
        Some(&self.subplan)
    }

    fn subplan_runs(&self) -> SubplanRuns {
        match self.row {
            Some(_) => SubplanRuns::ForAllRows,
            None => SubplanRuns::ForEachRow,
        }
    }

    fn with_new_subplan(&self, subplan: Arc<dyn PhysicalOperator>) -> Result<Arc<dyn Unary>> {
        let (kind, row) = (self.kind.clone(), self.row.clone());
        Ok(Arc::new(Self::new(subplan, kind, row)))
    }

    fn describe(&self) -> String {
        match &self.kind {
            ApplyKind::Inner => "Apply".to_owned(),
            ApplyKind::Optional => "Optional".to_owned(),
            ApplyKind::Semi => "SemiApply".to_owned(),
            ApplyKind::Anti => "AntiApply".to_owned(),
            ApplyKind::Mark(_) => "MarkApply".to_owned(),
            ApplyKind::Count(_) => "CountApply".to_owned(),
            ApplyKind::Collect { .. } => "CollectApply".to_owned(),
        }
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let mut input = own.run_input(&context)?;
        let (subplan, kind, row) = (
            Arc::clone(&self.subplan),
            self.kind.clone(),
            self.row.clone(),
        );
        let schema = Arc::clone(own.schema().arrow());
        let item_type = match &self.kind {
            ApplyKind::Collect { into, .. } => {
                Some(schema.field_with_name(into)?.data_type().clone())
            }
            _ => None,
        };
        let argument_schema = match &row {
            Some(row) => own.input().schema().with([Column::new(row, Type::Int64)]),
            None => own.input().schema().clone(),
        };
        let applied = async_stream::try_stream! {
            while let Some(batch) = input.try_next().await? {
                let rows = batch.num_rows();
                let mut found = vec![0i64; rows];
                let (mut items, mut owners): (Vec<ArrayRef>, Vec<i64>) = (Vec::new(), Vec::new());
                // All outer rows at once, or each alone.
                let pieces: Vec<(usize, usize)> = match &row {
                    Some(_) => vec![(0, rows)],
                    None => (0..rows).map(|row| (row, 1)).collect(),
                };
                for (first, length) in pieces {
                    let outer = batch.slice(first, length);
                    let mut columns = outer.columns().to_vec();
                    if row.is_some() {
                        columns.push(Arc::new((0..rows as i64).collect::<Int64Array>()));
                    }
                    let argument = batch_of(argument_schema.arrow(), columns, length)?;
                    let inner: Arc<dyn ExecutionContextTrait> = Arc::new(ArgumentContext::new(Arc::clone(&context), argument));
                    let mut stream = run(&subplan, &inner)?;
                    while let Some(matched) = stream.try_next().await? {
                        let outer = outer_rows(&matched, row.as_deref(), first)?;
                        for number in outer.values() {
                            found[*number as usize] += 1;
                        }
                        match &kind {
                            ApplyKind::Inner | ApplyKind::Optional => {
                                yield join_rows(&schema, &batch, &outer, Some(&matched))?
                            }
                            ApplyKind::Collect { value, .. } => {
                                let column = matched.column_by_name(value).cloned();
                                items.push(column.ok_or_else(|| Error::internal("the subplan lost its value"))?);
                                owners.extend(outer.values());
                            }
                            // One answer for every row is all that is asked.
                            ApplyKind::Semi | ApplyKind::Anti | ApplyKind::Mark(_)
                                if found[first..first + length].iter().all(|count| *count > 0) => break,
                            _ => {}
                        }
                    }
                }
                let exists: BooleanArray = found.iter().map(|count| Some(*count > 0)).collect();
                match &kind {
                    ApplyKind::Inner => {}
                    ApplyKind::Optional => {
                        let missing: Int64Array = (0..rows as i64).filter(|number| found[*number as usize] == 0).collect();
                        if !missing.is_empty() {
                            yield join_rows(&schema, &batch, &missing, None)?;
                        }
                    }
                    ApplyKind::Semi => yield filter_record_batch(&batch, &exists).map_err(Error::from)?,
                    ApplyKind::Anti => {
                        let absent = arrow::compute::not(&exists).map_err(Error::from)?;
                        yield filter_record_batch(&batch, &absent).map_err(Error::from)?;
                    }
                    ApplyKind::Mark(_) => yield with_column(&schema, &batch, Arc::new(exists))?,
                    ApplyKind::Count(_) => yield with_column(&schema, &batch, Arc::new(Int64Array::from(found)))?,
                    ApplyKind::Collect { .. } => {
                        let lists = collected(&items, &owners, &found, item_type.as_ref())?;
                        yield with_column(&schema, &batch, lists)?;
                    }
                }
            }
        };
        Ok(applied.boxed())
    }
}

/// The outer row of each row that a subplan found.
fn outer_rows(matched: &RecordBatch, row: Option<&str>, first: usize) -> Result<Int64Array> {
    let Some(row) = row else {
        return Ok(Int64Array::from(vec![first as i64; matched.num_rows()]));
    };
    matched
        .column_by_name(row)
        .and_then(|column| column.as_any().downcast_ref::<Int64Array>().cloned())
        .ok_or_else(|| Error::internal("a subplan lost the number of its outer row"))
}

/// A list for each outer row: the items it owns, in the order they came.
fn collected(
    items: &[ArrayRef],
    owners: &[i64],
    counts: &[i64],
    list: Option<&DataType>,
) -> Result<ArrayRef> {
    let Some(DataType::List(field)) = list else {
        return Err(Error::internal("what is collected is no list"));
    };
    let mut order: Vec<u32> = (0..owners.len() as u32).collect();
    order.sort_by_key(|place| owners[*place as usize]);
    let pieces: Vec<&dyn Array> = items.iter().map(AsRef::as_ref).collect();
    let all = if pieces.is_empty() {
        new_null_array(field.data_type(), 0)
    } else {
        concat(&pieces)?
    };
    Ok(Arc::new(ListArray::try_new(
        Arc::clone(field),
        OffsetBuffer::from_lengths(counts.iter().map(|count| *count as usize)),
        take(&all, &UInt32Array::from(order), None)?,
        None,
    )?))
}

fn with_column(
    schema: &arrow::datatypes::SchemaRef,
    batch: &RecordBatch,
    column: ArrayRef,
) -> Result<RecordBatch> {
    let mut columns = batch.columns().to_vec();
    columns.push(column);
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// The outer rows `numbers`, with what the subplan found for them or with nulls.
fn join_rows(
    schema: &arrow::datatypes::SchemaRef,
    outer: &RecordBatch,
    numbers: &Int64Array,
    matched: Option<&RecordBatch>,
) -> Result<RecordBatch> {
    let rows: UInt32Array = numbers
        .values()
        .iter()
        .map(|number| *number as u32)
        .collect();
    let columns =
        schema
            .fields()
            .iter()
            .map(
                |field| match (outer.column_by_name(field.name()), matched) {
                    (Some(column), _) => Ok(take(column, &rows, None)?),
                    (None, Some(matched)) => matched
                        .column_by_name(field.name())
                        .cloned()
                        .ok_or_else(|| {
                            Error::internal(format!("the subplan has no column `{}`", field.name()))
                        }),
                    (None, None) => Ok(new_null_array(field.data_type(), numbers.len())),
                },
            )
            .collect::<Result<Vec<_>>>()?;
    batch_of(schema, columns, numbers.len())
}
