//! Incidence lists in memory, by role and segment.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use grism_core::{EntityId, GraphSchema, Incidence, IncidenceSegment, SegmentKey, Table, TableId};

/// The incidence lists of one table, by role and segment.
pub(super) type TableSegments = HashMap<(String, SegmentKey), Arc<IncidenceSegment>>;

/// `segment` without the incidences of some hyperedges, and with more of others.
pub(super) fn edited(
    segment: &IncidenceSegment,
    key: SegmentKey,
    gone: &BTreeSet<u64>,
    added: &[Incidence],
    shift: u8,
    binary: bool,
) -> IncidenceSegment {
    let mut all = added.to_vec();
    let known = incidences_of(segment, key, shift).into_iter();
    all.extend(known.filter(|own| !gone.contains(&own.hyperedge)));
    all.sort_unstable();
    IncidenceSegment::from_sorted(&all, shift, binary)
}

/// Keeps segments under the names that their roles have in `after`; those of roles that were dropped go.
pub(super) fn rename_roles(
    segments: &mut BTreeMap<TableId, Arc<TableSegments>>,
    before: &GraphSchema,
    after: &GraphSchema,
) {
    for (table, ty) in before.hyperedge_tables() {
        let now = after.table(table.id).ok().and_then(Table::hyperedge_type);
        let (Some(now), Some(own)) = (now, segments.get_mut(&table.id)) else {
            continue;
        };
        let later = |role: &str| now.later_name(ty, role);
        if ty
            .roles
            .iter()
            .all(|role| later(&role.name) == Some(&role.name))
        {
            continue;
        }
        let renamed = std::mem::take(Arc::make_mut(own)).into_iter();
        let renamed = renamed.filter_map(|((role, key), segment)| {
            let role = later(&role)?.to_owned();
            Some(((role, key), segment))
        });
        *own = Arc::new(renamed.collect());
    }
}

/// The incidences of a segment, in their order.
pub(super) fn incidences_of(
    segment: &IncidenceSegment,
    key: SegmentKey,
    shift: u8,
) -> Vec<Incidence> {
    let mut all = Vec::with_capacity(segment.hyperedges.len());
    for local in 0..segment.offsets.len().saturating_sub(1) {
        let member = EntityId::new(key.table, (key.segment << shift) + local as u64).raw();
        all.extend(segment.range(local).map(|place| Incidence {
            member,
            hyperedge: segment.hyperedges.at(place),
            position: segment.positions.get(place).copied().unwrap_or_default(),
            opposite: segment.opposite(place),
        }));
    }
    all
}
