//! The incidences of one role of many hyperedges, sorted by member without holding them all: counted first, then brought
//! together group by group of segments, by counting sort.

use std::collections::BTreeMap;
use std::ops::Range;

use arrow::array::{Array, AsArray, ListArray, UInt64Array};
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;
use grism_core::{
    AppendedRows, EntityId, Error, HyperedgeType, ID_COLUMN, Result, SegmentKey, TableId,
};

/// Incidences that are brought together at a time; each takes 24 bytes.
const GROUP: u64 = 1 << 22;
/// Rows of a batch that comes out.
const BATCH: usize = 1 << 18;

/// Rows of hyperedges, and the role of them that is looked at.
#[derive(Clone, Debug)]
struct RoleRows {
    pieces: Vec<AppendedRows>,
    table: TableId,
    role: String,
    /// For a binary edge, the role at its other end.
    opposite: Option<String>,
    /// The offset of the first row, where the rows have no ids.
    first_offset: u64,
}

/// Incidences of one role, to be read in the order of their members.
#[derive(Clone, Debug)]
pub(crate) struct SortedIncidences {
    rows: RoleRows,
    counts: BTreeMap<SegmentKey, u64>,
    shift: u8,
}

/// Columns of sorted incidences, a row each.
#[derive(Clone, Debug, Default)]
pub(crate) struct SortedColumns {
    /// Raw ids of members.
    pub(crate) members: Vec<u64>,
    /// Raw ids of hyperedges, ascending within a member.
    pub(crate) hyperedges: Vec<u64>,
    /// Raw ids of the members at the other end; empty unless the type is a binary edge.
    pub(crate) opposites: Vec<u64>,
    /// Positions within a multi-valued role; empty where every position is 0.
    pub(crate) positions: Vec<u32>,
}

impl RoleRows {
    /// Shows every incidence: member, hyperedge, position, opposite.
    fn visit(&self, mut visit: impl FnMut(u64, u64, u32, u64)) -> Result<()> {
        let first = EntityId::new(self.table, self.first_offset).raw();
        let mut next = first;
        for piece in &self.pieces {
            for batch in piece.batches()? {
                let batch = batch?;
                let ids = ids(&batch, ID_COLUMN);
                let hyperedge = |row: usize| match ids {
                    Some(ids) => ids.value(row),
                    None => next + row as u64,
                };
                let opposites = self
                    .opposite
                    .as_ref()
                    .and_then(|role| self::ids(&batch, role));
                let opposite = |row: usize| opposites.map_or(0, |ids| ids.value(row));
                if let Some(members) = self::ids(&batch, &self.role) {
                    if members.null_count() == 0 {
                        for (row, member) in members.values().iter().enumerate() {
                            visit(*member, hyperedge(row), 0, opposite(row));
                        }
                    } else {
                        for (row, member) in members.iter().enumerate() {
                            if let Some(member) = member {
                                visit(member, hyperedge(row), 0, opposite(row));
                            }
                        }
                    }
                } else if let Some(lists) = lists(&batch, &self.role)? {
                    let (offsets, values) = (lists.0.value_offsets(), lists.1);
                    for row in (0..lists.0.len()).filter(|row| lists.0.is_valid(*row)) {
                        for (position, place) in (offsets[row]..offsets[row + 1]).enumerate() {
                            if values.is_valid(place as usize) {
                                let member = values.value(place as usize);
                                visit(member, hyperedge(row), position as u32, 0);
                            }
                        }
                    }
                }
                next += batch.num_rows() as u64;
            }
        }
        Ok(())
    }
}

impl SortedIncidences {
    /// Counts the incidences of the role called `role`.
    ///
    /// The rows are hyperedges of `table`: with [`ID_COLUMN`], or numbered from `first_offset` on.
    pub(crate) fn count(
        table: TableId,
        hyperedge_type: &HyperedgeType,
        role: &str,
        pieces: Vec<AppendedRows>,
        first_offset: u64,
        shift: u8,
    ) -> Result<Self> {
        let opposite = hyperedge_type
            .roles
            .iter()
            .find(|other| other.name != role)
            .filter(|_| hyperedge_type.is_binary())
            .map(|other| other.name.clone());
        let rows = RoleRows {
            pieces,
            table,
            role: role.to_owned(),
            opposite,
            first_offset,
        };
        let mut counts: BTreeMap<SegmentKey, u64> = BTreeMap::new();
        let mut last: Option<(SegmentKey, u64)> = None;
        rows.visit(|member, _, _, _| {
            let key = SegmentKey::of(EntityId::from_raw(member), shift);
            match &mut last {
                Some((own, count)) if *own == key => *count += 1,
                _ => {
                    if let Some((own, count)) = last.replace((key, 1)) {
                        *counts.entry(own).or_insert(0) += count;
                    }
                }
            }
        })?;
        if let Some((own, count)) = last {
            *counts.entry(own).or_insert(0) += count;
        }
        Ok(Self {
            rows,
            counts,
            shift,
        })
    }

