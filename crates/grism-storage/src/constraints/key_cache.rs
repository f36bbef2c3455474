//! `KeyCache`: the keys of constraints that were looked at before, kept from commit to commit.
//!
//! An entity that lost its key, or went, stays noted until another one gets the key: who is noted is looked up before a row is
//! refused. So a commit need not read what it replaces.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use grism_core::{CommitSummary, Constraint, Result, Snapshot, SnapshotId, TableId};

use super::cached_keys::{CachedTable, Keys, Since, advanced, all_keys, tables_of};
use super::key_table::KeyTable;
use super::new_keys::{NewKeys, Owner, owner};
use crate::memory_limit::constraint_bytes;
use crate::rebase::State;

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
