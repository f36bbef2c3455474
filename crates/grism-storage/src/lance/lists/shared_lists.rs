//! The dataset that roles with few incidences share, so that a graph of many types has few files.
//!
//! ```text
//! rows of the dataset     of
//! 0..300                  AUTHOR_OF / author     each role has ranges of its own: a delta,
//! 300..600                AUTHOR_OF / paper      or, where OPTIMIZE wrote them, runs
//! 600..604                MEETING / attendee
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use grism_core::{Incidence, Result, SegmentKey, TableId};
use tokio::sync::Mutex;

use crate::incidences::by_segment;
use crate::lance::history::dataset_version::DatasetVersion;
use crate::lance::history::log::{AdjacencyEntry, Run, SnapshotEntry, WrittenIn};
use crate::lance::lists::adjacency::{FRAGMENT_ROWS, schema, to_batch};
use crate::lance::place::root::Root;
use crate::lance::place::sync::Unsynced;
use crate::lance::rows::dataset::{append, open};
use crate::lance::rows::new_dataset::{FirstRows, create};
use crate::lance::rows::write_rows::Batches;

/// Where the dataset lies, without the ending. Those of single roles lie one level below.
const STEM: &str = "adjacency/shared";

/// The incidence lists in the shared dataset, and those that are about to be written to it.
#[derive(Clone)]
pub(in crate::lance) struct SharedLists {
    root: Root,
    unsynced: Unsynced,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    dataset: Option<DatasetVersion>,
    /// Rows of the dataset.
    rows: u64,
    entries: BTreeMap<(TableId, String), AdjacencyEntry>,
    pending: Vec<Pending>,
    pending_rows: usize,
}

/// Incidences of one role that are not written yet.
struct Pending {
    table: TableId,
    role: String,
    incidences: Vec<Incidence>,
    form: Form,
}

/// What rows are to their role.
#[derive(Clone, Copy)]
pub(in crate::lance) enum Form {
    /// A part of its delta.
    Delta,
    /// Runs of segments with `2^shift` members each; the rows are sorted.
    Runs { shift: u8 },
}

/// Whether an entry's dataset is the shared one.
pub(in crate::lance) fn is_shared(entry: &AdjacencyEntry) -> bool {
    let path = entry.dataset.path.strip_prefix("adjacency/");
    path.is_some_and(|path| !path.contains('/'))
}

impl SharedLists {
    /// Those of a snapshot, which leave its entry.
    pub(in crate::lance) fn take_from(
        root: &Root,
        entry: &mut SnapshotEntry,
        unsynced: &Unsynced,
    ) -> Self {
        let mut state = State::default();
        for own in entry.adjacency.extract_if(.., |own| is_shared(own)) {
            state.dataset = Some(own.dataset.clone());
            state.rows = state.rows.max(own.rows);
            state.entries.insert((own.table, own.role.clone()), own);
        }
        Self::with_state(root, state, unsynced)
    }

    /// None yet.
    pub(in crate::lance) fn empty(root: &Root, unsynced: &Unsynced) -> Self {
        Self::with_state(root, State::default(), unsynced)
    }

