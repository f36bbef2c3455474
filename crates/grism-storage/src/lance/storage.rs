//! `LanceStorage`: opening a graph directory, and the commit.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::UInt64Array;
use arrow::datatypes::Field;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use grism_core::{
    ChangeSet, EntityId, Error, GraphSchema, GraphStatistics, ID_COLUMN, Incidence, LABELS_COLUMN,
    Result, Snapshot, SnapshotId, SnapshotInfo, Storage, StorageDescriptor, Table, TableId,
    TableKind,
};
use lance::dataset::Dataset;

use super::adjacency::{AdjacencyTarget, TAKEN_BACK, append_incidences};
use super::dataset::{append, change, create, open, publish_main_line, read_rows, with_fields};
use super::format::{GraphOptions, read_format, write_format};
use super::log::{DatasetVersion, SnapshotEntry, SnapshotLog};
use super::physical::{physical_columns, target_column};
use super::snapshot::LanceSnapshot;
use crate::columns::{column_or_null, column_type, named_batch, role_type, table_fields};
use crate::incidences::collect_incidences;

/// Snapshots that are kept open.
const OPEN_SNAPSHOTS: usize = 8;

/// A graph in a directory of Lance datasets.
#[derive(Debug)]
pub struct LanceStorage {
    root: PathBuf,
    options: GraphOptions,
    log: SnapshotLog,
    open: Mutex<HashMap<SnapshotId, Arc<LanceSnapshot>>>,
}

