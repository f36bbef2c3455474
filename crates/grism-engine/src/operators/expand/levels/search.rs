//! `search_levels`: the ends of the shortest paths of every row of a stream, and their lengths.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use arrow::array::{Array, UInt64Array};
use futures::{StreamExt, TryStreamExt};
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
                for together in starts.chunks(TOGETHER) {
                    many.begin(together.iter().map(|goal| goal.start), search.returns());
                    let mut depth = 0;
                    loop {
                        for (end, row) in search.answers_of_many(together, &many, depth) {
                            search.push(row, end, depth);
                            if search.rows.len() >= limit {
                                searching.cancellation.check()?;
                                yield search.rows.take(&batch)?;
                            }
                        }
                        let is_last = most.is_some_and(|most| depth >= most);
                        if is_last || many.level().len() == 0 {
                            break;
                        }
                        many.grow().await?;
                        depth += 1;
                    }
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
                    for (end, row) in search.answers(&mut goal, &levels, depth) {
                        search.push(row, end, depth);
                        if search.rows.len() >= limit {
                            searching.cancellation.check()?;
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

    /// The entities of the last level of searches that go on together, which rows want paths to, and the rows.
    fn answers_of_many(&self, goals: &[Goals], many: &ManySearch, depth: u64) -> Vec<(u64, u32)> {
        let mut answers = Vec::new();
        if depth < self.query.least {
            return answers;
        }
        let apart = self.query.closes_apart();
        let level = many.level().filter(|(end, _)| self.query.allows(*end));
        for (end, mut searches) in level {
            while searches != 0 {
                let goal = &goals[searches.trailing_zeros() as usize];
                searches &= searches - 1;
                if !(apart && end == goal.start) {
                    answers.extend(goal.open.iter().map(|row| (end, *row)));
                }
            }
        }
        answers
    }

    /// The entities of a level that rows want paths to, which then want none any more, and the rows.
    fn answers(&self, goal: &mut Goals, levels: &LevelSearch, depth: u64) -> Vec<(u64, u32)> {
        if depth < self.query.least {
            return Vec::new();
        }
        let is_closed = |entity: u64| self.query.closes_apart() && entity == goal.start;
        let mut answers = Vec::new();
        if !goal.open.is_empty() {
            for entity in levels.level(depth) {
                if self.query.allows(*entity) && !is_closed(*entity) {
                    answers.extend(goal.open.iter().map(|row| (*entity, *row)));
                }
            }
        }
        goal.targets.retain(|(row, target)| {
            let is_reached = levels.level_of(*target) == Some(depth);
            if is_reached {
                answers.push((*target, *row));
            }
            !is_reached
        });
        answers
    }
}