    fn with_state(root: &Root, state: State, unsynced: &Unsynced) -> Self {
        Self {
            root: root.clone(),
            unsynced: unsynced.clone(),
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Takes the lists of a role out, to be kept elsewhere.
    pub(in crate::lance) async fn remove(
        &self,
        table: TableId,
        role: &str,
    ) -> Option<AdjacencyEntry> {
        let mut state = self.state.lock().await;
        state.entries.remove(&(table, role.to_owned()))
    }

    /// Puts lists back that were taken out, at the version of the dataset that they were taken out of.
    pub(in crate::lance) async fn put_back(&self, entry: AdjacencyEntry) {
        let mut state = self.state.lock().await;
        let key = (entry.table, entry.role.clone());
        state.entries.insert(key, entry);
    }

    /// Drops the lists of a table.
    pub(in crate::lance) async fn forget(&self, table: TableId) {
        let mut state = self.state.lock().await;
        state.entries.retain(|(own, _), _| *own != table);
        state.pending.retain(|own| own.table != table);
    }

    /// Adds incidences of a role.
    ///
    /// # Errors
    /// Those of the dataset, which many incidences are written to at once.
    pub(in crate::lance) async fn add(
        &self,
        table: TableId,
        role: &str,
        incidences: Vec<Incidence>,
        form: Form,
    ) -> Result<()> {
        if incidences.is_empty() {
            return Ok(());
        }
        let mut state = self.state.lock().await;
        state.pending_rows += incidences.len();
        state.pending.push(Pending {
            table,
            role: role.to_owned(),
            incidences,
            form,
        });
        if state.pending_rows > self.root.resources().shares().change_incidences() {
            state.write(&self.root, &self.unsynced).await?;
        }
        Ok(())
    }

    /// Writes what waits; the entries, all of them at the newest version of the dataset.
    ///
    /// # Errors
    /// Those of the dataset.
    pub(in crate::lance) async fn finish(&self) -> Result<Vec<AdjacencyEntry>> {
        let mut state = self.state.lock().await;
        state.write(&self.root, &self.unsynced).await?;
        let (dataset, rows) = (state.dataset.clone(), state.rows);
        let entries = std::mem::take(&mut state.entries);
        let newest = |(_, mut entry): (_, AdjacencyEntry)| {
            if let Some(dataset) = &dataset {
                entry.move_to(dataset, rows);
            }
            entry
        };
        Ok(entries.into_iter().map(newest).collect())
    }
}

impl State {
    async fn write(&mut self, root: &Root, unsynced: &Unsynced) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.pending_rows = 0;
        if pending.is_empty() {
            return Ok(());
        }
        let batches = pending.iter().map(|own| to_batch(&own.incidences, true));
        let batches: Vec<RecordBatch> = batches.collect::<Result<_>>()?;
        let parts = vec![Box::new(batches.into_iter().map(Ok)) as Batches];
        let schema = schema(true);
        let (path, written) = match self.dataset.take() {
            None => {
                let first = FirstRows {
                    schema,
                    unwritten: Vec::new(),
                    parts,
                    fragment_rows: FRAGMENT_ROWS,
                };
                create(root, STEM, first, unsynced).await?
            }
            Some(known) => {
                let base = open(root, &known).await?;
                let path = known.path;
                let written = append(root, &path, base, schema, parts, FRAGMENT_ROWS, unsynced);
                let written = written.await?;
                (path, written)
            }
        };
        let version = DatasetVersion::of(path, &written);
        for own in pending {
            let key = (own.table, own.role.clone());
            let entry = self.entries.entry(key).or_insert_with(|| AdjacencyEntry {
                table: own.table,
                role: own.role,
                dataset: version.clone(),
                written: None,
                rows: 0,
                runs: Vec::new(),
                delta: Vec::new(),
            });
            let rows = own.incidences.len() as u64;
            match own.form {
                Form::Delta => entry.add_delta(self.rows, rows),
                Form::Runs { shift } => {
                    let mut start = self.rows;
                    for (SegmentKey { table, segment }, part) in by_segment(&own.incidences, shift)
                    {
                        let rows = part.len() as u64;
                        entry.runs.push(Run {
                            members: table,
                            segment,
                            start,
                            rows,
                        });
                        start += rows;
                    }
                }
            }
            entry.dataset = version.clone();
            entry.written = None;
            self.rows += rows;
        }
        self.dataset = Some(version);
        Ok(())
    }
}

impl AdjacencyEntry {
    /// Brings the entry to a later version of its dataset, to which other roles have added rows.
    fn move_to(&mut self, dataset: &DatasetVersion, rows: u64) {
        if self.dataset != *dataset {
            let written = WrittenIn {
                version: self.dataset.version,
                stamp: self.dataset.stamp.clone(),
            };
            self.written.get_or_insert(written);
            self.dataset = dataset.clone();
        }
        self.rows = rows;
    }
}
