//! What expansions have in common: incidence lists loaded once per stream, ids of a column, the text of bindings.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::UInt64Array;
use grism_core::{
    EntityId, IncidenceSegment, NumberMap, Result, SegmentKey, Snapshot, TableId, Tables,
};
use grism_logical::RoleBinding;

use super::segment_groups::expansion_budget;
use crate::operators::names::{comma_separated, shown};
use crate::{ExecutionContextTrait, OperatorRun};

/// The incidence lists a stream has asked for so far, up to a number of bytes.
#[derive(Debug)]
pub(crate) struct IncidenceReader {
    snapshot: Arc<dyn Snapshot>,
    segments: NumberMap<ListKey, Arc<IncidenceSegment>>,
    /// Bytes of the segments.
    held: usize,
    /// Bytes past which segments are let go of before others are loaded.
    budget: usize,
    /// Whether the lengths of lists are all that is asked for.
    lengths_only: bool,
}

/// A segment of one list: hyperedge table, number of the list, and members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ListKey(TableId, usize, SegmentKey);

impl Hash for ListKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self(table, index, members) = self;
        let tables = u64::from(table.get()) << 16 | u64::from(members.table.get());
        state.write_u64(tables ^ (*index as u64) << 32 ^ members.segment << 40);
    }
}

impl IncidenceReader {
    pub(crate) fn new(context: &Arc<dyn ExecutionContextTrait>) -> Self {
        Self {
            snapshot: Arc::clone(&context.query().snapshot),
            segments: NumberMap::default(),
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

    /// Lets go of what the batches before needed and the one with `ids` does not, where it is too much to be kept; called
    /// before the loads of a batch.
    pub(crate) fn begin_batch(&mut self, ids: &UInt64Array) {
        if self.held <= self.budget {
            return;
        }
        let shift = self.snapshot.segment_shift();
        let needed: HashSet<SegmentKey> = ids
            .iter()
            .flatten()
            .map(|id| SegmentKey::of(EntityId::from_raw(id), shift))
            .collect();
        self.segments
            .retain(|ListKey(_, _, key), _| needed.contains(key));
        self.held = self.segments.values().map(|own| own.bytes()).sum();
    }

    /// Loads what the members in `ids` need of the `index`-th role, called `role`, of `table`.
    pub(crate) async fn load(
        &mut self,
        table: TableId,
        index: usize,
        role: &str,
        ids: &UInt64Array,
    ) -> Result<()> {
        let shift = self.snapshot.segment_shift();
        let mut last = None;
        for id in ids.iter().flatten() {
            let key = SegmentKey::of(EntityId::from_raw(id), shift);
            // Neighbouring rows mostly share a segment.
            if last == Some(key) {
                continue;
            }
            last = Some(key);
            self.load_segment(table, index, role, key).await?;
        }
        Ok(())
    }

    /// Loads the segment `key` of the `index`-th role, called `role`, of `table`.
    pub(crate) async fn load_segment(
        &mut self,
        table: TableId,
        index: usize,
        role: &str,
        key: SegmentKey,
    ) -> Result<()> {
        let list = ListKey(table, index, key);
        if !self.segments.contains_key(&list) {
            let segment = if self.lengths_only {
                self.snapshot.degrees(table, role, key).await?
            } else {
                self.snapshot.incidences(table, role, key).await?
            };
            self.held += segment.bytes();
            self.segments.insert(list, segment);
        }
        Ok(())
    }

    /// The loaded segment that holds `member`, and the member's place in it.
    pub(crate) fn segment(
        &self,
        table: TableId,
        index: usize,
        member: u64,
    ) -> Option<(&IncidenceSegment, usize)> {
        let shift = self.snapshot.segment_shift();
        let id = EntityId::from_raw(member);
        let segment = self
            .segments
            .get(&ListKey(table, index, SegmentKey::of(id, shift)))?;
        Some((segment, (id.offset() & ((1 << shift) - 1)) as usize))
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
