//! `CommitChecks`: the constraints as every storage checks them around a commit.

use std::sync::Arc;

use grism_core::{ChangeSet, Result, Snapshot};

use super::check::{Checks, Trust};
use super::key_cache::{History, KeyCache};
use super::new_keys::NewKeys;

/// What a storage checks commits with.
pub(crate) struct CommitChecks<'a> {
    pub(crate) keys: &'a KeyCache,
    pub(crate) history: &'a dyn History,
}

/// Where the steps of a commit stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    /// On the snapshot they were made on.
    Kept,
    /// They were moved onto a newer one.
    Moved,
}

impl CommitChecks<'_> {
    /// The keys that one step of a transaction on `base` brings, beside those of the steps before it; `after` is the graph with it.
    ///
    /// # Errors
    /// `InvalidData` for the first row that a constraint does not allow; those of the storage.
    pub(crate) async fn step(
        &self,
        base: &dyn Snapshot,
        earlier: Option<&NewKeys>,
        changes: &ChangeSet,
        after: &dyn Snapshot,
    ) -> Result<Arc<NewKeys>> {
        let steps = std::slice::from_ref(changes);
        let checks = Checks::of(base, steps, Trust::Verified, earlier)?;
        let new = checks.run(base, Some(after), self.keys, self.history);
        Ok(Arc::new(new.await?))
    }

    /// The keys that the steps of a commit on `newest` bring: those that are `known`, since each step was checked when it was
    /// staged, or what the checks find. `after` opens the graph with the steps, where it is read.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub(crate) async fn commit(
        &self,
        newest: &dyn Snapshot,
        steps: &[ChangeSet],
        base: Base,
        known: Option<Arc<NewKeys>>,
        after: impl Future<Output = Result<Arc<dyn Snapshot>>> + Send,
    ) -> Result<Arc<NewKeys>> {
        if let Some(known) = known {
            return Ok(known);
        }
        let trust = match base {
            Base::Kept => Trust::Verified,
            Base::Moved => Trust::Nothing,
        };
        let checks = Checks::of(newest, steps, trust, None)?;
        let after = match checks.read_after() {
            true => Some(after.await?),
            false => None,
        };
        let new = checks.run(newest, after.as_deref(), self.keys, self.history);
        Ok(Arc::new(new.await?))
    }
}
