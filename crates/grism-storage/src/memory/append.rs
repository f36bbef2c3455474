//! Rows that a commit adds to tables in memory: their statistics and incidence lists, made on all cores.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use arrow::record_batch::RecordBatch;
use grism_core::{
    AppendedRows, CancellationHandle, Cardinality, DegreeCounter, DegreeDistribution, Error,
    HyperedgeType, IncidenceSegment, IncidenceSegmentBuilder, Result, Role, SegmentKey,
    SortedColumns, SortedIncidences, Table, TableId, TableStatistics,
};

use super::segments::{TableSegments, edited};
use crate::collector::StatisticsCollector;
use crate::incidences::{by_segment, collect_incidences, members_of};
use crate::shares::Shares;

/// Rows from which on their incidences are brought together by counting, and each role and the statistics have a thread.
const COUNTED_ROWS: usize = 4096;

/// A table and the rows that it gets.
pub(super) struct Appending<'a> {
    pub(super) table: &'a Table,
    pub(super) batches: Vec<RecordBatch>,
    /// The offset of the first row.
    pub(super) first_offset: u64,
    /// As they are before.
    pub(super) statistics: TableStatistics,
    /// As they are before.
    pub(super) segments: Arc<TableSegments>,
    /// Segments hold `2^shift` members.
    pub(super) shift: u8,
    /// What stops the commit.
    pub(super) cancellation: CancellationHandle,
}

/// A table with its new rows.
pub(super) struct Appended {
    pub(super) table: TableId,
    pub(super) batches: Vec<RecordBatch>,
    pub(super) statistics: TableStatistics,
    pub(super) segments: Arc<TableSegments>,
}

/// What new rows add to a role.
struct RoleLists {
    segments: Vec<(SegmentKey, IncidenceSegment)>,
    members: BTreeMap<TableId, u64>,
    degrees: DegreeDistribution,
}

/// Adds the rows, to many tables at the same time.
///
/// # Errors
/// Those of the rows.
pub(super) fn appended(appending: Vec<Appending<'_>>, shares: Shares) -> Result<Vec<Appended>> {
    let waiting: Vec<Mutex<Option<Appending<'_>>>> = appending
        .into_iter()
        .map(|own| Mutex::new(Some(own)))
        .collect();
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<Appended>> {
        let mut done = Vec::new();
        while let Some(slot) = waiting.get(next.fetch_add(1, Ordering::Relaxed)) {
            let own = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(own) = own {
                done.push(own.appended(shares)?);
            }
        }
        Ok(done)
    };
    let threads = (shares.write_parts() as usize).min(waiting.len());
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work()?;
        for other in others {
            all.extend(joined(other)?);
        }
        Ok(all)
    })
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    let done = thread.join();
    done.unwrap_or_else(|_| Err(Error::internal("a thread of a commit panicked")))
}

