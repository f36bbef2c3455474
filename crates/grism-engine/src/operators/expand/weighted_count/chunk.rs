//! `Chunk`: members of one segment whose lists are one piece of work.

use std::ops::Range;
use std::sync::Arc;

use grism_core::EntityId;

use super::lists::LoadedList;

/// Members of one segment that follow each other, and their lists by step.
pub(super) struct Chunk {
    /// The raw id of the first member of the segment.
    pub(super) first: u64,
    /// The first member, counted from the first one of the segment, and the one behind the last.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) steps: Arc<Vec<Vec<LoadedList>>>,
}

impl Chunk {
    /// The raw id of a member.
    pub(super) fn member(&self, local: usize) -> u64 {
        self.first + local as u64
    }

    /// Its offset within its table.
    pub(super) fn offset(&self, local: usize) -> u64 {
        EntityId::from_raw(self.member(local)).offset()
    }

    /// Multiplies the weight of each member that has one by what `factor` makes of its place in the segment and its raw id.
    pub(super) fn multiply(&self, weights: &mut [u64], mut factor: impl FnMut(usize, u64) -> u64) {
        for (local, own) in (self.start..self.end).zip(weights) {
            if *own > 0 {
                *own = own.saturating_mul(factor(local, self.member(local)));
            }
        }
    }

    /// Multiplies the weight of each member by the sum, over the lists of all steps, of what `sum` makes of the member's
    /// entries: of what `prepare` gives for the list, the places of the entries and the raw id of the member.
    ///
    /// List by list, since of hundreds of lists a member is in a few.
    pub(super) fn multiply_by_lists<'a, P>(
        &'a self,
        weights: &mut [u64],
        prepare: impl Fn(&'a LoadedList) -> P,
        sum: impl Fn(&'a LoadedList, &P, Range<usize>, u64) -> u64,
    ) {
        let mut sums = vec![0_u64; weights.len()];
        for list in self.steps.iter().flatten() {
            let prepared = prepare(list);
            for (local, places) in list.lists(self.start..self.end) {
                let at = local - self.start;
                if weights[at] > 0 {
                    let own = sum(list, &prepared, places, self.member(local));
                    sums[at] = sums[at].saturating_add(own);
                }
            }
        }
        for (own, sum) in weights.iter_mut().zip(sums) {
            *own = own.saturating_mul(sum);
        }
    }
}
