//! `EdgeLists`: the binary edges at a node, followed one way, the other, or both.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::UInt64Array;
use grism_core::{IncidenceSegment, Result, SOURCE_ROLE, TARGET_ROLE, Tables};
use grism_logical::Direction;

use super::expansion::IncidenceReader;
use crate::ExecutionContextTrait;

/// A list of edges: its number within a table, the role of the node they are followed from, and whether self-loops are left out of it,
/// since they stand in the other list too and count once.
type List = (usize, &'static str, bool);

/// The incidence lists of some binary edge types, loaded as they are needed.
#[derive(Debug)]
pub(crate) struct EdgeLists {
    reader: IncidenceReader,
    tables: Tables,
}

impl EdgeLists {
    pub(crate) fn new(context: &Arc<dyn ExecutionContextTrait>, tables: &Tables) -> Self {
        Self {
            reader: IncidenceReader::new(context),
            tables: Arc::clone(tables),
        }
    }

    /// Loads the lists of `nodes`; those of other nodes may be dropped.
    ///
    /// # Errors
    /// Those of storage.
    pub(crate) async fn load(&mut self, direction: Direction, nodes: &UInt64Array) -> Result<()> {
        self.reader.begin_batch(nodes);
        for (place, table) in self.tables.iter().enumerate() {
            for (index, role, _) in lists_of(direction) {
                let number = number_of(place, *index);
                self.reader.load(number, *table, role, nodes).await?;
            }
        }
        Ok(())
    }

    /// Gives each edge that leads on from `node`, whose lists are loaded, to `visit`: the node at its other end, and the edge.
    pub(crate) fn each(&self, direction: Direction, node: u64, mut visit: impl FnMut(u64, u64)) {
        self.each_list(direction, node, |list| {
            let NodeEdges {
                segment, places, ..
            } = &list;
            for at in places.clone() {
                let to = segment.opposites.at(at);
                if !(list.skips_loops && to == node) {
                    visit(to, segment.hyperedges.at(at));
                }
            }
        });
    }

    /// Gives the other end of `edge` to `visit`, once for each time that it leads on from `node`, whose lists are loaded.
    pub(crate) fn each_end(
        &self,
        direction: Direction,
        node: u64,
        edge: u64,
        mut visit: impl FnMut(u64),
    ) {
        self.each_list(direction, node, |list| {
            let (edges, end) = (&list.segment.hyperedges, list.places.end);
            // The edges of a node ascend.
            let first = edges.lower_bound(list.places.clone(), edge);
            for at in (first..end).take_while(|at| edges.at(*at) == edge) {
                let to = list.segment.opposites.at(at);
                if !(list.skips_loops && to == node) {
                    visit(to);
                }
            }
        });
    }

    /// Gives each list of edges that lead on from `node` to `visit`.
    pub(crate) fn each_list(
        &self,
        direction: Direction,
        node: u64,
        mut visit: impl FnMut(NodeEdges<'_>),
    ) {
        for place in 0..self.tables.len() {
            for (index, _, skips_loops) in lists_of(direction) {
                if let Some((segment, local)) = self.reader.segment(number_of(place, *index), node)
                {
                    visit(NodeEdges {
                        segment,
                        places: segment.range(local),
                        skips_loops: *skips_loops,
                    });
                }
            }
        }
    }
}

/// Edges at one node, in one list.
#[derive(Debug)]
pub(crate) struct NodeEdges<'a> {
    pub(crate) segment: &'a IncidenceSegment,
    /// The places of the edges in the segment.
    pub(crate) places: Range<usize>,
    /// Whether edges from the node to itself are left out.
    pub(crate) skips_loops: bool,
}

/// The number of a list among those of all tables.
const fn number_of(place: usize, index: usize) -> usize {
    2 * place + index
}

const fn lists_of(direction: Direction) -> &'static [List] {
    match direction {
        Direction::Out => &[(0, SOURCE_ROLE, false)],
        Direction::In => &[(1, TARGET_ROLE, false)],
        Direction::Both => &[(0, SOURCE_ROLE, false), (1, TARGET_ROLE, true)],
    }
}
