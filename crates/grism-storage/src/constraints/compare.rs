//! `Rows`: the rows of a commit under one constraint, compared with each other and with the graph before.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use grism_core::{Constraint, EntityId, GraphSchema, Result, Snapshot, Table, TableId, Value};

use super::cached_keys::raw_ids;
use super::covered::{constraint_bytes, covered, parts};
use super::key::{Key, KeyReader, RowKey};
use super::key_cache::{History, KeyCache};
use super::key_table::KeyTable;
use super::new_keys::NewKeys;
use super::touched::{LOOKED_UP, PASSED_OVER, Touched};
use super::violation::{missing, taken};
use crate::all_rows::{all_rows, rows_with};

/// Keys that are looked up one by one where they are not kept, since an index or the storage's statistics may find each.
const FEW: usize = 4;

/// The rows of a commit under one constraint.
pub(super) struct Rows<'a> {
    pub(super) constraint: &'a Constraint,
    pub(super) touched: &'a Touched<'a>,
    pub(super) before: &'a dyn Snapshot,
    pub(super) after: Option<&'a dyn Snapshot>,
}

/// An entity that may have the key of a row of the commit.
pub(super) struct Candidate {
    pub(super) key: Key,
    pub(super) id: u64,
}

impl Rows<'_> {
    pub(super) async fn check_missing(&self) -> Result<()> {
        if !self.constraint.rule.is_required() {
            return Ok(());
        }
        let visit = self.touched.visit(self.after, |rows| {
            let keys = rows.reader.read(&rows.batch)?;
            for (key, id) in keys.into_iter().zip(&rows.ids) {
                if let RowKey::Missing(place) = key
                    && *id != PASSED_OVER
                {
                    return Err(missing(self.constraint, place));
                }
            }
            Ok(())
        });
        visit.await
    }

    /// Compares the keys of the rows with each other and with all before; the keys, where they are few enough.
    pub(super) async fn check_unique(
        &self,
        earlier: &NewKeys,
        cache: &KeyCache,
        history: &dyn History,
    ) -> Result<Option<KeyTable>> {
        let parts = parts(self.touched.rows(), constraint_bytes(self.before));
        if parts > 1 {
            self.check_parts(parts).await?;
            return Ok(None);
        }
        let (own, values) = self.own_keys().await?;
        if own.is_empty() {
            return Ok(Some(own));
        }
        let mut cache = cache.lock().await;
        let known = cache
            .current(self.constraint, self.before, earlier, history)
            .await?;
        match known {
            Some(known) => {
                let known = [Some(known), earlier.keys(self.constraint)];
                let candidates = self.candidates(&own, &known);
                drop(cache);
                self.check_candidates(candidates).await?;
            }
            None => {
                drop(cache);
                self.check_scan(&own, &values).await?;
            }
        }
        Ok(Some(own))
    }

    /// The keys of the rows, and the values of the first few.
    async fn own_keys(&self) -> Result<(KeyTable, Vec<(Key, Vec<Value>)>)> {
        let (mut own, mut few) = (KeyTable::default(), Vec::new());
        let visit = self.touched.visit(self.after, |rows| {
            let keys = rows.reader.read(&rows.batch)?;
            for (row, (key, id)) in keys.into_iter().zip(&rows.ids).enumerate() {
                let RowKey::Is(key) = key else {
                    continue;
                };
                if *id == PASSED_OVER {
                    continue;
                }
                if own.insert_new(key, *id).is_some() {
                    let values = rows.reader.row(&rows.batch, row)?;
                    return Err(taken(self.constraint, &values));
                }
                if few.len() <= FEW {
                    few.push((key, rows.reader.row(&rows.batch, row)?));
                }
            }
            Ok(())
        });
        visit.await?;
        Ok((own, few))
    }

    /// The entities that had a key of the commit when it was noted last.
    fn candidates(
        &self,
        own: &KeyTable,
        known: &[Option<&KeyTable>],
    ) -> BTreeMap<TableId, Vec<Candidate>> {
        let mut found: BTreeMap<TableId, Vec<Candidate>> = BTreeMap::new();
        for (key, own) in own.iter() {
            for known in known.iter().flatten() {
                if let Some(id) = known.get(key)
                    && id != own
                    && !self.touched.contains(id)
                {
                    let table = EntityId::from_raw(id).table();
                    found.entry(table).or_default().push(Candidate { key, id });
                }
            }
        }
        found
    }

    /// Looks whether entities still have the keys that were noted of them.
    pub(super) async fn check_candidates(
        &self,
        candidates: BTreeMap<TableId, Vec<Candidate>>,
    ) -> Result<()> {
        let schema: &GraphSchema = self.before.schema();
        for (id, candidates) in candidates {
            let Ok(table) = schema.table(id) else {
                continue;
            };
            if !self.constraint.covers(table) {
                continue;
            }
            let next = self.before.statistics().tables.get(&id);
            let next = next.map_or(0, |own| own.next_offset);
            let reader = KeyReader::new(self.constraint, table);
            let columns = reader.columns();
            for piece in candidates.chunks(LOOKED_UP) {
                let offsets = piece.iter().map(|own| EntityId::from_raw(own.id).offset());
                let offsets: Vec<u64> = offsets.filter(|offset| *offset < next).collect();
                let alive = self.before.alive(id, &offsets).await?;
                let offsets: Vec<u64> = offsets
                    .into_iter()
                    .zip(alive)
                    .filter_map(|(offset, is_alive)| is_alive.then_some(offset))
                    .collect();
                if offsets.is_empty() {
                    continue;
                }
                let wanted: BTreeMap<u64, Key> = piece
                    .iter()
                    .map(|own| (EntityId::from_raw(own.id).offset(), own.key))
                    .collect();
                let batch = self.before.take(id, &offsets, &columns).await?;
                for (row, key) in reader.read(&batch)?.into_iter().enumerate() {
                    if let RowKey::Is(key) = key
                        && wanted.get(&offsets[row]) == Some(&key)
                    {
                        return Err(taken(self.constraint, &reader.row(&batch, row)?));
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads the graph before the commit.
    async fn check_scan(&self, own: &KeyTable, few: &[(Key, Vec<Value>)]) -> Result<()> {
        let bounds = own.integer_bounds();
        for table in covered(self.before, self.constraint) {
            if bounds.is_some_and(|bounds| self.lies_outside(table, bounds)) {
                continue;
            }
            let reader = KeyReader::new(self.constraint, table);
            let columns = reader.columns();
            if reader.property_columns().any(|column| column.is_none()) {
                // No row has all values.
                continue;
            }
            if own.len() <= FEW
                && let Some(predicates) = reader.predicates(few)
            {
                for predicate in predicates {
                    let rows = rows_with(self.before, table.id, &columns, predicate);
                    self.check_rows(own, &reader, rows).await?;
                }
                continue;
            }
            let rows = all_rows(self.before, table.id, &columns);
            self.check_rows(own, &reader, rows).await?;
        }
        Ok(())
    }

    async fn check_rows(
        &self,
        own: &KeyTable,
        reader: &KeyReader<'_>,
        mut rows: BoxStream<'_, Result<RecordBatch>>,
    ) -> Result<()> {
        while let Some(batch) = rows.try_next().await? {
            let ids = raw_ids(&batch)?;
            for (row, key) in reader.read(&batch)?.into_iter().enumerate() {
                let RowKey::Is(key) = key else {
                    continue;
                };
                let Some(other) = own.get(key) else {
                    continue;
                };
                let id = ids.value(row);
                if other != id && !self.touched.contains(id) {
                    return Err(taken(self.constraint, &reader.row(&batch, row)?));
                }
            }
        }
        Ok(())
    }

    /// Whether the statistics of a table tell that none of some integers is a value of the property.
    fn lies_outside(&self, table: &Table, (least, greatest): (i64, i64)) -> bool {
        let [property] = &self.constraint.properties[..] else {
            return false;
        };
        let statistics = self.before.statistics().tables.get(&table.id);
        let known = statistics.and_then(|own| own.properties.get(property));
        match known.map(|own| (own.values, &own.least, &own.greatest)) {
            Some((0, ..)) => true,
            Some((_, Some(Value::Int64(low)), Some(Value::Int64(high)))) => {
                greatest < *low || least > *high
            }
            _ => false,
        }
    }
}
