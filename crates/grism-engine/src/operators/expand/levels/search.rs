//! `search_levels`: the ends of the shortest paths of every row of a stream, and their lengths.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use arrow::array::{Array, UInt64Array};
use arrow::record_batch::RecordBatch;
use futures::{Stream, StreamExt, TryStreamExt};
use grism_core::Result;
use grism_logical::{Components, ListHop, PathMode};

use super::closing::ClosingSearch;
use super::hop_lists::HopLists;
use super::level_search::LevelSearch;
use super::many_search::{ManySearch, TOGETHER};
use super::meeting::MeetingLevels;
use crate::batch::id_column;
use crate::operators::expand::path_rows::PathRows;
use crate::operators::expand::path_search::{Hops, PathQuery, Searching, search_quests};
use crate::operators::expand::shortest::goals::Goals;
use crate::{ExecutionContextTrait, RecordBatchStream};

/// What a search for ends works with.
pub(crate) struct LevelsSearch<H> {
    pub(crate) query: PathQuery,
    /// The ways that one hop may take.
    pub(crate) ways: Vec<ListHop>,
    /// How many relationships of a hop count.
    pub(crate) length_of_hop: u64,
    pub(crate) rows: PathRows,
    /// For paths that end where they start and may share relationships with their way back, where hops do not lead back as
    /// they lead on.
    pub(crate) hops: H,
}