impl LanceStorage {
    /// Opens the graph at `path`.
    ///
    /// # Errors
    /// `NotFound` where there is none; `InvalidData` where the directory is something else; `Unsupported` for a newer
    /// format.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        let root = std::path::absolute(path.as_ref())?;
        match read_format(&root)? {
            Some(options) => Ok(Self::at(root, options)),
            None => Err(Error::not_found(format!(
                "there is no graph at {}",
                root.display()
            ))),
        }
    }

    /// Opens the graph at `path`, or makes an empty one laid out as `options` say.
    ///
    /// # Errors
    /// As [`Self::open`]; `Unavailable` where the directory cannot be written.
    pub async fn open_or_create(path: impl AsRef<Path>, options: GraphOptions) -> Result<Self> {
        let root = std::path::absolute(path.as_ref())?;
        if let Some(options) = read_format(&root)? {
            let storage = Self::at(root, options);
            storage.ensure_first_snapshot()?;
            return Ok(storage);
        }
        write_format(&root, options)?;
        // Another process may have been first, with other options.
        let options = read_format(&root)?.unwrap_or(options);
        let storage = Self::at(root, options);
        storage.ensure_first_snapshot()?;
        Ok(storage)
    }

    fn at(root: PathBuf, options: GraphOptions) -> Self {
        let log = SnapshotLog::new(&root);
        Self {
            root,
            options,
            log,
            open: Mutex::default(),
        }
    }

    fn ensure_first_snapshot(&self) -> Result<()> {
        let entry = SnapshotEntry {
            id: SnapshotId(1),
            committed_at: now(),
            schema: GraphSchema::default(),
            statistics: GraphStatistics::default(),
            tables: BTreeMap::new(),
            adjacency: Vec::new(),
        };
        match self.log.publish(&entry) {
            Err(error) if error.kind() == grism_core::ErrorKind::Conflict => Ok(()),
            other => other,
        }
    }

    async fn find(&self, id: SnapshotId) -> Result<Arc<LanceSnapshot>> {
        let id = if id.is_latest() {
            self.log.latest()?
        } else {
            id
        };
        if let Some(known) = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
        {
            return Ok(Arc::clone(known));
        }
        let snapshot =
            Arc::new(LanceSnapshot::open(&self.root, self.options, self.log.read(id)?).await?);
        self.keep(&snapshot);
        Ok(snapshot)
    }

    fn keep(&self, snapshot: &Arc<LanceSnapshot>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= OPEN_SNAPSHOTS
            && let Some(oldest) = open.keys().min().copied()
        {
            open.remove(&oldest);
        }
        open.insert(snapshot.id(), Arc::clone(snapshot));
    }

    /// Stages the changes of one table and of its incidences, and puts what came of it into `entry`.
    async fn stage(
        &self,
        table: &Table,
        changes: &ChangeSet,
        entry: &mut SnapshotEntry,
    ) -> Result<()> {
        let appends = changes
            .appends
            .get(&table.id)
            .map_or(&[][..], Vec::as_slice);
        let updates = changes
            .updates
            .get(&table.id)
            .map_or(&[][..], Vec::as_slice);
        let deletes = changes
            .deletes
            .get(&table.id)
            .map_or(&[][..], Vec::as_slice);
        let (path, base) = match entry.tables.get(&table.id) {
            Some(known) => (
                known.path.clone(),
                open(&self.root, &known.path, known.version).await?,
            ),
            None => create(&self.root, &table_path(table), first_fields(table)).await?,
        };
        let first_offset = base.manifest().next_row_id;
        let mut staged = base;
        if !appends.is_empty() {
            let prepared = prepared(table, appends, &staged)?;
            let fragment_rows = self.options.fragment_rows;
            staged = append(&self.root, &path, staged, prepared, fragment_rows).await?;
            let rows = appends.iter().map(|batch| batch.num_rows() as u64);
            let counts = entry.statistics.tables.entry(table.id).or_default();
            counts.rows += rows.sum::<u64>();
            counts.next_offset = staged.manifest().next_row_id;
            if let Some(hyperedge_type) = table.hyperedge_type() {
                let offset_of = |row: usize| first_offset + row as u64;
                let found = collect_incidences(table.id, hyperedge_type, appends, &offset_of)?;
                self.stage_incidences(table, found, entry).await?;
            }
        }
        if !updates.is_empty() || !deletes.is_empty() {
            staged = self
                .stage_changed(table, &path, staged, updates, deletes, entry)
                .await?;
        }
        entry.tables.insert(
            table.id,
            DatasetVersion {
                path,
                version: staged.version_id(),
            },
        );
        Ok(())
    }

    async fn stage_changed(
        &self,
        table: &Table,
        path: &str,
        staged: Dataset,
        updates: &[RecordBatch],
        deletes: &[u64],
        entry: &mut SnapshotEntry,
    ) -> Result<Dataset> {
        let mut removed: Vec<u64> = deletes.to_vec();
        let mut staged = staged;
        let mut rewritten = Vec::new();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for batch in updates {
            let offsets = offsets_of(batch)?;
            let names: Vec<&str> = batch
                .schema_ref()
                .fields()
                .iter()
                .map(|field| field.name().as_str())
                .filter(|name| *name != ID_COLUMN)
                .collect();
            let mut targets = Vec::new();
            for name in &names {
                let data_type = column_type(table, name)
                    .ok_or_else(|| Error::internal("an update of an unknown column"))?;
                targets.push(target_column(&staged, name, &data_type));
            }
            let added: Vec<Field> = targets
                .iter()
                .filter(|field| staged.schema().field(field.name()).is_none())
                .cloned()
                .collect();
            if !added.is_empty() {
                staged = with_fields(&Arc::new(staged), added).await?;
            }
            let old = read_rows(&staged, &offsets).await?;
            let mut columns = Vec::new();
            for (field, column) in old.schema().fields().iter().zip(old.columns()) {
                let target = targets.iter().position(|own| own.name() == field.name());
                let superseded = names
                    .iter()
                    .any(|name| physical_columns(&staged, name).contains(field.name()));
                columns.push(match target {
                    Some(at) => {
                        let data_type = targets[at].data_type();
                        let new = column_or_null(batch, names[at], data_type)?;
                        if new.data_type() == field.data_type() {
                            new
                        } else {
                            arrow::compute::cast(&new, field.data_type())?
                        }
                    }
                    None if superseded => {
                        arrow::array::new_null_array(field.data_type(), old.num_rows())
                    }
                    None => Arc::clone(column),
                });
            }
            let new = RecordBatch::try_new(old.schema(), columns)?;
            before.push((offsets.clone(), old));
            after.push((offsets.clone(), new.clone()));
            removed.extend(&offsets);
            rewritten.push((offsets, new));
        }
        if !deletes.is_empty() {
            before.push((deletes.to_vec(), read_rows(&staged, deletes).await?));
        }
        removed.sort_unstable();
        removed.dedup();
        let fragment_rows = self.options.fragment_rows;
        // Later batches may have added fields to the dataset that earlier ones were read without.
        let rewritten = rewritten
            .into_iter()
            .map(|(offsets, batch)| Ok((offsets, with_all_fields(&staged, &batch)?)))
            .collect::<Result<Vec<_>>>()?;
        let staged = change(&self.root, path, staged, rewritten, &removed, fragment_rows).await?;
        let counts = entry.statistics.tables.entry(table.id).or_default();
        counts.rows = counts.rows.saturating_sub(deletes.len() as u64);
        if let Some(hyperedge_type) = table.hyperedge_type() {
            for (rows, taken_back) in [(before, true), (after, false)] {
                let (offsets, batches): (Vec<Vec<u64>>, Vec<RecordBatch>) =
                    rows.into_iter().unzip();
                let offsets = offsets.concat();
                let offset_of = |row: usize| offsets[row];
                let mut found = collect_incidences(table.id, hyperedge_type, &batches, &offset_of)?;
                if taken_back {
                    for incidences in found.values_mut() {
                        for incidence in incidences.iter_mut() {
                            incidence.position = TAKEN_BACK;
                        }
                    }
                }
                self.stage_incidences(table, found, entry).await?;
            }
        }
        Ok(staged)
    }

    /// Stages incidences, or rows that take some back, role by role.
    async fn stage_incidences(
        &self,
        table: &Table,
        found: BTreeMap<String, Vec<Incidence>>,
        entry: &mut SnapshotEntry,
    ) -> Result<()> {
        let shift = self.options.segment_shift;
        let binary = table.hyperedge_type().is_some_and(|ty| ty.is_binary());
        for (role, incidences) in found {
            if incidences.is_empty()
                && entry
                    .adjacency
                    .iter()
                    .any(|own| own.table == table.id && own.role == role)
            {
                continue;
            }
            let counts = entry.statistics.tables.entry(table.id).or_default();
            let counts = counts.roles.entry(role.clone()).or_default();
            for incidence in &incidences {
                let members = EntityId::from_raw(incidence.member).table();
                let count = counts.incidences.entry(members).or_insert(0);
                *count = if incidence.position == TAKEN_BACK {
                    count.saturating_sub(1)
                } else {
                    *count + 1
                };
            }
            let place = entry
                .adjacency
                .iter()
                .position(|own| own.table == table.id && own.role == role);
            let target = AdjacencyTarget {
                root: &self.root,
                path: adjacency_path(table, &role),
                table: table.id,
                role: &role,
                binary,
                shift,
            };
            let before = place.and_then(|place| entry.adjacency.get(place));
            let updated = append_incidences(target, before, &incidences).await?;
            match place {
                Some(place) => entry.adjacency[place] = updated,
                None => entry.adjacency.push(updated),
            }
        }
        Ok(())
    }

    async fn publish_main_lines(&self, before: &SnapshotEntry, entry: &SnapshotEntry) {
        let adjacency = |entry: &SnapshotEntry| {
            entry
                .adjacency
                .iter()
                .map(|own| own.dataset.clone())
                .collect::<Vec<_>>()
        };
        let mut known: Vec<DatasetVersion> = before.tables.values().cloned().collect();
        known.extend(adjacency(before));
        let now = entry.tables.values().cloned().chain(adjacency(entry));
        for dataset in now.filter(|dataset| !known.contains(dataset)) {
            let published = async {
                let staged = open(&self.root, &dataset.path, dataset.version).await?;
                publish_main_line(&self.root, &dataset.path, &staged).await
            };
            if let Err(error) = published.await {
                tracing::warn!(path = dataset.path, %error, "the main line of a dataset stays behind the snapshot");
            }
        }
    }
}

