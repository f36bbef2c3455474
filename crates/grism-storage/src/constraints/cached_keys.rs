//! The keys of one constraint, as they are read and brought up to date.

use std::collections::BTreeMap;

use arrow::array::{AsArray, UInt64Array};
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism_core::{
    CommitSummary, Constraint, EntityId, Error, GraphSchema, GraphStatistics, ID_COLUMN, Result,
    Snapshot, Table, TableId,
};

use super::covered::covered;
use super::key::{KeyReader, RowKey};
use super::key_table::{KeyTable, LEAST_BYTES};
use super::touched::LOOKED_UP;
use crate::all_rows::all_rows;

/// Rows of other commits that are read to bring the keys up to date; where there are more, all keys are read again.
const MOST_MISSED: u64 = 1 << 17;

/// What is kept of the keys of a constraint.
#[derive(Debug)]
pub(super) enum Keys {
    /// They were asked for once, by a commit that read the graph instead.
    AskedFor,
    /// They take more than so many bytes.
    TooMany(u64),
    Known(KeyTable),
}

impl Keys {
    pub(super) fn known(&self) -> Option<&KeyTable> {
        match self {
            Self::Known(keys) => Some(keys),
            _ => None,
        }
    }
}

/// A table whose entities have keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CachedTable {
    next_offset: u64,
    /// The column of each property of the constraint.
    columns: Vec<Option<String>>,
    /// The columns of all properties.
    all_columns: Vec<String>,
}

impl CachedTable {
    /// Whether the table has the same values in the properties by now, but for those of rows that changed.
    pub(super) fn becomes(&self, now: &Self) -> bool {
        let mut columns = self.columns.iter().zip(&now.columns);
        columns.all(|(before, now)| match (before, now) {
            (Some(before), now) => now.as_ref() == Some(before),
            // A property that is new has no values; one that was renamed has.
            (None, Some(now)) => !self.all_columns.contains(now),
            (None, None) => true,
        })
    }
}

/// The tables that a constraint covers.
pub(super) fn tables_of(
    constraint: &Constraint,
    schema: &GraphSchema,
    statistics: &GraphStatistics,
) -> BTreeMap<TableId, CachedTable> {
    let tables = schema.tables().filter(|table| constraint.covers(table));
    let own = |table: &Table| {
        let known = statistics.tables.get(&table.id);
        let columns = KeyReader::new(constraint, table).property_columns();
        let all = table.properties.iter().map(|own| own.column().to_owned());
        CachedTable {
            next_offset: known.map_or(0, |own| own.next_offset),
            columns: columns.map(|own| own.map(str::to_owned)).collect(),
            all_columns: all.collect(),
        }
    };
    tables.map(|table| (table.id, own(table))).collect()
}

/// Reads the keys of a constraint, unless they take more than `limit` bytes.
pub(super) async fn all_keys(
    constraint: &Constraint,
    snapshot: &dyn Snapshot,
    limit: u64,
) -> Result<Keys> {
    let tables = covered(snapshot, constraint);
    let rows: u64 = tables
        .map(|table| snapshot.statistics().rows(table.id))
        .sum();
    if rows.saturating_mul(LEAST_BYTES) > limit {
        return Ok(Keys::TooMany(limit));
    }
    let mut keys = KeyTable::default();
    for table in covered(snapshot, constraint) {
        let reader = KeyReader::new(constraint, table);
        let mut batches = all_rows(snapshot, table.id, &reader.columns());
        while let Some(batch) = batches.try_next().await? {
            note(&reader, &batch, raw_ids(&batch)?.values(), &mut keys)?;
            if keys.bytes() > limit {
                return Ok(Keys::TooMany(limit));
            }
        }
    }
    Ok(Keys::Known(keys))
}

/// What keys are brought up from.
pub(super) struct Since<'a> {
    pub(super) tables: &'a BTreeMap<TableId, CachedTable>,
    pub(super) between: Option<&'a [CommitSummary]>,
}

/// Keys with those of rows that other commits added. Where rows changed, the keys are read anew when they are asked for again.
pub(super) async fn advanced(
    mut keys: KeyTable,
    since: &Since<'_>,
    now: &BTreeMap<TableId, CachedTable>,
    constraint: &Constraint,
    before: &dyn Snapshot,
) -> Result<Keys> {
    let Some(between) = since.between else {
        return Ok(Keys::AskedFor);
    };
    let is_updated = |id: &TableId| {
        let mut all = between.iter().filter_map(|own| own.tables.get(id));
        all.any(|changes| changes.updated > 0)
    };
    let mut missed = Vec::new();
    for (id, now) in now {
        let known = since.tables.get(id);
        if is_updated(id) || known.is_some_and(|known| !known.becomes(now)) {
            return Ok(Keys::AskedFor);
        }
        missed.push((*id, known.map_or(0, |own| own.next_offset)..now.next_offset));
    }
    let rows: u64 = missed
        .iter()
        .map(|(_, rows)| rows.end.saturating_sub(rows.start))
        .sum();
    if rows > MOST_MISSED {
        return Ok(Keys::AskedFor);
    }
    for (id, mut rows) in missed {
        let table = before.schema().table(id)?;
        let reader = KeyReader::new(constraint, table);
        let columns = reader.columns();
        loop {
            let offsets: Vec<u64> = rows.by_ref().take(LOOKED_UP).collect();
            if offsets.is_empty() {
                break;
            }
            let alive = before.alive(id, &offsets).await?;
            let offsets = offsets.into_iter().zip(alive);
            let offsets: Vec<u64> = offsets
                .filter_map(|(offset, is_alive)| is_alive.then_some(offset))
                .collect();
            if offsets.is_empty() {
                continue;
            }
            let batch = before.take(id, &offsets, &columns).await?;
            let ids = offsets
                .iter()
                .map(|offset| EntityId::new(id, *offset).raw());
            let ids: Vec<u64> = ids.collect();
            note(&reader, &batch, &ids, &mut keys)?;
        }
    }
    Ok(Keys::Known(keys))
}

fn note(
    reader: &KeyReader<'_>,
    batch: &RecordBatch,
    ids: &[u64],
    keys: &mut KeyTable,
) -> Result<()> {
    for (key, id) in reader.read(batch)?.into_iter().zip(ids) {
        if let RowKey::Is(key) = key {
            keys.insert(key, *id);
        }
    }
    Ok(())
}

/// The ids of scanned rows.
pub(super) fn raw_ids(batch: &RecordBatch) -> Result<&UInt64Array> {
    batch
        .column_by_name(ID_COLUMN)
        .and_then(|ids| ids.as_primitive_opt::<UInt64Type>())
        .ok_or_else(|| Error::internal("a scan without ids"))
}
