//! Reading incidence lists: segments of the runs and the delta of a role.

use std::collections::HashMap;
use std::ops::Range;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{UInt32Type, UInt64Type};
use grism_core::{
    EntityId, Error, Incidence, IncidenceSegment, IncidenceSegmentBuilder, Result, SegmentKey,
};
use lance::dataset::Dataset;

use crate::lance::history::log::{AdjacencyEntry, Run};
use crate::lance::lists::adjacency::{
    HYPEREDGE, MEMBER, OPPOSITE, POSITION, TAKEN_BACK, column_names,
};
use crate::lance::lists::delta::Delta;
use crate::lance::rows::dataset::read_range;
use crate::shares::Shares;

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

/// The dataset of a role, and how it is read.
#[derive(Clone, Copy)]
pub(in crate::lance) struct RoleReader<'a> {
    pub(in crate::lance) dataset: &'a Dataset,
    pub(in crate::lance) entry: &'a AdjacencyEntry,
    /// Segments hold `2^shift` members.
    pub(in crate::lance) shift: u8,
    pub(in crate::lance) binary: bool,
    pub(in crate::lance) shares: Shares,
}

impl RoleReader<'_> {
    /// Reads columns of a range of rows.
    async fn read(
        &self,
        names: &[String],
        rows: Range<u64>,
        visit: impl FnMut(RecordBatch) -> Result<()>,
    ) -> Result<()> {
        read_range(self.dataset, names, rows, self.shares, visit).await
    }

    fn columns<'b>(&self, batch: &'b RecordBatch) -> Result<Columns<'b>> {
        Columns::of(batch, &self.entry.dataset.path, self.binary)
    }

    fn runs(&self, key: SegmentKey) -> Vec<&Run> {
        let runs = self.entry.runs.iter();
        runs.filter(|run| run.members == key.table && run.segment == key.segment)
            .collect()
    }

    /// Reads the delta.
    pub(in crate::lance) async fn delta(&self) -> Result<Delta> {
        let mut delta = Delta::default();
        let names = column_names(self.binary);
        for piece in &self.entry.delta {
            let mut row = piece.start;
            self.read(&names, piece.start..piece.start + piece.rows, |batch| {
                let columns = self.columns(&batch)?;
                for place in 0..batch.num_rows() {
                    let incidence = columns.incidence(place);
                    let key = SegmentKey::of(EntityId::from_raw(incidence.member), self.shift);
                    let own = delta.segments.entry(key).or_default();
                    own.push((row, incidence));
                    row += 1;
                }
                delta.rows += batch.num_rows();
                Ok(())
            })
            .await?;
        }
        delta.segments.values_mut().for_each(Vec::shrink_to_fit);
        Ok(delta)
    }

    /// Reads the segment `key`.
    pub(in crate::lance) async fn segment(
        &self,
        delta: &Delta,
        key: SegmentKey,
    ) -> Result<IncidenceSegment> {
        let runs = self.runs(key);
        let changed = delta.segments.get(&key);
        if let ([run], None) = (&runs[..], changed) {
            return self.run(run).await;
        }
        let changed = changed.map_or(&[][..], Vec::as_slice);
        let names = column_names(self.binary);
        let mut found: Vec<(u64, Incidence)> = Vec::new();
        for run in runs {
            let mut row = run.start;
            self.read(&names, run.start..run.start + run.rows, |batch| {
                let columns = self.columns(&batch)?;
                found.extend(
                    (0..batch.num_rows())
                        .map(|place| (row + place as u64, columns.incidence(place))),
                );
                row += batch.num_rows() as u64;
                Ok(())
            })
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
        Ok(IncidenceSegment::from_sorted(
            &incidences,
            self.shift,
            self.binary,
        ))
    }

    /// Reads the lengths of the lists of the segment `key`; `None` where they do not stand in one run.
    pub(in crate::lance) async fn lengths(
        &self,
        delta: &Delta,
        key: SegmentKey,
    ) -> Result<Option<IncidenceSegment>> {
        let runs = self.runs(key);
        let ([run], None) = (&runs[..], delta.segments.get(&key)) else {
            return Ok(None);
        };
        let mut builder = IncidenceSegmentBuilder::new(self.shift, 0, false);
        let names = [MEMBER.to_owned()];
        self.read(&names, run.start..run.start + run.rows, |batch| {
            builder.add_members(ids(&batch, MEMBER, &self.entry.dataset.path)?);
            Ok(())
        })
        .await?;
        Ok(Some(builder.finish()))
    }

    /// Reads a segment that is one run, which is sorted already.
    async fn run(&self, run: &Run) -> Result<IncidenceSegment> {
        let capacity = usize::try_from(run.rows).unwrap_or_default();
        let mut builder = IncidenceSegmentBuilder::new(self.shift, capacity, self.binary);
        let names = column_names(self.binary);
        self.read(&names, run.start..run.start + run.rows, |batch| {
            let columns = self.columns(&batch)?;
            builder.add(
                columns.members,
                columns.hyperedges,
                columns.positions,
                columns.opposites.unwrap_or_default(),
            );
            Ok(())
        })
        .await?;
        Ok(builder.finish())
    }
}
