//! `HyperedgeScanExec`: hyperedges of a type, with any number of their roles at once.

use std::sync::Arc;

use arrow::array::UInt64Array;
use arrow::compute::take;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, GraphStatistics, ID_COLUMN, Result};
use grism_logical::optimizer::Facts;
use grism_logical::{HyperedgeScan, role_key};
use serde::{Deserialize, Serialize};

use super::scan_parts::ScanParts;
use super::table_scan::{leaf_distribution, named_batches, table_column};
use crate::batch::batch_of;
use crate::operators::expand::star::{BoundRows, StarBinder, binding_roles};
use crate::{
    Distribution, ExecutionContextTrait, Leaf, OperatorRun, PhysicalSchema, PlanProperties,
    RecordBatchStream,
};

/// Reads hyperedges and binds their roles: ids, then members (and incidences), then properties.
///
/// ```text
/// FLIGHT ─┬─ carrier ─► a
///         ├─ origin ──► o      one operator, one row for each way to bind the three
///         └─ dest ────► d
/// ```
///
/// Partitioned by the pieces of the tables. Holds one batch and what it binds to.
#[derive(Debug, Serialize, Deserialize)]
pub struct HyperedgeScanExec {
    scan: HyperedgeScan,
    leaf: Option<u32>,
}

impl HyperedgeScanExec {
    /// Runs `scan` as the leaf number `leaf`; without a number it reads everything in every partition.
    #[must_use]
    pub fn new(scan: HyperedgeScan, leaf: Option<u32>) -> Self {
        Self { scan, leaf }
    }
}

#[typetag::serde]
impl Leaf for HyperedgeScanExec {
    fn name(&self) -> &'static str {
        "HyperedgeScanExec"
    }

    fn schema(&self) -> PhysicalSchema {
        self.scan.schema().into()
    }

    fn properties(&self, _statistics: &GraphStatistics) -> PlanProperties {
        // A role of many members gives a row for each of them.
        PlanProperties::of(leaf_distribution(self.leaf, Distribution::Split))
    }

    fn estimated_rows(&self, _argument: f64, facts: Facts<'_>) -> f64 {
        self.scan.estimated_rows(facts)
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        ScanParts::of_hyperedges(&self.scan).advice(run)
    }

    fn describe(&self) -> String {
        ScanParts::of_hyperedges(&self.scan).describe()
    }

    fn execute(
        &self,
        schema: &PhysicalSchema,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let scan = ScanParts::of_hyperedges(&self.scan);
        let keys = scan.keys();
        let roles = binding_roles(&self.scan.bindings);
        let mut columns: Vec<String> = roles.iter().map(|role| role_key(role)).collect();
        columns.extend(
            keys.iter()
                .filter(|key| !columns.contains(key))
                .cloned()
                .collect::<Vec<_>>(),
        );
        let batches = scan.source(columns, self.leaf).scan(&context)?;
        if self.scan.bindings.is_empty() {
            return Ok(named_batches(batches, schema.clone(), keys));
        }
        let (bindings, schema) = (self.scan.bindings.clone(), schema.clone());
        let bound = batches.and_then(move |(_, batch)| {
            let bind = || {
                let ids = batch
                    .column_by_name(ID_COLUMN)
                    .and_then(|ids| ids.as_any().downcast_ref::<UInt64Array>())
                    .ok_or_else(|| Error::internal("a scan without ids"))?;
                let role = |role: &str| batch.column_by_name(&role_key(role));
                let binder = StarBinder::new(&bindings, role);
                let mut output = BoundRows::new(bindings.len());
                for row in 0..batch.num_rows() {
                    binder.bind(row, row as u32, None, &mut output);
                }
                let rows = output.row_indices();
                let mut columns = vec![take(ids, &rows, None)?];
                columns.extend(output.columns(&bindings, ids)?);
                let first = columns.len();
                for (index, key) in keys.iter().enumerate() {
                    let column = table_column(&batch, key, &schema, first + index)?;
                    columns.push(take(&column, &rows, None)?);
                }
                batch_of(schema.arrow(), columns, output.len())
            };
            std::future::ready(bind())
        });
        Ok(bound.boxed())
    }
}
