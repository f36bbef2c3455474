//! Alterations: labels, types, roles and properties get other names, and types further or fewer roles.

use grism_core::{Alteration, Result, SnapshotId, SnapshotSelector};
use grism_engine::CommitAttempts;
use grism_storage::alter_into;

use crate::Graph;

impl Graph {
    /// Alters a label or a hyperedge type as one commit; again on the new snapshot where another writer was first. Nothing is
    /// committed where there is nothing to do and the alteration lets that pass.
    ///
    /// # Errors
    /// `NotFound` for a label, type, role or property that does not exist; `InvalidData` for a name that is taken, and for
    /// roles that cannot be altered so: a required one that hyperedges would leave unbound, the only one, one of a binary edge.
    pub async fn alter(&self, alteration: &Alteration) -> Result<SnapshotId> {
        let mut attempts = CommitAttempts::of(&self.storage);
        loop {
            let turn = attempts.next().await?;
            let snapshot = self.storage.snapshot(SnapshotSelector::Newest).await?;
            let Some(mut changes) = alter_into(&snapshot, alteration).await? else {
                return Ok(snapshot.id());
            };
            changes.turn = turn;
            match self.storage.commit(changes).await {
                Err(error) if attempts.may_retry(&error) => {}
                other => return other,
            }
        }
    }
}
