//! `KeyCache`: the keys of constraints that were looked at before, kept from commit to commit.
//!
//! An entity that lost its key, or went, stays noted until another one gets the key: who is noted is looked up before a row is
//! refused. So a commit need not read what it replaces.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{AsArray, UInt64Array};
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::TryStreamExt;
use grism_core::{
    CommitSummary, Constraint, EntityId, EntityKind, Error, GraphSchema, GraphStatistics,
    ID_COLUMN, Result, Snapshot, SnapshotId, Table, TableId,
};

use super::check::covered;
use super::key::{KeyReader, RowKey};
use super::key_table::{KeyTable, LEAST_BYTES};
use super::touched::LOOKED_UP;
use crate::all_rows::all_rows;
use crate::memory_limit::constraint_bytes;
use crate::rebase::State;

/// Rows of other commits that are read to bring the keys up to date; where there are more, all keys are read again.
const MOST_MISSED: u64 = 1 << 17;

/// What other writers did.
#[async_trait]
pub(crate) trait History: Send + Sync {
    /// The commits behind the snapshot `id` that `commit` made, up to `newest`; `None` where that is not known.
    ///
    /// # Errors
    /// Those of a log that cannot be read.
    async fn since(
        &self,
        id: SnapshotId,
        commit: &str,
        newest: SnapshotId,
    ) -> Result<Option<Vec<CommitSummary>>>;
}

/// What keys are compared for: constraints that differ in their rules alone share it.
type Owner = (EntityKind, String, Vec<String>);

fn owner(constraint: &Constraint) -> Owner {
    (
        constraint.entity,
        constraint.label.clone(),
        constraint.properties.clone(),
    )
}

/// The keys that the steps of a commit bring, by constraint.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewKeys {
    /// Whether the steps are those of a transaction, which nobody else sees.
    is_staged: bool,
    /// `None` where they are not known.
    keys: HashMap<Owner, Option<Arc<KeyTable>>>,
}

impl NewKeys {
    /// The keys of a transaction after further steps of it.
    pub(super) fn staged(earlier: Option<&Self>) -> Self {
        match earlier {
            Some(earlier) => Self {
                is_staged: true,
                ..earlier.clone()
            },
            None => Self::default(),
        }
    }

    /// Whether steps so far brought keys of the constraint, or may have.
    pub(super) fn concerns(&self, constraint: &Constraint) -> bool {
        self.keys.contains_key(&owner(constraint))
    }

    /// The keys of the constraint.
    pub(super) fn keys(&self, constraint: &Constraint) -> Option<&KeyTable> {
        self.keys.get(&owner(constraint))?.as_deref()
    }

    fn are_unknown(&self, constraint: &Constraint) -> bool {
        matches!(self.keys.get(&owner(constraint)), Some(None))
    }

    /// Notes that there are keys of the constraint that are not known.
    pub(super) fn forget(&mut self, constraint: &Constraint) {
        self.keys.insert(owner(constraint), None);
    }

    /// Adds keys; `None` where they are too many.
    pub(super) fn add(&mut self, constraint: &Constraint, new: Option<KeyTable>) {
        let known = self
            .keys
            .entry(owner(constraint))
            .or_insert_with(|| Some(Arc::default()));
        *known = match (known.take(), new) {
            (Some(known), Some(new)) if known.is_empty() => Some(Arc::new(new)),
            (Some(mut known), Some(new)) => {
                Arc::make_mut(&mut known).extend(&new);
                (known.bytes() <= constraint_bytes()).then_some(known)
            }
            _ => None,
        };
    }
}

/// The keys of the graph of one storage.
#[derive(Debug, Default)]
pub(crate) struct KeyCache {
    entries: HashMap<Owner, Cached>,
}

/// The keys of one constraint.
#[derive(Debug)]
struct Cached {
    /// The snapshot they are those of, and the commit that made it.
    snapshot: SnapshotId,
    commit: String,
    tables: BTreeMap<TableId, CachedTable>,
    keys: Keys,
}

#[derive(Debug)]
enum Keys {
    /// They were asked for once, by a commit that read the graph instead.
    AskedFor,
    /// They take more than so many bytes.
    TooMany(u64),
    Known(KeyTable),
}

impl Keys {
    fn known(&self) -> Option<&KeyTable> {
        match self {
            Self::Known(keys) => Some(keys),
            _ => None,
        }
    }
}

/// A table whose entities have keys.
#[derive(Clone, Debug, PartialEq, Eq)]
struct CachedTable {
    next_offset: u64,
    /// The column of each property of the constraint.
    columns: Vec<Option<String>>,
    /// The columns of all properties.
    all_columns: Vec<String>,
}

impl CachedTable {
    /// Whether the table has the same values in the properties by now, but for those of rows that changed.
    fn becomes(&self, now: &Self) -> bool {
        let mut columns = self.columns.iter().zip(&now.columns);
        columns.all(|(before, now)| match (before, now) {
            (Some(before), now) => now.as_ref() == Some(before),
            // A property that is new has no values; one that was renamed has.
            (None, Some(now)) => !self.all_columns.contains(now),
            (None, None) => true,
        })
    }
}

