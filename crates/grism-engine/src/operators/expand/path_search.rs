//! The search for paths, level by level: what expansions over binary edges and over repeated patterns have in common.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use arrow::array::{Array, UInt64Array};
use arrow::record_batch::RecordBatch;
use futures::{Stream, StreamExt, TryStreamExt};
use grism_core::{CancellationHandle, EntityId, Result, Tables};
use grism_logical::{PathMode, PathSearch};

use crate::batch::id_column;
use crate::{ExecutionContextTrait, MemoryManager, MemoryReservation, RecordBatchStream};

/// Quests whose paths are grown together.
const QUESTS_AT_ONCE: usize = 256;

/// Bytes that a partial path and what is remembered of its last node are counted as.
const BYTES_OF_PATH: usize = 64;

/// A hop that a partial path may take next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NextHop<S> {
    /// The path, by its place among those that were asked for.
    pub(crate) place: usize,
    /// The entity the hop leads to.
    pub(crate) to: u64,
    /// What the path remembers of the hop.
    pub(crate) step: S,
}

/// Where paths go on, and how answers are put out.
pub(crate) trait Hops: Send + 'static {
    /// What a path remembers of one hop.
    type Step: Copy + Send + Sync;

    /// Takes up the next batch of input rows, and forgets the last one.
    fn begin(&mut self, batch: &RecordBatch) -> Result<()>;

    /// The hops that go on from the last nodes of `paths`, in their order.
    fn next(
        &mut self,
        paths: &Paths<Self::Step>,
        places: &[u32],
    ) -> impl Future<Output = Result<Vec<NextHop<Self::Step>>>> + Send;

    /// Bytes held for the hops of the batch so far, beside the paths.
    fn bytes(&self) -> usize {
        0
    }

    /// Whether the two hops take the same relationship.
    fn clash(&self, a: Self::Step, b: Self::Step) -> bool;

    /// The answers `found`, as rows.
    fn output(
        &self,
        batch: &RecordBatch,
        paths: &Paths<Self::Step>,
        found: &[u32],
    ) -> Result<RecordBatch>;
}

/// What is searched for.
#[derive(Clone, Debug)]
pub(crate) struct PathQuery {
    pub(crate) from: String,
    pub(crate) target: Option<String>,
    pub(crate) least: u64,
    pub(crate) most: Option<u64>,
    pub(crate) search: PathSearch,
    pub(crate) mode: PathMode,
    /// Whether a shortest chain of hops between two different nodes never takes a relationship twice.
    pub(crate) prunable: bool,
    /// Whether that holds for chains that end where they started as well.
    pub(crate) directed: bool,
    pub(crate) restrict: Option<Tables>,
}

/// Partial paths: each knows the one it grew from.
#[derive(Debug)]
pub(crate) struct Paths<S> {
    parents: Vec<u32>,
    nodes: Vec<u64>,
    /// The quest that each belongs to.
    quests: Vec<u32>,
    /// Of a path of two hops or more the first hop, as a path; of one hop itself.
    first: Vec<u32>,
    /// `None` for a path without hops.
    steps: Vec<Option<S>>,
    asked: Vec<Quest>,
}

const NO_PARENT: u32 = u32::MAX;

impl<S: Copy> Paths<S> {
    fn new(asked: Vec<Quest>) -> Self {
        Self {
            parents: Vec::new(),
            nodes: Vec::new(),
            quests: Vec::new(),
            first: Vec::new(),
            steps: Vec::new(),
            asked,
        }
    }

    fn push(&mut self, parent: u32, node: u64, quest: u32, step: Option<S>) -> u32 {
        let own = self.parents.len() as u32;
        let first = match parent {
            NO_PARENT => own,
            parent if self.parents[parent as usize] == NO_PARENT => own,
            parent => self.first[parent as usize],
        };
        self.parents.push(parent);
        self.nodes.push(node);
        self.quests.push(quest);
        self.first.push(first);
        self.steps.push(step);
        own
    }

