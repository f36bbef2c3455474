//! What expansions have in common: incidence lists loaded once per stream, ids of a column, the text of bindings.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::UInt64Array;
use grism_core::{EntityId, IncidenceSegment, Result, SegmentKey, Snapshot, TableId, Tables};
use grism_logical::RoleBinding;

use super::segment_groups::expansion_budget;
use crate::operators::names::{comma_separated, shown};
use crate::{ExecutionContextTrait, OperatorRun};

/// The incidence lists a stream has asked for so far, up to a number of bytes.
///
/// An operator numbers its lists, a role of a table each, from 0 on: a segment is found for every row, so it stands at its number.
///
/// ```text
/// list 0: table 3: [segment 0, –, segment 2]   table 5: [segment 0]
/// list 1: table 3: [–, segment 1]
/// ```
#[derive(Debug)]
pub(crate) struct IncidenceReader {
    snapshot: Arc<dyn Snapshot>,
    /// The snapshot's.
    shift: u8,
    lists: Vec<ListSegments>,
    /// Bytes of the segments.
    held: usize,
    /// Bytes past which segments are dropped before others are loaded.
    budget: usize,
    /// Whether the lengths of lists are all that is asked for.
    lengths_only: bool,
}

/// The segments of one list, by the table of the members and their number there.
type ListSegments = Vec<(TableId, Vec<Option<Arc<IncidenceSegment>>>)>;

impl IncidenceReader {
    pub(crate) fn new(context: &Arc<dyn ExecutionContextTrait>) -> Self {
        let snapshot = Arc::clone(&context.query().snapshot);
        Self {
            shift: snapshot.segment_shift(),
            snapshot,
            lists: Vec::new(),
            held: 0,
            budget: expansion_budget(context.as_ref()),
            lengths_only: false,
        }
    }

    /// A reader that needs the lengths of lists, and not what is in them.
    pub(crate) fn of_lengths(mut self) -> Self {
        self.lengths_only = true;
        self
    }

    /// Whether the lengths of lists are all that is read.
    pub(crate) fn reads_lengths(&self) -> bool {
        self.lengths_only
    }

    /// Drops what the batches before needed and the one with `ids` does not, where it is too much to be kept; called before the
    /// loads of a batch.
    pub(crate) fn begin_batch(&mut self, ids: &UInt64Array) {
        if self.held <= self.budget {
            return;
        }
        let needed: HashSet<SegmentKey> = ids
            .iter()
            .flatten()
            .map(|id| SegmentKey::of(EntityId::from_raw(id), self.shift))
            .collect();
        self.held = 0;
        for (table, segments) in self.lists.iter_mut().flatten() {
            for (own, segment) in segments.iter_mut().zip(0..) {
                let key = SegmentKey {
                    table: *table,
                    segment,
                };
                if !needed.contains(&key) {
                    *own = None;
                }
                self.held += own.as_ref().map_or(0, |own| own.bytes());
            }
        }
    }

    /// Loads what the members in `ids` need of the list of this number: the role `role` of `table`.
    pub(crate) async fn load(
        &mut self,
        number: usize,
        table: TableId,
        role: &str,
        ids: &UInt64Array,
    ) -> Result<()> {
        let mut last = None;
        for id in ids.iter().flatten() {
            let key = SegmentKey::of(EntityId::from_raw(id), self.shift);
            // Neighbouring rows mostly share a segment.
            if last == Some(key) {
                continue;
            }
            last = Some(key);
            self.load_segment(number, table, role, key).await?;
        }
        Ok(())
    }

    /// Loads the segment `key` of the list of this number: the role `role` of `table`.
    pub(crate) async fn load_segment(
        &mut self,
        number: usize,
        table: TableId,
        role: &str,
        key: SegmentKey,
    ) -> Result<()> {
        if self.loaded(number, key).is_some() {
            return Ok(());
        }
        let segment = if self.lengths_only {
            self.snapshot.degrees(table, role, key).await?
        } else {
            self.snapshot.incidences(table, role, key).await?
        };
        self.held += segment.bytes();
        if self.lists.len() <= number {
            self.lists.resize_with(number + 1, Vec::new);
        }
        let list = &mut self.lists[number];
        let place = list.binary_search_by_key(&key.table, |(table, _)| *table);
        let place = place.unwrap_or_else(|place| {
            list.insert(place, (key.table, Vec::new()));
            place
        });
        let segments = &mut list[place].1;
        let at = key.segment as usize;
        if segments.len() <= at {
            segments.resize(at + 1, None);
        }
        segments[at] = Some(segment);
        Ok(())
    }

