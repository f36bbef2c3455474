//! Incidence lists on disk: sorted by member, one run of rows for each segment that a load added to, and a delta of the
//! rows of small commits, in the order of the commits.
//!
//! ```text
//! rows of the dataset        read as
//! 0..900    run, segment 0   a segment is its runs and its rows of the delta, by place;
//! 900..1300 run, segment 1   a row that takes back undoes what stands before it
//! 1300..1307 delta
//! ```

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt32Type, UInt64Type};
use grism_core::{
    DegreeCounter, DegreeDistribution, EntityId, Error, Incidence, IncidenceSegment,
    IncidenceSegmentBuilder, Result, SegmentKey, SortedColumns, SortedIncidences, TableId,
};
use lance::dataset::Dataset;

use super::dataset::{Batches, append, create, open, read_range};
use super::layout::NewPath;
use super::log::{AdjacencyEntry, DatasetVersion, DeltaRows, Run};
use super::root::Root;
use crate::columns::named_batch;

const MEMBER: &str = "member";
const HYPEREDGE: &str = "hyperedge";
const POSITION: &str = "position";
const OPPOSITE: &str = "opposite";

/// Rows of a fragment of incidence lists.
const FRAGMENT_ROWS: usize = 1 << 20;

/// The position of a row that takes back what came before it: the incidences of its member with its hyperedge.
pub(super) const TAKEN_BACK: u32 = u32::MAX;

/// Where the incidence lists of a role are kept.
pub(super) struct AdjacencyTarget<'a> {
    pub(super) root: &'a Root,
    /// Where the dataset of a role that has none yet lies.
    pub(super) place: NewPath,
    pub(super) table: TableId,
    pub(super) role: String,
    pub(super) binary: bool,
}

/// Incidence lists with sorted rows that were added.
pub(super) struct AppendedLists {
    pub(super) entry: AdjacencyEntry,
    /// How often the rows that were added bind their members.
    pub(super) degrees: DegreeDistribution,
    /// Whether the lists held nothing of the segments of these members before.
    pub(super) are_apart: bool,
}

/// The delta of a role in memory: by segment, each incidence with its row in the dataset.
#[derive(Debug, Default)]
pub(super) struct Delta {
    segments: HashMap<SegmentKey, Vec<(u64, Incidence)>>,
    rows: usize,
}

impl Delta {
    /// Memory held, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.rows * 48 + self.segments.len() * 64
    }
}

