//! Incidence lists: for each member of a segment, the hyperedges that bind it through one role.

mod builder;
mod by_unit;
mod list_directory;
mod parted;
mod role_rows;
mod sorted;

use std::ops::Range;

use arrow::buffer::ScalarBuffer;

pub use self::builder::IncidenceSegmentBuilder;
pub use self::list_directory::ListDirectory;
pub use self::sorted::{SortedColumns, SortedIncidences};
use crate::{EntityId, TableId};

/// Names one segment of members: the unit adjacency is stored, cached and partitioned by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentKey {
    /// The members' table.
    pub table: TableId,
    /// `offset >> shift` of the members.
    pub segment: u64,
}

impl SegmentKey {
    /// The segment that holds `id`, for segments of `2^shift` offsets.
    #[must_use]
    pub const fn of(id: EntityId, shift: u8) -> Self {
        Self {
            table: id.table(),
            segment: id.offset() >> shift,
        }
    }
}

/// One (hyperedge, role, member) fact, the role being known from the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Incidence {
    /// Raw id of the member.
    pub member: u64,
    /// Raw id of the hyperedge.
    pub hyperedge: u64,
    /// Index within the role's list; 0 for a role that is bound once.
    pub position: u32,
    /// For a binary edge, the raw id of the member at its other end; 0 otherwise.
    pub opposite: u64,
}

/// A list of raw ids. Where all of them share their upper halves, as those of one table do up to 2^32 rows, each takes
/// four bytes instead of eight.
#[derive(Clone, Debug, Default)]
pub struct IdList {
    /// The upper half that all share.
    upper: u64,
    narrow: Vec<u32>,
    /// The whole ids, where they differ in their upper halves; then `narrow` is empty.
    wide: Vec<u64>,
}

const LOWER: u64 = u32::MAX as u64;

