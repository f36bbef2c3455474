//! `NodeScanExec`: the nodes of a label.

use std::sync::Arc;

use grism_core::{EntityKind, GraphStatistics, Result};
use grism_logical::optimizer::Facts;
use grism_logical::{Column, NodeScan, PlanSchema, property_column};
use serde::{Deserialize, Serialize};

use super::table_scan::{ScanSource, leaf_distribution, named_batches, scan_advice};
use crate::operators::names::{comma_separated, named};
use crate::{
    Distribution, ExecutionContextTrait, OperatorRun, PhysicalOperator, PhysicalSchema,
    PlanProperties, RecordBatchStream,
};

/// Reads the nodes of some tables: ids, then properties. Predicates and projections reach the storage.
///
/// Partitioned by the pieces of the tables, in storage order within a piece. Holds one batch.
#[derive(Debug, Serialize, Deserialize)]
pub struct NodeScanExec {
    scan: NodeScan,
    leaf: Option<u32>,
    schema: PhysicalSchema,
}

impl NodeScanExec {
    /// Runs `scan` as the leaf number `leaf`; without a number it reads everything in every partition.
    #[must_use]
    pub fn new(scan: NodeScan, leaf: Option<u32>) -> Self {
        let mut columns = vec![Column::new(&scan.variable, scan.ty.clone())];
        for property in &scan.properties {
            columns.push(Column::new(
                property_column(&scan.variable, &property.key),
                property.ty.clone(),
            ));
        }
        Self {
            scan,
            leaf,
            schema: PlanSchema::new(columns).into(),
        }
    }
}

#[typetag::serde]
impl PhysicalOperator for NodeScanExec {
    fn name(&self) -> &'static str {
        "NodeScanExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn properties(
        &self,
        _inputs: &[PlanProperties],
        statistics: &GraphStatistics,
    ) -> PlanProperties {
        let tables = self.scan.ty.tables().into_iter().flat_map(|own| own.iter());
        let rows = tables.map(|table| statistics.rows(*table)).sum();
        let together = Distribution::Together(vec![self.scan.variable.clone()]);
        PlanProperties::of(leaf_distribution(self.leaf, together)).with_rows(Some(rows))
    }

    fn estimated_rows(&self, _inputs: &[f64], facts: Facts<'_>) -> f64 {
        self.scan.estimated_rows(facts)
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        scan_advice(
            (EntityKind::Node, &self.scan.label),
            &self.scan.tables,
            &self.scan.predicate,
            self.scan.index.as_deref(),
            run,
        )
    }

    fn describe(&self) -> String {
        let mut parts = vec![named(&self.scan.variable, &self.scan.label)];
        let keys = comma_separated(
            self.scan
                .properties
                .iter()
                .map(|property| property.key.clone()),
        );
        if !keys.is_empty() {
            parts.push(format!("read {keys}"));
        }
        if !self.scan.predicate.is_empty() {
            let conditions: Vec<_> = self
                .scan
                .predicate
                .iter()
                .map(ToString::to_string)
                .collect();
            parts.push(format!("where {}", conditions.join(" AND ")));
        }
        if let Some(index) = &self.scan.index {
            parts.push(format!("index {index}"));
        }
        format!("NodeScan({})", parts.join("; "))
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let names: Vec<String> = self
            .scan
            .properties
            .iter()
            .map(|property| property.key.clone())
            .collect();
        let source = ScanSource {
            tables: Arc::clone(&self.scan.tables),
            columns: names.clone(),
            predicate: self.scan.predicate.clone(),
            by_index: self.scan.index.is_some(),
            leaf: self.leaf,
        };
        Ok(named_batches(
            source.scan(&context)?,
            self.schema.clone(),
            names,
        ))
    }
}
