//! Incidence lists in memory, by role and segment.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use grism_core::{GraphSchema, Incidence, IncidenceSegment, SegmentKey, Table, TableId};

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
    let known = segment.incidences(key.first(shift));
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
