//! The incidences of one role of many hyperedges, sorted by member without holding them all: counted first, then brought
//! together group by group of members, by counting sort. Where one group does not hold them, a pass over the rows puts
//! the incidences of each group into a temporary file first.

use std::collections::BTreeMap;
use std::ops::Range;

use arrow::buffer::ScalarBuffer;

use super::by_unit::ByUnit;
use super::parted::{PartedIncidences, PartedWriter};
use super::role_rows::RoleRows;
use crate::{AppendedRows, Error, HyperedgeType, Result, SegmentKey, TableId};

/// Bytes of one incidence while it is sorted.
const INCIDENCE: u64 = 24;
/// Rows of a batch that comes out.
const BATCH: usize = 1 << 17;
/// Members are counted, and brought together, by units of `2^UNIT` offsets, of which a segment may be too many.
const UNIT: u8 = 12;

/// Incidences of one role, to be read in the order of their members.
#[derive(Clone, Debug)]
pub struct SortedIncidences {
    rows: RoleRows,
    /// Units as if they were segments.
    counts: BTreeMap<SegmentKey, UnitCount>,
    /// Of a unit.
    unit: u8,
    /// Of a segment.
    shift: u8,
    /// Bytes that may be used at a time.
    budget: u64,
}

/// What a unit holds.
#[derive(Clone, Copy, Debug, Default)]
struct UnitCount {
    incidences: u64,
    /// One more than the greatest member's place within the unit.
    members: u64,
}

/// Columns of sorted incidences, an incidence a row.
#[derive(Clone, Debug, Default)]
pub struct SortedColumns {
    /// Raw ids of members.
    pub members: ScalarBuffer<u64>,
    /// Raw ids of hyperedges, ascending within a member.
    pub hyperedges: ScalarBuffer<u64>,
    /// Raw ids of the members at the other end; empty unless the type is a binary edge.
    pub opposites: ScalarBuffer<u64>,
    /// Positions within a multi-valued role; empty where every position is 0.
    pub positions: ScalarBuffer<u32>,
}

impl SortedColumns {
    fn slice(&self, start: usize, length: usize) -> Self {
        let cut = |values: &ScalarBuffer<u64>| {
            if values.is_empty() {
                ScalarBuffer::default()
            } else {
                values.slice(start, length)
            }
        };
        Self {
            members: cut(&self.members),
            hyperedges: cut(&self.hyperedges),
            opposites: cut(&self.opposites),
            positions: if self.positions.is_empty() {
                ScalarBuffer::default()
            } else {
                self.positions.slice(start, length)
            },
        }
    }
}

/// Where the incidences of a group come from; they come in the same order each time.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// The rows, which have those of other groups too.
    Rows(&'a RoleRows),
    /// A part of a temporary file.
    Part(&'a PartedIncidences, usize),
}

impl Source<'_> {
    fn visit(self, visit: impl FnMut(u64, u64, u32, u64)) -> Result<()> {
        match self {
            Self::Rows(rows) => rows.visit(visit),
            Self::Part(parted, number) => parted.visit(number, visit),
        }
    }
}

impl SortedIncidences {
    /// Counts the incidences of the role called `role`, which are sorted with about `budget` bytes at a time.
    ///
    /// The rows are hyperedges of `table`: with [`crate::ID_COLUMN`], or numbered from `first_offset` on. Segments have
    /// `2^shift` members.
    ///
    /// # Errors
    /// Those of the rows; `Internal` where a column does not hold ids.
    pub fn count(
        table: TableId,
        hyperedge_type: &HyperedgeType,
        role: &str,
        pieces: Vec<AppendedRows>,
        first_offset: u64,
        shift: u8,
        budget: u64,
    ) -> Result<Self> {
        let opposite = hyperedge_type
            .roles
            .iter()
            .find(|other| other.name != role)
            .filter(|_| hyperedge_type.is_binary())
            .map(|other| other.column().into_owned());
        let rows = RoleRows {
            pieces,
            table,
            column: hyperedge_type
                .role(role)
                .map_or_else(|| role.to_owned(), |role| role.column().into_owned()),
            opposite,
            first_offset,
        };
        let unit = shift.min(UNIT);
        let mut found: ByUnit<UnitCount> = ByUnit::new(unit);
        rows.visit(|member, _, _, _| {
            let (table, segment, local) = found.place(member);
            let slot = found.slot(table, segment);
            slot.incidences += 1;
            slot.members = slot.members.max(local as u64 + 1);
        })?;
        let mut counts = BTreeMap::new();
        for (table, segments) in found.tables.into_iter().enumerate() {
            let table = TableId::try_new(u16::try_from(table).unwrap_or(u16::MAX))?;
            for (segment, count) in (0..).zip(segments) {
                if count.incidences > 0 {
                    counts.insert(SegmentKey { table, segment }, count);
                }
            }
        }
        Ok(Self {
            rows,
            counts,
            unit,
            shift,
            budget,
        })
    }

