//! `SortExec` and `SortMergeExec`: rows in order.

use std::sync::Arc;

use grism_core::Result;
use serde::{Deserialize, Serialize};

use super::{comma_separated, only_child};
use crate::datafusion::{SortColumn, merge_sorted, sort};
use crate::operators::ParallelExec;
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
        let columns = sort_columns(self.input.schema(), &self.keys)?;
        let input = run(&self.input, &context)?;
        sort(
            self.input.schema().arrow(),
            input,
            &columns,
            self.fetch,
            context.query().task()?,
        )
    }
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
