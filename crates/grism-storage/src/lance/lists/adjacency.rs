//! Incidence lists on disk: sorted by member, one run of rows for each segment that a load added to, and a delta of the
//! rows of small commits, in the order of the commits.
//!
//! ```text
//! rows of the dataset        read as
//! 0..900    run, segment 0   a segment is its runs and its rows of the delta, by place;
//! 900..1300 run, segment 1   a row that takes back undoes what stands before it
//! 1300..1307 delta
//! ```
//!
//! Roles with few incidences share one dataset, in which each has its ranges.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, RecordBatch, UInt32Array, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use grism_core::{
    DegreeCounter, DegreeDistribution, Incidence, Result, SortedColumns, SortedIncidences, TableId,
};

use crate::columns::named_batch;
use crate::lance::history::dataset_version::DatasetVersion;
use crate::lance::history::log::{AdjacencyEntry, Run};
use crate::lance::place::root::Root;
use crate::lance::place::sync::Unsynced;
use crate::lance::rows::dataset::{append, open, read_range};
use crate::lance::rows::new_dataset::{FirstRows, create};
use crate::lance::rows::write_rows::Batches;

pub(in crate::lance) const MEMBER: &str = "member";
pub(in crate::lance) const HYPEREDGE: &str = "hyperedge";
pub(in crate::lance) const POSITION: &str = "position";
pub(in crate::lance) const OPPOSITE: &str = "opposite";

/// Rows of a fragment of incidence lists.
pub(in crate::lance) const FRAGMENT_ROWS: usize = 1 << 20;

/// The position of a row that takes back what came before it: the incidences of its member with its hyperedge.
pub(in crate::lance) const TAKEN_BACK: u32 = u32::MAX;

/// Where the incidence lists of a role are kept.
pub(in crate::lance) struct AdjacencyTarget<'a> {
    pub(in crate::lance) root: &'a Root,
    /// Path of the dataset without its ending, for a role that has none yet.
    pub(in crate::lance) stem: String,
    pub(in crate::lance) table: TableId,
    pub(in crate::lance) role: String,
    pub(in crate::lance) binary: bool,
    pub(in crate::lance) unsynced: &'a Unsynced,
}

/// Where the incidence lists of a role were before sorted rows come.
pub(in crate::lance) enum Before {
    /// Nowhere, or what there was is replaced.
    None,
    /// In a dataset of their own.
    Own(AdjacencyEntry),
    /// In a dataset that others share, from which they move to one of their own.
    Shared(AdjacencyEntry),
}

/// Incidence lists with sorted rows that were added.
pub(in crate::lance) struct AppendedLists {
    pub(in crate::lance) entry: AdjacencyEntry,
    /// How often the rows that were added bind their members.
    pub(in crate::lance) degrees: DegreeDistribution,
    /// Whether the lists held nothing of the segments of these members before.
    pub(in crate::lance) are_apart: bool,
}

