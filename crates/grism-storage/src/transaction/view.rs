//! The graph as a transaction sees it: a snapshot whose rows are patched as they are read.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, AsArray, BooleanArray, new_null_array};
use arrow::compute::{filter_record_batch, interleave};
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use grism_core::{
    BatchStream, EntityId, Error, GraphSchema, GraphStatistics, HyperedgeType, ID_COLUMN,
    Incidence, IncidenceSegment, IndexSearch, LoadState, MemoryManager, OffsetSet, Result, Role,
    ScanPiece, ScanRange, ScanRequest, SearchHit, SegmentKey, Snapshot, SnapshotId, Table, TableId,
    Value, widen_column,
};

use super::changes::{TableChanges, value_type};
use super::{column_of, deleted_access};
use crate::columns::{
    column_or_null, column_type, id_array, named_batch, passing_rows, scan_names,
};
use crate::incidences::{by_segment, collect_incidences};
use crate::search::scan_search;

/// A snapshot with changes on top. A copy shares everything.
#[derive(Clone, Debug)]
pub struct TransactionSnapshot {
    base: Arc<dyn Snapshot>,
    schema: Arc<GraphSchema>,
    statistics: Arc<GraphStatistics>,
    tables: Arc<BTreeMap<TableId, Arc<TableChanges>>>,
    /// What was asked for of the incidence lists.
    incidences: Arc<Mutex<ChangesByRole>>,
}

/// By a table of hyperedges and a role of it.
type ChangesByRole = HashMap<(TableId, String), Arc<RoleChanges>>;

/// What becomes of the incidence lists of one role, beside the hyperedges that are gone.
#[derive(Debug, Default)]
struct RoleChanges {
    /// Hyperedges, by their offsets, whose stored incidences do not count any more.
    replaced: OffsetSet,
    added: HashMap<SegmentKey, Vec<Incidence>>,
}

impl TransactionSnapshot {
    pub(super) fn new(
        base: Arc<dyn Snapshot>,
        schema: &GraphSchema,
        tables: &BTreeMap<TableId, Arc<TableChanges>>,
    ) -> Self {
        let schema = Arc::new(schema.clone());
        let mut statistics = (**base.statistics()).clone();
        for table in schema.tables() {
            statistics.tables.entry(table.id).or_default();
        }
        for (id, changes) in tables {
            let counts = statistics.tables.entry(*id).or_default();
            counts.rows = (counts.rows + changes.created).saturating_sub(changes.deleted.len());
            counts.next_offset = changes.end();
            // What the changes make of values and degrees is counted when they are committed.
            counts.properties.clear();
            for role in counts.roles.values_mut() {
                role.degrees = None;
            }
        }
        Self {
            base,
            schema,
            statistics: Arc::new(statistics),
            tables: Arc::new(tables.clone()),
            incidences: Arc::default(),
        }
    }

    /// What becomes of the incidence lists of a role; `None` where the table has not changed.
    fn role_changes(&self, table: TableId, role: &str) -> Result<Option<Arc<RoleChanges>>> {
        let Some(changes) = self.tables.get(&table) else {
            return Ok(None);
        };
        let mut known = self
            .incidences
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let key = (table, role.to_owned());
        if let Some(known) = known.get(&key) {
            return Ok(Some(Arc::clone(known)));
        }
        let entry = self.schema.table(table)?;
        let ty = entry
            .hyperedge_type()
            .ok_or_else(|| Error::internal("a node has no roles"))?;
        let found = Arc::new(self.collect_changes(entry, ty, changes, role)?);
        known.insert(key, Arc::clone(&found));
        Ok(Some(found))
    }

