//! What the start of a plan and each of its steps is expected to cost, and how many rows are left after it.
//!
//! A step is paid for by the rows that it makes, before predicates drop any of them: a step to the flights of a carrier
//! that leaves few of them for an airport has made all of them first.

use grism_core::Type;

use super::degrees::Degree;
use super::moves::{DEGREE_OF_PATTERN, Move, Taken};
use super::planner::{EdgeFacts, Planner};
use super::progress::{Name, Progress};
use super::{PatternEdge, PatternHop, PatternPath};
use crate::PathSearch;

/// What a row costs that a scan reads and drops, where one that goes on costs 1: columns are compared whole.
const DROPPED_COST: f64 = 1.0 / 32.0;

/// What a row costs that an expansion makes.
const EXPANSION_COST: f64 = 3.0;

/// What a row costs for which an edge between two bound entities is looked for.
const CLOSING_COST: f64 = 6.0;

/// What a row costs that a predicate is computed for, with the properties that it reads.
const FILTER_COST: f64 = 1.0;

/// What a row costs that an expansion from a member to its hyperedges makes: lists of incidences hold the hyperedges alone.
const ROLE_COST: f64 = 9.0;

/// What each member costs that is looked up for the hyperedge of a row.
const MEMBER_COST: f64 = 6.0;

/// What each member costs that a scan of hyperedges reads in order.
const SCANNED_MEMBER_COST: f64 = 1.0;

/// The share of its cost that the last step takes where it leads to a leaf of the pattern: every order makes the same rows in the end,
/// and those of such a step are often only counted, which makes none.
const LAST_LEAF_COST: f64 = 0.25;

/// What is expected of a step for each row that it gets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    /// What it costs.
    pub(super) cost: f64,
    /// The rows that are left.
    pub(super) rows: f64,
}

/// What is expected of the role steps of a hyperedge that are not done, for each hyperedge.
#[derive(Clone, Copy, Debug)]
struct Star {
    /// How many steps there are.
    steps: f64,
    /// The rows that they make.
    made: f64,
    /// The share of these that closed cycles and the predicates on members leave.
    share: f64,
}

impl Star {
    /// What it costs and makes where each member costs `member_cost`.
    fn growth(self, member_cost: f64) -> Growth {
        Growth {
            cost: self.made * (self.steps * member_cost + filter_cost(self.share)),
            rows: self.made * self.share,
        }
    }
}

