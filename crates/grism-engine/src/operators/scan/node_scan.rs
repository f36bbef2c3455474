//! `NodeScanExec`: the nodes of a label.

use std::sync::Arc;

use grism_core::{GraphStatistics, Result};
use grism_logical::NodeScan;
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use super::scan_parts::ScanParts;
use super::table_scan::{leaf_distribution, named_batches};
use crate::{
    Distribution, ExecutionContextTrait, Leaf, OperatorRun, PhysicalSchema, PlanProperties,
    RecordBatchStream,
};

/// Reads the nodes of some tables: ids, then properties. Predicates and projections reach the storage.
///
/// Partitioned by the pieces of the tables, in storage order within a piece. Holds one batch.
#[derive(Debug, Serialize, Deserialize)]
pub struct NodeScanExec {
    scan: NodeScan,
    leaf: Option<u32>,
}

impl NodeScanExec {
    /// Runs `scan` as the leaf number `leaf`; without a number it reads everything in every partition.
    #[must_use]
    pub fn new(scan: NodeScan, leaf: Option<u32>) -> Self {
        Self { scan, leaf }
    }
}

#[typetag::serde]
impl Leaf for NodeScanExec {
    fn name(&self) -> &'static str {
        "NodeScanExec"
    }

    fn schema(&self) -> PhysicalSchema {
        self.scan.schema().into()
    }

    fn properties(&self, statistics: &GraphStatistics) -> PlanProperties {
        let tables = self.scan.ty.tables().into_iter().flat_map(|own| own.iter());
        let rows = tables.map(|table| statistics.rows(*table)).sum();
        let together = Distribution::Together(vec![self.scan.variable.clone()]);
        PlanProperties::of(leaf_distribution(self.leaf, together)).with_rows(Some(rows))
    }

    fn estimated_rows(&self, _argument: f64, facts: Facts<'_>) -> f64 {
        self.scan.estimated_rows(facts)
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        ScanParts::of_nodes(&self.scan).advice(run)
    }

    fn describe(&self) -> String {
        ScanParts::of_nodes(&self.scan).describe()
    }

    fn execute(
        &self,
        schema: &PhysicalSchema,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let scan = ScanParts::of_nodes(&self.scan);
        let batches = scan.source(scan.keys(), self.leaf).scan(&context)?;
        Ok(named_batches(batches, schema.clone(), scan.keys()))
    }
}