    fn collect_changes(
        &self,
        table: &Table,
        ty: &HyperedgeType,
        changes: &TableChanges,
        role: &str,
    ) -> Result<RoleChanges> {
        let mut found = RoleChanges::default();
        let known = ty.role(role).map(Role::column);
        let Some(column) = known.filter(|column| changes.cells.sets(column)) else {
            return Ok(found);
        };
        let columns = [column.into_owned()];
        let names = ty.role_columns();
        let mut add = |offsets: &[u64]| -> Result<()> {
            let columns = changes.columns(table, offsets, &names)?;
            let batch = named_batch(&names, columns, offsets.len())?;
            let by_role = collect_incidences(table.id, ty, &[batch], &|row| offsets[row])?;
            let own = by_role.get(role).map_or(&[][..], Vec::as_slice);
            for (key, added) in by_segment(own, self.segment_shift()) {
                found.added.entry(key).or_default().extend(added);
            }
            Ok(())
        };
        for range in changes.created_ranges() {
            let alive = range.filter(|offset| !changes.deleted.contains(*offset));
            add(&alive.collect::<Vec<u64>>())?;
        }
        for offsets in changes.updated_pieces() {
            let cells = changes.cells.cells(&offsets, &columns)?;
            let is_set = cells.iter().flatten().map(Option::is_some);
            let offsets: Vec<u64> = offsets
                .iter()
                .zip(is_set)
                .filter_map(|(offset, is_set)| is_set.then_some(*offset))
                .collect();
            add(&offsets)?;
            found.replaced.extend(offsets);
        }
        Ok(found)
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
        // Changed cells, each column a piece of its own beside the stored one.
        let cells = match changes {
            Some(changes) => changes.cells.cells(offsets, columns)?,
            None => vec![Vec::new(); columns.len()],
        };
        let mut found = Vec::new();
        for (name, cells) in columns.iter().zip(cells) {
            let data_type = column_type(table, name).ok_or_else(|| {
                Error::internal(format!("the table {} has no column `{name}`", table.id))
            })?;
            let old = match base.as_ref().and_then(|base| base.column_by_name(name)) {
                Some(column) if column.data_type() == &data_type => Arc::clone(column),
                Some(column) => widen_column(column, &data_type)?,
                None => new_null_array(&data_type, stored.len()),
            };
            let is_changed = cells.iter().any(Option::is_some);
            if !is_changed && stored.len() == offsets.len() {
                found.push(old);
                continue;
            }
            let mut at = 0;
            let mut places = Vec::with_capacity(offsets.len());
            let mut values = Vec::with_capacity(offsets.len());
            for (row, (offset, cell)) in offsets.iter().zip(cells).enumerate() {
                let is_stored = *offset < first;
                places.push(if is_stored && cell.is_none() {
                    (0, at)
                } else {
                    (1, row)
                });
                at += usize::from(is_stored);
                values.push(cell.unwrap_or(Value::Null));
            }
            let own = column_of(&values, &value_type(table, name))?;
            let own = if own.data_type() == &data_type {
                own
            } else {
                widen_column(&own, &data_type)?
            };
            found.push(interleave(&[old.as_ref(), own.as_ref()], &places)?);
        }
        Ok(found)
    }

    /// The created rows in a range of offsets that pass the predicate.
    fn created_batch(
        &self,
        request: &ScanRequest,
        table: &Table,
        range: Range<u64>,
    ) -> Result<RecordBatch> {
        let Some(changes) = self.tables.get(&table.id) else {
            return Err(Error::internal("created rows of an unchanged table"));
        };
        let offsets: Vec<u64> = range
            .filter(|offset| !changes.deleted.contains(*offset))
            .collect();
        let mut names = changes.cells.names().to_vec();
        names.retain(|name| {
            let is_asked = request.columns.contains(name)
                || request.predicate.iter().any(|own| &own.column == name);
            is_asked && column_type(table, name).is_some()
        });
        let columns = changes.columns(table, &offsets, &names)?;
        let all = named_batch(&names, columns, offsets.len())?;
        let passing = passing_rows(&all, &request.predicate, table)?;
        let mut columns = vec![id_array(table.id, offsets.iter().copied())];
        for name in &request.columns {
            let data_type = column_type(table, name).ok_or_else(|| {
                Error::internal(format!("the table {} has no column `{name}`", table.id))
            })?;
            columns.push(column_or_null(&all, name, &data_type)?);
        }
        let batch = named_batch(&scan_names(&request.columns), columns, offsets.len())?;
        Ok(filter_record_batch(&batch, &passing)?)
    }

