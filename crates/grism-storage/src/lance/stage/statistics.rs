//! What staged rows make of a table's statistics.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::record_batch::RecordBatch;
use grism_core::{DegreeDistribution, Result, RoleStatistics, Table, TableStatistics};
use lance::dataset::Dataset;

use super::table::StagedTable;
use crate::collector::{StatisticsCollector, count_delete, count_update, has_value};
use crate::lance::rows::physical::physical_columns;

/// What rows say of the properties, as they are written.
pub(super) type Collector = Arc<Mutex<StatisticsCollector>>;

/// Counts `rows` new rows; the next one gets the offset `next_offset`.
pub(super) fn count_appended(
    statistics: &mut TableStatistics,
    rows: u64,
    next_offset: u64,
    collectors: &[Collector],
) {
    statistics.rows += rows;
    statistics.next_offset = next_offset;
    for collector in collectors {
        let found = collector.lock().unwrap_or_else(PoisonError::into_inner);
        found.merge_into(statistics);
    }
}

impl StagedTable {
    /// Counts the changes of rows, which were as `old` has them.
    pub(super) fn count_changed(
        &mut self,
        table: &Table,
        changes: &RecordBatch,
        old: &RecordBatch,
    ) -> Result<()> {
        let dataset = &self.dataset;
        let values = |column: &str| count_values(dataset, table, old, column);
        count_update(&mut self.statistics, table, changes, values)
    }

    /// Counts that rows go, which were as `old` has them.
    pub(super) fn count_gone(&mut self, table: &Table, old: &RecordBatch) {
        let dataset = &self.dataset;
        let values = |column: &str| count_values(dataset, table, old, column);
        count_delete(&mut self.statistics, table, values);
        let rows = old.num_rows() as u64;
        self.statistics.rows = self.statistics.rows.saturating_sub(rows);
    }

    /// Counts that all rows go.
    pub(super) fn count_emptied(&mut self) {
        let counts = &mut self.statistics;
        counts.rows = 0;
        for property in counts.properties.values_mut() {
            property.remove(property.values);
        }
        for role in counts.roles.values_mut() {
            *role = RoleStatistics {
                degrees: Some(DegreeDistribution::default()),
                ..RoleStatistics::default()
            };
        }
    }
}

/// How many of some rows, which hold all fields of a dataset, have a value in `column`.
fn count_values(dataset: &Dataset, table: &Table, rows: &RecordBatch, column: &str) -> u64 {
    let columns = physical_columns(dataset, table, column);
    let having = (0..rows.num_rows()).filter(|row| has_value(rows, &columns, *row));
    having.count() as u64
}