    /// The loaded segment of the list of this number that holds `member`, and the member's place in it.
    #[inline]
    pub(crate) fn segment(&self, number: usize, member: u64) -> Option<(&IncidenceSegment, usize)> {
        let id = EntityId::from_raw(member);
        let segment = self.loaded(number, SegmentKey::of(id, self.shift))?;
        Some((segment, (id.offset() & ((1 << self.shift) - 1)) as usize))
    }

    #[inline]
    fn loaded(&self, number: usize, key: SegmentKey) -> Option<&IncidenceSegment> {
        let list = self.lists.get(number)?;
        let (_, segments) = match &list[..] {
            [only] if only.0 == key.table => only,
            several => {
                let place = several.binary_search_by_key(&key.table, |(table, _)| *table);
                several.get(place.ok()?)?
            }
        };
        segments.get(key.segment as usize)?.as_deref()
    }
}

/// The tables that members of a role of a hyperedge table may come from, as far as they are among `allowed`.
pub(crate) fn member_tables(
    table: TableId,
    role: &str,
    allowed: Option<&Tables>,
    snapshot: &dyn Snapshot,
) -> Vec<TableId> {
    let schema = snapshot.schema();
    let entry = schema.table(table).ok();
    let Some(role) = entry.and_then(|entry| entry.hyperedge_type()?.role(role)) else {
        return Vec::new();
    };
    let is_hyperedge = |name: &String| schema.hyperedge_table(name).is_some();
    let tables = match &role.member {
        Some(name) if is_hyperedge(name) => schema.member_tables(role),
        // A node stays bound when it loses its label.
        _ => schema.entity_tables(),
    };
    let own = tables.iter().copied();
    own.filter(|table| allowed.is_none_or(|allowed| allowed.contains(table)))
        .collect()
}

/// The offsets that a table has given out.
pub(crate) fn given_offsets(table: TableId, snapshot: &dyn Snapshot) -> u64 {
    let own = snapshot.statistics().tables.get(&table);
    own.map_or(0, |own| own.next_offset)
}

/// The segments of all entities of a table.
pub(crate) fn segments_of(
    table: TableId,
    snapshot: &dyn Snapshot,
) -> impl Iterator<Item = SegmentKey> + use<> {
    let segments = given_offsets(table, snapshot).div_ceil(1 << snapshot.segment_shift());
    (0..segments).map(move |segment| SegmentKey { table, segment })
}

/// `roles origin=o, dest=d`.
pub(crate) fn describe_bindings(bindings: &[RoleBinding]) -> String {
    let bound = bindings.iter().map(|binding| {
        let member = shown(&binding.member);
        format!(
            "{}={}",
            binding.roles.join("|"),
            if member.is_empty() { "_" } else { member }
        )
    });
    format!("roles {}", comma_separated(bound))
}

/// What would make a search of paths faster, each of at most `most` of what `unit` names.
pub(super) fn paths_advice(run: &OperatorRun<'_>, most: Option<u64>, unit: &str) -> String {
    let bound = match most {
        Some(most) => format!("at most {most} {unit}"),
        None => format!("no bound on the number of {unit}"),
    };
    format!(
        "{:.1} paths start from each row, with {bound}: a lower bound, SHORTEST or a narrower start follows fewer",
        run.fan_out()
    )
}

/// What would make an operator faster that makes several rows of one.
pub(crate) fn fan_out_advice(run: &OperatorRun<'_>) -> Option<String> {
    Some(format!(
        "{} rows become {}, {:.1} of each: filter before it, start from the more selective end, or aggregate before going on",
        run.first_input(),
        run.metrics.rows,
        run.fan_out()
    ))
}
