//! `SortExec`: rows in order.

use std::pin::Pin;
use std::sync::Arc;

use arrow::array::Array;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::Result;
use grism_functions::SharedValues;
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use crate::batch::batch_of;
use crate::datafusion::{SortColumn, sort};
use crate::exchange::sorted_runs;
use crate::operators::row::flatten::flat_stream;
use crate::operators::row::limit::{LimitExec, first_rows};
use crate::ordering::comma_separated;
use crate::{
    AcceptedPhase, ExecutionContextTrait, InputRequirement, OperatorRun, OrderedBy, Phases,
    PhysicalSchema, PlanProperties, RecordBatchStream, RequiredDistribution, Unary, UnaryExec,
};

/// Sorts its input by columns, and keeps only the first rows where `fetch` is given.
///
/// Ascending order puts nulls last, descending first. Spills past the memory limit; with `fetch` it holds just those
/// rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SortExec {
    keys: Vec<OrderedBy>,
    fetch: Option<usize>,
    scope: SortScope,
}

/// Which rows are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum SortScope {
    /// All rows.
    Whole,
    /// Those of one task or thread, to be merged with those of the others.
    Runs,
}

impl SortExec {
    /// Sorts by `keys`, and keeps the first `fetch` rows where that is given.
    #[must_use]
    pub fn new(keys: Vec<OrderedBy>, fetch: Option<usize>) -> Self {
        Self {
            keys,
            fetch,
            scope: SortScope::Whole,
        }
    }
}

/// The lesser of two numbers of rows, each of which may not be known.
fn least(rows: Option<u64>, fetch: Option<usize>) -> Option<u64> {
    let fetch = fetch.map(|fetch| fetch as u64);
    rows.into_iter().chain(fetch).min()
}

/// The positions of sort keys.
pub(crate) fn sort_columns(schema: &PhysicalSchema, keys: &[OrderedBy]) -> Result<Vec<SortColumn>> {
    keys.iter()
        .map(|key| {
            Ok(SortColumn {
                index: schema.index_of(&key.column)?,
                descending: key.descending,
            })
        })
        .collect()
}

#[typetag::serde]
impl Unary for SortExec {
    fn name(&self) -> &'static str {
        "SortExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(input.clone())
    }

    fn properties(&self, own: &UnaryExec, input: &PlanProperties) -> PlanProperties {
        let own = PlanProperties {
            ordering: self.keys.clone(),
            ..PlanProperties::filtered(input, own.schema()).blocking()
        };
        let rows = least(own.rows, self.fetch);
        let pending = match (self.scope, self.fetch) {
            (SortScope::Whole, _) => own.pending.clone(),
            (SortScope::Runs, Some(fetch)) => Some(first_rows(fetch)),
            (SortScope::Runs, None) => Some(sorted_runs(&self.keys)),
        };
        PlanProperties { pending, ..own }.with_rows(rows)
    }

    fn estimated_rows(&self, _own: &UnaryExec, inputs: &[f64], _facts: Facts<'_>) -> f64 {
        self.fetch
            .map_or(inputs[0], |fetch| inputs[0].min(fetch as f64))
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        self.fetch.is_none().then(|| {
            format!(
                "all {} rows are sorted: with LIMIT only the first ones are kept",
                run.first_input()
            )
        })
    }

    fn required_input(&self) -> InputRequirement {
        match (self.scope, self.fetch) {
            (SortScope::Runs, _) => InputRequirement::any(),
            (SortScope::Whole, Some(fetch)) => InputRequirement::of(
                RequiredDistribution::Single,
                format!("the first {fetch} rows of all tasks are merged"),
            ),
            (SortScope::Whole, None) => InputRequirement::of(
                RequiredDistribution::Range(self.keys.clone()),
                "sorted runs are split by sampled bounds and merged",
            ),
        }
    }

    fn phases(&self, own: &UnaryExec) -> Result<Option<Phases>> {
        if self.scope == SortScope::Runs {
            return Ok(None);
        }
        let runs = Self {
            scope: SortScope::Runs,
            ..self.clone()
        };
        let local = UnaryExec::over(Arc::clone(own.input()), runs)?;
        let phase = match self.fetch {
            Some(fetch) => AcceptedPhase::Finishes(first_rows(fetch)),
            None => AcceptedPhase::Finishes(sorted_runs(&self.keys)),
        };
        let between = self.required_input().ordered(self.keys.clone());
        let global = self.fetch.map(|fetch| {
            let first = LimitExec::of_merged(fetch, self.keys.clone());
            UnaryExec::over(Arc::clone(&local), first)
        });
        Ok(Some(Phases {
            local,
            between: between.with_phase(phase),
            global: global.transpose()?,
        }))
    }

    fn describe(&self) -> String {
        match self.fetch {
            Some(fetch) => format!("TopK({fetch}, {})", comma_separated(&self.keys)),
            None => format!("Sort({})", comma_separated(&self.keys)),
        }
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let schema = own.input().schema().clone();
        let columns = sort_columns(&schema, &self.keys)?;
        let mut input = own.run_input(&context)?.peekable();
        let (fetch, task) = (self.fetch, context.query().task()?);
        if fetch.is_some() || !schema.has_shared() {
            return sort(schema.arrow(), input.boxed(), &columns, fetch, task);
        }
        let sorted = async move {
            let first = Pin::new(&mut input).peek().await;
            if matches!(first, Some(Ok(batch)) if !repeats_values(batch)?) {
                let flat = schema.flat();
                let input = flat_stream(flat.clone(), input.boxed());
                let sorted = sort(flat.arrow(), input, &columns, fetch, task)?;
                return Ok(shared_stream(schema, sorted));
            }
            sort(schema.arrow(), input.boxed(), &columns, fetch, task)
        };
        Ok(futures::stream::once(sorted).try_flatten().boxed())
    }
}

/// Whether rows of the batch share values, as its columns allow. Values that are shared stay in memory while rows are sorted;
/// where each row has its own, they are better sorted, and spilled, with the rows.
fn repeats_values(batch: &RecordBatch) -> Result<bool> {
    for column in batch.columns() {
        if let Some(shared) = SharedValues::of(column)?
            && shared.compacted()?.values.len() * 2 <= batch.num_rows()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The batches with the columns of `schema`, some of which may share values: each row of these has its own.
fn shared_stream(schema: PhysicalSchema, batches: RecordBatchStream) -> RecordBatchStream {
    let shared: Vec<bool> = schema
        .columns()
        .columns
        .iter()
        .map(|own| own.shared)
        .collect();
    let with_shared = move |batch: RecordBatch| {
        let columns = batch.columns().iter().zip(&shared);
        let columns = columns
            .map(|(column, shared)| match shared {
                true => SharedValues::of_rows(column).into_column(),
                false => Ok(Arc::clone(column)),
            })
            .collect::<Result<Vec<_>>>()?;
        batch_of(schema.arrow(), columns, batch.num_rows())
    };
    batches
        .and_then(move |batch| std::future::ready(with_shared(batch)))
        .boxed()
}
