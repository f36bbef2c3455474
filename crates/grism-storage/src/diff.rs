//! How two snapshots of one graph differ.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, new_null_array};
use arrow::datatypes::{DataType, UInt64Type};
use arrow::row::{RowConverter, SortField};
use futures::TryStreamExt;
use grism_core::{
    Error, HyperedgeType, ID_COLUMN, LABELS_COLUMN, Result, Snapshot, Table, TableId, WideHasher,
    widen_column,
};

use crate::all_rows::all_rows;
use crate::columns::column_type;
use crate::snapshot_diff::{SnapshotDiff, TableDiff};

/// The entities that differ between `from` and `to`, by table. A property that one side does not know is null there.
///
/// # Errors
/// Those of a storage that cannot be read.
pub async fn diff(from: &Arc<dyn Snapshot>, to: &Arc<dyn Snapshot>) -> Result<SnapshotDiff> {
    let mut diff = SnapshotDiff {
        from: from.id(),
        to: to.id(),
        tables: BTreeMap::new(),
    };
    let mut tables: Vec<(TableId, String)> = Vec::new();
    // What was renamed has its new name.
    for table in to.schema().tables().chain(from.schema().tables()) {
        if !tables.iter().any(|(id, _)| *id == table.id) {
            tables.push((table.id, table.display_name()));
        }
    }
    for (id, name) in tables {
        let own = table_diff(from, to, id).await?;
        if own != TableDiff::default() {
            // Tables that had one name at different times are told of together.
            let all = diff.tables.entry(name).or_default();
            all.added.extend(own.added);
            all.removed.extend(own.removed);
            all.changed.extend(own.changed);
            for ids in [&mut all.added, &mut all.removed, &mut all.changed] {
                ids.sort_unstable();
            }
        }
    }
    Ok(diff)
}

async fn table_diff(
    from: &Arc<dyn Snapshot>,
    to: &Arc<dyn Snapshot>,
    id: TableId,
) -> Result<TableDiff> {
    let (old, new) = (from.schema().table(id).ok(), to.schema().table(id).ok());
    let mut columns: Vec<(String, DataType)> = Vec::new();
    for table in [new, old].into_iter().flatten() {
        for name in column_names(table) {
            if let Some(data_type) = column_type(table, &name)
                && !columns.iter().any(|(own, _)| *own == name)
            {
                columns.push((name, data_type));
            }
        }
    }
    let hasher = WideHasher::default();
    let before = match old {
        Some(table) => rows(from, table, &columns, &hasher).await?,
        None => BTreeMap::new(),
    };
    let mut after = match new {
        Some(table) => rows(to, table, &columns, &hasher).await?,
        None => BTreeMap::new(),
    };
    let mut diff = TableDiff::default();
    for (id, row) in before {
        match after.remove(&id) {
            None => diff.removed.push(id),
            Some(now) if now != row => diff.changed.push(id),
            Some(_) => {}
        }
    }
    diff.added = after.into_keys().collect();
    Ok(diff)
}

fn column_names(table: &Table) -> Vec<String> {
    let ty = table.hyperedge_type();
    let mut names = ty.map(HyperedgeType::role_columns).unwrap_or_default();
    names.extend(table.properties.iter().map(|own| own.column().to_owned()));
    if !table.changed_labels.is_empty() {
        names.push(LABELS_COLUMN.to_owned());
    }
    names
}

/// A hash of each row by `hasher`, by its raw id.
async fn rows(
    snapshot: &Arc<dyn Snapshot>,
    table: &Table,
    columns: &[(String, DataType)],
    hasher: &WideHasher,
) -> Result<BTreeMap<u64, u128>> {
    let known = column_names(table);
    let (names, _): (Vec<String>, Vec<&DataType>) = columns
        .iter()
        .filter(|(name, _)| known.contains(name))
        .map(|(name, data_type)| (name.clone(), data_type))
        .unzip();
    let fields = columns
        .iter()
        .map(|(_, data_type)| SortField::new(data_type.clone()));
    let converter = RowConverter::new(fields.collect())?;
    let mut hashes = BTreeMap::new();
    let mut batches = all_rows(snapshot.as_ref(), table.id, &names);
    while let Some(batch) = batches.try_next().await? {
        let ids = batch
            .column_by_name(ID_COLUMN)
            .and_then(|ids| ids.as_primitive_opt::<UInt64Type>())
            .ok_or_else(|| Error::internal("a scan without ids"))?;
        if columns.is_empty() {
            hashes.extend(ids.values().iter().map(|id| (*id, 0)));
            continue;
        }
        let mut values = Vec::new();
        for (name, data_type) in columns {
            values.push(match batch.column_by_name(name) {
                None => new_null_array(data_type, batch.num_rows()),
                Some(column) if column.data_type() == data_type => Arc::clone(column),
                Some(column) => widen_column(column, data_type)?,
            });
        }
        let encoded = converter.convert_columns(&values)?;
        for (id, row) in ids.values().iter().zip(encoded.iter()) {
            hashes.insert(*id, hasher.hash(row.data()));
        }
    }
    Ok(hashes)
}
