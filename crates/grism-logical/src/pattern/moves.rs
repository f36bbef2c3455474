//! Which steps of a pattern can be taken next.

use super::PatternPath;
use super::planner::{EdgeFacts, Planner};
use super::progress::{Name, Progress, Step};
use crate::PathSearch;

/// Targets of a start up to which each of them is searched for on its own.
const FEW_TARGETS: f64 = 8.0;

/// How many times more entities than wanted a search may reach before it waits for those that are wanted.
const WORTHWHILE: f64 = 4.0;

/// How many rows one repetition of a pattern is expected to make of one.
pub(super) const DEGREE_OF_PATTERN: f64 = 8.0;

/// One way to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// Follow an edge; from its right end where `reversed`.
    Edge { index: usize, reversed: bool },
    /// Bind the rest of a bound hyperedge, known by one of its role steps.
    Star { role: usize },
    /// Go from a bound member through this role step to the hyperedge, and bind its other members.
    Member { role: usize },
}

/// What a move does: the steps that it is, and the columns that it binds.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) steps: Vec<Step>,
    pub(super) names: Vec<Name>,
}

impl Planner<'_> {
    /// The entities that a plan can start from, which are not bound yet.
    pub(super) fn starts(&self, progress: &Progress) -> Vec<usize> {
        let entities = 0..self.graph.entities.len();
        entities.filter(|entity| !progress.has(*entity)).collect()
    }

    /// Every way to go on from what is bound.
    pub(super) fn moves(&self, progress: &Progress) -> Vec<Move> {
        let mut moves = Vec::new();
        for (index, edge) in self.edges.iter().enumerate() {
            if progress.is_reached(index) {
                continue;
            }
            let waits = edge.reads.iter().any(|column| !progress.has(*column));
            // An edge to what is bound elsewhere is followed when both plans are one.
            if waits
                || [edge.left, edge.right]
                    .iter()
                    .any(|end| progress.is_outside(*end))
            {
                continue;
            }
            let path = self.graph.edges[index].path.as_ref();
            let (from_left, from_right) = self.ends_to_follow(edge, path, progress);
            let ways = [(from_left, false), (from_right, true)];
            let ways = ways.into_iter().filter(|(can, _)| *can);
            moves.extend(ways.map(|(_, reversed)| Move::Edge { index, reversed }));
        }
        for (index, role) in self.roles.iter().enumerate() {
            if progress.is_reached(self.role_step(index)) {
                continue;
            }
            if progress.has(role.hyperedge) {
                moves.push(Move::Star { role: index });
            } else if progress.has(role.member) {
                moves.push(Move::Member { role: index });
            }
        }
        moves
    }

    /// From which of its ends, left and right, an edge can be followed.
    fn ends_to_follow(
        &self,
        edge: &EdgeFacts,
        path: Option<&PatternPath>,
        progress: &Progress,
    ) -> (bool, bool) {
        let ends = (progress.has(edge.left), progress.has(edge.right));
        match (path, ends) {
            // Rows that follow each other mostly share what was bound first, and so its list of edges.
            (None, (true, true)) => {
                let from_left = progress.is_before(edge.left, edge.right);
                (from_left, !from_left)
            }
            (Some(path), (true, true)) if path.search != PathSearch::Trails => (true, false),
            (Some(path), (true, false)) if path.search != PathSearch::Trails => {
                (self.reaches_more(path, edge.right, progress), false)
            }
            (Some(path), (false, true)) if path.search != PathSearch::Trails => {
                (false, self.reaches_more(path, edge.left, progress))
            }
            _ => ends,
        }
    }

    /// Whether a search for shortest paths starts before its other end `to` is known: it then finds the paths to all entities,
    /// which costs no more than to find those to many, and spares the pairs of both ends. Where few entities are expected
    /// at the other end, it waits for them.
    fn reaches_more(&self, path: &PatternPath, to: Name, progress: &Progress) -> bool {
        if !path.finds_each_end_once() {
            return false;
        }
        let all = self.facts(to).rows;
        let Some(targets) = self.rows_of_targets(to, progress) else {
            return false;
        };
        let reached = match path.most {
            Some(most) => DEGREE_OF_PATTERN.powi(most.min(8) as i32).min(all),
            None => all,
        };
        targets > FEW_TARGETS && targets * WORTHWHILE >= reached
    }

    /// What a move does to a plan.
    pub(super) fn taken(&self, next: Move, progress: &Progress) -> Taken {
        let mut taken = Taken::default();
        match next {
            Move::Edge { index, reversed } => {
                let edge = &self.edges[index];
                let to = if reversed { edge.left } else { edge.right };
                taken.steps.push(index);
                taken.names.extend([edge.variable, to]);
            }
            Move::Star { role } => self.take_star(self.roles[role].hyperedge, progress, &mut taken),
            Move::Member { role } => {
                let hyperedge = self.roles[role].hyperedge;
                taken.steps.push(self.role_step(role));
                taken.names.push(hyperedge);
                taken.names.extend(self.roles[role].incidence);
                self.take_star(hyperedge, progress, &mut taken);
            }
        }
        taken.names.retain(|name| !progress.has(*name));
        taken
    }

    /// Adds the role steps of a hyperedge that are not done, and what they bind.
    pub(super) fn take_star(&self, hyperedge: Name, progress: &Progress, taken: &mut Taken) {
        for role in self.roles_of(hyperedge) {
            let step = self.role_step(*role);
            if progress.is_reached(step) || taken.steps.contains(&step) {
                continue;
            }
            taken.steps.push(step);
            taken.names.push(self.roles[*role].member);
            taken.names.extend(self.roles[*role].incidence);
        }
    }
}

impl Progress {
    /// Notes what a move did.
    pub(super) fn note(&mut self, taken: &Taken) {
        for step in &taken.steps {
            self.reach(*step);
        }
        for name in &taken.names {
            self.bind(*name);
        }
    }
}