    /// The last node of a path.
    pub(crate) fn node(&self, path: u32) -> u64 {
        self.nodes[path as usize]
    }

    /// The input row that a path starts from.
    pub(crate) fn row(&self, path: u32) -> u32 {
        self.quest(path).row
    }

    fn quest(&self, path: u32) -> &Quest {
        &self.asked[self.quests[path as usize] as usize]
    }

    /// Whether a path has a hop.
    fn has_steps(&self, path: u32) -> bool {
        self.steps[path as usize].is_some()
    }

    /// Whether a path starts at the node or leads to it.
    fn passes(&self, path: u32, node: u64) -> bool {
        self.quest(path).start == node || self.backwards(path).any(|(_, own)| own == node)
    }

    /// The hops of a path and the nodes they lead to, from the last one back.
    pub(crate) fn backwards(&self, path: u32) -> impl Iterator<Item = (S, u64)> + '_ {
        let mut at = path;
        std::iter::from_fn(move || {
            let step = self.steps[at as usize]?;
            let node = self.nodes[at as usize];
            at = self.parents[at as usize];
            Some((step, node))
        })
    }
}

/// What is looked for from one row. A row has two quests where paths that end where they started need more care than the
/// others.
#[derive(Clone, Debug)]
pub(crate) struct Quest {
    row: u32,
    start: u64,
    /// The node that paths must end at.
    target: Option<u64>,
    /// Whether paths that end at the start are left to another quest.
    open: bool,
    /// Whether the search goes on once from each node for each first hop: two shortest ways from the start to a node may
    /// share a relationship with the way back, so neither stands for the other.
    by_first_hop: bool,
}

/// What a search remembers.
#[derive(Debug, Default)]
struct Memory {
    /// The level at which a node was first reached, by quest, node, and first hop where that matters.
    levels: HashMap<(u32, u64, u32), u64>,
    /// Of the nodes at the ends of answers, by quest: the level of the last answer, answers, and levels with answers.
    answered: HashMap<(u32, u64), (u64, u64, u64)>,
}

/// What a search needs of the context it runs in.
#[derive(Debug)]
pub(crate) struct Searching {
    pub(crate) batch_rows: usize,
    pub(crate) cancellation: CancellationHandle,
    memory: Arc<dyn MemoryManager>,
}

impl Searching {
    pub(crate) fn new(context: &Arc<dyn ExecutionContextTrait>) -> Self {
        Self {
            batch_rows: context.query().config.batch_rows,
            cancellation: context.query().cancellation.clone(),
            memory: context.memory_manager(),
        }
    }
}

/// Searches from every row of `input`.
pub(crate) fn search_paths<H: Hops>(
    mut input: RecordBatchStream,
    query: PathQuery,
    mut hops: H,
    context: &Arc<dyn ExecutionContextTrait>,
) -> RecordBatchStream {
    let searching = Searching::new(context);
    let searched = async_stream::try_stream! {
        while let Some(batch) = input.try_next().await? {
            let starts = id_column(&batch, &query.from)?;
            let targets = match &query.target {
                Some(target) => Some(id_column(&batch, target)?),
                None => None,
            };
            let quests = (0..batch.num_rows())
                .flat_map(|row| query.quests(row, &starts, targets.as_ref()))
                .collect();
            let mut answers = pin!(search_quests(&batch, quests, &query, &mut hops, &searching));
            while let Some(rows) = answers.try_next().await? {
                yield rows;
            }
        }
    };
    searched.boxed()
}

