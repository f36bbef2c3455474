//! Incidence lists: for each member of a segment, the hyperedges that bind it through one role.

mod builder;
mod by_unit;
mod id_list;
mod list_directory;
mod member_offsets;
mod parted;
mod role_rows;
mod sorted;

use std::ops::Range;

use arrow::buffer::ScalarBuffer;

pub use self::builder::IncidenceSegmentBuilder;
pub use self::id_list::IdList;
pub use self::list_directory::ListDirectory;
use self::member_offsets::{MemberOffsets, MemberOffsetsBuilder};
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

    /// Raw id of the first member of the segment, which has `2^shift` offsets.
    #[must_use]
    pub const fn first(self, shift: u8) -> u64 {
        EntityId::new(self.table, self.segment << shift).raw()
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

/// The incidences of one role whose members lie in one segment, as compressed sparse rows. Where few of the members have
/// incidences, offsets are kept for these only.
///
/// ```text
/// offsets:     [0, 2, 2, 3]         members 0, 1, 2 of the segment
/// hyperedges:  [h0, h4 |    | h1]   ascending within a member
/// opposites:   [m3, m1 |    | m0]   binary edges only
/// positions:   [0,  1  |    | 0 ]   multi-valued roles only
/// ```
#[derive(Clone, Debug, Default)]
pub struct IncidenceSegment {
    offsets: MemberOffsets,
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
        let mut offsets = MemberOffsetsBuilder::default();
        for incidence in incidences {
            offsets.push((EntityId::from_raw(incidence.member).offset() & mask) as u32);
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
            offsets: offsets.finish(),
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
        self.offsets.range(local)
    }

    /// How many members are covered: those up to the last one that has incidences.
    #[must_use]
    pub fn members(&self) -> usize {
        self.offsets.members()
    }

    /// Those of `members` (offsets within the segment) that have incidences, ascending, and where these stand. Members without
    /// incidences take no time where they are many.
    #[inline]
    pub fn lists(&self, members: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
        self.offsets.lists(members)
    }

    /// All incidences in their order; `first` is the raw id of the first member of the segment.
    pub fn incidences(&self, first: u64) -> impl Iterator<Item = Incidence> {
        let lists = self.lists(0..self.members());
        lists.flat_map(move |(local, places)| {
            places.map(move |place| Incidence {
                member: first + local as u64,
                hyperedge: self.hyperedges.at(place),
                position: self.positions.get(place).copied().unwrap_or_default(),
                opposite: self.opposite(place),
            })
        })
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
        self.offsets.bytes()
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
        fn a_segment_holds_the_incidences_it_was_made_of(
            rows in proptest::collection::vec((0u64..8, 0u64..20, 0u32..3, 0u64..9), 0..60),
            apart in prop_oneof![Just(1u64), Just(4000)],
            positions in prop_oneof![Just(0u32), Just(1)],
            binary in any::<bool>(),
        ) {
            let key = SegmentKey {
                table: TableId::try_new(1).unwrap(),
                segment: 3,
            };
            let first = key.first(15);
            let mut incidences: Vec<Incidence> = rows
                .iter()
                .map(|(member, hyperedge, position, opposite)| Incidence {
                    member: first + member * apart,
                    hyperedge: *hyperedge,
                    position: position * positions,
                    opposite: if binary { *opposite } else { 0 },
                })
                .collect();
            incidences.sort_unstable();
            let segment = IncidenceSegment::from_sorted(&incidences, 15, binary);
            prop_assert_eq!(segment.incidences(first).collect::<Vec<_>>(), incidences.clone());
            for member in 0..8 {
                let own = incidences.iter().filter(|own| own.member == first + member * apart);
                let own: Vec<u64> = own.map(|own| own.hyperedge).collect();
                let places = segment.range((member * apart) as usize);
                let found: Vec<u64> = places.map(|place| segment.hyperedges.at(place)).collect();
                prop_assert_eq!(found, own);
            }
        }
    }
}
