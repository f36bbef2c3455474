//! A segment from columns that come in order.

use super::{IdList, IncidenceSegment, MemberOffsetsBuilder};
use crate::EntityId;

/// Builds an [`IncidenceSegment`] from the incidences of its members, sorted by member, hyperedge and position.
#[derive(Clone, Debug)]
pub struct IncidenceSegmentBuilder {
    offsets: MemberOffsetsBuilder,
    mask: u64,
    hyperedges: IdList,
    opposites: IdList,
    positions: Vec<u32>,
}

impl IncidenceSegmentBuilder {
    /// For a segment of `2^shift` members, with room for `incidences` of them.
    #[must_use]
    pub fn new(shift: u8, incidences: usize, binary: bool) -> Self {
        Self {
            offsets: MemberOffsetsBuilder::default(),
            mask: (1 << shift) - 1,
            hyperedges: IdList::with_capacity(incidences),
            opposites: IdList::with_capacity(if binary { incidences } else { 0 }),
            positions: Vec::new(),
        }
    }

    /// Notes how often members come, without the incidences themselves.
    pub fn add_members(&mut self, members: &[u64]) {
        for member in members {
            let local = EntityId::from_raw(*member).offset() & self.mask;
            self.offsets.push(local as u32);
        }
    }

    /// Adds incidences, a row each; `opposites` is empty unless the type is a binary edge.
    pub fn add(
        &mut self,
        members: &[u64],
        hyperedges: &[u64],
        positions: &[u32],
        opposites: &[u64],
    ) {
        self.add_members(members);
        // Positions are kept from the first one on that is not 0.
        if !self.positions.is_empty() || positions.iter().any(|position| *position > 0) {
            self.positions.resize(self.hyperedges.len(), 0);
            self.positions.extend_from_slice(positions);
        }
        self.hyperedges.extend(hyperedges.iter().copied());
        self.opposites.extend(opposites.iter().copied());
    }

    /// The segment.
    #[must_use]
    pub fn finish(self) -> IncidenceSegment {
        IncidenceSegment {
            offsets: self.offsets.finish(),
            hyperedges: self.hyperedges,
            opposites: self.opposites,
            positions: self.positions.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Incidence, TableId};

    proptest! {
        #[test]
        fn pieces_make_the_segment_that_all_rows_make(
            rows in proptest::collection::vec((0u64..8, 0u64..20, 0u32..3), 0..80),
            cut in 0usize..80,
        ) {
            let table = TableId::try_new(1).unwrap();
            let incidence = |(member, hyperedge, position): &(u64, u64, u32)| Incidence {
                member: EntityId::new(table, 8 + member).raw(),
                hyperedge: EntityId::new(table, *hyperedge).raw(),
                position: *position,
                opposite: *hyperedge,
            };
            let mut incidences: Vec<Incidence> = rows.iter().map(incidence).collect();
            incidences.sort_unstable();
            let expected = IncidenceSegment::from_sorted(&incidences, 3, true);
            let mut builder = IncidenceSegmentBuilder::new(3, incidences.len(), true);
            let (first, second) = incidences.split_at(cut.min(incidences.len()));
            for piece in [first, second] {
                let ids = |pick: fn(&Incidence) -> u64| piece.iter().map(pick).collect::<Vec<_>>();
                let positions: Vec<u32> = piece.iter().map(|own| own.position).collect();
                let members = ids(|own| own.member);
                builder.add(&members, &ids(|own| own.hyperedge), &positions, &ids(|own| own.opposite));
            }
            let found = builder.finish();
            prop_assert_eq!(&found.offsets, &expected.offsets);
            prop_assert_eq!(&found.positions, &expected.positions);
            let all = |list: &IdList| (0..list.len()).map(|place| list.at(place)).collect::<Vec<_>>();
            prop_assert_eq!(all(&found.hyperedges), all(&expected.hyperedges));
            prop_assert_eq!(all(&found.opposites), all(&expected.opposites));
        }
    }
}
