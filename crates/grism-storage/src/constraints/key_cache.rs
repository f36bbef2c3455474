//! `KeyCache`: the keys of constraints that were looked at before, kept from commit to commit.
//!
//! An entity that lost its key, or went, stays noted until another one gets the key: who is noted is looked up before a row is
//! refused. So a commit need not read what it replaces.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use grism_core::{
    CommitSummary, Constraint, MemoryManager, MemoryReservation, Reclaim, Result, Snapshot,
    SnapshotId, TableId,
};
use tokio::sync::{Mutex, MutexGuard};

use super::cached_keys::{CachedTable, Keys, Since, advanced, all_keys, tables_of};
use super::key_table::KeyTable;
use super::new_keys::{NewKeys, Owner, owner};
use crate::rebase::State;
use crate::shares::Shares;

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

/// The keys of the graph of one storage, charged to the memory of the process.
#[derive(Debug)]
pub(crate) struct KeyCache {
    memory: Arc<dyn MemoryManager>,
    known: Mutex<KnownKeys>,
}

/// The keys that are there.
#[derive(Debug)]
pub(super) struct KnownKeys {
    entries: HashMap<Owner, Cached>,
    /// Bytes that they may take.
    most: u64,
    reserved: MemoryReservation,
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

impl KeyCache {
    /// No keys yet, of a graph in a process with this memory.
    pub(crate) fn new(memory: &Arc<dyn MemoryManager>) -> Arc<Self> {
        let made = Arc::new(Self {
            memory: Arc::clone(memory),
            known: Mutex::new(KnownKeys {
                entries: HashMap::new(),
                most: Shares::of(memory.as_ref()).constraint_bytes(),
                reserved: MemoryReservation::empty(Arc::clone(memory)),
            }),
        });
        let reclaiming: Weak<Self> = Arc::downgrade(&made);
        memory.add_cache(reclaiming);
        made
    }

    /// What the keys are charged to.
    pub(crate) fn memory(&self) -> &Arc<dyn MemoryManager> {
        &self.memory
    }

    /// The keys, once no other commit uses them.
    pub(super) async fn lock(&self) -> MutexGuard<'_, KnownKeys> {
        self.known.lock().await
    }

    /// Notes a commit on top of `before`, with the keys that it brought.
    pub(crate) async fn committed(&self, before: &dyn Snapshot, after: &State<'_>, new: &NewKeys) {
        self.lock().await.committed(before, after, new);
    }
}

impl Reclaim for KeyCache {
    fn reclaim(&self, _bytes: usize) {
        // Keys that a commit just uses stay: it may be the one that asks for memory.
        if let Ok(mut known) = self.known.try_lock() {
            for own in known.entries.values_mut() {
                if own.keys.known().is_some() {
                    own.keys = Keys::AskedFor;
                }
            }
            known.reserved.resize(0);
        }
    }
}

impl KnownKeys {
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
        let is_current = self
            .entries
            .get(&owner)
            .is_some_and(|own| own.keys.known().is_some() && own.commit == before.commit());
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
                Keys::TooMany(limit) if limit >= self.most_of(before) => Keys::TooMany(limit),
                Keys::TooMany(_) | Keys::AskedFor => {
                    all_keys(constraint, before, self.most_of(before)).await?
                }
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
    fn committed(&mut self, before: &dyn Snapshot, after: &State<'_>, new: &NewKeys) {
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

    /// Bytes that keys may take which a commit on `before` reads.
    fn most_of(&self, before: &dyn Snapshot) -> u64 {
        let own = Shares::of(before.memory().as_ref());
        own.constraint_bytes().min(self.most)
    }

    /// Keeps the keys within their share of memory, and charges them.
    fn limit(&mut self, latest: &Owner) {
        if self.bytes() > self.most {
            self.drop_some(latest);
        }
        let bytes = usize::try_from(self.bytes()).unwrap_or(usize::MAX);
        self.reserved.resize(bytes);
    }

    fn bytes(&self) -> u64 {
        self.entries.values().map(bytes).sum()
    }

    /// Drops keys that are too many: those of `latest` only where they are alone.
    fn drop_some(&mut self, latest: &Owner) {
        let limit = self.most;
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

fn bytes(own: &Cached) -> u64 {
    own.keys.known().map_or(0, KeyTable::bytes)
}
