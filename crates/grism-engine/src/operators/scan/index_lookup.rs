//! `IndexLookupExec`: the entities that fit best, by a vector or text index.

use std::sync::Arc;

use arrow::array::{Float64Array, UInt32Array, UInt64Array};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{
    EntityId, Error, IndexKind, IndexSearch, Result, SearchTarget, Snapshot, Tables, Value,
};
use grism_logical::optimizer::Facts;
use grism_logical::{IndexLookup, LogicalExpr, LogicalPlan, SharedPlan};
use serde::{Deserialize, Serialize};

use crate::batch::{batch_of, take_columns};
use crate::{
    ExecutionContextTrait, ExprEvaluator, OperatorRun, PhysicalSchema, RecordBatchStream, Unary,
    UnaryExec,
};

/// Searches an index for each row of the input.
///
/// Output: input columns, the entity, its score; for each input row its entities follow each other, the best first. A row
/// whose target is null gives none. Works on any split of its input. Holds the hits of one row.
#[derive(Debug, Serialize, Deserialize)]
pub struct IndexLookupExec {
    lookup: IndexLookup,
}

impl IndexLookupExec {
    /// Runs `lookup`, whose logical input counts for nothing.
    #[must_use]
    pub fn new(lookup: &IndexLookup) -> Self {
        Self {
            lookup: IndexLookup {
                // The physical input stands beside it.
                input: SharedPlan::new(LogicalPlan::Unit),
                ..lookup.clone()
            },
        }
    }
}

#[typetag::serde]
impl Unary for IndexLookupExec {
    fn name(&self) -> &'static str {
        "IndexLookupExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(input.with(self.lookup.columns()))
    }

    fn estimated_rows(&self, _own: &UnaryExec, inputs: &[f64], _facts: Facts<'_>) -> f64 {
        inputs[0] * 16.0
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        Some(format!(
            "the index is searched for each of {} rows: search once for fewer",
            run.first_input()
        ))
    }

    fn describe(&self) -> String {
        self.lookup.describe()
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let compiled = |expression: &LogicalExpr| {
            let evaluator = ExprEvaluator::try_new(expression, own.input().schema())?;
            let ty = evaluator.value_type().clone();
            Ok::<_, Error>((evaluator, ty))
        };
        let target = compiled(&self.lookup.target)?;
        let count = self.lookup.count.as_ref().map(compiled).transpose()?;
        let snapshot = Arc::clone(&context.query().snapshot);
        let batch_rows = context.query().config.batch_rows;
        let cancellation = context.query().cancellation.clone();
        let (lookup, schema) = (self.lookup.clone(), own.schema().clone());
        let mut input = own.run_input(&context)?;
        let found = async_stream::try_stream! {
            while let Some(batch) = input.try_next().await? {
                let targets = target.0.evaluate(&batch)?;
                let counts = match &count {
                    Some((count, ty)) => Some((count.evaluate(&batch)?, ty)),
                    None => None,
                };
                let mut hits = Hits::default();
                for row in 0..batch.num_rows() {
                    cancellation.check()?;
                    let wanted = Value::from_typed(targets.as_ref(), row, &target.1)?;
                    let Some(wanted) = search_target(&lookup, wanted)? else { continue };
                    let wanted_count = match &counts {
                        Some((counts, ty)) => hit_count(&Value::from_typed(counts.as_ref(), row, ty)?)?,
                        None => usize::MAX,
                    };
                    let search = IndexSearch { index: lookup.index.clone(), target: wanted, count: wanted_count };
                    for (entity, score) in search_tables(snapshot.as_ref(), &lookup.tables, &search).await? {
                        hits.rows.push(row as u32);
                        hits.entities.push(entity);
                        hits.scores.push(score);
                        if hits.rows.len() == batch_rows {
                            yield std::mem::take(&mut hits).into_batch(&schema, &batch)?;
                        }
                    }
                }
                if !hits.rows.is_empty() {
                    yield hits.into_batch(&schema, &batch)?;
                }
            }
        };
        Ok(found.boxed())
    }
}

/// The best entities of several tables, the best first.
async fn search_tables(
    snapshot: &dyn Snapshot,
    tables: &Tables,
    search: &IndexSearch,
) -> Result<Vec<(u64, f64)>> {
    let mut found = Vec::new();
    for table in tables.iter() {
        for hit in snapshot.search(*table, search).await? {
            found.push((EntityId::new(*table, hit.offset).raw(), hit.score));
        }
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    found.truncate(search.count);
    Ok(found)
}

/// What is looked for; `None` for null.
fn search_target(lookup: &IndexLookup, value: Value) -> Result<Option<SearchTarget>> {
    let name = &lookup.index.name;
    match (lookup.index.kind, value) {
        (_, Value::Null) => Ok(None),
        (IndexKind::Vector { dimensions, metric }, Value::List(numbers)) => {
            if numbers.len() != dimensions as usize {
                return Err(Error::invalid_query(format!(
                    "the index `{name}` holds vectors of {dimensions} numbers, not of {}",
                    numbers.len()
                )));
            }
            let number = |value: &Value| {
                value.to_vector_element().ok_or_else(|| {
                    Error::invalid_query(format!("{value} is no number that a vector may have"))
                })
            };
            let vector = numbers.iter().map(number).collect::<Result<Vec<f32>>>()?;
            if metric.score(&vector, &vector).is_nan() {
                let text = "a vector of zeros, or of too large or too small numbers, has no angle to others";
                return Err(Error::invalid_query(text));
            }
            Ok(Some(SearchTarget::Vector(vector)))
        }
        (IndexKind::FullText, Value::String(text)) => Ok(Some(SearchTarget::Text(text))),
        (_, other) => Err(Error::invalid_query(format!(
            "the index `{name}` cannot be searched for {}",
            other.type_name()
        ))),
    }
}

/// How many entities are wanted.
fn hit_count(value: &Value) -> Result<usize> {
    match value {
        Value::Int64(count) if *count >= 0 => Ok(usize::try_from(*count).unwrap_or(usize::MAX)),
        other => Err(Error::invalid_query(format!(
            "{other} is no number of entities to find"
        ))),
    }
}

/// What was found for the rows of a batch.
#[derive(Debug, Default)]
struct Hits {
    rows: Vec<u32>,
    entities: Vec<u64>,
    scores: Vec<f64>,
}

impl Hits {
    fn into_batch(self, schema: &PhysicalSchema, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = UInt32Array::from(self.rows);
        let mut columns = take_columns(batch, &rows)?;
        columns.push(Arc::new(UInt64Array::from(self.entities)));
        columns.push(Arc::new(Float64Array::from(self.scores)));
        batch_of(schema.arrow(), columns, rows.len())
    }
}
