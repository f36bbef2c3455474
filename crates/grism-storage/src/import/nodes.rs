//! Loading nodes.

use std::time::Instant;

use arrow::array::Array;
use arrow::record_batch::RecordBatch;
use grism_core::{ChangeSet, EntityId, Error, Result, SnapshotId, Storage};

use super::keys::KeyIndex;
use super::properties::{key_texts, properties, required_column};
use super::report::LoadReport;
use crate::columns::named_batch;

/// Adds a node with `label` for each row, known by its `key`, which stays a property like every other column.
///
/// # Errors
/// `InvalidData`, naming the row, for a null key and for one that is taken; `Conflict` where another writer was first.
pub async fn load_nodes(
    storage: &dyn Storage,
    label: &str,
    batches: Vec<RecordBatch>,
    key: &str,
) -> Result<LoadReport> {
    let start = Instant::now();
    if label.is_empty() {
        return Err(Error::invalid_data("a label is needed"));
    }
    let snapshot = storage.snapshot(SnapshotId::default()).await?;
    let mut changes = ChangeSet::new(snapshot.id(), (**snapshot.schema()).clone());
    let table = changes.schema.ensure_node_table(&[label.to_owned()])?;
    let known = snapshot.schema().tables_with_label(label);
    let old_key = changes.schema.table(table)?.key.clone();
    if let Some(old) = old_key.filter(|old| old != key) {
        return Err(Error::invalid_data(format!(
            "the nodes of `{label}` are known by `{old}`, not by `{key}`"
        )));
    }
    let mut index = KeyIndex::read(snapshot.as_ref(), &known, label).await?;
    let mut offset = snapshot
        .statistics()
        .tables
        .get(&table)
        .map_or(0, |statistics| statistics.next_offset);
    let mut report = LoadReport {
        target: label.to_owned(),
        ..LoadReport::default()
    };
    for batch in batches {
        let keys = key_texts(key, required_column(&batch, key)?)?;
        for row in 0..keys.len() {
            let number = report.rows + row as u64 + 1;
            if keys.is_null(row) {
                return Err(Error::invalid_data(format!(
                    "{label}, row {number}: the key `{key}` is null"
                )));
            }
            if !index.insert(
                keys.value(row),
                EntityId::new(table, offset + row as u64).raw(),
            ) {
                let message = format!(
                    "{label}, row {number}: the key `{key}` = '{}' is taken already",
                    keys.value(row)
                );
                return Err(Error::invalid_data(message));
            }
        }
        report.rows += batch.num_rows() as u64;
        offset += batch.num_rows() as u64;
        let columns = properties(&mut changes.schema, table, &batch, &[])?;
        let (names, values): (Vec<String>, Vec<_>) = columns.into_iter().unzip();
        changes.append(table, named_batch(&names, values, batch.num_rows())?);
    }
    changes.schema.set_key(table, key);
    report.loaded = report.rows;
    report.snapshot = storage.commit(changes).await?;
    report.elapsed = start.elapsed();
    Ok(report)
}
