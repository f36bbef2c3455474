//! The graph as a transaction sees it: a snapshot whose rows are patched as they are read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, UInt64Array, new_null_array};
use arrow::compute::{filter_record_batch, interleave};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use grism_core::{
    BatchStream, EntityId, Error, GraphSchema, GraphStatistics, ID_COLUMN, Incidence,
    IncidenceSegment, IndexSearch, Result, ScanRange, ScanRequest, SearchHit, SegmentKey, Snapshot,
    SnapshotId, Table, TableId, widen_column,
};

use super::changes::{Row, TableChanges, columns_of, names_of};
use super::deleted_access;
use crate::columns::{
    column_or_null, column_type, id_array, named_batch, passing_rows, scan_names,
};
use crate::incidences::{by_segment, collect_incidences};
use crate::search::scan_search;

/// The fragment of the rows that a transaction created.
const CREATED: u64 = u64::MAX;

/// A snapshot with changes on top.
#[derive(Debug)]
pub struct TransactionSnapshot {
    base: Arc<dyn Snapshot>,
    schema: Arc<GraphSchema>,
    statistics: Arc<GraphStatistics>,
    tables: BTreeMap<TableId, TableChanges>,
    incidences: HashMap<(TableId, String), RoleChanges>,
}

/// What becomes of the incidence lists of one role.
#[derive(Debug, Default)]
struct RoleChanges {
    /// Hyperedges whose stored incidences do not count any more.
    gone: BTreeSet<u64>,
    added: HashMap<SegmentKey, Vec<Incidence>>,
}

impl TransactionSnapshot {
    pub(super) fn new(
        base: Arc<dyn Snapshot>,
        schema: &GraphSchema,
        tables: &BTreeMap<TableId, TableChanges>,
    ) -> Self {
        let schema = Arc::new(schema.clone());
        let mut statistics = (**base.statistics()).clone();
        for table in schema.tables() {
            statistics.tables.entry(table.id).or_default();
        }
        for (id, changes) in tables {
            let counts = statistics.tables.entry(*id).or_default();
            counts.rows = (counts.rows + changes.created.len() as u64)
                .saturating_sub(changes.deleted.len() as u64);
            counts.next_offset = changes.first + changes.created.len() as u64;
            // What the changes make of values and degrees is counted when they are committed.
            counts.properties.clear();
            for role in counts.roles.values_mut() {
                role.degrees = None;
            }
        }
        let mut snapshot = Self {
            base,
            schema,
            statistics: Arc::new(statistics),
            tables: tables.clone(),
            incidences: HashMap::new(),
        };
        snapshot.incidences = snapshot.role_changes().unwrap_or_default();
        snapshot
    }

    fn role_changes(&self) -> Result<HashMap<(TableId, String), RoleChanges>> {
        let mut all = HashMap::new();
        let shift = self.segment_shift();
        for (id, changes) in &self.tables {
            let table = self.schema.table(*id)?;
            let Some(ty) = table.hyperedge_type() else {
                continue;
            };
            for role in &ty.roles {
                let mut own = RoleChanges::default();
                let raw = |offset: &u64| EntityId::new(*id, *offset).raw();
                own.gone.extend(changes.deleted.iter().map(raw));
                let mut offsets = Vec::new();
                let mut rows: Vec<&Row> = Vec::new();
                for (offset, row) in &changes.updated {
                    if row.contains_key(&role.name) {
                        own.gone.insert(raw(offset));
                        if !changes.deleted.contains(offset) {
                            offsets.push(*offset);
                            rows.push(row);
                        }
                    }
                }
                for (row, offset) in changes.created.iter().zip(changes.first..) {
                    if !changes.deleted.contains(&offset) {
                        offsets.push(offset);
                        rows.push(row);
                    }
                }
                let names: Vec<String> = ty.roles.iter().map(|role| role.name.clone()).collect();
                let batch = named_batch(&names, columns_of(table, &rows, &names)?, rows.len())?;
                let found = collect_incidences(*id, ty, &[batch], &|row| offsets[row])?;
                for (key, added) in
                    by_segment(found.get(&role.name).map_or(&[], Vec::as_slice), shift)
                {
                    own.added.entry(key).or_default().extend(added);
                }
                all.insert((*id, role.name.clone()), own);
            }
        }
        Ok(all)
    }

    /// Whether the base has the table, and the column.
    fn stored(&self, table: TableId, column: &str) -> bool {
        self.base.schema().table(table).is_ok_and(|table| {
            column_type(table, column).is_some()
                && (column != grism_core::LABELS_COLUMN || !table.changed_labels.is_empty())
        })
    }

