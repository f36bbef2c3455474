//! Rows brought together by the segments of their members, for expansions over more lists than memory holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, UInt64Array};
use arrow::compute::interleave_record_batch;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{
    EntityId, Error, Result, RowBuffer, SegmentKey, Snapshot, TableId, batch_bytes, compact_slices,
};

use crate::batch::id_column;
use crate::{ExecutionContextTrait, MemoryManager, RecordBatchStream};

/// Bytes of an entry of a list: the hyperedge and the member at its other end, four bytes each.
const ENTRY: u64 = 8;
/// The part of the memory limit that an expansion takes for lists, and again for rows that wait, over all threads.
const SHARE: usize = 10;
/// What an expansion takes at least.
const LEAST: usize = 1 << 16;
/// The most groups, each of which may have a file.
const GROUPS: u64 = 64;
/// The bytes that are gathered for a file, at least and at most.
const WRITE: (usize, usize) = (4 << 10, 1 << 20);

/// Bytes that an expansion takes for lists on one thread.
pub(crate) fn expansion_budget(context: &dyn ExecutionContextTrait) -> usize {
    let threads = context.query().config.workers();
    (context.memory_manager().limit() / SHARE / threads).max(LEAST)
}

/// The rows of `input` in an order in which the members in `column` that follow each other lie in few segments, where
/// all the lists of these tables and roles are too large to be held. Rows that are too many to wait in memory wait in
/// temporary files, one for each group of segments, so that each segment is read once.
///
/// ```text
/// rows that wait   segments 3 0 7 0 3 7 1 0     groups of segments {0..3}, {4..7}
/// batches          3 0 0 3 1 0 | 7 7
/// ```
pub(crate) fn by_segments<'a>(
    input: RecordBatchStream,
    column: &str,
    lists: impl Iterator<Item = (TableId, &'a str)>,
    context: &Arc<dyn ExecutionContextTrait>,
) -> RecordBatchStream {
    let budget = expansion_budget(context.as_ref());
    let snapshot = context.query().snapshot.as_ref();
    let Some(groups) = SegmentGroups::of(snapshot, lists, budget as u64) else {
        return input;
    };
    let (column, batch_rows) = (column.to_owned(), context.query().config.batch_rows);
    let cancellation = context.query().cancellation.clone();
    let mut waiting = WaitingRows::new(context.memory_manager());
    let mut input = input;
    let together = async_stream::try_stream! {
        while let Some(batch) = input.try_next().await? {
            waiting.push(batch)?;
            if waiting.bytes > budget {
                waiting.spill(&groups, &column)?;
            }
        }
        let held = waiting.grouped(&groups, &column)?;
        let spilled = std::mem::take(&mut waiting.spilled);
        let all: BTreeSet<Group> = held.keys().chain(spilled.keys()).copied().collect();
        let (mut held, mut spilled) = (held, spilled);
        for group in all {
            let file = spilled.remove(&group).map(RowBuffer::finish).transpose()?;
            for piece in file.unwrap_or_default() {
                for batch in piece.batches()? {
                    cancellation.check()?;
                    let batch = batch?;
                    for start in (0..batch.num_rows()).step_by(batch_rows) {
                        yield batch.slice(start, batch_rows.min(batch.num_rows() - start));
                    }
                }
            }
            for rows in held.remove(&group).unwrap_or_default().chunks(batch_rows) {
                yield waiting.rows(rows)?;
            }
        }
    };
    together.boxed()
}

/// A group of segments of one table; `None` for rows without a member, which come first.
type Group = Option<(TableId, u64)>;

/// Where rows stand: the batch, and the row within it.
type Places = Vec<(usize, usize)>;

/// Segments that follow each other and whose lists are held at the same time.
struct SegmentGroups {
    /// How many segments of a table of members make a group.
    sizes: BTreeMap<TableId, u64>,
    shift: u8,
}

impl SegmentGroups {
    /// The groups of these lists, of up to `budget` bytes each; `None` where all of them are not more.
    fn of<'a>(
        snapshot: &dyn Snapshot,
        lists: impl Iterator<Item = (TableId, &'a str)>,
        budget: u64,
    ) -> Option<Self> {
        let statistics = snapshot.statistics();
        let mut bytes: BTreeMap<TableId, u64> = BTreeMap::new();
        for (table, role) in lists {
            let own = statistics.tables.get(&table);
            let Some(own) = own.and_then(|own| own.roles.get(role)) else {
                continue;
            };
            for (members, incidences) in &own.incidences {
                *bytes.entry(*members).or_insert(0) += incidences * ENTRY;
            }
        }
        if bytes.values().sum::<u64>() <= budget {
            return None;
        }
        let shift = snapshot.segment_shift();
        let most = (GROUPS / bytes.len() as u64).max(1);
        let sizes = bytes.into_iter().map(|(members, bytes)| {
            let offsets = statistics.tables.get(&members);
            let segments = offsets.map_or(1, |own| (own.next_offset >> shift) + 1);
            let wanted = budget / (bytes / segments).max(1);
            (members, wanted.max(segments.div_ceil(most)).max(1))
        });
        Some(Self {
            sizes: sizes.collect(),
            shift,
        })
    }

    /// The group of a member.
    fn of_member(&self, member: u64) -> (TableId, u64) {
        let key = SegmentKey::of(EntityId::from_raw(member), self.shift);
        let size = self.sizes.get(&key.table).copied().unwrap_or(1);
        (key.table, key.segment / size)
    }
}

/// Rows that wait for others of their segments.
struct WaitingRows {
    batches: Vec<RecordBatch>,
    bytes: usize,
    spilled: BTreeMap<Group, RowBuffer>,
    memory: Arc<dyn MemoryManager>,
}

