//! Incidence lists in memory, by role and segment.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use grism_core::{EntityId, Incidence, IncidenceSegment, SegmentKey};

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