/// The answers of `quests`, which are of the rows of `batch`.
pub(crate) fn search_quests<'a, H: Hops>(
    batch: &'a RecordBatch,
    quests: Vec<Quest>,
    query: &'a PathQuery,
    hops: &'a mut H,
    searching: &'a Searching,
) -> impl Stream<Item = Result<RecordBatch>> + Send + 'a {
    let Searching {
        batch_rows,
        cancellation,
        memory: manager,
    } = searching;
    async_stream::try_stream! {
        for quests in quests.chunks(QUESTS_AT_ONCE) {
            hops.begin(batch)?;
            let mut paths = Paths::new(quests.to_vec());
            let mut memory = Memory::default();
            let mut reserved = MemoryReservation::empty(Arc::clone(manager));
            let mut frontier: Vec<u32> = (0..paths.asked.len() as u32)
                .map(|quest| paths.push(NO_PARENT, paths.asked[quest as usize].start, quest, None))
                .collect();
            let mut found = Vec::new();
            let mut depth = 0;
            loop {
                query.collect(&paths, &frontier, depth, &mut memory, &mut found);
                while found.len() >= *batch_rows {
                    let rest = found.split_off(*batch_rows);
                    let full = std::mem::replace(&mut found, rest);
                    yield hops.output(batch, &paths, &full)?;
                }
                frontier.retain(|path| !query.is_done(&paths, *path, &memory));
                if frontier.is_empty() || query.most.is_some_and(|most| depth >= most) {
                    break;
                }
                cancellation.check()?;
                depth += 1;
                let mut next = Vec::new();
                // Part of a level at a time: it may hold millions.
                for part in frontier.chunks(*batch_rows) {
                    cancellation.check()?;
                    let held = hops.bytes();
                    let candidates = hops.next(&paths, part).await?;
                    reserved.try_grow(hops.bytes() - held)?;
                    let before = next.len();
                    query.grow(&*hops, &mut paths, part, candidates, depth, &mut memory, &mut next);
                    reserved.try_grow((next.len() - before) * BYTES_OF_PATH)?;
                }
                frontier = next;
            }
            if !found.is_empty() {
                yield hops.output(batch, &paths, &found)?;
            }
        }
    }
}

impl PathQuery {
    /// Whether a search need not go on from a node that it has met on fewer hops.
    pub(crate) fn prunes(&self) -> bool {
        (self.prunable || self.mode == PathMode::Walk)
            && self.least <= 1
            && matches!(
                self.search,
                PathSearch::Reach | PathSearch::AnyShortest | PathSearch::AllShortest
            )
    }

    /// Whether paths that end where they started are looked for by quests of their own: two shortest ways from the start to a
    /// node may share a relationship with the way back.
    pub(crate) fn closes_apart(&self) -> bool {
        // A path without hops ends where it starts, and no longer one is shorter.
        self.prunes() && !self.directed && self.least > 0 && self.mode != PathMode::Walk
    }

    /// Whether paths may end at `node`.
    pub(crate) fn allows(&self, node: u64) -> bool {
        let table = EntityId::from_raw(node).table();
        let tables = self.restrict.as_ref();
        tables.is_none_or(|tables| tables.contains(&table))
    }

    /// The quests of all rows for paths that end where they started, where these are looked for on their own.
    pub(crate) fn closed_quests(
        &self,
        starts: &UInt64Array,
        targets: Option<&UInt64Array>,
    ) -> Vec<Quest> {
        let quests = (0..starts.len()).flat_map(|row| self.quests(row, starts, targets));
        quests.filter(|quest| quest.by_first_hop).collect()
    }

    fn quests(
        &self,
        row: usize,
        starts: &UInt64Array,
        targets: Option<&UInt64Array>,
    ) -> Vec<Quest> {
        if starts.is_null(row) || targets.is_some_and(|targets| targets.is_null(row)) {
            return Vec::new();
        }
        let start = starts.value(row);
        let plain = Quest {
            row: row as u32,
            start,
            target: targets.map(|targets| targets.value(row)),
            open: false,
            by_first_hop: false,
        };
        if !self.closes_apart() {
            return vec![plain];
        }
        let closed = Quest {
            target: Some(start),
            by_first_hop: true,
            ..plain.clone()
        };
        match plain.target {
            Some(target) if target == start => vec![closed],
            Some(_) => vec![plain],
            None => vec![
                Quest {
                    open: true,
                    ..plain
                },
                closed,
            ],
        }
    }

