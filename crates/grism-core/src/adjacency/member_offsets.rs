//! Where the incidences of each member of a segment stand, in the form that takes less memory.

use std::ops::Range;

/// Bytes that the sparse form takes beside what each member needs, about.
const FIXED_BYTES: usize = 64;

/// Where the incidences of each member of a segment stand.
///
/// ```text
/// most members have incidences   Dense    starts   [0, 2, 2, 3]         members 0, 1, 2
/// few members have incidences    Sparse   members  [1, 70, 90_000]
///                                         starts   [0, 2, 3, 9]
///                                         blocks   [0, 2, 2, 3]         of 32,768 places each
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MemberOffsets {
    /// One more entry than members covered.
    Dense(Box<[u32]>),
    Sparse(SparseOffsets),
}

/// Starts of the members that have incidences, and of no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SparseOffsets {
    /// Places within the segment, ascending.
    members: Box<[u32]>,
    /// One more entry than `members`.
    starts: Box<[u32]>,
    /// Where the members of each block of `2^block_shift` places start in `members`, and where those of the last one end.
    blocks: Box<[u32]>,
    block_shift: u8,
}

impl Default for MemberOffsets {
    fn default() -> Self {
        Self::Dense(Box::default())
    }
}

impl MemberOffsets {
    /// Where the incidences of the member at `local` stand.
    #[inline]
    pub(super) fn range(&self, local: usize) -> Range<usize> {
        match self {
            Self::Dense(starts) => range_at(starts, local),
            Self::Sparse(own) => match own.place(local) {
                Some(place) => range_at(&own.starts, place),
                None => 0..0,
            },
        }
    }

    /// Members covered: up to the last one that has incidences.
    pub(super) fn members(&self) -> usize {
        match self {
            Self::Dense(starts) => starts.len().saturating_sub(1),
            Self::Sparse(own) => own.members.last().map_or(0, |last| *last as usize + 1),
        }
    }

    /// Those of `members` that have incidences, ascending, and where these stand.
    #[inline]
    pub(super) fn lists(
        &self,
        members: Range<usize>,
    ) -> impl Iterator<Item = (usize, Range<usize>)> {
        let (named, starts) = match self {
            Self::Dense(starts) => {
                let end = members.end.min(self.members());
                (None, starts.get(members.start..=end))
            }
            Self::Sparse(own) => {
                let place_of =
                    |local: usize| own.members.partition_point(|own| (*own as usize) < local);
                let (first, end) = (place_of(members.start), place_of(members.end));
                let named = own.members.get(first..end);
                (Some(named.unwrap_or_default()), own.starts.get(first..=end))
            }
        };
        let starts = starts.unwrap_or_default().windows(2).enumerate();
        starts
            .filter(|(_, ends)| ends[0] < ends[1])
            .map(move |(place, ends)| {
                let local = match named {
                    Some(named) => named[place] as usize,
                    None => members.start + place,
                };
                (local, ends[0] as usize..ends[1] as usize)
            })
    }

    /// Memory held, in bytes.
    pub(super) fn bytes(&self) -> usize {
        4 * match self {
            Self::Dense(starts) => starts.len(),
            Self::Sparse(own) => own.members.len() + own.starts.len() + own.blocks.len(),
        }
    }
}

impl SparseOffsets {
    fn new(members: Vec<u32>, starts: Vec<u32>, covered: usize) -> Self {
        // Blocks hold one or two members on average, so that a member is found in a few steps.
        let mut block_shift = 0;
        while covered >> block_shift > members.len() {
            block_shift += 1;
        }
        let mut blocks = vec![0u32; covered.div_ceil(1 << block_shift) + 1];
        for member in &members {
            blocks[(*member as usize >> block_shift) + 1] += 1;
        }
        add_up(&mut blocks);
        Self {
            members: members.into(),
            starts: starts.into(),
            blocks: blocks.into(),
            block_shift,
        }
    }

    /// Where the member at `local` stands among those that have incidences.
    #[inline]
    fn place(&self, local: usize) -> Option<usize> {
        let block = range_at(&self.blocks, local >> self.block_shift);
        let first = block.start;
        let within = self.members[block].binary_search_by(|own| (*own as usize).cmp(&local));
        within.ok().map(|place| first + place)
    }
}

/// Makes [`MemberOffsets`] of the members of incidences, which come in order.
#[derive(Clone, Debug, Default)]
pub(super) struct MemberOffsetsBuilder {
    /// Members so far, and where the incidences of each start.
    members: Vec<u32>,
    starts: Vec<u32>,
    incidences: u32,
}

impl MemberOffsetsBuilder {
    /// Adds an incidence of the member at `local`, which is not before the last one.
    #[inline]
    pub(super) fn push(&mut self, local: u32) {
        if self.members.last().is_none_or(|last| *last < local) {
            self.members.push(local);
            self.starts.push(self.incidences);
        }
        self.incidences += 1;
    }