fn tables_of(
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

impl KeyCache {
    /// The keys of the graph at `before`; `None` where it is read instead. Keys that earlier steps of a transaction brought
    /// are not among them.
    ///
    /// # Errors
    /// Those of the storage.
    pub(super) async fn current(
        &mut self,
        constraint: &Constraint,
        before: &dyn Snapshot,
        earlier: &NewKeys,
        history: &dyn History,
    ) -> Result<Option<&KeyTable>> {
        if earlier.are_unknown(constraint) {
            return Ok(None);
        }
        let owner = owner(constraint);
        let is_current = self.entries.get(&owner).is_some_and(|own| {
            let known = own.keys.known();
            known.is_some_and(|keys| keys.bytes() <= constraint_bytes())
                && own.commit == before.commit()
        });
        if !is_current {
            if earlier.is_staged {
                return Ok(None);
            }
            if !self.bring_up(constraint, before, history).await? {
                return Ok(None);
            }
        }
        Ok(self.entries.get(&owner).and_then(|own| own.keys.known()))
    }

    /// Brings the keys of a constraint to those at `before`, or reads them; whether they are there then.
    async fn bring_up(
        &mut self,
        constraint: &Constraint,
        before: &dyn Snapshot,
        history: &dyn History,
    ) -> Result<bool> {
        let owner = owner(constraint);
        let tables = tables_of(constraint, before.schema(), before.statistics());
        let mut cached = Cached {
            snapshot: before.id(),
            commit: before.commit().to_owned(),
            tables,
            keys: Keys::AskedFor,
        };
        if let Some(known) = self.entries.remove(&owner) {
            let later = (known.snapshot, &known.commit[..]);
            if known.snapshot > before.id()
                && history
                    .since(before.id(), before.commit(), later.0)
                    .await?
                    .is_some()
            {
                // A transaction on an older snapshot; the keys stay with those who go on.
                self.entries.insert(owner, known);
                return Ok(false);
            }
            cached.keys = match known.keys {
                Keys::TooMany(limit) if limit >= constraint_bytes() => Keys::TooMany(limit),
                Keys::TooMany(_) | Keys::AskedFor => all_keys(constraint, before).await?,
                Keys::Known(keys) => {
                    let between = history.since(later.0, later.1, before.id()).await?;
                    let since = Since {
                        tables: &known.tables,
                        between: between.as_deref(),
                    };
                    advanced(keys, &since, &cached.tables, constraint, before).await?
                }
            };
        }
        let is_known = cached.keys.known().is_some();
        self.entries.insert(owner.clone(), cached);
        self.limit(&owner);
        Ok(is_known)
    }

    /// Notes a commit on top of `before`, with the keys that it brought.
    pub(crate) fn committed(&mut self, before: &dyn Snapshot, after: &State<'_>, new: &NewKeys) {
        let mut constraints: HashMap<Owner, &Constraint> = HashMap::new();
        for constraint in after.schema.constraints() {
            if constraint.rule.is_unique() {
                constraints.insert(owner(constraint), constraint);
            }
        }
        self.entries
            .retain(|owner, _| constraints.contains_key(owner));
        let mut grown = Vec::new();
        for (owner, own) in &mut self.entries {
            let Some(constraint) = constraints.get(owner) else {
                continue;
            };
            let Keys::Known(keys) = &mut own.keys else {
                continue;
            };
            if own.commit != before.commit() {
                continue;
            }
            match new.keys.get(owner) {
                // They are read when they are asked for.
                Some(None) => continue,
                Some(Some(new)) => keys.extend(new),
                None => {}
            }
            let tables = tables_of(constraint, after.schema, after.statistics);
            let stays = tables.iter().all(|(id, now)| match own.tables.get(id) {
                Some(known) => known.becomes(now),
                None => before.statistics().rows(*id) == 0,
            });
            if !stays {
                own.keys = Keys::AskedFor;
            }
            own.tables = tables;
            own.snapshot = after.id;
            after.commit.clone_into(&mut own.commit);
            grown.push(owner.clone());
        }
        for owner in grown {
            self.limit(&owner);
        }
    }

    /// Keeps the keys within their share of memory: those of `latest` rather than others.
    fn limit(&mut self, latest: &Owner) {
        let limit = constraint_bytes();
        let bytes = |own: &Cached| own.keys.known().map_or(0, KeyTable::bytes);
        if self.entries.values().map(bytes).sum::<u64>() <= limit {
            return;
        }
        for (owner, own) in &mut self.entries {
            if owner != latest && own.keys.known().is_some() {
                own.keys = Keys::AskedFor;
            }
        }
        if let Some(own) = self.entries.get_mut(latest)
            && bytes(own) > limit
        {
            own.keys = Keys::TooMany(limit);
        }
    }
}

/// Reads the keys of a constraint.
async fn all_keys(constraint: &Constraint, snapshot: &dyn Snapshot) -> Result<Keys> {
    let limit = constraint_bytes();
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
struct Since<'a> {
    tables: &'a BTreeMap<TableId, CachedTable>,
    between: Option<&'a [CommitSummary]>,
}

/// Keys with those of rows that other commits added. Where rows changed, the keys are read anew when they are asked for again.
async fn advanced(
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
