//! How many incidences the entities at one end of a step are expected to have.
//!
//! Three means of the degrees of one role differ, and each is right for some rows:
//!
//! - Rows that hold every entity of a label have the mean over all of them.
//! - Rows that hold the few entities that a predicate names have more, if the query has an answer: the mean over those
//!   entities that have an incidence at all. Most airports have no flight that starts there; the one that is asked for has.
//! - Rows that came to an entity through a role, or went on from it there, hold one with many incidences as often as it
//!   has some: going through the same role again, they have the mean of the degrees that incidences lead to. From the
//!   flights of a plane to the other flights of the plane, each plane counts as often as it flew. Through another role they
//!   have a part of that: who has many followers mostly follows many as well.

use grism_core::{GraphStatistics, SOURCE_ROLE, TARGET_ROLE, TableId, Tables};

use super::PatternEdge;
use super::progress::{Progress, Step};
use crate::Direction;

/// How far the degrees of an entity in two roles are taken to be correlated. With it the rows of two steps from one entity
/// are as many in either order: their number is that of independent degrees, and more by the product of the spreads.
const CORRELATION: f64 = 0.5;

/// What the statistics tell of a step from one of its ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Degree {
    /// Incidences of an entity there, on average over all of them.
    pub(super) mean: f64,
    /// The share of the entities there that have an incidence at all; 1 where that is not known.
    bound: f64,
    /// One for each role that the step goes through.
    surpluses: Vec<Surplus>,
}

/// How much more often than on average a role binds the entities of rows that have been there.
#[derive(Clone, Debug)]
struct Surplus {
    /// By how much the degree of a member that incidences lead to is above the mean.
    degree: f64,
    /// The deviation of the degrees in units of their mean, without what is due to chance where all members are alike.
    spread: f64,
    /// Other steps at the same entity, each with the share of the surplus that its rows have.
    met: Vec<(Step, f64)>,
}

/// An end of a step that can be met again by another step.
#[derive(Debug)]
pub(super) struct End<'a> {
    /// The step.
    pub(super) step: Step,
    /// Its types.
    pub(super) tables: &'a Tables,
    /// The roles through which it is followed from here.
    pub(super) roles: Vec<&'a str>,
    /// The [`Degree::spread`] of the step from here.
    pub(super) spread: f64,
}

impl Degree {
    /// The degrees of `entities` entities of the tables `own` as members of `roles` of `types`, of whose incidences a step
    /// takes about `taken` in all.
    pub(super) fn of(
        statistics: &GraphStatistics,
        (own, entities): (Option<&Tables>, f64),
        types: &Tables,
        roles: &[&str],
        taken: f64,
    ) -> Self {
        let entities = entities.max(1.0);
        let mut members = Some(0.0);
        for (table, role) in types
            .iter()
            .flat_map(|table| roles.iter().map(move |role| (table, role)))
        {
            let all = incidences(statistics, &[*table], &[role], None);
            if all == 0.0 {
                continue;
            }
            let wanted = incidences(statistics, &[*table], &[role], own);
            let of_role = statistics.role(*table, role);
            let degrees = of_role.and_then(|own| own.degrees.as_ref());
            members = members
                .zip(degrees)
                .map(|(members, degrees)| members + degrees.members as f64 * wanted / all);
        }
        let all = incidences(statistics, types, roles, own);
        let share = if all > 0.0 { taken / all } else { 1.0 };
        let surplus = |role: &&str| {
            let mean = incidences(statistics, types, &[role], None) / entities;
            let weighted = weighted_degree(statistics, types, role).unwrap_or(mean);
            Surplus {
                degree: (weighted - mean).max(0.0) * share,
                // Members that are alike have degrees of a Poisson distribution, of which this is zero.
                spread: match mean > 0.0 {
                    true => ((weighted - mean - 1.0).max(0.0) / mean).sqrt(),
                    false => 0.0,
                },
                met: Vec::new(),
            }
        };
        Self {
            mean: taken / entities,
            bound: members.map_or(1.0, |members| (members / entities).min(1.0)),
            surpluses: roles.iter().map(surplus).collect(),
        }
    }

