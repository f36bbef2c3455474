//! Deleting entities, and what becomes of the hyperedges that bind them.

use std::collections::BTreeMap;

use grism_core::{
    Cardinality, EntityId, Error, OffsetSet, Result, SegmentKey, Snapshot, TableId, Value,
};

use super::{Transaction, TransactionSnapshot};

/// What becomes of the hyperedges that bind some entities.
#[derive(Default)]
struct Bound {
    /// Those that go too, since a required role is gone.
    gone: OffsetSet,
    /// Hyperedges that lose a member, the roles, and the members.
    losses: Vec<(u64, String, u64)>,
}

impl Transaction {
    /// Deletes entities. Those that others still bind are refused unless `detach` is set; then binary edges and
    /// hyperedges whose required role is gone go along, and other roles lose the member.
    ///
    /// # Errors
    /// `InvalidData` where an entity is still bound.
    pub async fn delete(&mut self, ids: &[u64], detach: bool) -> Result<()> {
        self.delete_all(ids.iter().copied().collect(), detach).await
    }

    /// Deletes the entities of a set of raw ids, as [`Self::delete`] does.
    ///
    /// # Errors
    /// As [`Self::delete`].
    pub async fn delete_all(&mut self, ids: OffsetSet, detach: bool) -> Result<()> {
        // All of them go before any is looked at, so that those that bind each other can go together. Those that go because
        // others do are looked at in turn, a wave each.
        let mut open = self.mark_deleted(ids)?;
        while !open.is_empty() {
            let mut gone = OffsetSet::new();
            let mut view = self.snapshot();
            for (key, members) in by_segment(&open, self.base.segment_shift()) {
                let bound = self.bound_by(&view, key, &members, detach).await?;
                gone |= bound.gone;
                if bound.losses.is_empty() {
                    continue;
                }
                // Changes while the view is alive would copy what it shares.
                drop(view);
                for (hyperedge, role, member) in bound.losses {
                    if !self.is_deleted(hyperedge) && !gone.contains(hyperedge) {
                        self.lose(hyperedge, &role, member).await?;
                    }
                }
                view = self.snapshot();
            }
            drop(view);
            open = self.mark_deleted(gone)?;
        }
        Ok(())
    }

    /// What becomes of the hyperedges that bind members of one segment.
    async fn bound_by(
        &self,
        view: &TransactionSnapshot,
        key: SegmentKey,
        members: &[u64],
        detach: bool,
    ) -> Result<Bound> {
        let local_bits = (1u64 << view.segment_shift()) - 1;
        let mut bound = Bound::default();
        for (table, ty) in self.schema.hyperedge_tables() {
            for role in &ty.roles {
                let segment = view.incidences(table.id, &role.name, key).await?;
                for member in members {
                    let local = (EntityId::from_raw(*member).offset() & local_bits) as usize;
                    for place in segment.range(local) {
                        if !detach {
                            return Err(self.still_bound(*member)?);
                        }
                        let hyperedge = segment.hyperedges.at(place);
                        if role.cardinality == Cardinality::One {
                            bound.gone.insert(hyperedge);
                        } else {
                            bound.losses.push((hyperedge, role.name.clone(), *member));
                        }
                    }
                }
            }
        }
        Ok(bound)
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

    /// Takes a member that goes from a role of a hyperedge that stays.
    async fn lose(&mut self, hyperedge: u64, role: &str, member: u64) -> Result<()> {
        let column = self.role_column(hyperedge, role)?;
        let left = match self.read(hyperedge, &column).await? {
            Value::List(mut members) => {
                let before = members.len();
                members.retain(|own| own.entity_id() != Some(member));
                self.counts.members_removed += (before - members.len()) as u64;
                Value::List(members)
            }
            _ => {
                self.counts.members_removed += 1;
                Value::Null
            }
        };
        self.set(hyperedge, &column, left)
    }

    /// Notes that entities go; those of them that were there.
    fn mark_deleted(&mut self, ids: OffsetSet) -> Result<OffsetSet> {
        let mut by_table: BTreeMap<TableId, OffsetSet> = BTreeMap::new();
        for id in ids {
            let entity = EntityId::from_raw(id);
            by_table
                .entry(entity.table())
                .or_default()
                .insert(entity.offset());
        }
        let mut marked = OffsetSet::new();
        for (table, offsets) in by_table {
            let is_hyperedge = self.schema.table(table)?.hyperedge_type().is_some();
            let deleted = &mut self.changes(table).deleted;
            let new = offsets - &*deleted;
            *deleted |= &new;
            let counts = &mut self.counts;
            if is_hyperedge {
                counts.hyperedges_deleted += new.len();
            } else {
                counts.nodes_deleted += new.len();
            }
            marked.extend(new.iter().map(|offset| EntityId::new(table, offset).raw()));
        }
        Ok(marked)
    }
}

/// The ids of a set, segment by segment.
fn by_segment(ids: &OffsetSet, shift: u8) -> impl Iterator<Item = (SegmentKey, Vec<u64>)> + '_ {
    let mut ids = ids.iter().peekable();
    std::iter::from_fn(move || {
        let first = ids.next()?;
        let key = SegmentKey::of(EntityId::from_raw(first), shift);
        let mut members = vec![first];
        while let Some(id) = ids.next_if(|id| SegmentKey::of(EntityId::from_raw(*id), shift) == key)
        {
            members.push(id);
        }
        Some((key, members))
    })
}
