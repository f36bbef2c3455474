//! `plan_pattern`: what is tied together is planned as one, and joined with what is not.

use grism_core::{GraphSchema, GraphStatistics, Result};

use super::PatternGraph;
use super::planner::Planner;
use super::progress::Progress;
use super::search::Trial;
use crate::{Join, JoinKind, LogicalPlan, SharedPlan};

/// How the order of a pattern's steps is found.
#[derive(Clone, Copy)]
pub enum PatternOrder<'a> {
    /// It is the one that is expected to cost the least.
    Cheapest,
    /// The function picks it: called with the number of ways to go on, it answers which of them is taken, from 0 on; what
    /// is above the last one stands for the last. So tests come to know every order.
    Picked(&'a dyn Fn(usize) -> usize),
}

/// Plans `graph` on top of `input`, whose columns are bound already; `Unit` where nothing is.
///
/// # Errors
/// Those of [`LogicalPlan::schema`].
pub fn plan_pattern(
    graph: &PatternGraph,
    input: LogicalPlan,
    schema: &GraphSchema,
    statistics: &GraphStatistics,
    order: PatternOrder<'_>,
) -> Result<LogicalPlan> {
    let planner = Planner::new(graph, schema, statistics);
    let mut progress = planner.progress();
    for column in input.schema()?.names() {
        if let Some(name) = planner.find(column) {
            progress.bind(name);
        }
    }
    let mut plan = input;
    if let Some(rest) = order.rest(&planner, &progress) {
        planner.build(rest, &mut progress, &mut plan);
    }
    while let Some(trial) = order.start(&planner, &progress) {
        let mut apart = progress.apart();
        let mut component = LogicalPlan::Unit;
        planner.build(trial, &mut apart, &mut component);
        progress.join(apart);
        plan = if plan == LogicalPlan::Unit {
            component
        } else {
            LogicalPlan::Join(Join {
                kind: JoinKind::Inner,
                left: SharedPlan::new(plan),
                right: SharedPlan::new(component),
                on: Vec::new(),
            })
        };
        // A step may tie the component to what was bound before.
        if let Some(rest) = order.rest(&planner, &progress) {
            planner.build(rest, &mut progress, &mut plan);
        }
    }
    Ok(plan)
}

impl PatternOrder<'_> {
    /// The plan of what is tied to an entity that is not bound.
    fn start(self, planner: &Planner<'_>, progress: &Progress) -> Option<Trial> {
        match self {
            Self::Cheapest => planner.cheapest_start(progress),
            Self::Picked(pick) => {
                let starts = planner.starts(progress);
                let start = picked(&starts, pick)?;
                Some(planner.picked(planner.trial(Some(start), progress), pick))
            }
        }
    }

    /// The plan of what is tied to what is bound.
    fn rest(self, planner: &Planner<'_>, progress: &Progress) -> Option<Trial> {
        match self {
            Self::Cheapest => planner.cheapest_rest(progress),
            Self::Picked(pick) => Some(planner.picked(planner.trial(None, progress), pick)),
        }
    }
}

impl Planner<'_> {
    /// Goes on as `pick` says until no step is left.
    fn picked(&self, mut trial: Trial, pick: &dyn Fn(usize) -> usize) -> Trial {
        while let Some(next) = picked(&self.moves(&trial.progress), pick) {
            trial.take(next, self);
        }
        trial
    }
}

/// One of several ways; the function is not asked where there is one alone.
fn picked<T: Copy>(ways: &[T], pick: &dyn Fn(usize) -> usize) -> Option<T> {
    let last = ways.len().checked_sub(1)?;
    let place = if last == 0 {
        0
    } else {
        pick(ways.len()).min(last)
    };
    ways.get(place).copied()
}