impl Planner<'_> {
    /// Starts with the entity `index`.
    pub(super) fn begin(&self, index: usize, progress: &mut Progress) {
        let facts = self.facts(index);
        let mut taken = Taken::default();
        taken.names.push(index);
        let mut star = Growth {
            cost: 0.0,
            rows: 1.0,
        };
        // A scan of entities of any kind binds no members.
        if matches!(self.graph.entities[index].ty, Type::Hyperedge(_)) {
            self.take_star(index, progress, &mut taken);
            star = self.star(index, None, progress).growth(SCANNED_MEMBER_COST);
        }
        let filters = self.filtered(&taken, star.rows, progress);
        // The query has an answer, or whatever the order is costs little.
        progress.rows = (facts.rows * facts.selectivity).max(1.0);
        let each = 1.0 + star.cost + filters.cost;
        progress.cost = facts.rows * DROPPED_COST + progress.rows * each;
        progress.rows *= filters.rows;
        progress.note(&taken);
    }

    /// Goes one step on.
    pub(super) fn go(&self, next: Move, progress: &mut Progress) {
        let growth = self.growth(next, progress);
        let taken = self.taken(next, progress);
        let is_last = progress.remaining().count() == taken.steps.len();
        let share = match is_last && self.leads_to_a_leaf(next) {
            true => LAST_LEAF_COST,
            false => 1.0,
        };
        // An estimate below one row says that there are few, and not that going on from them costs nothing.
        progress.cost += progress.rows.max(1.0) * growth.cost * share;
        progress.rows *= growth.rows;
        progress.note(&taken);
    }

    /// Whether a move reaches an entity that no other step leads to or from, by an edge of types that no other step has, and nothing is
    /// asked of the two.
    fn leads_to_a_leaf(&self, next: Move) -> bool {
        let (leaf, column) = match next {
            Move::Edge { index, reversed } if self.graph.edges[index].path.is_none() => {
                let edge = &self.edges[index];
                let types = &self.graph.edges[index].tables;
                let others = self.graph.edges.iter().enumerate();
                let mut others = others.filter(|(other, _)| *other != index);
                if others.any(|(_, own)| own.tables.iter().any(|table| types.contains(table))) {
                    return false;
                }
                let leaf = if reversed { edge.left } else { edge.right };
                (leaf, Some(edge.variable))
            }
            Move::Member { role } => (self.roles[role].hyperedge, self.roles[role].incidence),
            Move::Edge { .. } | Move::Star { .. } => return false,
        };
        let edges = self.edges.iter();
        let edges = edges.filter(|own| own.left == leaf || own.right == leaf);
        let roles = self.roles.iter();
        let roles = roles.filter(|own| own.hyperedge == leaf || own.member == leaf);
        let mut asked = self.filters.iter().flat_map(|own| &own.columns);
        edges.count() + roles.count() == 1
            && self.facts(leaf).selectivity == 1.0
            && !asked.any(|own| *own == leaf || Some(*own) == column)
    }

    /// What the step is expected to cost, and to make of a row.
    pub(super) fn growth(&self, next: Move, progress: &Progress) -> Growth {
        let own = match next {
            Move::Edge { index, reversed } => {
                let (edge, facts) = (&self.graph.edges[index], &self.edges[index]);
                match &edge.path {
                    None => self.edge_growth(edge, facts, reversed, progress),
                    Some(path) => self.path_growth(path, facts, reversed, progress),
                }
            }
            Move::Star { role } => {
                let star = self.star(self.roles[role].hyperedge, None, progress);
                star.growth(MEMBER_COST)
            }
            Move::Member { role } => self.member_growth(role, progress),
        };
        if self.filters.is_empty() {
            return own;
        }
        let filters = self.filtered(&self.taken(next, progress), own.rows, progress);
        Growth {
            cost: own.cost + filters.cost,
            rows: filters.rows,
        }
    }

    /// What is left of `rows` rows of a step by the predicates on several elements that it is the last one for.
    fn filtered(&self, taken: &Taken, rows: f64, progress: &Progress) -> Growth {
        let mut left = Growth { cost: 0.0, rows };
        for filter in &self.filters {
            let mut columns = filter.columns.iter();
            let is_last = columns.any(|column| taken.names.contains(column));
            let mut columns = filter.columns.iter();
            if is_last && columns.all(|own| progress.has(*own) || taken.names.contains(own)) {
                left.cost += left.rows * FILTER_COST;
                left.rows *= filter.selectivity;
            }
        }
        left
    }

    fn edge_growth(
        &self,
        edge: &PatternEdge,
        facts: &EdgeFacts,
        reversed: bool,
        progress: &Progress,
    ) -> Growth {
        let ((from, own), (to, other)) = match reversed {
            false => (
                (facts.left, &facts.from_left),
                (facts.right, &facts.from_right),
            ),
            true => (
                (facts.right, &facts.from_right),
                (facts.left, &facts.from_left),
            ),
        };
        let degree = own.expected(self.entities(from, progress), progress);
        if progress.has(to) {
            // Both ends are as likely to have the edge as they have edges at all.
            let back = other.expected(self.entities(to, progress), progress);
            let found = (degree * back / facts.count.max(1.0)).min(degree);
            return Growth {
                cost: CLOSING_COST + found * (EXPANSION_COST + filter_cost(edge.selectivity)),
                rows: found * edge.selectivity,
            };
        }
        let share = self.left_by_predicates(to, other) * edge.selectivity;
        Growth {
            cost: degree * (EXPANSION_COST + filter_cost(share)),
            rows: degree * share,
        }
    }

    fn path_growth(
        &self,
        path: &PatternPath,
        facts: &EdgeFacts,
        reversed: bool,
        progress: &Progress,
    ) -> Growth {
        let (own, to) = match reversed {
            false => (&facts.from_left, facts.right),
            true => (&facts.from_right, facts.left),
        };
        let degree = match path.hop {
            PatternHop::Edge { .. } => own.mean,
            PatternHop::Pattern { .. } => DEGREE_OF_PATTERN,
        };
        // A path of unknown length is followed last.
        let hops = path.most.unwrap_or(path.least + 4).min(8) as i32;
        let mut paths = degree.max(1.5).powi(hops);
        let ends = self.facts(to);
        if path.finds_each_end_once() {
            paths = paths.min(ends.rows);
        }
        let rows = match progress.has(to) {
            true => paths / ends.rows.max(1.0),
            false => paths * ends.selectivity,
        };
        // A search stops at its ends; what follows trails makes all of them first.
        let made = match path.search {
            PathSearch::Trails => paths,
            _ => rows,
        };
        Growth {
            cost: made * EXPANSION_COST,
            rows,
        }
    }

    fn member_growth(&self, role: usize, progress: &Progress) -> Growth {
        let facts = &self.roles[role];
        let degree = facts
            .degree
            .expected(self.entities(facts.member, progress), progress);
        let share = self.facts(facts.hyperedge).selectivity;
        let star = self.star(facts.hyperedge, Some(role), progress);
        let star = star.growth(MEMBER_COST);
        Growth {
            cost: degree * (ROLE_COST + filter_cost(share) + star.cost),
            rows: degree * share * star.rows,
        }
    }

    /// The role steps of a hyperedge that are not done, but for `except`.
    fn star(&self, hyperedge: Name, except: Option<usize>, progress: &Progress) -> Star {
        let mut star = Star {
            steps: 0.0,
            made: 1.0,
            share: 1.0,
        };
        for role in self.roles_of(hyperedge) {
            let facts = &self.roles[*role];
            if Some(*role) == except || progress.is_reached(self.role_step(*role)) {
                continue;
            }
            star.steps += 1.0;
            star.made *= facts.members;
            star.share *= if progress.has(facts.member) {
                let bound = self.entities(facts.member, progress);
                let members = self.facts(facts.member).rows.max(1.0) * facts.degree.answered(bound);
                1.0 / members.max(1.0)
            } else {
                self.left_by_predicates(facts.member, &facts.degree)
            };
        }
        star
    }

    /// About how many different entities a column of the rows holds.
    fn entities(&self, name: Name, progress: &Progress) -> f64 {
        let facts = self.facts(name);
        progress.rows.min(facts.rows * facts.selectivity).max(1.0)
    }

    /// The share of the rows of a step that the predicates on the entities that it leads to are expected to leave: of those
    /// entities that it can lead to at all.
    fn left_by_predicates(&self, to: Name, back: &Degree) -> f64 {
        let facts = self.facts(to);
        let wanted = facts.rows * facts.selectivity;
        (facts.selectivity / back.answered(wanted)).min(1.0)
    }

    /// What the pairs are expected to cost that searches wait for whose other end is not known.
    pub(super) fn cost_of_waiting(&self, progress: &Progress) -> f64 {
        let edges = self.graph.edges.iter().zip(&self.edges);
        let searches = edges.filter(|(edge, _)| {
            let path = edge.path.as_ref();
            path.is_some_and(|path| path.search != PathSearch::Trails)
        });
        let pairs = searches.map(|(_, facts)| {
            let free = match (progress.has(facts.left), progress.has(facts.right)) {
                (true, false) => facts.right,
                (false, true) => facts.left,
                _ => return 0.0,
            };
            if progress.is_outside(free) {
                return 0.0;
            }
            let ends = self.facts(free);
            progress.rows * (ends.rows * ends.selectivity).max(1.0) * EXPANSION_COST
        });
        pairs.sum()
    }
}

/// What it costs to compute the predicates that leave `share` of a row.
fn filter_cost(share: f64) -> f64 {
    match share < 1.0 {
        true => FILTER_COST,
        false => 0.0,
    }
}