    /// The segments of members, in order, with their incidences.
    pub(crate) fn segments(&self) -> impl Iterator<Item = (SegmentKey, u64)> {
        self.counts.iter().map(|(key, count)| (*key, *count))
    }

    /// Incidences by the table of the member.
    pub(crate) fn by_table(&self) -> BTreeMap<TableId, u64> {
        let mut counts = BTreeMap::new();
        for (key, count) in &self.counts {
            *counts.entry(key.table).or_insert(0) += count;
        }
        counts
    }

    /// The incidences, sorted.
    pub(crate) fn batches(self) -> impl Iterator<Item = Result<SortedColumns>> + Send {
        let mut groups: Vec<Vec<(SegmentKey, u64)>> = Vec::new();
        let mut size = u64::MAX;
        for (key, count) in self.segments() {
            if size.saturating_add(count) > GROUP {
                groups.push(Vec::new());
                size = 0;
            }
            size += count;
            if let Some(group) = groups.last_mut() {
                group.push((key, count));
            }
        }
        groups.into_iter().flat_map(move |group| {
            match self.group(&group) {
                Ok(columns) => columns.into_iter().map(Ok).collect::<Vec<_>>(),
                Err(error) => vec![Err(error)],
            }
            .into_iter()
        })
    }

    /// The incidences of some segments.
    fn group(&self, segments: &[(SegmentKey, u64)]) -> Result<Vec<SortedColumns>> {
        let shift = self.shift;
        let mask = (1u64 << shift) - 1;
        let places: BTreeMap<SegmentKey, usize> = segments
            .iter()
            .enumerate()
            .map(|(place, (key, _))| (*key, place))
            .collect();
        // How many incidences each member has, then where its next one goes.
        let mut ends: Vec<Vec<u64>> = vec![Vec::new(); segments.len()];
        let mut last: Option<(SegmentKey, Option<usize>)> = None;
        let mut place_of = move |member: u64| {
            let id = EntityId::from_raw(member);
            let key = SegmentKey::of(id, shift);
            let place = match last {
                Some((own, place)) if own == key => place,
                _ => {
                    let place = places.get(&key).copied();
                    last = Some((key, place));
                    place
                }
            };
            place.map(|place| (place, (id.offset() & mask) as usize))
        };
        self.rows.visit(|member, _, _, _| {
            if let Some((place, local)) = place_of(member) {
                let own = &mut ends[place];
                if own.len() <= local {
                    own.resize(local + 1, 0);
                }
                own[local] += 1;
            }
        })?;
        let mut total = 0;
        for end in ends.iter_mut().flatten() {
            let count = *end;
            *end = total;
            total += count;
        }
        let size = usize::try_from(total)
            .map_err(|_| Error::internal("more incidences than fit in memory"))?;
        let mut hyperedges = vec![0u64; size];
        let mut positions: Vec<u32> = Vec::new();
        let mut opposites = vec![
            0u64;
            if self.rows.opposite.is_some() {
                size
            } else {
                0
            }
        ];
        self.rows.visit(|member, hyperedge, position, opposite| {
            if let Some((place, local)) = place_of(member) {
                let at = ends[place][local] as usize;
                ends[place][local] += 1;
                hyperedges[at] = hyperedge;
                if let Some(slot) = opposites.get_mut(at) {
                    *slot = opposite;
                }
                if position > 0 {
                    if positions.is_empty() {
                        positions.resize(size, 0);
                    }
                    positions[at] = position;
                }
            }
        })?;
        let mut members = Vec::with_capacity(size);
        for ((key, _), own) in segments.iter().zip(&ends) {
            for (local, end) in own.iter().enumerate() {
                let raw = EntityId::new(key.table, (key.segment << shift) + local as u64).raw();
                let start = members.len();
                members.resize(*end as usize, raw);
                sort_member(
                    start..members.len(),
                    &mut hyperedges,
                    &mut positions,
                    &mut opposites,
                );
            }
        }
        let cut = |values: &[u64], range: &Range<usize>| {
            values
                .get(range.clone())
                .map_or_else(Vec::new, <[u64]>::to_vec)
        };
        Ok((0..size)
            .step_by(BATCH)
            .map(|start| {
                let range = start..(start + BATCH).min(size);
                SortedColumns {
                    members: cut(&members, &range),
                    hyperedges: cut(&hyperedges, &range),
                    opposites: cut(&opposites, &range),
                    positions: positions.get(range).map_or_else(Vec::new, <[u32]>::to_vec),
                }
            })
            .collect())
    }
}

