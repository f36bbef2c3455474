//! Staging: the datasets of a graph as they are with a set of changes, in versions that no snapshot names yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use grism_core::{
    AppendedRows, ChangeSet, Error, GraphSchema, HyperedgeType, Incidence, Result,
    SortedIncidences, Table, TableId, TableStatistics, batches_of,
};
use lance::dataset::Dataset;
use tokio::task::JoinSet;

use super::adjacency::AdjacencyTarget;
use super::dataset::{Batches, append, create, open};
use super::format::GraphOptions;
use super::indexes::build_indexes;
use super::layout::{NewPath, adjacency_path, first_fields, table_path};
use super::loaded::stage_loaded;
use super::log::{AdjacencyEntry, DatasetVersion, SnapshotEntry};
use super::physical::target_column;
use super::root::Root;
use crate::collector::{StatisticsCollector, settle};
use crate::columns::{column_or_null, table_fields};
use crate::incidences::{collect_incidences, members_of};
use crate::memory_limit::{is_scarce, sort_bytes, write_parts};

/// Rows from which on their incidences are sorted into runs instead of joining the delta.
const SORTED_ROWS: u64 = 4096;

/// Stages `changes` on top of `before`: the entry of the snapshot that would come of it, with the number of `before`.
pub(super) async fn stage(
    root: &Root,
    options: GraphOptions,
    before: &SnapshotEntry,
    changes: &ChangeSet,
) -> Result<SnapshotEntry> {
    let mut entry = before.clone();
    entry.schema = changes.schema.clone();
    let stays = |table: TableId| changes.schema.table(table).is_ok();
    entry.tables.retain(|table, _| stays(*table));
    rename_roles(&mut entry.adjacency, &before.schema, &changes.schema);
    entry.statistics.tables.retain(|table, _| stays(*table));
    entry.loaded.retain(|table, _| stays(*table));
    for (table, taken) in &changes.loaded {
        stage_loaded(root, &mut entry, *table, taken).await?;
    }
    for table in changes.schema.tables() {
        let statistics = entry.statistics.tables.entry(table.id).or_default();
        settle(statistics, table, before.schema.table(table.id).ok());
    }
    let touched: BTreeSet<TableId> = changes
        .appends
        .keys()
        .chain(changes.updates.keys())
        .chain(changes.deletes.keys())
        .copied()
        .collect();
    let mut stager = Stager {
        root,
        options,
        entry,
    };
    for id in &touched {
        stager.table(changes.schema.table(*id)?, changes).await?;
    }
    let mut entry = stager.entry;
    if !(entry.schema.indexes().is_empty() && before.schema.indexes().is_empty()) {
        let are_new = entry.schema.indexes() != before.schema.indexes();
        for table in changes.schema.tables() {
            if are_new || touched.contains(&table.id) {
                build_indexes(root, table, &mut entry, false).await?;
            }
        }
    }
    Ok(entry)
}

/// Keeps incidence lists under the names that their roles have in `after`; those of roles and tables that were dropped go.
fn rename_roles(lists: &mut Vec<AdjacencyEntry>, before: &GraphSchema, after: &GraphSchema) {
    lists.retain_mut(|own| {
        let tables = before
            .table(own.table)
            .ok()
            .zip(after.table(own.table).ok());
        let types = tables.and_then(|(old, new)| old.hyperedge_type().zip(new.hyperedge_type()));
        let later = types.and_then(|(old, new)| new.later_name(old, &own.role));
        if let Some(role) = later.filter(|role| *role != own.role) {
            own.role = role.to_owned();
        }
        later.is_some()
    });
}

pub(super) struct Stager<'a> {
    pub(super) root: &'a Root,
    pub(super) options: GraphOptions,
    pub(super) entry: SnapshotEntry,
}

/// New rows in parts that can be written at the same time.
struct Parts {
    schema: SchemaRef,
    batches: Vec<Batches>,
    /// What each part's rows say of the properties, once they are written.
    collectors: Vec<Arc<Mutex<StatisticsCollector>>>,
}

