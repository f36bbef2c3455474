//! How much more often than on average the entities of the rows so far are bound.
//!
//! Rows that came to an entity through a role, or went on from it there, hold one with many incidences as often as it has
//! some: going through the same role again, they become more than the mean degree of all entities tells. From the flights
//! of a plane to the other flights of the plane, each plane counts as often as it flew.

use grism_core::{SOURCE_ROLE, TARGET_ROLE, Tables};

use super::PatternEdge;
use super::order::{Planner, Progress, Step};
use crate::Direction;

impl Planner<'_> {
    /// By how much the degree of `member`, going through `roles` of `tables`, is above the mean of `members` entities; 0
    /// where no step has been there, or where the statistics have no degrees.
    pub(super) fn surplus(
        &self,
        member: &str,
        tables: &Tables,
        roles: &[&str],
        members: f64,
        progress: &Progress,
    ) -> f64 {
        let of_role = |role: &&str| {
            let share = self.visited(member, tables, role, progress);
            if share == 0.0 {
                return 0.0;
            }
            let incidences = tables
                .iter()
                .map(|table| self.statistics.incidences(*table, role) as f64);
            let mean = incidences.sum::<f64>() / members.max(1.0);
            let weighted = self.weighted_degree(tables, role);
            share * weighted.map_or(0.0, |weighted| (weighted - mean).max(0.0))
        };
        roles.iter().map(of_role).sum()
    }

    /// The share of the rows that a step before brought to `member` through `role`, or took on from it.
    fn visited(&self, member: &str, tables: &Tables, role: &str, progress: &Progress) -> f64 {
        let share = |own: &Tables, roles: &[&str]| {
            if roles.contains(&role) && own.iter().any(|table| tables.contains(table)) {
                1.0 / roles.len() as f64
            } else {
                0.0
            }
        };
        let of_step = |step: &Step| match step {
            Step::Edge(index) => {
                let edge = &self.graph.edges[*index];
                if edge.path.is_some() {
                    return 0.0;
                }
                share(&edge.tables, &edge.roles_at(member))
            }
            Step::Role(index) => {
                let step = &self.graph.roles[*index];
                let roles: Vec<&str> = step.roles.iter().map(String::as_str).collect();
                match self.tables_of(&step.hyperedge) {
                    Some(own) if step.member == member => share(own, &roles),
                    _ => 0.0,
                }
            }
        };
        progress.reached.iter().map(of_step).fold(0.0, f64::max)
    }

    /// The mean degree of the members that the incidences of a role lead to.
    fn weighted_degree(&self, tables: &Tables, role: &str) -> Option<f64> {
        let (mut squares, mut incidences) = (0.0, 0.0);
        let roles = tables
            .iter()
            .filter_map(|table| self.statistics.role(*table, role));
        for own in roles.filter(|own| own.total() > 0) {
            squares += own.degrees.as_ref()?.squares as f64;
            incidences += own.total() as f64;
        }
        (incidences > 0.0).then(|| squares / incidences)
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
