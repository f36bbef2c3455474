//! What a snapshot knows about one role of a hyperedge type.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::DegreeDistribution;
use crate::{EntityId, TableId};

/// What is known of one role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleStatistics {
    /// Incidences, by the member's table.
    pub incidences: BTreeMap<TableId, u64>,
    /// How often members are bound; `None` where that was not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degrees: Option<DegreeDistribution>,
}

impl RoleStatistics {
    /// Incidences with members of any table.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.incidences.values().sum()
    }

    /// Notes further incidences: how many there are by the member's table, and how often they bind their members, which
    /// are others than those bound before where `are_apart`.
    pub fn join(
        &mut self,
        incidences: &BTreeMap<TableId, u64>,
        degrees: DegreeDistribution,
        are_apart: bool,
    ) {
        let was_empty = self.total() == 0;
        for (members, count) in incidences {
            *self.incidences.entry(*members).or_insert(0) += count;
        }
        if was_empty {
            self.degrees = Some(degrees);
        } else if let Some(own) = &mut self.degrees {
            own.join(&degrees, are_apart);
        }
    }

    /// Notes the members of new hyperedges, as raw ids in ascending order.
    pub fn add(&mut self, members: &[u64]) {
        self.join(&by_table(members), DegreeDistribution::of(members), false);
    }

    /// Notes that hyperedges that bound the members `before` bind the members `after`: raw ids in ascending order.
    pub fn replace(&mut self, before: &[u64], after: &[u64]) {
        if before == after {
            return;
        }
        if before.is_empty() {
            return self.add(after);
        }
        for (members, count) in by_table(before) {
            let own = self.incidences.entry(members).or_insert(0);
            *own = own.saturating_sub(count);
        }
        for (members, count) in by_table(after) {
            *self.incidences.entry(members).or_insert(0) += count;
        }
        let total = self.total();
        if total == 0 {
            self.degrees = Some(DegreeDistribution::default());
        } else if let Some(own) = &mut self.degrees {
            own.loosen(DegreeDistribution::of(after).greatest, total);
        }
    }
}

/// How many of some ascending ids there are of each table.
fn by_table(ids: &[u64]) -> BTreeMap<TableId, u64> {
    let table = |id: &u64| EntityId::from_raw(*id).table();
    ids.chunk_by(|a, b| table(a) == table(b))
        .filter_map(|own| Some((table(own.first()?), own.len() as u64)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_to_an_empty_role_is_exact_and_what_follows_is_not() {
        let mut role = RoleStatistics::default();
        role.add(&[1, 1, 2]);
        let first = role.degrees.clone().unwrap();
        assert_eq!((role.total(), first.members, first.greatest), (3, 2, 2));
        assert!(first.is_exact);
        role.add(&[]);
        assert_eq!(role.degrees, Some(first));
        role.add(&[1, 3]);
        let degrees = role.degrees.clone().unwrap();
        assert_eq!((role.total(), degrees.greatest), (5, 3));
        assert!(!degrees.is_exact);
        role.replace(&[1, 2], &[1, 2]);
        assert_eq!(role.degrees, Some(degrees));
        role.replace(&[1, 1, 1, 2], &[2]);
        let degrees = role.degrees.clone().unwrap();
        assert_eq!((role.total(), degrees.members, degrees.greatest), (2, 2, 2));
        role.replace(&[2, 3], &[]);
        assert_eq!(role.total(), 0);
        assert_eq!(role.degrees, Some(DegreeDistribution::default()));
    }
}