pub(super) fn column_names(binary: bool) -> Vec<String> {
    let names: &[&str] = if binary {
        &[MEMBER, HYPEREDGE, POSITION, OPPOSITE]
    } else {
        &[MEMBER, HYPEREDGE, POSITION]
    };
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn schema(binary: bool) -> SchemaRef {
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
    async fn base(&self, before: Option<&AdjacencyEntry>) -> Result<(AdjacencyEntry, Dataset)> {
        if let Some(entry) = before {
            let dataset = open(self.root, &entry.dataset.path, entry.dataset.version).await?;
            return Ok((entry.clone(), dataset));
        }
        let schema = schema(self.binary);
        let fields = schema.fields().iter();
        let fields = fields.map(|field| (**field).clone()).collect();
        let (path, dataset) = create(self.root, &self.place, fields).await?;
        let entry = AdjacencyEntry {
            table: self.table,
            role: self.role.clone(),
            dataset: DatasetVersion {
                path,
                version: dataset.version_id(),
            },
            rows: 0,
            runs: Vec::new(),
            delta: Vec::new(),
        };
        Ok((entry, dataset))
    }

    async fn append(
        &self,
        entry: &mut AdjacencyEntry,
        base: Dataset,
        batches: Batches,
        rows: u64,
    ) -> Result<()> {
        if rows > 0 {
            let path = &entry.dataset.path;
            let schema = schema(self.binary);
            let staged =
                append(self.root, path, base, schema, vec![batches], FRAGMENT_ROWS).await?;
            entry.dataset.version = staged.version_id();
            entry.rows += rows;
        }
        Ok(())
    }

    /// Adds the rows of a small commit, in any order.
    pub(super) async fn append_delta(
        &self,
        before: Option<&AdjacencyEntry>,
        incidences: &[Incidence],
    ) -> Result<AdjacencyEntry> {
        let (mut entry, base) = self.base(before).await?;
        let rows = incidences.len() as u64;
        let start = entry.rows;
        let batch = to_batch(incidences, self.binary)?;
        self.append(&mut entry, base, Box::new(std::iter::once(Ok(batch))), rows)
            .await?;
        match entry.delta.last_mut() {
            Some(last) if last.start + last.rows == start => last.rows += rows,
            _ if rows > 0 => entry.delta.push(DeltaRows { start, rows }),
            _ => {}
        }
        Ok(entry)
    }

    /// Adds sorted rows, a run for each segment; without an entry before, they are all that there is.
    pub(super) async fn append_sorted(
        &self,
        before: Option<&AdjacencyEntry>,
        incidences: SortedIncidences,
    ) -> Result<AppendedLists> {
        let (mut entry, base) = self.base(before).await?;
        let runs = entry.runs.iter();
        let known: HashSet<_> = runs.map(|run| (run.members, run.segment)).collect();
        let mut are_apart = entry.delta.is_empty();
        let mut start = entry.rows;
        for (key, rows) in incidences.segments() {
            are_apart &= !known.contains(&(key.table, key.segment));
            entry.runs.push(Run {
                members: key.table,
                segment: key.segment,
                start,
                rows,
            });
            start += rows;
        }
        let rows = start - entry.rows;
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
        self.append(&mut entry, base, Box::new(batches), rows)
            .await?;
        let counted = std::mem::take(&mut *counter.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(AppendedLists {
            entry,
            degrees: counted.finish(),
            are_apart,
        })
    }
}

fn to_batch(incidences: &[Incidence], binary: bool) -> Result<RecordBatch> {
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

/// The columns of a batch of rows.
struct Columns<'a> {
    members: &'a [u64],
    hyperedges: &'a [u64],
    positions: &'a [u32],
    opposites: Option<&'a [u64]>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch, path: &str, binary: bool) -> Result<Self> {
        let ids = |name: &str| ids(batch, name, path);
        let positions = batch
            .column_by_name(POSITION)
            .and_then(|column| column.as_primitive_opt::<UInt32Type>());
        Ok(Self {
            members: ids(MEMBER)?,
            hyperedges: ids(HYPEREDGE)?,
            positions: positions.ok_or_else(|| missing(POSITION, path))?.values(),
            opposites: if binary { Some(ids(OPPOSITE)?) } else { None },
        })
    }

    fn incidence(&self, row: usize) -> Incidence {
        Incidence {
            member: self.members[row],
            hyperedge: self.hyperedges[row],
            position: self.positions[row],
            opposite: self.opposites.map_or(0, |ids| ids[row]),
        }
    }
}

fn ids<'a>(batch: &'a RecordBatch, name: &str, path: &str) -> Result<&'a [u64]> {
    let column = batch.column_by_name(name);
    let ids = column.and_then(|column| column.as_primitive_opt::<UInt64Type>());
    ids.map(|ids| &ids.values()[..])
        .ok_or_else(|| missing(name, path))
}

fn missing(name: &str, path: &str) -> Error {
    Error::invalid_data(format!("{path} has no ids in its column `{name}`"))
}

/// Reads the delta of a role.
pub(super) async fn read_delta(
    dataset: &Dataset,
    entry: &AdjacencyEntry,
    shift: u8,
    binary: bool,
) -> Result<Delta> {
    let mut delta = Delta::default();
    for piece in &entry.delta {
        let mut row = piece.start;
        read_range(
            dataset,
            &column_names(binary),
            piece.start,
            piece.rows,
            |batch| {
                let columns = Columns::of(&batch, &entry.dataset.path, binary)?;
                for place in 0..batch.num_rows() {
                    let incidence = columns.incidence(place);
                    let key = SegmentKey::of(EntityId::from_raw(incidence.member), shift);
                    delta
                        .segments
                        .entry(key)
                        .or_default()
                        .push((row, incidence));
                    row += 1;
                }
                delta.rows += batch.num_rows();
                Ok(())
            },
        )
        .await?;
    }
    Ok(delta)
}