    /// The segments of members, in order, with their incidences.
    #[must_use]
    pub fn segments(&self) -> Vec<(SegmentKey, u64)> {
        let mut segments: Vec<(SegmentKey, u64)> = Vec::new();
        for (unit, count) in &self.counts {
            let key = SegmentKey {
                table: unit.table,
                segment: unit.segment >> (self.shift - self.unit),
            };
            match segments.last_mut() {
                Some((last, incidences)) if *last == key => *incidences += count.incidences,
                _ => segments.push((key, count.incidences)),
            }
        }
        segments
    }

    /// Incidences by the table of the member.
    #[must_use]
    pub fn by_table(&self) -> BTreeMap<TableId, u64> {
        let mut counts = BTreeMap::new();
        for (key, count) in self.segments() {
            *counts.entry(key.table).or_insert(0) += count;
        }
        counts
    }

    /// The incidences, sorted by member, hyperedge and position.
    pub fn batches(self) -> impl Iterator<Item = Result<SortedColumns>> + Send {
        let groups = self.groups();
        let parted = if groups.len() > 1 {
            self.parted(&groups).map(Some)
        } else {
            Ok(None)
        };
        let (parted, failed) = match parted {
            Ok(parted) => (parted, None),
            Err(error) => (None, Some(error)),
        };
        let groups = if failed.is_some() { Vec::new() } else { groups };
        let sorted = (0..).zip(groups).flat_map(move |(number, group)| {
            let columns = match &parted {
                Some(parted) => self.group(&group, Source::Part(parted, number)),
                None => self.group(&group, Source::Rows(&self.rows)),
            };
            let (columns, failed) = match columns {
                Ok(columns) => (columns, None),
                Err(error) => (SortedColumns::default(), Some(error)),
            };
            let rows = columns.members.len();
            let pieces = (0..rows)
                .step_by(BATCH)
                .map(move |start| Ok(columns.slice(start, BATCH.min(rows - start))));
            failed.map(Err).into_iter().chain(pieces)
        });
        failed.map(Err).into_iter().chain(sorted)
    }

    /// Units that follow each other, as many at a time as may be sorted at once.
    fn groups(&self) -> Vec<Vec<SegmentKey>> {
        let mut groups: Vec<Vec<SegmentKey>> = Vec::new();
        let mut size = 0;
        for (key, count) in &self.counts {
            let bytes = count.incidences * INCIDENCE + count.members * 4;
            if groups.is_empty() || size + bytes > self.budget {
                groups.push(Vec::new());
                size = 0;
            }
            size += bytes;
            if let Some(group) = groups.last_mut() {
                group.push(*key);
            }
        }
        groups
    }

    /// The incidences of each group, in a temporary file.
    fn parted(&self, groups: &[Vec<SegmentKey>]) -> Result<PartedIncidences> {
        let mut group_of: ByUnit<u32> = ByUnit::new(self.unit);
        for (number, group) in (0..).zip(groups) {
            for key in group {
                let (table, segment) = (usize::from(key.table.get()), key.segment as usize);
                *group_of.slot(table, segment) = number;
            }
        }
        let is_binary = self.rows.opposite.is_some();
        let mut writer = PartedWriter::new(groups.len(), is_binary, self.budget)?;
        let mut failed = None;
        self.rows.visit(|member, hyperedge, position, opposite| {
            let (table, segment, _) = group_of.place(member);
            let part = group_of.get(table, segment) as usize;
            if failed.is_none() {
                let written = writer.push(part, member, hyperedge, position, opposite);
                failed = written.err();
            }
        })?;
        match failed {
            Some(error) => Err(error),
            None => writer.finish(),
        }
    }