impl Stager<'_> {
    /// Stages the changes of one table and of its incidences.
    async fn table(&mut self, table: &Table, changes: &ChangeSet) -> Result<()> {
        let updates = changes.updates.get(&table.id);
        let deletes = changes.deletes.get(&table.id);
        let (path, mut staged) = match self.entry.tables.get(&table.id) {
            Some(known) => (
                known.path.clone(),
                open(self.root, &known.path, known.version).await?,
            ),
            None => {
                let place = NewPath::of(table_path(table), &self.entry);
                create(self.root, &place, first_fields(table)).await?
            }
        };
        if let Some(pieces) = changes.appends.get(&table.id) {
            staged = self.appended(table, &path, staged, pieces).await?;
        }
        if updates.is_some() || deletes.is_some() {
            let updates = updates.cloned().unwrap_or_default();
            let deletes = deletes.cloned().unwrap_or_default();
            staged = self
                .changed(table, &path, staged, updates, &deletes)
                .await?;
        }
        let version = staged.version_id();
        self.entry
            .tables
            .insert(table.id, DatasetVersion { path, version });
        Ok(())
    }

    /// Stages new rows; their incidences are sorted and written at the same time, or after them where memory is scarce.
    async fn appended(
        &mut self,
        table: &Table,
        path: &str,
        base: Dataset,
        pieces: &[AppendedRows],
    ) -> Result<Dataset> {
        let rows: u64 = pieces.iter().map(AppendedRows::rows).sum();
        let first_offset = base.manifest().next_row_id;
        let mut sorting = Vec::new();
        let mut small = None;
        if let Some(ty) = table.hyperedge_type() {
            if rows >= SORTED_ROWS {
                for role in &ty.roles {
                    let pieces = pieces.to_vec();
                    let (root, options) = (self.root.clone(), self.options);
                    let before = self.adjacency_of(table.id, &role.name).cloned();
                    let place = NewPath::of(adjacency_path(table, &role.name), &self.entry);
                    let (table, ty, role) = (table.clone(), ty.clone(), role.name.clone());
                    sorting.push(async move {
                        let sorted = SortedIncidences::count(
                            table.id,
                            &ty,
                            &role,
                            pieces,
                            first_offset,
                            options.segment_shift,
                            sort_bytes(),
                        )?;
                        let counts = sorted.by_table();
                        let target = target(&root, place, table.id, &ty, &role);
                        let lists = target.append_sorted(before.as_ref(), sorted).await?;
                        Ok::<_, Error>((lists, counts))
                    });
                }
            } else {
                let batches: Vec<RecordBatch> =
                    batches_of(pieces.to_vec()).collect::<Result<_>>()?;
                let offset_of = |row: usize| first_offset + row as u64;
                small = Some(collect_incidences(table.id, ty, &batches, &offset_of)?);
            }
        }
        let mut tasks = JoinSet::new();
        let mut waiting = Vec::new();
        for work in sorting {
            if is_scarce() {
                waiting.push(work);
            } else {
                tasks.spawn(work);
            }
        }
        let parts = self.parts(table, &base, pieces, rows);
        let (schema, batches) = (parts.schema, parts.batches);
        let fragment_rows = self.options.fragment_rows;
        let staged = append(self.root, path, base, schema, batches, fragment_rows).await?;
        let counts = self.statistics(table.id);
        counts.rows += rows;
        counts.next_offset = staged.manifest().next_row_id;
        for collector in &parts.collectors {
            let found = collector.lock().unwrap_or_else(PoisonError::into_inner);
            found.merge_into(counts);
        }
        let mut waiting = waiting.into_iter();
        loop {
            if tasks.is_empty()
                && let Some(work) = waiting.next()
            {
                tasks.spawn(work);
            }
            let Some(done) = tasks.join_next().await else {
                break;
            };
            let (lists, members) = done.map_err(|error| Error::internal(error.to_string()))??;
            let role = lists.entry.role.clone();
            let counts = self.statistics(table.id).roles.entry(role).or_default();
            counts.join(&members, lists.degrees, lists.are_apart);
            self.put_adjacency(lists.entry);
        }
        if let Some(found) = small {
            for (role, incidences) in &found {
                let counts = self.statistics(table.id).roles.entry(role.clone());
                counts.or_default().add(&members_of(incidences));
            }
            self.delta(table, found).await?;
        }
        Ok(staged)
    }

    pub(super) fn statistics(&mut self, table: TableId) -> &mut TableStatistics {
        self.entry.statistics.tables.entry(table).or_default()
    }

    /// New rows as their dataset stores them.
    fn parts(&self, table: &Table, base: &Dataset, pieces: &[AppendedRows], rows: u64) -> Parts {
        let stored = Arc::new(StoredColumns::of(table, base));
        let schema = Arc::clone(&stored.schema);
        let fragments = rows.div_ceil(self.options.fragment_rows as u64).max(1);
        let wanted = write_parts().min(fragments);
        let mut parts: Vec<(u64, Vec<AppendedRows>)> = vec![(0, Vec::new())];
        for piece in pieces {
            let full = parts
                .last()
                .is_some_and(|(size, _)| *size >= rows.div_ceil(wanted));
            if full {
                parts.push((0, Vec::new()));
            }
            if let Some((size, part)) = parts.last_mut() {
                *size += piece.rows();
                part.push(piece.clone());
            }
        }
        let table = Arc::new(table.clone());
        let (mut batches, mut collectors) = (Vec::new(), Vec::new());
        for (_, part) in parts {
            let (stored, table) = (Arc::clone(&stored), Arc::clone(&table));
            let collector: Arc<Mutex<StatisticsCollector>> = Arc::default();
            collectors.push(Arc::clone(&collector));
            let converted = batches_of(part).map(move |batch| {
                let batch = batch?;
                let mut found = collector.lock().unwrap_or_else(PoisonError::into_inner);
                found.add_rows(&table, &batch)?;
                stored.convert(&batch)
            });
            batches.push(Box::new(converted) as Batches);
        }
        Parts {
            schema,
            batches,
            collectors,
        }
    }

    fn adjacency_of(&self, table: TableId, role: &str) -> Option<&AdjacencyEntry> {
        self.entry
            .adjacency
            .iter()
            .find(|own| own.table == table && own.role == role)
    }

    fn put_adjacency(&mut self, entry: AdjacencyEntry) {
        let place = self
            .entry
            .adjacency
            .iter_mut()
            .find(|own| own.table == entry.table && own.role == entry.role);
        match place {
            Some(place) => *place = entry,
            None => self.entry.adjacency.push(entry),
        }
    }

    /// Stages incidences of a small commit, or rows that take some back, role by role.
    pub(super) async fn delta(
        &mut self,
        table: &Table,
        found: BTreeMap<String, Vec<Incidence>>,
    ) -> Result<()> {
        let Some(ty) = table.hyperedge_type() else {
            return Ok(());
        };
        for (role, incidences) in found {
            let before = self.adjacency_of(table.id, &role).cloned();
            if incidences.is_empty() && before.is_some() {
                continue;
            }
            let place = NewPath::of(adjacency_path(table, &role), &self.entry);
            let target = target(self.root, place, table.id, ty, &role);
            let entry = target.append_delta(before.as_ref(), &incidences).await?;
            fail::fail_point!("adjacency-staged");
            self.put_adjacency(entry);
        }
        Ok(())
    }
}

/// Where the incidence lists of a role are kept.
pub(super) fn target<'a>(
    root: &'a Root,
    place: NewPath,
    table: TableId,
    ty: &HyperedgeType,
    role: &str,
) -> AdjacencyTarget<'a> {
    AdjacencyTarget {
        root,
        place,
        table,
        role: role.to_owned(),
        binary: ty.is_binary(),
    }
}

/// How the columns of new rows are called and typed in their dataset.
struct StoredColumns {
    fields: Vec<Field>,
    schema: SchemaRef,
}

impl StoredColumns {
    fn of(table: &Table, dataset: &Dataset) -> Self {
        let mut fields = table_fields(table);
        if fields.is_empty() {
            // Lance keeps no rows without columns.
            fields = first_fields(table);
        }
        let stored: Vec<Field> = fields
            .iter()
            .map(|field| target_column(dataset, table, field.name(), field.data_type()))
            .collect();
        Self {
            fields,
            schema: Arc::new(Schema::new(stored)),
        }
    }

    fn convert(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns = self
            .fields
            .iter()
            .map(|field| column_or_null(batch, field.name(), field.data_type()))
            .collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}