    /// Columns of rows by their offsets, as the transaction sees them.
    async fn rows(
        &self,
        table: &Table,
        offsets: &[u64],
        columns: &[String],
    ) -> Result<Vec<ArrayRef>> {
        let changes = self.tables.get(&table.id);
        let first = changes.map_or(u64::MAX, |changes| changes.first);
        let stored: Vec<u64> = offsets
            .iter()
            .copied()
            .filter(|offset| *offset < first)
            .collect();
        let known: Vec<String> = columns
            .iter()
            .filter(|name| self.stored(table.id, name))
            .cloned()
            .collect();
        let base = if stored.is_empty() || known.is_empty() {
            None
        } else {
            Some(self.base.take(table.id, &stored, &known).await?)
        };
        // Changed rows, each column a piece of its own beside the stored one.
        let empty = Row::new();
        let changed: Vec<&Row> = offsets
            .iter()
            .map(|offset| {
                let row = changes.and_then(|changes| match offset.checked_sub(changes.first) {
                    Some(place) => changes.created.get(place as usize),
                    None => changes.updated.get(offset),
                });
                row.unwrap_or(&empty)
            })
            .collect();
        let mut found = Vec::new();
        for name in columns {
            let data_type = column_type(table, name).ok_or_else(|| {
                Error::internal(format!("the table {} has no column `{name}`", table.id))
            })?;
            let old = match base.as_ref().and_then(|base| base.column_by_name(name)) {
                Some(column) if column.data_type() == &data_type => Arc::clone(column),
                Some(column) => widen_column(column, &data_type)?,
                None => new_null_array(&data_type, stored.len()),
            };
            let own = columns_of(table, &changed, std::slice::from_ref(name))?.remove(0);
            let own = if own.data_type() == &data_type {
                own
            } else {
                widen_column(&own, &data_type)?
            };
            let mut at = 0;
            let places: Vec<(usize, usize)> = offsets
                .iter()
                .enumerate()
                .map(|(row, offset)| {
                    let is_stored = *offset < first;
                    let place = at;
                    at += usize::from(is_stored);
                    if is_stored && !changed[row].contains_key(name) {
                        (0, place)
                    } else {
                        (1, row)
                    }
                })
                .collect();
            found.push(interleave(&[old.as_ref(), own.as_ref()], &places)?);
        }
        Ok(found)
    }

    fn created_batch(&self, request: &ScanRequest, table: &Table) -> Result<RecordBatch> {
        let Some(changes) = self.tables.get(&table.id) else {
            return Err(Error::internal("created rows of an unchanged table"));
        };
        let mut rows: Vec<&Row> = Vec::new();
        let mut offsets = Vec::new();
        for (row, offset) in changes.created.iter().zip(changes.first..) {
            if !changes.deleted.contains(&offset) {
                rows.push(row);
                offsets.push(offset);
            }
        }
        let mut names = names_of(rows.iter().copied());
        names.retain(|name| column_type(table, name).is_some());
        let all = named_batch(&names, columns_of(table, &rows, &names)?, rows.len())?;
        let passing = passing_rows(&all, &request.predicate, table)?;
        let mut columns = vec![id_array(table.id, offsets.iter().copied())];
        for name in &request.columns {
            let data_type = column_type(table, name).ok_or_else(|| {
                Error::internal(format!("the table {} has no column `{name}`", table.id))
            })?;
            columns.push(column_or_null(&all, name, &data_type)?);
        }
        let batch = named_batch(&scan_names(&request.columns), columns, rows.len())?;
        Ok(filter_record_batch(&batch, &passing)?)
    }
}

#[async_trait]
impl Snapshot for TransactionSnapshot {
    fn id(&self) -> SnapshotId {
        self.base.id()
    }

    fn schema(&self) -> &Arc<GraphSchema> {
        &self.schema
    }

    fn statistics(&self) -> &Arc<GraphStatistics> {
        &self.statistics
    }

    fn segment_shift(&self) -> u8 {
        self.base.segment_shift()
    }

    fn scan_ranges(&self, table: TableId) -> Vec<ScanRange> {
        let mut ranges = if self.base.schema().table(table).is_ok() {
            self.base.scan_ranges(table)
        } else {
            Vec::new()
        };
        if let Some(changes) = self.tables.get(&table)
            && !changes.created.is_empty()
        {
            ranges.push(ScanRange {
                table,
                fragment: CREATED,
                rows: changes.created.len() as u64,
            });
        }
        ranges
    }