    /// The incidences that one of `entities` different entities is expected to have, on average.
    pub(super) fn expected(&self, entities: f64, progress: &Progress) -> f64 {
        if self.mean <= 0.0 {
            return 0.0;
        }
        let surplus = |own: &Surplus| {
            let met = own.met.iter();
            let reached = met.filter(|(step, _)| progress.is_reached(*step));
            own.degree * reached.map(|(_, share)| *share).fold(0.0, f64::max)
        };
        let met = self.mean + self.surpluses.iter().map(surplus).sum::<f64>();
        met.max(self.mean / self.answered(entities))
    }

    /// How much the degrees differ: their deviation in units of their mean, of the role where that is greatest.
    pub(super) fn spread(&self) -> f64 {
        let spreads = self.surpluses.iter().map(|surplus| surplus.spread);
        spreads.fold(0.0, f64::max)
    }

    /// How likely it is that one of `entities` entities, which are picked without regard to their degrees, has an incidence.
    pub(super) fn answered(&self, entities: f64) -> f64 {
        1.0 - (1.0 - self.bound).powf(entities.max(1.0))
    }
}

/// The incidences of `roles` of `types` whose members are of `members`; `None` takes all.
pub(super) fn incidences(
    statistics: &GraphStatistics,
    types: &[TableId],
    roles: &[&str],
    members: Option<&Tables>,
) -> f64 {
    let of_role = |table: TableId, role: &str| match (statistics.role(table, role), members) {
        (Some(own), None) => own.total() as f64,
        (Some(own), Some(members)) => {
            let tables = own.incidences.iter();
            let wanted = tables.filter(|(table, _)| members.contains(table));
            wanted.map(|(_, count)| *count as f64).sum()
        }
        // Each binary edge binds both of its roles once.
        (None, _) if [SOURCE_ROLE, TARGET_ROLE].contains(&role) => statistics.rows(table) as f64,
        (None, _) => 0.0,
    };
    let of_type = |table: &TableId| -> f64 {
        let roles = roles.iter().map(|role| of_role(*table, role));
        roles.sum()
    };
    types.iter().map(of_type).sum()
}

/// The mean degree of the members that the incidences of a role lead to.
fn weighted_degree(statistics: &GraphStatistics, types: &Tables, role: &str) -> Option<f64> {
    let (mut squares, mut incidences) = (0.0, 0.0);
    let roles = types
        .iter()
        .filter_map(|table| statistics.role(*table, role));
    for own in roles.filter(|own| own.total() > 0) {
        squares += own.degrees.as_ref()?.squares as f64;
        incidences += own.total() as f64;
    }
    (incidences > 0.0).then(|| squares / incidences)
}

/// Notes in the degrees of the step at `end` how often the rows of `others`, ends at the same entity, hold its hubs.
pub(super) fn note_met(degree: &mut Degree, end: &End<'_>, others: &[End<'_>]) {
    for (role, surplus) in end.roles.iter().zip(&mut degree.surpluses) {
        if surplus.degree == 0.0 {
            continue;
        }
        let spread = surplus.spread;
        let share = |other: &End<'_>| {
            let is_same = other.roles.contains(role)
                && other.tables.iter().any(|table| end.tables.contains(table));
            if is_same {
                1.0 / other.roles.len() as f64
            } else if spread > 0.0 {
                (CORRELATION * other.spread / spread).min(1.0)
            } else {
                0.0
            }
        };
        let others = others.iter().filter(|other| other.step != end.step);
        let met = others.map(|other| (other.step, share(other)));
        surplus.met = met.filter(|(_, share)| *share > 0.0).collect();
    }
}

impl PatternEdge {
    /// The roles through which the edge is followed from `end`; none where it is no end of the edge.
    pub(super) fn roles_at(&self, end: &str) -> Vec<&'static str> {
        let mut roles = Vec::new();
        let (source, target) = match self.direction {
            Direction::Out => (self.left == end, self.right == end),
            Direction::In => (self.right == end, self.left == end),
            Direction::Both => {
                let is_end = self.left == end || self.right == end;
                (is_end, is_end)
            }
        };
        if source {
            roles.push(SOURCE_ROLE);
        }
        if target {
            roles.push(TARGET_ROLE);
        }
        roles
    }
}