/// Batches of a table's columns as its dataset stores them.
fn prepared(table: &Table, batches: &[RecordBatch], dataset: &Dataset) -> Result<Vec<RecordBatch>> {
    let fields = table_fields(table);
    let mut prepared = Vec::new();
    for batch in batches {
        let (mut names, mut columns) = (Vec::new(), Vec::new());
        for field in &fields {
            names.push(
                target_column(dataset, field.name(), field.data_type())
                    .name()
                    .clone(),
            );
            columns.push(column_or_null(batch, field.name(), field.data_type())?);
        }
        if columns.is_empty() {
            // Lance keeps no rows without columns.
            let labels = first_fields(table);
            names.extend(labels.iter().map(|field| field.name().clone()));
            columns.extend(
                labels
                    .iter()
                    .map(|field| arrow::array::new_null_array(field.data_type(), batch.num_rows())),
            );
        }
        prepared.push(named_batch(&names, columns, batch.num_rows())?);
    }
    Ok(prepared)
}

/// A batch with a column for every field of the dataset; those it has not are null.
fn with_all_fields(dataset: &Dataset, batch: &RecordBatch) -> Result<RecordBatch> {
    let schema = arrow::datatypes::Schema::from(dataset.schema());
    let mut names = Vec::new();
    let mut columns = Vec::new();
    for field in schema.fields() {
        names.push(field.name().clone());
        columns.push(match batch.column_by_name(field.name()) {
            Some(column) => Arc::clone(column),
            None => arrow::array::new_null_array(field.data_type(), batch.num_rows()),
        });
    }
    named_batch(&names, columns, batch.num_rows())
}

