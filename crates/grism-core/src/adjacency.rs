//! Incidence lists: for each member of a segment, the hyperedges that bind it through one role.

use std::ops::Range;

use arrow::buffer::ScalarBuffer;

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
    pub hyperedges: ScalarBuffer<u64>,
    /// Raw ids of the members at the other end; empty unless the type is a binary edge.
    pub opposites: ScalarBuffer<u64>,
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
        let opposites = if binary {
            incidences
                .iter()
                .map(|incidence| incidence.opposite)
                .collect()
        } else {
            Vec::new()
        };
        Self {
            offsets: offsets.into(),
            hyperedges: incidences
                .iter()
                .map(|incidence| incidence.hyperedge)
                .collect::<Vec<_>>()
                .into(),
            opposites: opposites.into(),
            positions: positions.into(),
        }
    }

    /// Where the incidences of the member at `local` (its offset within the segment) stand.
    #[must_use]
    pub fn range(&self, local: usize) -> Range<usize> {
        match (self.offsets.get(local), self.offsets.get(local + 1)) {
            (Some(start), Some(end)) => *start as usize..*end as usize,
            _ => 0..0,
        }
    }

    /// Memory held, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.offsets.inner().len()
            + self.hyperedges.inner().len()
            + self.opposites.inner().len()
            + self.positions.inner().len()
    }
}