impl IdList {
    /// An empty list with room for `capacity` ids.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            narrow: Vec::with_capacity(capacity),
            ..Self::default()
        }
    }

    /// The id at `place`.
    #[must_use]
    #[inline]
    pub fn at(&self, place: usize) -> u64 {
        if self.wide.is_empty() {
            self.upper | u64::from(self.narrow[place])
        } else {
            self.wide[place]
        }
    }

    /// The upper half that all ids share, and the lower half of each; `None` where they differ in their upper halves.
    #[must_use]
    #[inline]
    pub fn narrow(&self) -> Option<(u64, &[u32])> {
        self.wide
            .is_empty()
            .then_some((self.upper, self.narrow.as_slice()))
    }

    /// Appends the ids at `places` to `ids`.
    #[inline]
    pub fn copy_to(&self, places: Range<usize>, ids: &mut Vec<u64>) {
        if self.wide.is_empty() {
            let lower = self.narrow[places].iter();
            ids.extend(lower.map(|lower| self.upper | u64::from(*lower)));
        } else {
            ids.extend_from_slice(&self.wide[places]);
        }
    }

    /// How many ids there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.narrow.len() + self.wide.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an id.
    pub fn push(&mut self, id: u64) {
        if !self.wide.is_empty() {
            self.wide.push(id);
            return;
        }
        if self.narrow.is_empty() {
            self.upper = id & !LOWER;
        }
        if id & !LOWER == self.upper {
            self.narrow.push((id & LOWER) as u32);
            return;
        }
        let upper = self.upper;
        let narrow = std::mem::take(&mut self.narrow);
        self.wide.reserve(narrow.capacity());
        let whole = narrow.into_iter().map(|lower| upper | u64::from(lower));
        self.wide.extend(whole);
        self.wide.push(id);
    }

    /// The first place within `range`, whose ids ascend, that holds no id below `id`.
    #[must_use]
    #[inline]
    pub fn lower_bound(&self, range: Range<usize>, id: u64) -> usize {
        let (mut low, mut high) = (range.start, range.end);
        while low < high {
            let middle = low.midpoint(high);
            if self.at(middle) < id {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn bytes(&self) -> usize {
        self.narrow.capacity() * 4 + self.wide.capacity() * 8
    }
}

impl Extend<u64> for IdList {
    fn extend<T: IntoIterator<Item = u64>>(&mut self, ids: T) {
        for id in ids {
            self.push(id);
        }
    }
}

impl FromIterator<u64> for IdList {
    fn from_iter<T: IntoIterator<Item = u64>>(ids: T) -> Self {
        let mut list = Self::default();
        list.extend(ids);
        list
    }
}

/// The incidences of one role whose members lie in one segment, as compressed sparse rows.
///
/// ```text
/// offsets:     [0, 2, 2, 3]         members 0, 1, 2 of the segment
/// hyperedges:  [h0, h4 |    | h1]   ascending within a member
/// opposites:   [m3, m1 |    | m0]   binary edges only
/// positions:   [0,  1  |    | 0 ]   multi-valued roles only
/// ```
#[derive(Clone, Debug, Default)]
pub struct IncidenceSegment {
    /// One more entry than members covered; a member past the end has no incidence.
    pub offsets: ScalarBuffer<u32>,
    /// Raw ids of hyperedges.
    pub hyperedges: IdList,
    /// Raw ids of the members at the other end; empty unless the type is a binary edge.
    pub opposites: IdList,
    /// Positions within a multi-valued role; empty where every position is 0.
    pub positions: ScalarBuffer<u32>,
}

impl IncidenceSegment {
    /// Builds the segment from incidences of one role whose members all lie in it, sorted by (member, hyperedge, position).
    #[must_use]
    pub fn from_sorted(incidences: &[Incidence], shift: u8, binary: bool) -> Self {
        let mask = (1u64 << shift) - 1;
        let local =
            |incidence: &Incidence| (EntityId::from_raw(incidence.member).offset() & mask) as usize;
        let members = incidences.last().map_or(0, |last| local(last) + 1);
        let mut offsets = vec![0u32; members + 1];
        for incidence in incidences {
            offsets[local(incidence) + 1] += 1;
        }
        for index in 0..members {
            offsets[index + 1] += offsets[index];
        }
        let positions = if incidences.iter().any(|incidence| incidence.position > 0) {
            incidences
                .iter()
                .map(|incidence| incidence.position)
                .collect()
        } else {
            Vec::new()
        };
        let opposites = if binary { incidences } else { &[] };
        let opposites = opposites.iter().map(|incidence| incidence.opposite);
        Self {
            offsets: offsets.into(),
            hyperedges: incidences
                .iter()
                .map(|incidence| incidence.hyperedge)
                .collect(),
            opposites: opposites.collect(),
            positions: positions.into(),
        }
    }

    /// Where the incidences of the member at `local` (its offset within the segment) stand.
    #[must_use]
    #[inline]
    pub fn range(&self, local: usize) -> Range<usize> {
        match (self.offsets.get(local), self.offsets.get(local + 1)) {
            (Some(start), Some(end)) => *start as usize..*end as usize,
            _ => 0..0,
        }
    }

    /// The member at the other end of the binary edge at `place`; 0 for other types.
    #[must_use]
    pub fn opposite(&self, place: usize) -> u64 {
        if self.opposites.is_empty() {
            0
        } else {
            self.opposites.at(place)
        }
    }

    /// Memory held, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.offsets.inner().len()
            + self.hyperedges.bytes()
            + self.opposites.bytes()
            + self.positions.inner().len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_list_of_ids_holds_what_it_was_given(
            tables in proptest::collection::vec(0u64..2, 0..40),
            offsets in proptest::collection::vec(0u64..1 << 34, 0..40),
        ) {
            let ids: Vec<u64> = tables.iter().zip(&offsets).map(|(table, offset)| table << 48 | offset).collect();
            let mut list: IdList = ids.iter().copied().collect();
            prop_assert_eq!(list.len(), ids.len());
            prop_assert!(ids.iter().enumerate().all(|(place, id)| list.at(place) == *id));
            if let Some((upper, lower)) = list.narrow() {
                let whole: Vec<u64> = lower.iter().map(|lower| upper | u64::from(*lower)).collect();
                prop_assert_eq!(&whole, &ids);
            }
            let mut sorted = ids.clone();
            sorted.sort_unstable();
            list = sorted.iter().copied().collect();
            for id in ids {
                prop_assert_eq!(list.lower_bound(0..sorted.len(), id), sorted.partition_point(|own| *own < id));
            }
        }
    }
}