/// Reads the segment `key`.
pub(super) async fn read_segment(
    dataset: &Dataset,
    entry: &AdjacencyEntry,
    delta: &Delta,
    key: SegmentKey,
    shift: u8,
    binary: bool,
) -> Result<IncidenceSegment> {
    let runs: Vec<&Run> = entry
        .runs
        .iter()
        .filter(|run| run.members == key.table && run.segment == key.segment)
        .collect();
    let changed = delta.segments.get(&key);
    if let ([run], None) = (&runs[..], changed) {
        return read_run(dataset, entry, run, shift, binary).await;
    }
    let changed = changed.map_or(&[][..], Vec::as_slice);
    let mut found: Vec<(u64, Incidence)> = Vec::new();
    for run in runs {
        let mut row = run.start;
        read_range(
            dataset,
            &column_names(binary),
            run.start,
            run.rows,
            |batch| {
                let columns = Columns::of(&batch, &entry.dataset.path, binary)?;
                found.extend(
                    (0..batch.num_rows())
                        .map(|place| (row + place as u64, columns.incidence(place))),
                );
                row += batch.num_rows() as u64;
                Ok(())
            },
        )
        .await?;
    }
    let mut taken_back: HashMap<(u64, u64), u64> = HashMap::new();
    for (row, incidence) in changed {
        if incidence.position == TAKEN_BACK {
            taken_back.insert((incidence.member, incidence.hyperedge), *row);
        } else {
            found.push((*row, *incidence));
        }
    }
    if !taken_back.is_empty() {
        found.retain(|(row, own)| {
            taken_back
                .get(&(own.member, own.hyperedge))
                .is_none_or(|taken| row > taken)
        });
    }
    let mut incidences: Vec<Incidence> = found.into_iter().map(|(_, own)| own).collect();
    incidences.sort_unstable();
    Ok(IncidenceSegment::from_sorted(&incidences, shift, binary))
}

/// Reads the lengths of the lists of the segment `key`; `None` where they do not stand in one run.
pub(super) async fn read_lengths(
    dataset: &Dataset,
    entry: &AdjacencyEntry,
    delta: &Delta,
    key: SegmentKey,
    shift: u8,
) -> Result<Option<IncidenceSegment>> {
    let runs: Vec<&Run> = entry
        .runs
        .iter()
        .filter(|run| run.members == key.table && run.segment == key.segment)
        .collect();
    let ([run], None) = (&runs[..], delta.segments.get(&key)) else {
        return Ok(None);
    };
    let mut builder = IncidenceSegmentBuilder::new(shift, 0, false);
    let names = [MEMBER.to_owned()];
    read_range(dataset, &names, run.start, run.rows, |batch| {
        builder.add_members(ids(&batch, MEMBER, &entry.dataset.path)?);
        Ok(())
    })
    .await?;
    Ok(Some(builder.finish()))
}

/// Reads a segment that is one run, which is sorted already.
async fn read_run(
    dataset: &Dataset,
    entry: &AdjacencyEntry,
    run: &Run,
    shift: u8,
    binary: bool,
) -> Result<IncidenceSegment> {
    let capacity = usize::try_from(run.rows).unwrap_or_default();
    let mut builder = IncidenceSegmentBuilder::new(shift, capacity, binary);
    read_range(
        dataset,
        &column_names(binary),
        run.start,
        run.rows,
        |batch| {
            let columns = Columns::of(&batch, &entry.dataset.path, binary)?;
            builder.add(
                columns.members,
                columns.hyperedges,
                columns.positions,
                columns.opposites.unwrap_or_default(),
            );
            Ok(())
        },
    )
    .await?;
    Ok(builder.finish())
}
