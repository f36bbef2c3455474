//! The graph that was found at a place, and its snapshots that are open. Where another graph is found there later, all of it
//! begins anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use grism_core::{Result, SnapshotId};

use crate::lance::history::format::{GraphOptions, read_format};
use crate::lance::history::log::SnapshotLog;
use crate::lance::place::root::Root;
use crate::lance::reading::found_graph::FoundGraph;
use crate::lance::reading::snapshot::LanceSnapshot;

/// Snapshots that are kept open.
const OPEN_SNAPSHOTS: usize = 8;

/// The graph that lies at a place now, as far as it is known.
#[derive(Debug)]
pub(in crate::lance) struct OpenGraph {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    graph: FoundGraph,
    snapshots: HashMap<SnapshotId, Arc<LanceSnapshot>>,
}

impl OpenGraph {
    /// A graph that is laid out as `options` say, of which nothing is open yet.
    pub(in crate::lance) fn new(root: &Root, options: GraphOptions) -> Self {
        Self {
            state: Mutex::new(State {
                graph: FoundGraph::new(root, options, 0),
                snapshots: HashMap::new(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The graph with the number `number` of those that `log` found. Where it is another one than before, nothing of the one
    /// before is kept.
    ///
    /// # Errors
    /// `NotFound` where it is gone by now; `Unsupported` for a newer format.
    pub(in crate::lance) async fn graph(
        &self,
        root: &Root,
        log: &SnapshotLog,
        number: u64,
    ) -> Result<FoundGraph> {
        let known = self.state().graph.clone();
        if known.number == number {
            return Ok(known);
        }
        let options = read_format(root).await?.ok_or_else(|| log.gone())?;
        let mut state = self.state();
        if state.graph.number < number {
            state.graph = FoundGraph::new(root, options, number);
            state.snapshots.clear();
        }
        Ok(state.graph.clone())
    }

    /// Whether a snapshot is one of the graph that was found last.
    pub(in crate::lance) fn holds(&self, snapshot: &LanceSnapshot) -> bool {
        self.state().graph.name == snapshot.graph.name
    }

    /// The open snapshot with the number `id`.
    pub(in crate::lance) fn snapshot(&self, id: SnapshotId) -> Option<Arc<LanceSnapshot>> {
        self.state().snapshots.get(&id).cloned()
    }

    /// An open snapshot that shares most with `id`.
    pub(in crate::lance) fn nearest(&self, id: SnapshotId) -> Option<Arc<LanceSnapshot>> {
        let state = self.state();
        let open = state.snapshots.keys();
        let near = open.min_by_key(|own| own.0.abs_diff(id.0))?;
        state.snapshots.get(near).cloned()
    }

    /// Keeps a snapshot open, and closes the oldest where they are many.
    pub(in crate::lance) fn keep(&self, snapshot: &Arc<LanceSnapshot>) {
        let mut state = self.state();
        if state.graph.name != snapshot.graph.name {
            return;
        }
        if state.snapshots.len() >= OPEN_SNAPSHOTS
            && let Some(oldest) = state.snapshots.keys().min().copied()
        {
            state.snapshots.remove(&oldest);
        }
        let id = snapshot.entry().id;
        state.snapshots.insert(id, Arc::clone(snapshot));
    }

    /// Lets go of snapshots that were dropped.
    pub(in crate::lance) fn forget(&self, dropped: &[SnapshotId]) {
        self.state().snapshots.retain(|id, _| !dropped.contains(id));
    }

    /// Lets go of every snapshot.
    pub(in crate::lance) fn clear(&self) {
        self.state().snapshots.clear();
    }
}
