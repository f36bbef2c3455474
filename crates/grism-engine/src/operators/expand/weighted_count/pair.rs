//! Two steps between the same two entities whose lists are plain: numbers of ways in 32 bits, which stay in the caches of a core.

use grism_core::TableId;

use super::lists::{LoadedList, Offsets};
use super::weights::{TableWeights, Weights, at};

/// How often each entity of one table stands in the list of one step; all 0 between two members.
#[derive(Debug, Default)]
pub(super) struct Occurrences {
    counts: Vec<u32>,
}

/// The lists of two steps, all of neighbours of one table.
pub(super) struct Pair<'a> {
    table: TableId,
    steps: [Vec<Offsets<'a>>; 2],
}

impl<'a> Pair<'a> {
    /// The lists of two steps; `None` where these are not two, or their lists are not plain.
    pub(super) fn of(steps: &'a [Vec<LoadedList>]) -> Option<Self> {
        let [first, second] = steps else {
            return None;
        };
        let offsets = |lists: &'a [LoadedList]| {
            let lists = lists.iter().map(LoadedList::offsets);
            lists.collect::<Option<Vec<_>>>()
        };
        let steps = [offsets(first)?, offsets(second)?];
        let mut tables = steps.iter().flatten().map(|own| own.table);
        let table = tables.next()?;
        tables
            .all(|own| own == table)
            .then_some(Self { table, steps })
    }

    /// The sum over the neighbours that both steps lead to of the ways to take both, times their weights.
    pub(super) fn sum(
        &self,
        occurrences: &mut Occurrences,
        weights: &Weights,
        local: usize,
        member: u64,
    ) -> u64 {
        let Some(weights) = weights.table(self.table) else {
            return 0;
        };
        let length = |lists: &[Offsets<'_>]| lists.iter().map(|own| own.len(local)).sum::<usize>();
        let [first, second] = &self.steps;
        // The shorter lists are marked, and marked again to nothing.
        let (marked, walked) = match length(first) <= length(second) {
            true => (first, second),
            false => (second, first),
        };
        if length(marked) == 0 {
            return 0;
        }
        let counts = &mut occurrences.counts;
        for list in marked {
            list.each(local, member, |offset| {
                if offset >= counts.len() {
                    counts.resize(offset + 1, 0);
                }
                counts[offset] += 1;
            });
        }
        let mut sum = 0_u64;
        for list in walked {
            list.each(local, member, |offset| {
                let ways = counts.get(offset).copied().unwrap_or(0);
                if ways > 0 {
                    let weight = match weights {
                        TableWeights::One => 1,
                        TableWeights::Each(weights) => at(weights, offset as u64),
                    };
                    sum = sum.saturating_add(weight.saturating_mul(u64::from(ways)));
                }
            });
        }
        for list in marked {
            list.each(local, member, |offset| counts[offset] = 0);
        }
        sum
    }
}