    /// The incidences of some units, all of which `source` shows.
    fn group(&self, units: &[SegmentKey], source: Source<'_>) -> Result<SortedColumns> {
        // Where the members of each unit stand among those of the group, plus one; 0 for units of other groups.
        let mut places: ByUnit<u32> = ByUnit::new(self.unit);
        let mut members = 0;
        for key in units {
            let (table, segment) = (usize::from(key.table.get()), key.segment as usize);
            *places.slot(table, segment) = small(members + 1)?;
            members += self.counts.get(key).map_or(0, |count| count.members);
        }
        let place_of = |member: u64| {
            let (table, segment, local) = places.place(member);
            let first = places.get(table, segment) as usize;
            (first > 0).then(|| first - 1 + local)
        };
        // How many incidences each member has, then where its next one goes.
        let mut ends = vec![0u32; usize::try_from(members).unwrap_or_default()];
        source.visit(|member, _, _, _| {
            if let Some(place) = place_of(member) {
                ends[place] += 1;
            }
        })?;
        let mut total = 0u32;
        for end in &mut ends {
            let count = *end;
            *end = total;
            total = total
                .checked_add(count)
                .ok_or_else(|| Error::unsupported("more than 2^32 incidences of 4,096 members"))?;
        }
        let size = total as usize;
        let mut hyperedges = vec![0u64; size];
        let mut positions: Vec<u32> = Vec::new();
        let is_binary = self.rows.opposite.is_some();
        let mut opposites = vec![0u64; if is_binary { size } else { 0 }];
        source.visit(|member, hyperedge, position, opposite| {
            if let Some(place) = place_of(member) {
                let at = ends[place] as usize;
                ends[place] += 1;
                hyperedges[at] = hyperedge;
                if is_binary {
                    opposites[at] = opposite;
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
        let mut ends = ends.into_iter();
        for key in units {
            let count = self.counts.get(key).map_or(0, |count| count.members);
            let first = key.first(self.unit);
            for (raw, end) in (first..first + count).zip(&mut ends) {
                let start = members.len();
                members.resize(end as usize, raw);
                let range = start..members.len();
                sort_member(range, &mut hyperedges, &mut positions, &mut opposites);
            }
        }
        Ok(SortedColumns {
            members: members.into(),
            hyperedges: hyperedges.into(),
            opposites: opposites.into(),
            positions: positions.into(),
        })
    }
}

fn small(count: u64) -> Result<u32> {
    u32::try_from(count).map_err(|_| Error::internal("too many members at once"))
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, UInt64Array};
    use arrow::record_batch::RecordBatch;
    use proptest::prelude::*;

    use super::*;
    use crate::EntityId;

    type Ends = Vec<(Option<u64>, Option<u64>)>;

    /// Member, hyperedge and opposite of each edge, sorted; `role` is 0 for the sources.
    fn plainly_sorted(batches: &[Ends], role: usize, table: TableId) -> Vec<(u64, u64, u64)> {
        let mut all: Vec<(u64, u64, u64)> = Vec::new();
        for (edge, ends) in (100..).zip(batches.iter().flatten()) {
            let ends = [ends.0, ends.1];
            if let Some(member) = ends[role] {
                let hyperedge = EntityId::new(table, edge).raw();
                all.push((member, hyperedge, ends[1 - role].unwrap_or(0)));
            }
        }
        all.sort_unstable();
        all
    }

    fn batch(ends: &Ends) -> RecordBatch {
        let (sources, targets): (Vec<_>, Vec<_>) = ends.iter().copied().unzip();
        let column = |ids: Vec<Option<u64>>| Arc::new(UInt64Array::from(ids)) as ArrayRef;
        RecordBatch::try_from_iter([("source", column(sources)), ("target", column(targets))])
            .unwrap()
    }

    proptest! {
        #[test]
        fn sorted_incidences_equal_a_plain_sort(
            ends in proptest::collection::vec(
                proptest::collection::vec(
                    (
                        proptest::option::weighted(0.9, (1u64..3, 0u64..40)),
                        proptest::option::weighted(0.9, (1u64..3, 0u64..40)),
                    ),
                    0..60,
                ),
                0..4,
            ),
        ) {
            let table = TableId::try_new(3).unwrap();
            let id = |end: Option<(u64, u64)>| {
                end.map(|(table, offset)| EntityId::new(TableId::try_new(table as u16).unwrap(), offset).raw())
            };
            let ends: Vec<Ends> = ends
                .into_iter()
                .map(|own| own.into_iter().map(|(a, b)| (id(a), id(b))).collect())
                .collect();
            let edge = HyperedgeType::binary_edge("R");
            let pieces: Vec<AppendedRows> = ends.iter().map(|own| AppendedRows::Batch(batch(own))).collect();
            for (number, role) in ["source", "target"].into_iter().enumerate() {
                let expected = plainly_sorted(&ends, number, table);
                for budget in [u64::MAX, 400] {
                    let sorted =
                        SortedIncidences::count(table, &edge, role, pieces.clone(), 100, 2, budget).unwrap();
                    let total: u64 = sorted.by_table().values().sum();
                    prop_assert_eq!(total, expected.len() as u64);
                    if budget == 400 && total > 60 {
                        prop_assert!(sorted.groups().len() > 1);
                    }
                    let mut found = Vec::new();
                    for columns in sorted.batches() {
                        let columns = columns.unwrap();
                        found.extend((0..columns.members.len()).map(|row| {
                            (columns.members[row], columns.hyperedges[row], columns.opposites[row])
                        }));
                    }
                    prop_assert_eq!(&found, &expected);
                }
            }
        }
    }
}
