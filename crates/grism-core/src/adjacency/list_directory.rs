//! Which lists the members of a segment occur in, for steps that may take any of many types or roles.

use std::sync::Arc;

use super::IncidenceSegment;
use super::member_offsets::{add_up, range_at};
use crate::TableId;

/// The incidence lists that are not empty, for each member of one segment, as compressed sparse rows.
///
/// ```text
/// lists:    0 KNOWS source    1 KNOWS target    2 MEETING attendee    …
/// offsets:  [0, 2, 2, 3]      members 0, 1, 2 of the segment
/// entries:  [0, 2 |    | 1]   numbers of lists, ascending within a member
/// ```
///
/// A step over hundreds of types reads an entry for each list that a member is in, instead of looking into all of them.
#[derive(Clone, Debug, Default)]
pub struct ListDirectory {
    lists: Vec<(TableId, String)>,
    offsets: Vec<u32>,
    entries: Vec<u32>,
}

impl ListDirectory {
    /// The directory of lists of one segment of members, by the table of the hyperedges and the role. The lengths of the lists
    /// are enough.
    #[must_use]
    pub fn of(lists: Vec<(TableId, String, Arc<IncidenceSegment>)>) -> Self {
        let members = lists.iter().map(|(_, _, segment)| segment.members());
        let members = members.max().unwrap_or_default();
        let mut offsets = vec![0u32; members + 1];
        for (_, _, segment) in &lists {
            for (member, _) in segment.lists(0..members) {
                offsets[member + 1] += 1;
            }
        }
        add_up(&mut offsets);
        let mut next = offsets.clone();
        let mut entries = vec![0u32; offsets.last().map_or(0, |all| *all as usize)];
        for (number, (_, _, segment)) in (0..).zip(&lists) {
            for (member, _) in segment.lists(0..members) {
                entries[next[member] as usize] = number;
                next[member] += 1;
            }
        }
        let lists = lists.into_iter();
        Self {
            lists: lists.map(|(table, role, _)| (table, role)).collect(),
            offsets,
            entries,
        }
    }

    /// All lists, by their numbers: the table of the hyperedges, and the role.
    #[must_use]
    pub fn lists(&self) -> &[(TableId, String)] {
        &self.lists
    }

    /// The numbers of the lists in which the member at `local`, its offset within the segment, occurs.
    #[must_use]
    #[inline]
    pub fn of_member(&self, local: usize) -> &[u32] {
        &self.entries[range_at(&self.offsets, local)]
    }

    /// Memory held, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let lists = self.lists.iter().map(|(_, role)| 32 + role.capacity());
        lists.sum::<usize>() + (self.offsets.capacity() + self.entries.capacity()) * 4
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{EntityId, Incidence};

    proptest! {
        #[test]
        fn a_member_is_in_the_lists_that_are_not_empty(
            found in proptest::collection::vec((0u16..4, 0u64..6, 0u64..9), 0..40),
            apart in prop_oneof![Just(1u64), Just(500)],
        ) {
            let table = |number| TableId::try_new(number + 1).unwrap();
            let list = |number: u16| {
                let own = found.iter().filter(|(own, _, _)| *own == number);
                let mut own: Vec<Incidence> = own
                    .map(|(_, member, hyperedge)| Incidence {
                        member: EntityId::new(table(9), 8192 + member * apart).raw(),
                        hyperedge: EntityId::new(table(number), *hyperedge).raw(),
                        position: 0,
                        opposite: 0,
                    })
                    .collect();
                own.sort_unstable();
                let segment = IncidenceSegment::from_sorted(&own, 12, false);
                (table(number), format!("role {number}"), Arc::new(segment))
            };
            let directory = ListDirectory::of((0..4).map(list).collect());
            prop_assert_eq!(directory.lists().len(), 4);
            for member in 0..10 {
                let mut expected: Vec<u32> = found
                    .iter()
                    .filter(|(_, own, _)| *own == member)
                    .map(|(number, _, _)| u32::from(*number))
                    .collect();
                expected.sort_unstable();
                expected.dedup();
                prop_assert_eq!(directory.of_member((member * apart) as usize), &expected[..]);
            }
        }
    }
}