impl Appending<'_> {
    fn appended(mut self, shares: Shares) -> Result<Appended> {
        let rows: usize = self.batches.iter().map(RecordBatch::num_rows).sum();
        self.statistics.rows += rows as u64;
        match self.table.hyperedge_type().cloned() {
            Some(ty) if rows >= COUNTED_ROWS => self.counted(&ty, shares)?,
            Some(ty) => {
                self.collected(shares).merge(&mut self.statistics)?;
                self.sorted(&ty)?;
            }
            None => self.collected(shares).merge(&mut self.statistics)?,
        }
        Ok(Appended {
            table: self.table.id,
            batches: self.batches,
            statistics: self.statistics,
            segments: self.segments,
        })
    }

    /// What the rows say of the properties.
    fn collected(&self, shares: Shares) -> Collected {
        let collect = |batches: &[RecordBatch]| -> Result<StatisticsCollector> {
            let mut found = StatisticsCollector::default();
            for batch in batches {
                self.cancellation.check()?;
                found.add_rows(self.table, batch)?;
            }
            Ok(found)
        };
        if self.batches.len() < 2 || shares.write_parts() == 1 {
            return Collected(vec![collect(&self.batches)]);
        }
        let (first, second) = self.batches.split_at(self.batches.len() / 2);
        thread::scope(|scope| {
            let second = scope.spawn(|| collect(second));
            let first = collect(first);
            Collected(vec![first, joined(second)])
        })
    }

    /// Adds the incidences of many rows.
    fn counted(&mut self, ty: &HyperedgeType, shares: Shares) -> Result<()> {
        let own = &*self;
        let (collected, lists) = thread::scope(|scope| {
            let roles = ty.roles.iter();
            let threads = roles.map(|role| scope.spawn(move || own.role_lists(ty, role, shares)));
            let threads: Vec<_> = threads.collect();
            let collected = own.collected(shares);
            let lists: Result<Vec<RoleLists>> = threads.into_iter().map(joined).collect();
            (collected, lists)
        });
        collected.merge(&mut self.statistics)?;
        let segments = Arc::make_mut(&mut self.segments);
        for (role, lists) in ty.roles.iter().zip(lists?) {
            let mut are_apart = true;
            for (key, added) in lists.segments {
                let slot = segments.entry((role.name.clone(), key)).or_default();
                let is_first = slot.members() == 0;
                are_apart &= is_first;
                *slot = Arc::new(if is_first {
                    added
                } else {
                    let more: Vec<_> = added.incidences(key.first(self.shift)).collect();
                    let none = BTreeSet::new();
                    edited(slot, key, &none, &more, self.shift, ty.is_binary())
                });
            }
            let counts = self.statistics.roles.entry(role.name.clone());
            let counts = counts.or_default();
            counts.join(&lists.members, lists.degrees, are_apart);
        }
        Ok(())
    }

    fn role_lists(&self, ty: &HyperedgeType, role: &Role, shares: Shares) -> Result<RoleLists> {
        let pieces = self.batches.iter().cloned().map(AppendedRows::Batch);
        let pieces = pieces.map(|piece| piece.until(&self.cancellation));
        let sorted = SortedIncidences::count(
            self.table.id,
            ty,
            &role.name,
            pieces.collect(),
            self.first_offset,
            self.shift,
            shares.sort_bytes(),
        )?;
        let (keys, members) = (sorted.segments(), sorted.by_table());
        let mut keys = keys.into_iter();
        let mut counter = DegreeCounter::default();
        let mut segments = Vec::new();
        let mut open: Option<(SegmentKey, usize, IncidenceSegmentBuilder)> = None;
        for columns in sorted.batches() {
            self.cancellation.check()?;
            let columns = columns?;
            counter.add(&columns.members);
            let mut start = 0;
            while start < columns.members.len() {
                let (key, left, mut builder) = match open.take() {
                    Some(open) => open,
                    None => {
                        let (key, rows) = keys
                            .next()
                            .ok_or_else(|| Error::internal("more incidences than were counted"))?;
                        let rows = rows as usize;
                        let builder =
                            IncidenceSegmentBuilder::new(self.shift, rows, ty.is_binary());
                        (key, rows, builder)
                    }
                };
                let end = columns.members.len().min(start + left);
                add(&mut builder, &columns, start..end, role.cardinality);
                let left = left - (end - start);
                start = end;
                if left == 0 {
                    segments.push((key, builder.finish()));
                } else {
                    open = Some((key, left, builder));
                }
            }
        }
        Ok(RoleLists {
            segments,
            members,
            degrees: counter.finish(),
        })
    }

    /// Adds the incidences of few rows.
    fn sorted(&mut self, ty: &HyperedgeType) -> Result<()> {
        let first = self.first_offset;
        let offset_of = |row: usize| first + row as u64;
        let segments = Arc::make_mut(&mut self.segments);
        for (role, incidences) in collect_incidences(self.table.id, ty, &self.batches, &offset_of)?
        {
            let own = self.statistics.roles.entry(role.clone()).or_default();
            own.add(&members_of(&incidences));
            for (key, added) in by_segment(&incidences, self.shift) {
                let slot = segments.entry((role.clone(), key)).or_default();
                let none = BTreeSet::new();
                let lists = edited(slot, key, &none, added, self.shift, ty.is_binary());
                *slot = Arc::new(lists);
            }
        }
        Ok(())
    }
}

/// What parts of the rows say of the properties.
struct Collected(Vec<Result<StatisticsCollector>>);

impl Collected {
    fn merge(self, statistics: &mut TableStatistics) -> Result<()> {
        for part in self.0 {
            part?.merge_into(statistics);
        }
        Ok(())
    }
}

fn add(
    builder: &mut IncidenceSegmentBuilder,
    columns: &SortedColumns,
    rows: std::ops::Range<usize>,
    cardinality: Cardinality,
) {
    let opposites = if columns.opposites.is_empty() {
        &[][..]
    } else {
        &columns.opposites[rows.clone()]
    };
    let zeros;
    let positions = match (columns.positions.is_empty(), cardinality) {
        (false, _) => &columns.positions[rows.clone()],
        (true, Cardinality::Many) => {
            zeros = vec![0; rows.len()];
            &zeros[..]
        }
        (true, _) => &[][..],
    };
    let (members, hyperedges) = (&columns.members[rows.clone()], &columns.hyperedges[rows]);
    builder.add(members, hyperedges, positions, opposites);
}