/// The offsets of the rows that a batch of updates changes.
fn offsets_of(batch: &RecordBatch) -> Result<Vec<u64>> {
    let ids = batch
        .column_by_name(ID_COLUMN)
        .and_then(|ids| ids.as_any().downcast_ref::<UInt64Array>())
        .ok_or_else(|| Error::internal("updates without ids"))?;
    let offset = |id: &u64| EntityId::from_raw(*id).offset();
    Ok(ids.values().iter().map(offset).collect())
}

fn now() -> i64 {
    chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).timestamp_millis()
}

/// The fields a table's dataset is made with, which are the same for every writer that makes it.
fn first_fields(table: &Table) -> Vec<Field> {
    match &table.kind {
        TableKind::Nodes { .. } => {
            vec![Field::new(
                LABELS_COLUMN,
                grism_core::Type::String.list().to_arrow(),
                true,
            )]
        }
        TableKind::Hyperedges(hyperedge_type) => hyperedge_type
            .roles
            .iter()
            .map(|role| Field::new(&role.name, role_type(role), true))
            .collect(),
    }
}

/// Where a table's dataset lies, without its ending.
fn table_path(table: &Table) -> String {
    match &table.kind {
        TableKind::Nodes { labels } => {
            let name = labels
                .iter()
                .map(|label| file_name(label))
                .collect::<Vec<_>>()
                .join("+");
            format!(
                "nodes/{}",
                if name.is_empty() {
                    "_".to_owned()
                } else {
                    name
                }
            )
        }
        TableKind::Hyperedges(hyperedge_type) => {
            format!("hyperedges/{}", file_name(&hyperedge_type.name))
        }
    }
}

/// Where the incidence lists of a role lie, without the ending.
fn adjacency_path(table: &Table, role: &str) -> String {
    format!(
        "adjacency/{}/{}",
        file_name(&table.display_name()),
        file_name(role)
    )
}

/// A name as part of a path: what is not a letter, a digit, `_` or `-` becomes `%` and its code.
fn file_name(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[async_trait]
impl Storage for LanceStorage {
    fn descriptor(&self) -> StorageDescriptor {
        StorageDescriptor {
            uri: self.root.to_string_lossy().into_owned(),
            options: BTreeMap::new(),
        }
    }

    async fn snapshot(&self, id: SnapshotId) -> Result<Arc<dyn Snapshot>> {
        Ok(self.find(id).await?)
    }

    async fn commit(&self, changes: ChangeSet) -> Result<SnapshotId> {
        let newest = self.log.latest()?;
        if newest != changes.base {
            let message = format!(
                "the graph is at snapshot {newest}, the changes were made on {}",
                changes.base
            );
            return Err(Error::conflict(message));
        }
        let before = self.log.read(newest)?;
        let mut entry = before.clone();
        entry.id = SnapshotId(newest.0 + 1);
        entry.schema = changes.schema.clone();
        entry
            .tables
            .retain(|table, _| changes.schema.table(*table).is_ok());
        entry
            .adjacency
            .retain(|own| changes.schema.table(own.table).is_ok());
        entry
            .statistics
            .tables
            .retain(|table, _| changes.schema.table(*table).is_ok());
        for table in changes.schema.tables() {
            entry.statistics.tables.entry(table.id).or_default();
        }
        let touched: BTreeSet<TableId> = changes
            .appends
            .keys()
            .chain(changes.updates.keys())
            .chain(changes.deletes.keys())
            .copied()
            .collect();
        for id in touched {
            self.stage(changes.schema.table(id)?, &changes, &mut entry)
                .await?;
        }
        entry.committed_at = now();
        self.log.publish(&entry)?;
        self.publish_main_lines(&before, &entry).await;
        Ok(entry.id)
    }

    async fn history(&self) -> Result<Vec<SnapshotInfo>> {
        let mut history = Vec::new();
        for id in self.log.list()? {
            history.push(SnapshotInfo {
                id,
                committed_at: self.log.read(id)?.committed_at,
            });
        }
        Ok(history)
    }
}