    /// Takes the answers among the paths of one level.
    fn collect<S: Copy>(
        &self,
        paths: &Paths<S>,
        frontier: &[u32],
        depth: u64,
        memory: &mut Memory,
        found: &mut Vec<u32>,
    ) {
        if depth < self.least {
            return;
        }
        for path in frontier {
            let (node, quest) = (paths.node(*path), paths.quest(*path));
            let elsewhere = quest.target.is_some_and(|target| target != node)
                || (quest.open && node == quest.start);
            if elsewhere || !self.allows(node) {
                continue;
            }
            if self.search == PathSearch::Trails {
                found.push(*path);
                continue;
            }
            let key = (paths.quests[*path as usize], node);
            let (last, answers, levels) = memory.answered.get(&key).copied().unwrap_or_default();
            let same_level = answers > 0 && last == depth;
            let wanted = match self.search {
                PathSearch::Trails => true,
                PathSearch::Reach | PathSearch::AnyShortest => answers == 0,
                PathSearch::AllShortest => answers == 0 || same_level,
                PathSearch::Shortest(count) => answers < count,
                PathSearch::ShortestGroups(count) => same_level || levels < count,
            };
            if wanted {
                let levels = levels + u64::from(!same_level);
                memory.answered.insert(key, (depth, answers + 1, levels));
                found.push(*path);
            }
        }
    }

    /// Whether nothing that a path could grow into is an answer any more.
    fn is_done<S: Copy>(&self, paths: &Paths<S>, path: u32, memory: &Memory) -> bool {
        let Some(target) = paths.quest(path).target else {
            return false;
        };
        let key = (paths.quests[path as usize], target);
        let Some((_, answers, levels)) = memory.answered.get(&key) else {
            return false;
        };
        match self.search {
            PathSearch::Trails => false,
            PathSearch::Reach | PathSearch::AnyShortest | PathSearch::AllShortest => true,
            PathSearch::Shortest(count) => *answers >= count,
            PathSearch::ShortestGroups(count) => *levels >= count,
        }
    }

    /// Adds the paths of the next level to `next`.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of one loop, which owns all of them"
    )]
    fn grow<H: Hops>(
        &self,
        hops: &H,
        paths: &mut Paths<H::Step>,
        frontier: &[u32],
        candidates: Vec<NextHop<H::Step>>,
        depth: u64,
        memory: &mut Memory,
        next: &mut Vec<u32>,
    ) {
        let prunes = self.prunes();
        for NextHop { place, to, step } in candidates {
            let path = frontier[place];
            let again = |(own, _)| hops.clash(own, step);
            // A pruned search between different nodes never comes upon a relationship twice.
            let watched = !prunes || paths.quest(path).by_first_hop;
            let repeats = match self.mode {
                PathMode::Walk | PathMode::Trail => false,
                PathMode::Acyclic => paths.passes(path, to),
                // A path that has come back to its start ends there.
                PathMode::Simple => {
                    let start = paths.quest(path).start;
                    let is_closed = paths.node(path) == start && paths.has_steps(path);
                    is_closed || (to != start && paths.passes(path, to))
                }
            };
            let watched = watched && self.mode != PathMode::Walk;
            if repeats || (watched && paths.backwards(path).any(again)) {
                continue;
            }
            let quest = paths.quests[path as usize];
            let grown = paths.push(path, to, quest, Some(step));
            if prunes {
                let first = match paths.asked[quest as usize].by_first_hop {
                    true => paths.first[grown as usize],
                    false => 0,
                };
                let level = memory.levels.get(&(quest, to, first)).copied();
                let fresh = match self.search {
                    PathSearch::AllShortest => level.is_none_or(|level| level == depth),
                    _ => level.is_none(),
                };
                if !fresh {
                    paths.pop();
                    continue;
                }
                memory.levels.entry((quest, to, first)).or_insert(depth);
            }
            next.push(grown);
        }
    }
}

impl<S> Paths<S> {
    /// Forgets the path that was pushed last.
    fn pop(&mut self) {
        self.parents.pop();
        self.nodes.pop();
        self.quests.pop();
        self.first.pop();
        self.steps.pop();
    }
}
