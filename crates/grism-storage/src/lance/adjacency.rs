//! Incidence lists on disk: sorted by member, one run of rows for each segment that a commit added to.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, UInt32Array, UInt64Array};
use arrow::datatypes::{DataType, Field, UInt32Type, UInt64Type};
use futures::TryStreamExt;
use grism_core::{Error, Incidence, IncidenceSegment, Result, SegmentKey, TableId};
use lance::dataset::Dataset;

use super::dataset::{append, create, open};
use super::error::from_lance;
use super::log::{AdjacencyEntry, DatasetVersion, Run};
use crate::columns::named_batch;
use crate::incidences::by_segment;

const MEMBER: &str = "member";
const HYPEREDGE: &str = "hyperedge";
const POSITION: &str = "position";
const OPPOSITE: &str = "opposite";

fn column_names(binary: bool) -> Vec<String> {
    let names: &[&str] = if binary {
        &[MEMBER, HYPEREDGE, POSITION, OPPOSITE]
    } else {
        &[MEMBER, HYPEREDGE, POSITION]
    };
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The position of a row that takes back what came before it: the incidences of its member with its hyperedge.
pub(super) const TAKEN_BACK: u32 = u32::MAX;

/// Where the incidence lists of a role are kept.
pub(super) struct AdjacencyTarget<'a> {
    pub(super) root: &'a Path,
    pub(super) path: String,
    pub(super) table: TableId,
    pub(super) role: &'a str,
    pub(super) binary: bool,
    pub(super) shift: u8,
}

/// Adds sorted incidences, and says where each segment's rows stand now.
pub(super) async fn append_incidences(
    target: AdjacencyTarget<'_>,
    before: Option<&AdjacencyEntry>,
    incidences: &[Incidence],
) -> Result<AdjacencyEntry> {
    let names = column_names(target.binary);
    let (path, base) = match before {
        Some(entry) => {
            let dataset = open(target.root, &entry.dataset.path, entry.dataset.version).await?;
            (entry.dataset.path.clone(), dataset)
        }
        None => {
            let field = |name: &String| {
                let data_type = if name == POSITION {
                    DataType::UInt32
                } else {
                    DataType::UInt64
                };
                Field::new(name, data_type, true)
            };
            create(target.root, &target.path, names.iter().map(field).collect()).await?
        }
    };
    let mut runs = before.map(|entry| entry.runs.clone()).unwrap_or_default();
    let mut start = runs.last().map_or(0, |run| run.start + run.rows);
    for (key, piece) in by_segment(incidences, target.shift) {
        runs.push(Run {
            members: key.table,
            segment: key.segment,
            start,
            rows: piece.len() as u64,
        });
        start += piece.len() as u64;
    }
    let ids = |pick: fn(&Incidence) -> u64| {
        Arc::new(incidences.iter().map(pick).collect::<UInt64Array>()) as ArrayRef
    };
    let mut columns = vec![
        ids(|incidence| incidence.member),
        ids(|incidence| incidence.hyperedge),
        Arc::new(
            incidences
                .iter()
                .map(|incidence| incidence.position)
                .collect::<UInt32Array>(),
        ),
    ];
    if target.binary {
        columns.push(ids(|incidence| incidence.opposite));
    }
    let batch = named_batch(&names, columns, incidences.len())?;
    let batches = if incidences.is_empty() {
        Vec::new()
    } else {
        vec![batch]
    };
    let dataset = append(target.root, &path, base, batches, 1 << 20).await?;
    let version = DatasetVersion {
        path,
        version: dataset.version_id(),
    };
    Ok(AdjacencyEntry {
        table: target.table,
        role: target.role.to_owned(),
        dataset: version,
        runs,
    })
}

/// Reads the segment `key`.
pub(super) async fn read_segment(
    dataset: &Dataset,
    entry: &AdjacencyEntry,
    key: SegmentKey,
    shift: u8,
    binary: bool,
) -> Result<IncidenceSegment> {
    let mut incidences: Vec<Incidence> = Vec::new();
    let mut pieces = 0;
    let mut taken_back: HashSet<(u64, u64)> = HashSet::new();
    for run in entry
        .runs
        .iter()
        .filter(|run| run.members == key.table && run.segment == key.segment)
    {
        pieces += 1;
        let mut scan = dataset.scan();
        scan.project(&column_names(binary)).map_err(from_lance)?;
        let limit =
            |count: u64| i64::try_from(count).map_err(|_| Error::internal("a run out of range"));
        scan.limit(Some(limit(run.rows)?), Some(limit(run.start)?))
            .map_err(from_lance)?;
        let mut stream = scan.try_into_stream().await.map_err(from_lance)?;
        while let Some(batch) = stream.try_next().await.map_err(from_lance)? {
            let ids = |name: &str| {
                let column = batch
                    .column_by_name(name)
                    .and_then(|column| column.as_primitive_opt::<UInt64Type>());
                column.ok_or_else(|| {
                    Error::invalid_data(format!("{} has no column `{name}`", entry.dataset.path))
                })
            };
            let (members, hyperedges) = (ids(MEMBER)?, ids(HYPEREDGE)?);
            let opposites = if binary { Some(ids(OPPOSITE)?) } else { None };
            let positions = batch
                .column_by_name(POSITION)
                .and_then(|column| column.as_primitive_opt::<UInt32Type>())
                .ok_or_else(|| {
                    Error::invalid_data(format!("{} has no positions", entry.dataset.path))
                })?;
            for row in 0..batch.num_rows() {
                let (member, hyperedge) = (members.value(row), hyperedges.value(row));
                if positions.value(row) == TAKEN_BACK {
                    taken_back.insert((member, hyperedge));
                    continue;
                }
                incidences.push(Incidence {
                    member,
                    hyperedge,
                    position: positions.value(row),
                    opposite: opposites.map_or(0, |ids| ids.value(row)),
                });
            }
        }
        if !taken_back.is_empty() {
            // A run that takes back holds nothing else, and speaks of the runs before it.
            incidences.retain(|own| !taken_back.contains(&(own.member, own.hyperedge)));
            taken_back.clear();
        }
    }
    if pieces > 1 {
        incidences.sort_unstable();
    }
    Ok(IncidenceSegment::from_sorted(&incidences, shift, binary))
}
