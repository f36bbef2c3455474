//! `IdList`: raw ids, in four bytes each where they are of one table.

use std::ops::Range;

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

    /// Whether it holds no id.
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

    pub(super) fn bytes(&self) -> usize {
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
        let ids = ids.into_iter();
        let mut list = Self::with_capacity(ids.size_hint().0);
        list.extend(ids);
        list
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
