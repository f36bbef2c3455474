//! The search for the order that costs the least.
//!
//! Two ways find an order, and the cheaper one counts. The greedy one takes, from every start, the step that leaves the
//! fewest rows, again and again. The exhaustive one keeps for each set of steps the cheapest plan that takes them, by dynamic
//! programming over sets that grow (Selinger et al. 1979, left-deep); it is left out where there are too many sets.

use std::collections::BTreeMap;

use super::moves::Move;
use super::planner::Planner;
use super::progress::{Progress, Step};
use crate::PathSearch;

/// Steps up to which every order is weighed.
const MOST_STEPS: usize = 10;

/// Sets of steps up to which every order is weighed.
const MOST_SETS: usize = 1_000;

/// The share of the greedy order's cost that another must cost at most to be taken: estimates tell no smaller differences.
const WORTHWHILE: f64 = 0.9;

/// A plan of what is tied together, and how it came to be.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    /// The entity that it starts with; `None` where it goes on from what is bound.
    pub(super) start: Option<usize>,
    pub(super) moves: Vec<Move>,
    pub(super) progress: Progress,
}

/// A set of steps, by their number; for the empty set the start tells plans apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct StepSet {
    /// How many steps there are: sets are taken up in the order of their sizes.
    size: u32,
    steps: u64,
    start: Option<usize>,
}

impl Planner<'_> {
    /// The cheapest plan of what is tied to one entity that is not bound; `None` where all are bound.
    pub(super) fn cheapest_start(&self, progress: &Progress) -> Option<Trial> {
        let starts = self.starts(progress).into_iter();
        self.cheapest(
            starts
                .map(|start| self.trial(Some(start), progress))
                .collect(),
        )
    }

    /// The cheapest way to take every step that is tied to what is bound.
    pub(super) fn cheapest_rest(&self, progress: &Progress) -> Option<Trial> {
        self.cheapest(vec![self.trial(None, progress)])
    }

    /// The plan that starts with an entity, or goes on from what is bound.
    pub(super) fn trial(&self, start: Option<usize>, progress: &Progress) -> Trial {
        let mut own = progress.clone();
        if let Some(entity) = start {
            own = progress.apart();
            self.begin(entity, &mut own);
        }
        Trial {
            start,
            moves: Vec::new(),
            progress: own,
        }
    }

    /// The rows that the plan of what is tied to the entity `name` is expected to make, apart from what is bound.
    pub(super) fn rows_of_targets(&self, name: usize, progress: &Progress) -> Option<f64> {
        let apart = progress.apart();
        // What is bound is no part of it, and neither is what this plan will be joined with.
        let starts = self.starts(&apart).into_iter();
        let free = starts.filter(|entity| !apart.is_outside(*entity));
        let trials = free.map(|entity| {
            let mut own = apart.clone();
            self.begin(entity, &mut own);
            self.greedy(Trial {
                start: Some(entity),
                moves: Vec::new(),
                progress: own,
            })
        });
        let tied = trials.filter(|trial| trial.progress.has(name));
        let best = tied.min_by(|a, b| a.progress.cost.total_cmp(&b.progress.cost))?;
        Some(best.progress.rows)
    }

    fn cheapest(&self, trials: Vec<Trial>) -> Option<Trial> {
        let greedy = trials.iter().map(|trial| self.greedy(trial.clone()));
        let mut best: Option<(f64, Trial)> = None;
        for trial in greedy {
            let cost = self.cost_of(&trial);
            if best
                .as_ref()
                .is_none_or(|(least, _)| is_below(cost, *least))
            {
                best = Some((cost, trial));
            }
        }
        let (cost, greedy) = best?;
        let other = self.exhaustive(trials, cost * WORTHWHILE);
        Some(other.unwrap_or(greedy))
    }

    fn cost_of(&self, trial: &Trial) -> f64 {
        trial.progress.cost + self.cost_of_waiting(&trial.progress)
    }

    /// Takes the step that leaves the fewest rows until none is left.
    fn greedy(&self, mut trial: Trial) -> Trial {
        loop {
            let mut best: Option<(f64, Move)> = None;
            for next in self.moves(&trial.progress) {
                let rows = self.growth(next, &trial.progress).rows;
                if best.is_none_or(|(fewest, _)| is_below(rows, fewest)) {
                    best = Some((rows, next));
                }
            }
            let Some((_, next)) = best else {
                return trial;
            };
            trial.take(next, self);
        }
    }

    /// The cheapest of all orders that costs less than `bound`.
    fn exhaustive(&self, trials: Vec<Trial>, bound: f64) -> Option<Trial> {
        let remaining: Vec<Step> = trials.first()?.progress.remaining().collect();
        // Where a search may wait for its other end, what can be taken next depends on more than the set of steps.
        let searches = self.graph.edges.iter().any(|edge| {
            let path = edge.path.as_ref();
            path.is_some_and(|path| path.search != PathSearch::Trails)
        });
        if searches || remaining.len() > MOST_STEPS {
            return None;
        }
        let set_of = |trial: &Trial| {
            let places = remaining.iter().enumerate();
            let taken = places.filter(|(_, step)| trial.progress.is_reached(**step));
            let steps = taken.fold(0, |steps, (place, _)| steps | 1u64 << place);
            StepSet {
                size: steps.count_ones(),
                steps,
                start: trial.start.filter(|_| steps == 0),
            }
        };
        let mut open: BTreeMap<StepSet, Trial> = BTreeMap::new();
        let note = |open: &mut BTreeMap<StepSet, Trial>, trial: Trial| {
            let set = set_of(&trial);
            let known = open.get(&set);
            if known.is_none_or(|known| is_below(trial.progress.cost, known.progress.cost)) {
                open.insert(set, trial);
            }
        };
        for trial in trials {
            note(&mut open, trial);
        }
        let (mut best, mut bound, mut sets) = (None, bound, 0);
        while let Some((_, trial)) = open.pop_first() {
            sets += 1;
            if sets > MOST_SETS {
                return None;
            }
            let moves = self.moves(&trial.progress);
            if moves.is_empty() && trial.progress.cost < bound {
                bound = trial.progress.cost;
                best = Some(trial);
                continue;
            }
            for next in moves {
                let mut longer = trial.clone();
                longer.take(next, self);
                if longer.progress.cost < bound {
                    note(&mut open, longer);
                }
            }
        }
        best
    }
}

impl Trial {
    /// Goes one step on.
    pub(super) fn take(&mut self, next: Move, planner: &Planner<'_>) {
        planner.go(next, &mut self.progress);
        self.moves.push(next);
    }
}

/// Whether an estimate is below another by more than rounding, so that of equal ones the first is kept.
fn is_below(estimate: f64, other: f64) -> bool {
    estimate < other * (1.0 - 1e-9)
}
