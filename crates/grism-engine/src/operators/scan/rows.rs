//! `RowsExec`: rows that were known when the plan was made.

use std::sync::Arc;

use super::table_scan::leaf_distribution;
use futures::StreamExt;
use grism_core::{GraphStatistics, Result};
use grism_logical::Rows;
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use crate::{
    Distribution, ExecutionContextTrait, Leaf, PhysicalSchema, PlanProperties, RecordBatchStream,
};

/// Puts out known rows; of all partitions, only one does.
#[derive(Debug, Serialize, Deserialize)]
pub struct RowsExec {
    leaf: Option<u32>,
    rows: Rows,
    schema: PhysicalSchema,
}

impl RowsExec {
    /// The rows, as the leaf number `leaf` of their plan.
    #[must_use]
    pub fn new(leaf: Option<u32>, rows: Rows, schema: PhysicalSchema) -> Self {
        Self { leaf, rows, schema }
    }
}

#[typetag::serde]
impl Leaf for RowsExec {
    fn name(&self) -> &'static str {
        "RowsExec"
    }

    fn schema(&self) -> PhysicalSchema {
        self.schema.clone()
    }

    fn properties(&self, _statistics: &GraphStatistics) -> PlanProperties {
        let rows = self.rows.row_count() as u64;
        PlanProperties::of(leaf_distribution(self.leaf, Distribution::OnePiece))
            .with_rows(Some(rows))
    }

    fn estimated_rows(&self, _argument: f64, _facts: Facts<'_>) -> f64 {
        self.rows.row_count() as f64
    }

    fn describe(&self) -> String {
        format!("Rows({})", self.rows.row_count())
    }

    fn execute(
        &self,
        _schema: &PhysicalSchema,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        if let Some(leaf) = self.leaf
            && context.morsels(leaf, 1).take().is_none()
        {
            return Ok(futures::stream::empty().boxed());
        }
        let most = context.query().config.batch_rows.max(1);
        let pieces = self.rows.batches().flat_map(move |batch| match batch {
            Ok(batch) => (0..batch.num_rows())
                .step_by(most)
                .map(|start| Ok(batch.slice(start, most.min(batch.num_rows() - start))))
                .collect(),
            Err(error) => vec![Err(error)],
        });
        Ok(futures::stream::iter(pieces).boxed())
    }
}
