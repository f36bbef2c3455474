//! Deleting entities, and what becomes of the hyperedges that bind them.

use std::collections::BTreeSet;
use std::sync::Arc;

use grism_core::{Cardinality, EntityId, Error, Result, SegmentKey, Snapshot, Value};

use super::{Transaction, TransactionSnapshot};

impl Transaction {
    /// Deletes entities. Those that others still bind are refused unless `detach` is set; then binary edges and
    /// hyperedges whose required role is gone go along, and other roles lose the member.
    ///
    /// # Errors
    /// `InvalidData` where an entity is still bound.
    pub async fn delete(&mut self, ids: &[u64], detach: bool) -> Result<()> {
        let mut known = BTreeSet::new();
        let mut open: Vec<u64> = ids.to_vec();
        open.retain(|id| !self.is_deleted(*id) && known.insert(*id));
        // All of them go before any is looked at, so that those that bind each other can go together.
        for id in &open {
            self.mark_deleted(*id)?;
        }
        // Those that go because others do are looked at in turn, a wave each: the graph is built once a wave.
        while !open.is_empty() {
            let snapshot = self.snapshot();
            for id in std::mem::take(&mut open) {
                let bound = bound_by(&snapshot, id).await?;
                if !bound.is_empty() && !detach {
                    return Err(self.still_bound(id)?);
                }
                for (hyperedge, role) in bound {
                    if !self.is_deleted(hyperedge) && self.loses(hyperedge, &role, id).await? {
                        open.push(hyperedge);
                    }
                }
            }
        }
        Ok(())
    }

    fn still_bound(&self, id: u64) -> Result<Error> {
        let table = self.schema.table(EntityId::from_raw(id).table())?;
        let what = match table.hyperedge_type() {
            Some(_) => "hyperedge",
            None => "node",
        };
        Ok(Error::invalid_data(format!(
            "a {what} that is still bound cannot be deleted; use DETACH DELETE"
        ))
        .with_code("ConstraintVerificationFailed:DeleteConnectedNode"))
    }

    /// Takes a member that goes from a role of a hyperedge; true where the hyperedge goes with it.
    async fn loses(&mut self, hyperedge: u64, role: &str, member: u64) -> Result<bool> {
        let table = self.schema.table(EntityId::from_raw(hyperedge).table())?;
        let known = table.hyperedge_type().and_then(|ty| ty.role(role));
        match known.map_or(Cardinality::One, |role| role.cardinality) {
            Cardinality::One => {
                self.mark_deleted(hyperedge)?;
                return Ok(true);
            }
            Cardinality::Optional => {
                self.row(hyperedge).insert(role.to_owned(), Value::Null);
                self.counts.members_removed += 1;
            }
            Cardinality::Many => {
                if let Value::List(mut members) = self.read(hyperedge, role).await? {
                    let before = members.len();
                    members.retain(|own| own.entity_id() != Some(member));
                    self.counts.members_removed += (before - members.len()) as u64;
                    let members = Value::List(members);
                    self.row(hyperedge).insert(role.to_owned(), members);
                }
            }
        }
        Ok(false)
    }

    fn mark_deleted(&mut self, id: u64) -> Result<()> {
        let entity = EntityId::from_raw(id);
        let is_hyperedge = self
            .schema
            .table(entity.table())?
            .hyperedge_type()
            .is_some();
        let counts = &mut self.counts;
        if is_hyperedge {
            counts.hyperedges_deleted += 1;
        } else {
            counts.nodes_deleted += 1;
        }
        self.changes(entity.table()).deleted.insert(entity.offset());
        Ok(())
    }
}

/// The hyperedges that bind an entity, and through which role.
async fn bound_by(snapshot: &TransactionSnapshot, id: u64) -> Result<Vec<(u64, String)>> {
    let entity = EntityId::from_raw(id);
    let shift = snapshot.segment_shift();
    let key = SegmentKey::of(entity, shift);
    let local = (entity.offset() & ((1 << shift) - 1)) as usize;
    let schema = Arc::clone(snapshot.schema());
    let mut found = Vec::new();
    for (table, ty) in schema.hyperedge_tables() {
        for role in &ty.roles {
            let segment = snapshot.incidences(table.id, &role.name, key).await?;
            for place in segment.range(local) {
                found.push((segment.hyperedges.at(place), role.name.clone()));
            }
        }
    }
    Ok(found)
}
