//! How often a role binds its members.

use serde::{Deserialize, Serialize};

/// The distribution of the degrees of a role's members: the number of incidences that each has.
///
/// Where it is not exact, hyperedges came, changed or went since it was counted: then no degree is above `greatest`, and
/// the rest is about right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DegreeDistribution {
    /// Members with at least one incidence.
    pub members: u64,
    /// The most incidences of one member.
    pub greatest: u64,
    /// Members by their degree: at place `i` those with `2^i` to `2^(i + 1) - 1` incidences.
    pub histogram: Vec<u64>,
    /// The sum of the squares of the degrees, at most 2^64 - 1. Divided by the number of incidences it is the mean degree
    /// of the members that incidences lead to.
    pub squares: u64,
    /// Whether it is what counting gives.
    #[serde(default = "super::exact", skip_serializing_if = "super::is_true")]
    pub is_exact: bool,
}

/// Counts degrees where the incidences of each member follow each other.
#[derive(Clone, Debug, Default)]
pub struct DegreeCounter {
    member: u64,
    /// Incidences of `member` so far.
    degree: u64,
    found: DegreeDistribution,
}

impl Default for DegreeDistribution {
    fn default() -> Self {
        Self {
            members: 0,
            greatest: 0,
            histogram: Vec::new(),
            squares: 0,
            is_exact: true,
        }
    }
}

impl DegreeDistribution {
    /// The degrees of `members`, raw ids in ascending order.
    #[must_use]
    pub fn of(members: &[u64]) -> Self {
        let mut counter = DegreeCounter::default();
        counter.add(members);
        counter.finish()
    }

    /// Notes a member with `degree` incidences; one with none is no member.
    pub fn add(&mut self, degree: u64) {
        let Some(place) = degree.checked_ilog2() else {
            return;
        };
        self.members += 1;
        self.greatest = self.greatest.max(degree);
        self.widen(place as usize + 1);
        self.histogram[place as usize] += 1;
        self.squares = self.squares.saturating_add(degree.saturating_mul(degree));
    }

    /// Notes the members of further incidences, which are others than its own where `are_apart`.
    pub fn join(&mut self, other: &Self, are_apart: bool) {
        if other.members == 0 {
            return;
        }
        self.members += other.members;
        // One member may be the greatest of both.
        self.greatest = if are_apart {
            self.greatest.max(other.greatest)
        } else {
            self.greatest.saturating_add(other.greatest)
        };
        self.widen(other.histogram.len());
        for (own, other) in self.histogram.iter_mut().zip(&other.histogram) {
            *own += other;
        }
        self.squares = self.squares.saturating_add(other.squares);
        self.is_exact &= are_apart && other.is_exact;
    }

    /// Notes that incidences have changed: no member has got more than `gained` of them, and `total` are left.
    pub fn loosen(&mut self, gained: u64, total: u64) {
        self.greatest = self.greatest.saturating_add(gained).min(total);
        self.members = self.members.min(total);
        self.is_exact = false;
    }

    fn widen(&mut self, places: usize) {
        if self.histogram.len() < places {
            self.histogram.resize(places, 0);
        }
    }
}

impl DegreeCounter {
    /// Adds the members of further incidences.
    pub fn add(&mut self, members: &[u64]) {
        for member in members {
            if *member != self.member {
                self.found.add(self.degree);
                self.member = *member;
                self.degree = 0;
            }
            self.degree += 1;
        }
    }

    /// The degrees of all members.
    #[must_use]
    pub fn finish(mut self) -> DegreeDistribution {
        self.found.add(self.degree);
        self.found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn degrees_are_counted_across_pieces() {
        let mut counter = DegreeCounter::default();
        counter.add(&[0, 0, 3]);
        counter.add(&[3, 3, 9]);
        let degrees = counter.finish();
        assert_eq!((degrees.members, degrees.greatest), (3, 3));
        assert_eq!(degrees.histogram, [1, 2]);
        assert_eq!(degrees.squares, 4 + 9 + 1);
        assert_eq!(DegreeDistribution::of(&[]), DegreeDistribution::default());
    }

    proptest! {
        #[test]
        fn degrees_of_members_apart_add_up(
            mut first in proptest::collection::vec(0u64..20, 0..100),
            mut second in proptest::collection::vec(20u64..40, 0..100),
        ) {
            first.sort_unstable();
            second.sort_unstable();
            let mut joined = DegreeDistribution::of(&first);
            joined.join(&DegreeDistribution::of(&second), true);
            let all = [first, second].concat();
            prop_assert_eq!(joined, DegreeDistribution::of(&all));
        }

        #[test]
        fn no_degree_is_above_the_greatest(
            mut first in proptest::collection::vec(0u64..20, 1..100),
            mut second in proptest::collection::vec(0u64..20, 1..100),
        ) {
            first.sort_unstable();
            second.sort_unstable();
            let mut joined = DegreeDistribution::of(&first);
            joined.join(&DegreeDistribution::of(&second), false);
            let mut all = [first, second].concat();
            all.sort_unstable();
            prop_assert!(joined.greatest >= DegreeDistribution::of(&all).greatest);
            prop_assert!(!joined.is_exact);
        }
    }
}