    /// The rows of a batch of stored ids that are not deleted and pass the predicate, with their changes.
    async fn changed_batch(&self, request: &ScanRequest, ids: &RecordBatch) -> Result<RecordBatch> {
        let id = request.range.table;
        let table = self.schema.table(id)?;
        let mut wanted = request.columns.clone();
        for comparison in &request.predicate {
            if !wanted.contains(&comparison.column) {
                wanted.push(comparison.column.clone());
            }
        }
        let ids = ids
            .column_by_name(ID_COLUMN)
            .and_then(|ids| ids.as_primitive_opt::<UInt64Type>())
            .ok_or_else(|| Error::internal("a scan without ids"))?;
        let changes = self.tables.get(&id);
        let offsets: Vec<u64> = ids
            .values()
            .iter()
            .map(|id| EntityId::from_raw(*id).offset())
            .filter(|offset| changes.is_none_or(|changes| !changes.deleted.contains(*offset)))
            .collect();
        let columns = self.rows(table, &offsets, &wanted).await?;
        let all = named_batch(&wanted, columns, offsets.len())?;
        let passing: BooleanArray = passing_rows(&all, &request.predicate, table)?;
        let mut columns = vec![id_array(id, offsets.iter().copied())];
        columns.extend(all.columns()[..request.columns.len()].iter().cloned());
        let found = named_batch(&scan_names(&request.columns), columns, offsets.len())?;
        Ok(filter_record_batch(&found, &passing)?)
    }
}

#[async_trait]
impl Snapshot for TransactionSnapshot {
    fn id(&self) -> SnapshotId {
        self.base.id()
    }

    fn commit(&self) -> &str {
        self.base.commit()
    }

    fn memory(&self) -> &Arc<dyn MemoryManager> {
        self.base.memory()
    }

    fn with_memory(&self, memory: Arc<dyn MemoryManager>) -> Arc<dyn Snapshot> {
        Arc::new(Self {
            base: self.base.with_memory(memory),
            ..self.clone()
        })
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
            && changes.created > 0
        {
            ranges.push(ScanRange {
                table,
                piece: ScanPiece::Created,
                rows: changes.created,
            });
        }
        ranges
    }

    async fn scan(&self, request: ScanRequest) -> Result<BatchStream> {
        let id = request.range.table;
        let table = self.schema.table(id)?.clone();
        let changes = self.tables.get(&id);
        if request.range.piece == ScanPiece::Created {
            let ranges = changes.map(|changes| changes.created_ranges());
            let view = self.clone();
            let batches = ranges
                .into_iter()
                .flatten()
                .map(move |range| view.created_batch(&request, &table, range));
            return Ok(futures::stream::iter(batches).boxed());
        }
        let is_touched = changes.is_some_and(|changes| changes.touches_stored());
        if !is_touched && self.base.schema().table(id)? == &table {
            return self.base.scan(request).await;
        }
        // The rows are looked up by their ids, with their changes, and filtered afterwards.
        let ids = ScanRequest {
            columns: Vec::new(),
            predicate: Vec::new(),
            ..request.clone()
        };
        let view = self.clone();
        let request = Arc::new(request);
        let batches = self.base.scan(ids).await?.and_then(move |batch| {
            let (view, request) = (view.clone(), Arc::clone(&request));
            async move { view.changed_batch(&request, &batch).await }
        });
        Ok(batches.boxed())
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
                .any(|offset| changes.deleted.contains(*offset))
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
            let exists = if *offset < changes.first {
                base.next().unwrap_or(false)
            } else {
                *offset < changes.end()
            };
            exists && !changes.deleted.contains(*offset)
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

    async fn loaded(&self, table: TableId) -> Result<LoadState> {
        self.base.loaded(table).await
    }

    async fn incidences(
        &self,
        table: TableId,
        role: &str,
        key: SegmentKey,
    ) -> Result<Arc<IncidenceSegment>> {
        let has_base = self.base.schema().table(table).is_ok();
        let Some(own) = self.role_changes(table, role)? else {
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
        let added = own.added.get(&key);
        let deleted = self.tables.get(&table).map(|changes| &changes.deleted);
        let deletes = deleted.is_some_and(|deleted| !deleted.is_empty());
        if added.is_none() && own.replaced.is_empty() && !deletes {
            return Ok(base);
        }
        let is_gone = |hyperedge: u64| {
            let offset = EntityId::from_raw(hyperedge).offset();
            own.replaced.contains(offset) || deleted.is_some_and(|deleted| deleted.contains(offset))
        };
        let ty = self.schema.table(table)?.hyperedge_type();
        let binary = ty.is_some_and(|ty| ty.is_binary());
        let shift = self.segment_shift();
        let mut all = added.cloned().unwrap_or_default();
        let stored = base.incidences(key.first(shift));
        all.extend(stored.filter(|own| !is_gone(own.hyperedge)));
        all.sort_unstable();
        Ok(Arc::new(IncidenceSegment::from_sorted(&all, shift, binary)))
    }
}
