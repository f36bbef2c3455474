//! `HyperedgeScanExec`: hyperedges of a type, with any number of their roles at once.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::{filter_record_batch, take};
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, GraphStatistics, Result};
use grism_logical::optimizer::Facts;
use grism_logical::{HyperedgeScan, ROLE_PREFIX, RoleBinding, role_key};
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
        let together = Distribution::Together(vec![self.scan.variable.clone()]);
        PlanProperties::of(leaf_distribution(self.leaf, together))
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
        let star = Star {
            bindings: self.scan.bindings.clone(),
            keys,
            schema: schema.clone(),
        };
        let bound = batches.and_then(move |(_, batch)| std::future::ready(star.bound_rows(&batch)));
        Ok(bound.boxed())
    }
}

/// What a scan makes of the hyperedges of a table.
struct Star {
    bindings: Vec<RoleBinding>,
    keys: Vec<String>,
    schema: PhysicalSchema,
}

impl Star {
    /// A row for each way to bind the roles of the hyperedges in a batch.
    fn bound_rows(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let ids = batch
            .columns()
            .first()
            .and_then(|ids| ids.as_primitive_opt::<UInt64Type>());
        let ids = ids.ok_or_else(|| Error::internal("a scan without ids"))?;
        let fields = batch.schema_ref().fields().iter().zip(batch.columns());
        let roles = fields.filter_map(|(field, column)| {
            let role = field.name().strip_prefix(ROLE_PREFIX)?;
            Some((role, column))
        });
        let binder = StarBinder::new(&self.bindings, roles);
        let first = self.schema.columns().columns.len() - self.keys.len();
        let keys = self.keys.iter().enumerate();
        let properties =
            keys.map(|(index, key)| table_column(batch, key, &self.schema, first + index));
        let properties = properties.collect::<Result<Vec<ArrayRef>>>()?;
        let arrow = self.schema.arrow();
        if let Some((members, has_all)) = binder.single_members() {
            let mut columns: Vec<ArrayRef> = vec![Arc::new(ids.clone())];
            let members = members.into_iter().map(|own| Arc::new(own) as ArrayRef);
            columns.extend(members.chain(properties));
            let rows = batch_of(arrow, columns, batch.num_rows())?;
            return Ok(match has_all {
                Some(has_all) => filter_record_batch(&rows, &has_all)?,
                None => rows,
            });
        }
        let mut output = BoundRows::new(self.bindings.len());
        let hyperedges = (0..batch.num_rows()).map(|row| (row, row as u32, None));
        binder.bind(hyperedges, &mut output);
        let rows = output.row_indices();
        let mut columns = vec![take(ids, &rows, None)?];
        columns.extend(output.columns(&self.bindings, ids)?);
        for property in &properties {
            columns.push(take(property, &rows, None)?);
        }
        batch_of(arrow, columns, output.len())
    }
}