    async fn scan(&self, request: ScanRequest) -> Result<BatchStream> {
        let id = request.range.table;
        let table = self.schema.table(id)?.clone();
        if request.range.fragment == CREATED {
            let batch = self.created_batch(&request, &table)?;
            return Ok(futures::stream::iter([Ok(batch)]).boxed());
        }
        let touched = self
            .tables
            .get(&id)
            .is_some_and(|changes| !changes.updated.is_empty() || !changes.deleted.is_empty());
        let same_types = self.base.schema().table(id)? == &table;
        if !touched && same_types {
            return self.base.scan(request).await;
        }
        // The rows are looked up by their ids, with their changes, and filtered afterwards.
        let ids = ScanRequest {
            columns: Vec::new(),
            predicate: Vec::new(),
            ..request.clone()
        };
        let mut wanted = request.columns.clone();
        for comparison in &request.predicate {
            if !wanted.contains(&comparison.column) {
                wanted.push(comparison.column.clone());
            }
        }
        let mut batches = Vec::new();
        let mut stream = self.base.scan(ids).await?;
        while let Some(batch) = stream.try_next().await? {
            let ids = batch
                .column_by_name(ID_COLUMN)
                .and_then(|ids| ids.as_any().downcast_ref::<UInt64Array>().cloned())
                .ok_or_else(|| Error::internal("a scan without ids"))?;
            let offsets: Vec<u64> = ids
                .values()
                .iter()
                .map(|id| EntityId::from_raw(*id).offset())
                .filter(|offset| {
                    let changes = self.tables.get(&id);
                    changes.is_none_or(|changes| !changes.deleted.contains(offset))
                })
                .collect();
            let columns = self.rows(&table, &offsets, &wanted).await?;
            let all = named_batch(&wanted, columns, offsets.len())?;
            let passing: BooleanArray = passing_rows(&all, &request.predicate, &table)?;
            let mut columns = vec![id_array(id, offsets.iter().copied())];
            columns.extend(all.columns()[..request.columns.len()].iter().cloned());
            let found = named_batch(&scan_names(&request.columns), columns, offsets.len())?;
            batches.push(Ok(filter_record_batch(&found, &passing)?));
        }
        Ok(futures::stream::iter(batches).boxed())
    }

    async fn take(
        &self,
        table: TableId,
        offsets: &[u64],
        columns: &[String],
    ) -> Result<RecordBatch> {
        if let Some(changes) = self.tables.get(&table)
            && offsets
                .iter()
                .any(|offset| changes.deleted.contains(offset))
        {
            return Err(deleted_access());
        }
        let entry = self.schema.table(table)?;
        let found = self.rows(entry, offsets, columns).await?;
        named_batch(columns, found, offsets.len())
    }

    async fn alive(&self, table: TableId, offsets: &[u64]) -> Result<Vec<bool>> {
        let Some(changes) = self.tables.get(&table) else {
            return self.base.alive(table, offsets).await;
        };
        let stored: Vec<u64> = offsets
            .iter()
            .copied()
            .filter(|offset| *offset < changes.first)
            .collect();
        let mut base = if stored.is_empty() {
            Vec::new().into_iter()
        } else {
            self.base.alive(table, &stored).await?.into_iter()
        };
        let is_alive = |offset: &u64| {
            let exists = match offset.checked_sub(changes.first) {
                Some(created) => created < changes.created.len() as u64,
                None => base.next().unwrap_or(false),
            };
            exists && !changes.deleted.contains(offset)
        };
        Ok(offsets.iter().map(is_alive).collect())
    }

    async fn search(&self, table: TableId, search: &IndexSearch) -> Result<Vec<SearchHit>> {
        let is_stored = self.base.schema().table(table).is_ok();
        if is_stored && !self.tables.contains_key(&table) {
            return self.base.search(table, search).await;
        }
        // An index knows nothing of what is not committed.
        scan_search(self, table, search).await
    }

    async fn incidences(
        &self,
        table: TableId,
        role: &str,
        key: SegmentKey,
    ) -> Result<Arc<IncidenceSegment>> {
        let has_base = self.base.schema().table(table).is_ok();
        let Some(changes) = self.incidences.get(&(table, role.to_owned())) else {
            return if has_base {
                self.base.incidences(table, role, key).await
            } else {
                Ok(Arc::default())
            };
        };
        let base = if has_base {
            self.base.incidences(table, role, key).await?
        } else {
            Arc::default()
        };
        let added = changes.added.get(&key);
        if added.is_none() && changes.gone.is_empty() {
            return Ok(base);
        }
        let ty = self.schema.table(table)?.hyperedge_type();
        let binary = ty.is_some_and(|ty| ty.is_binary());
        let shift = self.segment_shift();
        let mut all = added.cloned().unwrap_or_default();
        for local in 0..base.offsets.len().saturating_sub(1) {
            let member = EntityId::new(key.table, (key.segment << shift) + local as u64).raw();
            for place in base.range(local) {
                if changes.gone.contains(&base.hyperedges.at(place)) {
                    continue;
                }
                all.push(Incidence {
                    member,
                    hyperedge: base.hyperedges.at(place),
                    position: base.positions.get(place).copied().unwrap_or(0),
                    opposite: base.opposite(place),
                });
            }
        }
        all.sort_unstable();
        Ok(Arc::new(IncidenceSegment::from_sorted(&all, shift, binary)))
    }
}