impl WaitingRows {
    fn new(memory: Arc<dyn MemoryManager>) -> Self {
        Self {
            batches: Vec::new(),
            bytes: 0,
            spilled: BTreeMap::new(),
            memory,
        }
    }

    fn push(&mut self, batch: RecordBatch) -> Result<()> {
        let batch = compact_slices(batch)?;
        let bytes = batch_bytes(&batch);
        self.memory.grow(bytes);
        self.bytes += bytes;
        self.batches.push(batch);
        Ok(())
    }

    /// Brings the rows that are held to the files of their groups.
    fn spill(&mut self, groups: &SegmentGroups, column: &str) -> Result<()> {
        let grouped = self.grouped(groups, column)?;
        let write = (self.bytes / grouped.len().max(1)).clamp(WRITE.0, WRITE.1);
        for (group, places) in grouped {
            let rows = self.rows(&places)?;
            let buffer = || RowBuffer::with_write_buffer(0, write, &self.memory);
            let file = self.spilled.entry(group).or_insert_with(buffer);
            file.push(rows)?;
        }
        self.memory.shrink(self.bytes);
        self.bytes = 0;
        self.batches.clear();
        Ok(())
    }

    /// The places of the rows that are held, by group.
    fn grouped(&self, groups: &SegmentGroups, column: &str) -> Result<BTreeMap<Group, Places>> {
        let mut places: BTreeMap<Group, Places> = BTreeMap::new();
        for (number, batch) in self.batches.iter().enumerate() {
            let members: UInt64Array = id_column(batch, column)?;
            for row in 0..members.len() {
                let group = members
                    .is_valid(row)
                    .then(|| groups.of_member(members.value(row)));
                places.entry(group).or_default().push((number, row));
            }
        }
        Ok(places)
    }

    fn rows(&self, places: &[(usize, usize)]) -> Result<RecordBatch> {
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        interleave_record_batch(&batches, places).map_err(Error::from)
    }
}

impl Drop for WaitingRows {
    fn drop(&mut self) {
        self.memory.shrink(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;
    use grism_core::{SOURCE_ROLE, Value};

    use super::*;
    use crate::testing::{Random, TestGraph, batches_of, context, known_nodes};
    use crate::{build_operators, run};

    const NODES: u64 = 4_000;

    /// A graph with many edges between nodes, and how they are grouped where lists may take so many bytes.
    fn graph_of(edges: u64) -> (TestGraph, TableId, TableId) {
        let mut random = Random::new(1);
        let mut graph = TestGraph::new();
        let numbers: Vec<Value> = (0..NODES as i64).map(Value::Int64).collect();
        let person = graph.nodes("Person", "number", &numbers);
        let mut node = || EntityId::new(person, random.below(NODES)).raw();
        let edges: Vec<(u64, u64)> = (0..edges).map(|_| (node(), node())).collect();
        let knows = graph.edges("KNOWS", &edges);
        (graph, person, knows)
    }

    fn groups(graph: &TestGraph, knows: TableId, budget: u64) -> Option<SegmentGroups> {
        SegmentGroups::of(graph, std::iter::once((knows, SOURCE_ROLE)), budget)
    }

    #[test]
    fn lists_that_fit_are_not_grouped_and_others_are_by_what_fits() {
        let (graph, person, knows) = graph_of(10_000);
        assert!(groups(&graph, knows, 10_000 * ENTRY).is_none());
        // A thousand segments, of 80 bytes each.
        let size = |budget| groups(&graph, knows, budget).map(|groups| groups.sizes[&person]);
        assert_eq!(size(10_000 * ENTRY - 1), Some(1_012));
        assert_eq!(size(8_000), Some(101));
        // There are at most 64 groups, however little fits.
        assert_eq!(size(1), Some(16));
        let other = TableId::try_new(9).unwrap();
        assert!(groups(&graph, other, 0).is_none());
    }

    #[tokio::test]
    async fn rows_of_one_group_follow_each_other_and_none_is_lost() {
        let (graph, person, knows) = graph_of(20_000);
        let mut random = Random::new(2);
        let nodes: Vec<Option<u64>> = (0..30_000)
            .map(|_| match random.below(100) {
                0 => None,
                _ => Some(EntityId::new(person, random.below(NODES)).raw()),
            })
            .collect();
        // Of a mebibyte a tenth is for lists, and as much for rows that wait: both are more.
        let config = batches_of(1_000).with_memory_limit(1 << 20);
        let context = context(&graph, config);
        let budget = expansion_budget(context.as_ref());
        let groups = groups(&graph, knows, budget as u64).unwrap();
        let rows = build_operators(&known_nodes("a", &[person], &nodes)).unwrap();
        let input = run(&rows, &context).unwrap();
        let lists = std::iter::once((knows, SOURCE_ROLE));
        let together = by_segments(input, "a", lists, &context);
        let batches: Vec<RecordBatch> = together.try_collect().await.unwrap();
        assert!(batches.iter().all(|batch| batch.num_rows() <= 1_000));
        let found: Vec<Option<u64>> = batches
            .iter()
            .flat_map(|batch| id_column(batch, "a").unwrap().iter().collect::<Vec<_>>())
            .collect();
        let group = |node: &Option<u64>| node.map(|node| groups.of_member(node));
        assert!(found.is_sorted_by_key(group), "a group comes twice");
        assert!(found.iter().map(group).collect::<BTreeSet<_>>().len() > 2);
        let sorted = |mut nodes: Vec<Option<u64>>| {
            nodes.sort_unstable();
            nodes
        };
        assert_eq!(sorted(found), sorted(nodes));
    }
}
