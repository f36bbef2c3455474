//! `search_shortest`: the shortest paths of every row of a stream.

use std::pin::pin;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use grism_logical::{Direction, PathMode, PathSearch};

use super::backtrack::Backtrack;
use super::frontier::{Frontier, Ways};
use super::goals::Goals;
use super::meeting::{Halves, Meeting};
use crate::batch::id_column;
use crate::operators::expand::edge_lists::EdgeLists;
use crate::operators::expand::path_rows::PathRows;
use crate::operators::expand::path_search::{Hops, PathQuery, Searching, search_quests};
use crate::{ExecutionContextTrait, RecordBatchStream};

/// What a search for shortest paths works with.
pub(crate) struct ShortestSearch<H> {
    pub(crate) query: PathQuery,
    pub(crate) direction: Direction,
    pub(crate) lists: EdgeLists,
    pub(crate) rows: PathRows,
    /// For paths that end where they start and may share edges with their way back.
    pub(crate) hops: H,
}

/// Searches from every row of `input`, once from each start of a batch.
///
/// ```text
/// a1 b1 ┐ one search from a1, until it has reached b1, b2 and b3
/// a1 b2 ├
/// a1 b3 ┘
/// a2 b7 ─ a search from a2 and one from b7, which meet in the middle
/// ```
pub(crate) fn search_shortest<H: Hops>(
    mut input: RecordBatchStream,
    mut search: ShortestSearch<H>,
    context: &Arc<dyn ExecutionContextTrait>,
) -> RecordBatchStream {
    let searching = Searching::new(context);
    let memory = context.memory_manager();
    let searched = async_stream::try_stream! {
        let ways = search.ways();
        let (limit, cancellation) = (searching.batch_rows, searching.cancellation.clone());
        let mut frontier = Frontier::new(search.direction, ways, Arc::clone(&memory));
        let mut meeting = Meeting::new(search.direction, ways, &memory);
        let (mut backtrack, mut halves) = (Backtrack::default(), Halves::default());
        while let Some(batch) = input.try_next().await? {
            let starts = id_column(&batch, &search.query.from)?;
            let targets = match &search.query.target {
                Some(target) => Some(id_column(&batch, target)?),
                None => None,
            };
            let apart = search.query.closes_apart();
            let goals = Goals::by_start(&starts, targets.as_ref(), |start, target| {
                (apart && start == target) || !search.query.allows(target)
            });
            for mut goal in goals {
                let start = goal.start;
                for (target, rows) in goal.take_few() {
                    let ends = (start, target);
                    let (lists, most) = (&mut search.lists, search.query.most);
                    let mut found = meeting.search(ends, most, lists, limit, &cancellation).await?
                        && meeting.first(&mut halves);
                    while found {
                        for row in &rows {
                            search.rows.push(*row, target, meeting.edges(&halves));
                        }
                        if search.rows.len() >= limit {
                            cancellation.check()?;
                            yield search.rows.take(&batch)?;
                        }
                        found = ways == Ways::AllShortest && meeting.next(&mut halves);
                    }
                }
                if goal.are_reached() {
                    continue;
                }
                frontier.begin(start, search.returns());
                let mut depth = 0;
                loop {
                    for (place, row) in search.answers(&mut goal, &frontier, depth) {
                        let end = frontier.reached[place].node;
                        backtrack.begin(&frontier, place);
                        loop {
                            let edges = backtrack.edges().rev();
                            let steps = edges.map(|(edge, to, _)| (edge, frontier.reached[to].node));
                            search.rows.push(row, end, steps);
                            if search.rows.len() >= limit {
                                cancellation.check()?;
                                yield search.rows.take(&batch)?;
                            }
                            if ways == Ways::One || !backtrack.advance(&frontier) {
                                break;
                            }
                        }
                    }
                    let is_done = goal.are_reached();
                    let is_last = search.query.most.is_some_and(|most| depth >= most);
                    if is_done || is_last || frontier.level.is_empty() {
                        break;
                    }
                    frontier.grow(&mut search.lists, limit, &cancellation).await?;
                    depth += 1;
                }
            }
            if search.rows.len() > 0 {
                yield search.rows.take(&batch)?;
            }
            if apart {
                let quests = search.query.closed_quests(&starts, targets.as_ref());
                let (query, hops) = (&search.query, &mut search.hops);
                let mut closed = pin!(search_quests(&batch, quests, query, hops, &searching));
                while let Some(rows) = closed.try_next().await? {
                    yield rows;
                }
            }
        }
    };
    searched.boxed()
}

impl<H> ShortestSearch<H> {
    fn ways(&self) -> Ways {
        match self.query.search {
            PathSearch::AllShortest => Ways::AllShortest,
            _ => Ways::One,
        }
    }

    /// Whether a path may end where it starts, in the search from the start alone.
    fn returns(&self) -> bool {
        let shares_edges = self.direction == Direction::Both && self.query.mode != PathMode::Walk;
        self.query.least > 0 && self.query.mode != PathMode::Acyclic && !shares_edges
    }

    /// The nodes of the last level that rows want paths to, which then want none any more, by their places, and the rows.
    fn answers(&self, goal: &mut Goals, frontier: &Frontier, depth: u64) -> Vec<(usize, u32)> {
        if depth < self.query.least {
            return Vec::new();
        }
        let is_closed = |node: u64| self.query.closes_apart() && node == goal.start;
        let mut answers = Vec::new();
        if !goal.open.is_empty() {
            for place in frontier.level.clone() {
                let node = frontier.reached[place].node;
                if self.query.allows(node) && !is_closed(node) {
                    answers.extend(goal.open.iter().map(|row| (place, *row)));
                }
            }
        }
        goal.targets.retain(|(row, target)| {
            let place = frontier.place(*target);
            let place = place.filter(|place| frontier.level.contains(place));
            answers.extend(place.map(|place| (place, *row)));
            place.is_none()
        });
        answers
    }
}
