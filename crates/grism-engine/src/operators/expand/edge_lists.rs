//! `EdgeLists`: the binary edges at a node, followed one way, the other, or both.

use std::sync::Arc;

use arrow::array::UInt64Array;
use grism_core::{Result, SOURCE_ROLE, TARGET_ROLE, Tables};
use grism_logical::Direction;

use super::expansion::IncidenceReader;
use crate::ExecutionContextTrait;

/// A list of edges: its number, the role of the node they are followed from, and whether self-loops are left out of it,
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
        for table in self.tables.iter() {
            for (index, role, _) in lists_of(direction) {
                self.reader.load(*table, *index, role, nodes).await?;
            }
        }
        Ok(())
    }

    /// Gives each edge that leads on from `node`, whose lists are loaded, to `visit`: the node at its other end, and the edge.
    pub(crate) fn each(&self, direction: Direction, node: u64, mut visit: impl FnMut(u64, u64)) {
        for table in self.tables.iter() {
            for (index, _, skips_loops) in lists_of(direction) {
                let Some((segment, local)) = self.reader.segment(*table, *index, node) else {
                    continue;
                };
                for at in segment.range(local) {
                    let to = segment.opposites.at(at);
                    if !(*skips_loops && to == node) {
                        visit(to, segment.hyperedges.at(at));
                    }
                }
            }
        }
    }
}

const fn lists_of(direction: Direction) -> &'static [List] {
    match direction {
        Direction::Out => &[(0, SOURCE_ROLE, false)],
        Direction::In => &[(1, TARGET_ROLE, false)],
        Direction::Both => &[(0, SOURCE_ROLE, false), (1, TARGET_ROLE, true)],
    }
}