/// Brings the incidences of one member into the order of their hyperedges, where rows did not come in it.
fn sort_member(
    range: Range<usize>,
    hyperedges: &mut [u64],
    positions: &mut [u32],
    opposites: &mut [u64],
) {
    if hyperedges[range.clone()].is_sorted() {
        return;
    }
    let mut all: Vec<(u64, u32, u64)> = range
        .clone()
        .map(|at| {
            (
                hyperedges[at],
                positions.get(at).copied().unwrap_or(0),
                opposites.get(at).copied().unwrap_or(0),
            )
        })
        .collect();
    all.sort_unstable();
    for (at, (hyperedge, position, opposite)) in range.zip(all) {
        hyperedges[at] = hyperedge;
        if let Some(slot) = positions.get_mut(at) {
            *slot = position;
        }
        if let Some(slot) = opposites.get_mut(at) {
            *slot = opposite;
        }
    }
}

fn ids<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a UInt64Array> {
    batch
        .column_by_name(name)
        .and_then(|column| column.as_primitive_opt::<UInt64Type>())
}

fn lists<'a>(
    batch: &'a RecordBatch,
    role: &str,
) -> Result<Option<(&'a ListArray, &'a UInt64Array)>> {
    let Some(lists) = batch
        .column_by_name(role)
        .and_then(|column| column.as_list_opt::<i32>())
    else {
        return Ok(None);
    };
    let values = lists
        .values()
        .as_primitive_opt::<UInt64Type>()
        .ok_or_else(|| Error::internal(format!("the role `{role}` is no list of ids")))?;
    Ok(Some((lists, values)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use grism_core::HyperedgeType;

    use super::*;
    use crate::columns::named_batch;
    use crate::incidences::collect_incidences;

    #[test]
    fn sorted_incidences_equal_a_plain_sort() {
        let table = TableId::try_new(3).unwrap();
        let members = TableId::try_new(1).unwrap();
        let edge = HyperedgeType::binary_edge("R");
        let mut state = 7u64;
        let mut random = move |bound: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % bound
        };
        let batches: Vec<RecordBatch> = (0..3)
            .map(|_| {
                let mut column = || {
                    let ids = (0..50)
                        .map(|_| (random(9) > 0).then(|| EntityId::new(members, random(40)).raw()));
                    Arc::new(ids.collect::<UInt64Array>()) as arrow::array::ArrayRef
                };
                let columns = vec![column(), column()];
                named_batch(&["source".into(), "target".into()], columns, 50).unwrap()
            })
            .collect();
        let plain = collect_incidences(table, &edge, &batches, &|row| 100 + row as u64).unwrap();
        for role in ["source", "target"] {
            let pieces = batches.iter().cloned().map(AppendedRows::Batch).collect();
            let sorted = SortedIncidences::count(table, &edge, role, pieces, 100, 2).unwrap();
            let expected = &plain[role];
            assert_eq!(sorted.by_table()[&members], expected.len() as u64);
            let found: Vec<(u64, u64)> = sorted
                .batches()
                .flat_map(|columns| {
                    let columns = columns.unwrap();
                    columns.members.into_iter().zip(columns.hyperedges)
                })
                .collect();
            let expected: Vec<(u64, u64)> = expected
                .iter()
                .map(|own| (own.member, own.hyperedge))
                .collect();
            assert_eq!(found, expected);
        }
    }
}
