//! Partitions of parts of a pattern, some of which must differ, into those that coincide.

use std::collections::BTreeMap;

/// The most partitions of steps, or of places, that are gone through.
pub(super) const MOST_PARTITIONS: usize = 1 << 10;

/// Parts, by their numbers, in groups of which each coincides.
pub(super) type Partition = Vec<Vec<usize>>;

/// The partitions of so many parts, some of which must differ, with the factor that each has in inclusion and exclusion; `None`
/// where there are too many.
///
/// The factor is the product of those of its groups. That of a group is the sum of `(-1)^n` over the sets of `n` of its differences that
/// connect all of it: for 2 parts that differ -1, for 3 of which all differ 2, for `k` of which all differ `(-1)^(k-1) (k-1)!`.
pub(super) fn partitions(
    count: usize,
    differences: &[(usize, usize)],
) -> Option<Vec<(Partition, i64)>> {
    if count > 30 {
        return None;
    }
    let mut apart = vec![0_u32; count];
    for (a, b) in differences {
        apart[*a] |= 1 << b;
        apart[*b] |= 1 << a;
    }
    let mut groups = GroupFactors {
        apart,
        known: BTreeMap::new(),
    };
    let mut found = Vec::new();
    let all = (1_u32 << count) - 1;
    groups.extend(all, &mut Vec::new(), 1, &mut found)?;
    Some(found)
}

/// Factors of groups of parts, which are sets of bits.
struct GroupFactors {
    /// By part: those that it must differ from.
    apart: Vec<u32>,
    known: BTreeMap<u32, i64>,
}

impl GroupFactors {
    /// Completes a partition by all partitions of the parts that are `left`.
    fn extend(
        &mut self,
        left: u32,
        groups: &mut Partition,
        factor: i64,
        found: &mut Vec<(Partition, i64)>,
    ) -> Option<()> {
        if left == 0 {
            found.push((groups.clone(), factor));
            return (found.len() <= MOST_PARTITIONS).then_some(());
        }
        let first = left.trailing_zeros();
        let others = self.connected(first, left) & !(1 << first);
        // Every set of the others, the empty one last.
        let mut chosen = others;
        loop {
            let group = chosen | 1 << first;
            let own = self.factor(group)?;
            if own != 0 {
                groups.push((0..32).filter(|part| group >> part & 1 == 1).collect());
                self.extend(left & !group, groups, factor * own, found)?;
                groups.pop();
            }
            if chosen == 0 {
                return Some(());
            }
            chosen = (chosen - 1) & others;
        }
    }

    /// The parts of `within` that differences connect to `first`.
    fn connected(&self, first: u32, within: u32) -> u32 {
        let mut all = 1 << first;
        loop {
            let reached = self.apart.iter().enumerate();
            let reached = reached.filter(|(part, _)| all >> part & 1 == 1);
            let next = reached.fold(all, |all, (_, apart)| all | apart & within);
            if next == all {
                return all;
            }
            all = next;
        }
    }

    /// The factor of a group; `None` where there are too many sets to go through.
    fn factor(&mut self, group: u32) -> Option<i64> {
        if let Some(known) = self.known.get(&group) {
            return Some(*known);
        }
        if group.count_ones() > 10 {
            return None;
        }
        // Over all sets of differences of a group `(-1)^n` adds up to 1 without a difference, and to 0 otherwise. By the part of
        // the group that the first one is connected to:
        let first = 1 << group.trailing_zeros();
        let others = group & !first;
        let mut factor = i64::from(self.is_free(group));
        let mut chosen = others;
        while chosen != 0 {
            chosen = (chosen - 1) & others;
            let part = chosen | first;
            if self.is_free(group & !part) {
                factor -= self.factor(part)?;
            }
        }
        self.known.insert(group, factor);
        Some(factor)
    }

    /// Whether no two of the parts must differ.
    fn is_free(&self, parts: u32) -> bool {
        let mut apart = self.apart.iter().enumerate();
        apart.all(|(part, apart)| parts >> part & 1 == 0 || apart & parts == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::partitions;

    #[test]
    fn a_group_counts_as_often_as_sets_of_differences_connect_it() {
        let factors = |count: usize, differences: &[(usize, usize)]| {
            let found = partitions(count, differences).unwrap();
            let whole = found.iter().find(|(groups, _)| groups.len() == 1);
            (found.len(), whole.map(|(_, factor)| *factor))
        };
        assert_eq!(factors(2, &[(0, 1)]), (2, Some(-1)));
        assert_eq!(factors(3, &[(0, 1), (1, 2)]), (4, Some(1)));
        assert_eq!(factors(3, &[(0, 1), (1, 2), (0, 2)]), (5, Some(2)));
        // Without a difference between two parts they do not coincide.
        assert_eq!(factors(3, &[(0, 1)]), (2, None));
        // Of a ring of four: all four differences, and any three.
        let ring = [(0, 1), (1, 2), (2, 3), (0, 3)];
        assert_eq!(factors(4, &ring).1, Some(1 - 4));
    }
}
