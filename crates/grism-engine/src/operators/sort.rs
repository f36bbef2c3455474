//! `SortExec` and `SortMergeExec`: rows in order.

use std::pin::Pin;
use std::sync::Arc;

use arrow::array::Array;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::Result;
use serde::{Deserialize, Serialize};

use super::flatten::flat_stream;
use super::{comma_separated, only_child};
use crate::batch::batch_of;
use crate::datafusion::{SortColumn, merge_sorted, sort};
use crate::operators::ParallelExec;
use crate::shared::SharedValues;
use crate::{
    ExecutionContextTrait, OperatorCaps, PhysicalOperator, PhysicalSchema, RecordBatchStream, run,
};

/// Sorts its input by columns, and keeps only the first rows where `fetch` is given.
///
/// Ascending order puts nulls last, descending first. Spills past the memory limit; with `fetch` it holds just those
/// rows.
#[derive(Debug, Serialize, Deserialize)]
pub struct SortExec {
    input: Arc<dyn PhysicalOperator>,
    keys: Vec<(String, bool)>,
    fetch: Option<usize>,
}

impl SortExec {
    /// Sorts `input` by `keys`, where `true` is descending.
    #[must_use]
    pub fn new(
        input: Arc<dyn PhysicalOperator>,
        keys: Vec<(String, bool)>,
        fetch: Option<usize>,
    ) -> Self {
        Self { input, keys, fetch }
    }

    /// The keys, where `true` is descending.
    #[must_use]
    pub fn keys(&self) -> &[(String, bool)] {
        &self.keys
    }

    /// How many rows are kept; `None` is all.
    #[must_use]
    pub fn fetch(&self) -> Option<usize> {
        self.fetch
    }
}

/// The positions of sort keys.
pub(super) fn sort_columns(
    schema: &PhysicalSchema,
    keys: &[(String, bool)],
) -> Result<Vec<SortColumn>> {
    keys.iter()
        .map(|(key, descending)| {
            Ok(SortColumn {
                index: schema.index_of(key)?,
                descending: *descending,
            })
        })
        .collect()
}

fn describe_keys(keys: &[(String, bool)]) -> String {
    comma_separated(
        keys.iter()
            .map(|(key, descending)| format!("{key}{}", if *descending { " DESC" } else { "" })),
    )
}

#[typetag::serde]
impl PhysicalOperator for SortExec {
    fn name(&self) -> &'static str {
        "SortExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        self.input.schema()
    }

    fn capabilities(&self) -> OperatorCaps {
        OperatorCaps::blocking()
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.input]
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(Arc::new(Self::new(
            only_child(children)?,
            self.keys.clone(),
            self.fetch,
        )))
    }

    fn describe(&self) -> String {
        match self.fetch {
            Some(fetch) => format!("TopK({fetch}, {})", describe_keys(&self.keys)),
            None => format!("Sort({})", describe_keys(&self.keys)),
        }
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let schema = self.input.schema().clone();
        let columns = sort_columns(&schema, &self.keys)?;
        let mut input = run(&self.input, &context)?.peekable();
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

/// Merges what the threads of a [`ParallelExec`] sorted.
#[derive(Debug, Serialize, Deserialize)]
pub struct SortMergeExec {
    input: Arc<dyn PhysicalOperator>,
    keys: Vec<(String, bool)>,
    fetch: Option<usize>,
}

impl SortMergeExec {
    /// Merges the sorted outputs of `input`, a [`ParallelExec`].
    #[must_use]
    pub fn new(
        input: Arc<dyn PhysicalOperator>,
        keys: Vec<(String, bool)>,
        fetch: Option<usize>,
    ) -> Self {
        Self { input, keys, fetch }
    }
}

#[typetag::serde]
impl PhysicalOperator for SortMergeExec {
    fn name(&self) -> &'static str {
        "SortMergeExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        self.input.schema()
    }

    fn capabilities(&self) -> OperatorCaps {
        OperatorCaps {
            blocking: false,
            streaming: true,
            ..OperatorCaps::blocking()
        }
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.input]
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(Arc::new(Self::new(
            only_child(children)?,
            self.keys.clone(),
            self.fetch,
        )))
    }

    fn describe(&self) -> String {
        format!("SortMerge({})", describe_keys(&self.keys))
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let columns = sort_columns(self.input.schema(), &self.keys)?;
        let streams = match self.input.as_any().downcast_ref::<ParallelExec>() {
            Some(parallel) => parallel.streams(&context)?,
            None => vec![run(&self.input, &context)?],
        };
        merge_sorted(
            self.input.schema().arrow(),
            streams,
            &columns,
            self.fetch,
            &context.query().task()?,
        )
    }
}