/// Searches from every row of `input`: from up to 64 starts of a batch together where all ends are wanted, and else once from
/// each start.
///
/// ```text
/// a1 ┐
/// a2 ┴ two searches that read the list of an entity once where both reach it at the same level
/// a1 b1 ┐
/// a1 b2 ├ one search from a1, until it has reached b1, b2 and b3
/// a1 b3 ┘
/// a2 b7 ─ a search from a2 and one from b7, which meet in the middle
/// ```
pub(crate) fn search_levels<H: Hops>(
    mut input: RecordBatchStream,
    mut search: LevelsSearch<H>,
    context: &Arc<dyn ExecutionContextTrait>,
) -> RecordBatchStream {
    let searching = Searching::new(context);
    let memory = context.memory_manager();
    let mut both = MeetingLevels::new(context, &search.ways, &memory);
    let lists = || HopLists::new(context, &search.ways);
    let is_symmetric = Components::are_symmetric(&search.ways);
    let mut closing = ClosingSearch::new(lists(), Arc::clone(&memory));
    let mut many = ManySearch::new(lists(), Arc::clone(&memory));
    let mut levels = LevelSearch::new(lists(), memory);
    let searched = async_stream::try_stream! {
        let (limit, most) = (searching.batch_rows, search.query.most);
        let apart = search.query.closes_apart();
        while let Some(batch) = input.try_next().await? {
            let starts = id_column(&batch, &search.query.from)?;
            let targets = match &search.query.target {
                Some(target) => Some(id_column(&batch, target)?),
                None => None,
            };
            let mut goals = Goals::by_start(&starts, targets.as_ref(), |start, target| {
                (apart && start == target) || !search.query.allows(target)
            });
            if targets.is_none() && goals.len() > 1 {
                let starts = std::mem::take(&mut goals);
                let mut found = pin!(search_together(&batch, &starts, &mut search, &mut many, &searching));
                while let Some(rows) = found.try_next().await? {
                    yield rows;
                }
            }
            for mut goal in goals {
                for (target, rows) in goal.take_few() {
                    let Some(length) = both.length((goal.start, target), most).await? else {
                        continue;
                    };
                    for row in rows {
                        search.push(row, target, length);
                        if search.rows.len() >= limit {
                            yield search.rows.take(&batch)?;
                        }
                    }
                }
                if goal.are_reached() {
                    continue;
                }
                if !levels.is_from(goal.start) {
                    levels.begin(goal.start, search.returns());
                }
                let mut depth = 0;
                loop {
                    for place in 0..search.wanted(levels.level(depth), &goal, depth) {
                        let end = levels.level(depth)[place];
                        if !search.may_end(end, goal.start) {
                            continue;
                        }
                        for row in &goal.open {
                            search.push(*row, end, depth);
                            if search.rows.len() >= limit {
                                searching.cancellation.check()?;
                                yield search.rows.take(&batch)?;
                            }
                        }
                    }
                    for (end, row) in search.reached(&mut goal, &levels, depth) {
                        search.push(row, end, depth);
                        if search.rows.len() >= limit {
                            yield search.rows.take(&batch)?;
                        }
                    }
                    let is_last = most.is_some_and(|most| depth >= most);
                    if goal.are_reached() || is_last || levels.level(depth).is_empty() {
                        break;
                    }
                    if levels.last() == depth {
                        levels.grow().await?;
                    }
                    depth += 1;
                }
            }
            if search.rows.len() > 0 {
                yield search.rows.take(&batch)?;
            }
            if apart && is_symmetric {
                for (start, rows) in search.closed(&starts, targets.as_ref()) {
                    let Some(length) = closing.length(start, most).await? else {
                        continue;
                    };
                    for row in rows {
                        search.push(row, start, length);
                        if search.rows.len() >= limit {
                            yield search.rows.take(&batch)?;
                        }
                    }
                }
                if search.rows.len() > 0 {
                    yield search.rows.take(&batch)?;
                }
            } else if apart {
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

/// The ends of all paths from `starts`, whatever these ends are.
fn search_together<'a, H: Hops>(
    batch: &'a RecordBatch,
    starts: &'a [Goals],
    search: &'a mut LevelsSearch<H>,
    many: &'a mut ManySearch,
    searching: &'a Searching,
) -> impl Stream<Item = Result<RecordBatch>> + Send + 'a {
    async_stream::try_stream! {
        for together in starts.chunks(TOGETHER) {
            many.begin(together.iter().map(|goal| goal.start), search.returns());
            let mut depth = 0;
            loop {
                let wanted = if depth < search.query.least { 0 } else { many.reached() };
                for place in 0..wanted {
                    let (end, mut searches) = many.entity(place);
                    while searches != 0 {
                        let goal = &together[searches.trailing_zeros() as usize];
                        searches &= searches - 1;
                        if !search.may_end(end, goal.start) {
                            continue;
                        }
                        for row in &goal.open {
                            search.push(*row, end, depth);
                            if search.rows.len() >= searching.batch_rows {
                                searching.cancellation.check()?;
                                yield search.rows.take(batch)?;
                            }
                        }
                    }
                }
                let is_last = search.query.most.is_some_and(|most| depth >= most);
                if is_last || many.reached() == 0 {
                    break;
                }
                many.grow().await?;
                depth += 1;
            }
        }
    }
}

impl<H> LevelsSearch<H> {
    fn push(&mut self, row: u32, end: u64, hops: u64) {
        self.rows.push_length(row, end, hops * self.length_of_hop);
    }

    /// Whether a path may end where it starts, in the search from the start alone.
    fn returns(&self) -> bool {
        let query = &self.query;
        query.least > 0 && query.mode != PathMode::Acyclic && !query.closes_apart()
    }

    /// The starts that rows want paths back to, with the rows, where those are looked for apart.
    fn closed(&self, starts: &UInt64Array, targets: Option<&UInt64Array>) -> Vec<(u64, Vec<u32>)> {
        let mut places = HashMap::new();
        let mut closed: Vec<(u64, Vec<u32>)> = Vec::new();
        if self.query.mode == PathMode::Acyclic {
            return closed;
        }
        for (row, start) in starts.iter().enumerate() {
            let target = targets.map(|targets| targets.is_valid(row).then(|| targets.value(row)));
            let Some(start) = start.filter(|start| {
                self.query.allows(*start) && target.is_none_or(|target| target == Some(*start))
            }) else {
                continue;
            };
            let place = *places.entry(start).or_insert(closed.len());
            if place == closed.len() {
                closed.push((start, Vec::new()));
            }
            closed[place].1.push(row as u32);
        }
        closed
    }

    /// How many entities of a level are looked at for the rows that want paths to every one.
    fn wanted(&self, level: &[u64], goal: &Goals, depth: u64) -> usize {
        match depth < self.query.least || goal.open.is_empty() {
            true => 0,
            false => level.len(),
        }
    }

    /// Whether a search from `start` may find a path to `end`.
    fn may_end(&self, end: u64, start: u64) -> bool {
        self.query.allows(end) && !(end == start && self.query.closes_apart())
    }

    /// The targets at a level, which are then looked for no more, and their rows.
    fn reached(&self, goal: &mut Goals, levels: &LevelSearch, depth: u64) -> Vec<(u64, u32)> {
        let mut reached = Vec::new();
        if depth >= self.query.least {
            goal.targets.retain(|(row, target)| {
                let is_reached = levels.level_of(*target) == Some(depth);
                if is_reached {
                    reached.push((*target, *row));
                }
                !is_reached
            });
        }
        reached
    }
}
