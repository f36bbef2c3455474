//! `Checks`: whether a commit keeps the constraints.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism_core::{
    ChangeSet, Constraint, EntityId, Error, GraphSchema, Result, Snapshot, Table, TableId, Value,
};

use super::key::{Key, KeyReader, RowKey};
use super::key_cache::{History, KeyCache, NewKeys, raw_ids};
use super::key_table::{KEY_BYTES, KeyTable};
use super::touched::{LOOKED_UP, PASSED_OVER, Touched};
use super::violation::{missing, taken};
use super::whole::violations;
use crate::all_rows::{all_rows, rows_with};
use crate::memory_limit::constraint_bytes;

/// Keys that are looked up one by one where they are not kept, since an index or the storage's statistics may find each.
const FEW: usize = 4;

/// Whether what a writer verified itself counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The changes are committed on the snapshot they were made on.
    Verified,
    /// They were moved onto another one.
    Nothing,
}

/// The constraints that a commit touches.
#[derive(Debug)]
pub(crate) struct Checks<'a> {
    checks: Vec<Check<'a>>,
    new_keys: NewKeys,
}

#[derive(Debug)]
struct Check<'a> {
    constraint: &'a Constraint,
    kind: CheckKind<'a>,
}

#[derive(Debug)]
enum CheckKind<'a> {
    /// The constraint is new, and there are rows that it is of.
    Whole,
    /// These rows are new, or change.
    Rows(Touched<'a>),
}

impl<'a> Checks<'a> {
    /// What must be checked of steps on top of `before`, beside what earlier steps of the same commit left in `earlier`.
    ///
    /// # Errors
    /// Those of rows that are kept in files.
    pub(crate) fn of(
        before: &dyn Snapshot,
        steps: &'a [ChangeSet],
        trust: Trust,
        earlier: Option<&NewKeys>,
    ) -> Result<Self> {
        let mut found = Self {
            checks: Vec::new(),
            new_keys: NewKeys::staged(earlier),
        };
        let Some(schema) = steps.last().map(|step| &step.schema) else {
            return Ok(found);
        };
        for constraint in schema.constraints() {
            let mut known = before.schema().constraints().iter();
            let is_new = !known.any(|own| own.is_same_rule(constraint));
            if is_new && has_rows(before, constraint) {
                found.new_keys.forget(constraint);
                let kind = CheckKind::Whole;
                found.checks.push(Check { constraint, kind });
                continue;
            }
            let Some(touched) = Touched::of(constraint, schema, before, steps)? else {
                continue;
            };
            // Earlier steps may have added keys since the writer looked.
            let is_verified = trust == Trust::Verified
                && !found.new_keys.concerns(constraint)
                && !touched.has_changed()
                && steps
                    .iter()
                    .all(|step| step.verified.contains(&constraint.name));
            if is_verified {
                found.new_keys.forget(constraint);
                continue;
            }
            let kind = CheckKind::Rows(touched);
            found.checks.push(Check { constraint, kind });
        }
        Ok(found)
    }

    /// Whether the graph after the commit is read.
    pub(crate) fn read_after(&self) -> bool {
        self.checks.iter().any(|check| match &check.kind {
            CheckKind::Whole => true,
            CheckKind::Rows(touched) => touched.has_changed(),
        })
    }

    /// Checks everything; the keys that come with the commit.
    ///
    /// # Errors
    /// `InvalidData` for the first row that a constraint does not allow; those of the storage.
    pub(crate) async fn run(
        self,
        before: &dyn Snapshot,
        after: Option<&dyn Snapshot>,
        cache: &tokio::sync::Mutex<KeyCache>,
        history: &dyn History,
    ) -> Result<NewKeys> {
        let mut new_keys = self.new_keys;
        for check in &self.checks {
            let constraint = check.constraint;
            match &check.kind {
                CheckKind::Whole => {
                    let after = after.ok_or_else(not_read)?;
                    violations(after, constraint).await?.into_result()?;
                }
                CheckKind::Rows(touched) => {
                    let rows = Rows {
                        constraint,
                        touched,
                        before,
                        after,
                    };
                    rows.check_missing().await?;
                    if !constraint.rule.is_unique() {
                        continue;
                    }
                    let own = rows.check_unique(&new_keys, cache, history).await?;
                    new_keys.add(constraint, own);
                }
            }
        }
        Ok(new_keys)
    }
}

/// In how many passes the keys of so many rows are compared, so that those of one fit into memory.
pub(super) fn passes(rows: u64) -> u64 {
    rows.saturating_mul(KEY_BYTES)
        .div_ceil(constraint_bytes())
        .max(1)
}

/// The tables of a snapshot with rows that a constraint is of, or may be.
pub(super) fn covered<'s>(
    snapshot: &'s dyn Snapshot,
    constraint: &'s Constraint,
) -> impl Iterator<Item = &'s Table> {
    let tables = snapshot.schema().tables();
    tables.filter(|table| constraint.covers(table) && snapshot.statistics().rows(table.id) > 0)
}

fn has_rows(snapshot: &dyn Snapshot, constraint: &Constraint) -> bool {
    covered(snapshot, constraint).next().is_some()
}

fn not_read() -> Error {
    Error::internal("a graph that a constraint is checked in is not read")
}

/// The rows of a commit under one constraint.
struct Rows<'a> {
    constraint: &'a Constraint,
    touched: &'a Touched<'a>,
    before: &'a dyn Snapshot,
    after: Option<&'a dyn Snapshot>,
}

/// An entity that may have the key of a row of the commit.
struct Candidate {
    key: Key,
    id: u64,
}

impl Rows<'_> {
    async fn check_missing(&self) -> Result<()> {
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
    async fn check_unique(
        &self,
        earlier: &NewKeys,
        cache: &tokio::sync::Mutex<KeyCache>,
        history: &dyn History,
    ) -> Result<Option<KeyTable>> {
        let parts = passes(self.touched.rows());
        for part in 0..parts {
            let (own, values) = self.own_keys(part, parts).await?;
            if own.is_empty() {
                if parts == 1 {
                    return Ok(Some(own));
                }
                continue;
            }
            let mut cache = cache.lock().await;
            let known = cache
                .current(self.constraint, self.before, earlier, history)
                .await?;
            match known {
                Some(known) => {
                    let candidates =
                        self.candidates(&own, &[Some(known), earlier.keys(self.constraint)]);
                    drop(cache);
                    self.check_candidates(candidates).await?;
                }
                None => {
                    drop(cache);
                    self.check_scan(&own, &values).await?;
                }
            }
            if parts == 1 {
                return Ok(Some(own));
            }
        }
        Ok(None)
    }

    /// The keys of a part of the rows, and the values of the first few.
    async fn own_keys(&self, part: u64, parts: u64) -> Result<(KeyTable, Vec<(Key, Vec<Value>)>)> {
        let (mut own, mut few) = (KeyTable::default(), Vec::new());
        let visit = self.touched.visit(self.after, |rows| {
            let keys = rows.reader.read(&rows.batch)?;
            for (row, (key, id)) in keys.into_iter().zip(&rows.ids).enumerate() {
                let RowKey::Is(key) = key else {
                    continue;
                };
                if *id == PASSED_OVER || parts > 1 && key.part(parts) != part {
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

    /// Whoever had a key of the commit when it was noted last.
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
    async fn check_candidates(&self, candidates: BTreeMap<TableId, Vec<Candidate>>) -> Result<()> {
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
        mut rows: futures::stream::BoxStream<'_, Result<RecordBatch>>,
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