pub(in crate::lance) fn column_names(binary: bool) -> Vec<String> {
    let names: &[&str] = if binary {
        &[MEMBER, HYPEREDGE, POSITION, OPPOSITE]
    } else {
        &[MEMBER, HYPEREDGE, POSITION]
    };
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub(in crate::lance) fn schema(binary: bool) -> SchemaRef {
    let field = |name: String| {
        let data_type = if name == POSITION {
            DataType::UInt32
        } else {
            DataType::UInt64
        };
        Field::new(name, data_type, true)
    };
    Arc::new(Schema::new(
        column_names(binary)
            .into_iter()
            .map(field)
            .collect::<Vec<_>>(),
    ))
}

impl AdjacencyTarget<'_> {
    /// Writes rows behind those of `before`, or the first ones. Nothing is written where there are none.
    async fn append(&self, entry: &mut AdjacencyEntry, batches: Batches, rows: u64) -> Result<()> {
        if rows == 0 && !entry.dataset.path.is_empty() {
            return Ok(());
        }
        let schema = schema(self.binary);
        entry.dataset = if entry.dataset.path.is_empty() {
            let first = FirstRows {
                schema,
                unwritten: Vec::new(),
                parts: vec![batches],
                fragment_rows: FRAGMENT_ROWS,
            };
            let (path, made) = create(self.root, &self.stem, first, self.unsynced).await?;
            DatasetVersion::of(path, &made)
        } else {
            let (path, base) = (
                entry.dataset.path.clone(),
                open(self.root, &entry.dataset).await?,
            );
            let parts = vec![batches];
            let appended = append(
                self.root,
                &path,
                base,
                schema,
                parts,
                FRAGMENT_ROWS,
                self.unsynced,
            );
            DatasetVersion::of(path.clone(), &appended.await?)
        };
        entry.written = None;
        entry.rows += rows;
        Ok(())
    }

    /// Adds the rows of a small commit, in any order, to a role with a dataset of its own.
    pub(in crate::lance) async fn append_delta(
        &self,
        before: &AdjacencyEntry,
        incidences: &[Incidence],
    ) -> Result<AdjacencyEntry> {
        let mut entry = before.clone();
        let rows = incidences.len() as u64;
        let start = entry.rows;
        let batch = to_batch(incidences, self.binary)?;
        self.append(&mut entry, Box::new(std::iter::once(Ok(batch))), rows)
            .await?;
        entry.add_delta(start, rows);
        Ok(entry)
    }

    /// Adds sorted rows, a run for each segment; without an entry before, they are all that there is.
    pub(in crate::lance) async fn append_sorted(
        &self,
        before: Before,
        incidences: SortedIncidences,
    ) -> Result<AppendedLists> {
        let mut moved = Vec::new();
        let mut entry = match before {
            Before::Own(entry) => entry,
            Before::None => self.new_entry(),
            Before::Shared(shared) => {
                let (entry, rows) = self.moved(&shared).await?;
                moved = rows;
                entry
            }
        };
        let runs = entry.runs.iter();
        let known: HashSet<_> = runs.map(|run| (run.members, run.segment)).collect();
        let mut are_apart = entry.delta.is_empty();
        let first: u64 = moved.iter().map(|batch| batch.num_rows() as u64).sum();
        let mut start = entry.rows + first;
        let added = incidences.segments();
        let rows = first + added.iter().map(|(_, rows)| rows).sum::<u64>();
        for (key, rows) in added {
            are_apart &= !known.contains(&(key.table, key.segment));
            entry.runs.push(Run {
                members: key.table,
                segment: key.segment,
                start,
                rows,
            });
            start += rows;
        }
        let binary = self.binary;
        // The rows are counted as they go by, on the way to their writer.
        let counter: Arc<Mutex<DegreeCounter>> = Arc::default();
        let passing = Arc::clone(&counter);
        let batches = incidences.batches().map(move |columns| {
            let columns = columns?;
            let mut counter = passing.lock().unwrap_or_else(PoisonError::into_inner);
            counter.add(&columns.members);
            sorted_batch(columns, binary)
        });
        let batches = moved.into_iter().map(Ok).chain(batches);
        self.append(&mut entry, Box::new(batches), rows).await?;
        let counted = std::mem::take(&mut *counter.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(AppendedLists {
            entry,
            degrees: counted.finish(),
            are_apart,
        })
    }

    fn new_entry(&self) -> AdjacencyEntry {
        AdjacencyEntry {
            table: self.table,
            role: self.role.clone(),
            dataset: DatasetVersion::default(),
            written: None,
            rows: 0,
            runs: Vec::new(),
            delta: Vec::new(),
        }
    }

    /// The rows of a role in a dataset that it shares, and its entry once they stand first in one of its own.
    async fn moved(&self, shared: &AdjacencyEntry) -> Result<(AdjacencyEntry, Vec<RecordBatch>)> {
        let dataset = open(self.root, &shared.dataset).await?;
        let mut entry = self.new_entry();
        let mut batches = Vec::new();
        let mut start = 0;
        let runs = shared
            .runs
            .iter()
            .map(|run| (run.start, run.rows, Some(*run)));
        let delta = shared
            .delta
            .iter()
            .map(|piece| (piece.start, piece.rows, None));
        let mut pieces: Vec<(u64, u64, Option<Run>)> = runs.chain(delta).collect();
        pieces.sort_unstable_by_key(|(start, ..)| *start);
        let (names, shares) = (column_names(self.binary), self.root.resources().shares());
        for (from, rows, run) in pieces {
            read_range(&dataset, &names, from..from + rows, shares, |batch| {
                batches.push(batch);
                Ok(())
            })
            .await?;
            match run {
                Some(run) => entry.runs.push(Run { start, ..run }),
                None => entry.add_delta(start, rows),
            }
            start += rows;
        }
        Ok((entry, batches))
    }
}

pub(in crate::lance) fn to_batch(incidences: &[Incidence], binary: bool) -> Result<RecordBatch> {
    let ids = |pick: fn(&Incidence) -> u64| {
        Arc::new(incidences.iter().map(pick).collect::<UInt64Array>()) as ArrayRef
    };
    let positions = incidences.iter().map(|incidence| incidence.position);
    let mut columns = vec![
        ids(|incidence| incidence.member),
        ids(|incidence| incidence.hyperedge),
        Arc::new(positions.collect::<UInt32Array>()),
    ];
    if binary {
        columns.push(ids(|incidence| incidence.opposite));
    }
    named_batch(&column_names(binary), columns, incidences.len())
}

fn sorted_batch(columns: SortedColumns, binary: bool) -> Result<RecordBatch> {
    let rows = columns.members.len();
    let positions = if columns.positions.is_empty() {
        UInt32Array::from(vec![0; rows])
    } else {
        UInt32Array::new(columns.positions, None)
    };
    let mut arrays: Vec<ArrayRef> = vec![
        Arc::new(UInt64Array::new(columns.members, None)),
        Arc::new(UInt64Array::new(columns.hyperedges, None)),
        Arc::new(positions),
    ];
    if binary {
        arrays.push(Arc::new(UInt64Array::new(columns.opposites, None)));
    }
    named_batch(&column_names(binary), arrays, rows)
}