    pub(super) fn finish(self) -> MemberOffsets {
        let Self {
            members,
            mut starts,
            incidences,
        } = self;
        let covered = members.last().map_or(0, |last| *last as usize + 1);
        // For each member its place, its start and a block.
        let sparse_bytes = members.len() * 12 + FIXED_BYTES;
        if sparse_bytes * 2 <= covered * 4 {
            starts.push(incidences);
            return MemberOffsets::Sparse(SparseOffsets::new(members, starts, covered));
        }
        let mut dense = Vec::with_capacity(covered + 1);
        for (member, start) in members.iter().zip(starts) {
            // The empty lists of the members before it start there too.
            dense.resize(*member as usize + 1, start);
        }
        dense.push(incidences);
        MemberOffsets::Dense(dense.into())
    }
}

/// Where the entries of the list at `place` stand, by the starts of all lists.
#[inline]
pub(super) fn range_at(starts: &[u32], place: usize) -> Range<usize> {
    match (starts.get(place), starts.get(place + 1)) {
        (Some(start), Some(end)) => *start as usize..*end as usize,
        _ => 0..0,
    }
}

/// Makes starts of lengths, each of which stands at the place behind that of its list.
pub(super) fn add_up(lengths: &mut [u32]) {
    let mut sum = 0;
    for length in lengths {
        sum += *length;
        *length = sum;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Members by their places, how often each occurs, close together or far apart.
    fn occurrences() -> impl Strategy<Value = Vec<(usize, usize)>> {
        let members = |most: u32| proptest::collection::btree_map(0..most, 1usize..4, 0..60);
        let members = prop_oneof![members(40), members(700), members(1 << 17)];
        members.prop_map(|own| {
            let own = own.into_iter();
            own.map(|(local, times)| (local as usize, times)).collect()
        })
    }

    fn offsets(occurrences: &[(usize, usize)]) -> MemberOffsets {
        let mut builder = MemberOffsetsBuilder::default();
        for (local, times) in occurrences {
            (0..*times).for_each(|_| builder.push(*local as u32));
        }
        builder.finish()
    }

    proptest! {
        #[test]
        fn both_forms_say_where_the_incidences_of_each_member_stand(
            occurrences in occurrences(),
            cut in (0usize..1 << 17, 0usize..1 << 17),
        ) {
            let found = offsets(&occurrences);
            let covered = occurrences.last().map_or(0, |(last, _)| last + 1);
            prop_assert_eq!(found.members(), covered);
            let mut start = 0;
            let expected: Vec<_> = occurrences
                .iter()
                .map(|(local, times)| {
                    start += times;
                    (*local, start - times..start)
                })
                .collect();
            for (local, range) in &expected {
                prop_assert_eq!(&found.range(*local), range);
                for near in [local.saturating_sub(1), local + 1, local + (1 << 20), usize::MAX - 1] {
                    let own = expected.iter().find(|(own, _)| *own == near);
                    let own = own.map_or(0..0, |(_, range)| range.clone());
                    prop_assert_eq!(found.range(near).len(), own.len());
                }
            }
            prop_assert_eq!(found.lists(0..covered).collect::<Vec<_>>(), expected.clone());
            prop_assert_eq!(found.lists(0..usize::MAX).collect::<Vec<_>>(), expected.clone());
            for part in [cut.0..cut.1, cut.0 % (covered + 1)..cut.1 % (covered + 1)] {
                let within: Vec<_> = expected.iter().filter(|(local, _)| part.contains(local)).cloned().collect();
                prop_assert_eq!(found.lists(part).collect::<Vec<_>>(), within);
            }
        }
    }

    #[test]
    fn few_members_among_many_take_what_they_need_and_many_are_found_by_their_place() {
        let few: Vec<_> = (0..40).map(|member| (member * 1000, 3)).collect();
        let few = offsets(&few);
        assert!(few.bytes() < 600, "{}", few.bytes());
        assert!(matches!(few, MemberOffsets::Sparse(_)));
        let many: Vec<_> = (0..10_000).map(|member| (member * 4, 1)).collect();
        let many = offsets(&many);
        assert!(many.bytes() <= 4 * 40_000, "{}", many.bytes());
        assert!(matches!(many, MemberOffsets::Dense(_)));
        assert_eq!(offsets(&[]).bytes(), 4);
    }

    #[test]
    fn a_member_that_comes_out_of_order_counts_for_the_one_before() {
        let mut builder = MemberOffsetsBuilder::default();
        for local in [3, 1, 3, 5] {
            builder.push(local);
        }
        let found = builder.finish();
        assert_eq!(
            found.lists(0..9).collect::<Vec<_>>(),
            [(3, 0..3), (5, 3..4)]
        );
    }
}
