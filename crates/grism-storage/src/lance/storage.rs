//! `LanceStorage`: opening a graph directory, and the commit.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::Field;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use grism_core::{
    ChangeSet, Error, GraphSchema, GraphStatistics, LABELS_COLUMN, Result, Snapshot, SnapshotId, SnapshotInfo,
    Storage, StorageDescriptor, Table, TableKind,
};

use super::adjacency::{AdjacencyTarget, append_incidences};
use super::dataset::{append, create, open, publish_main_line};
use super::format::{GraphOptions, read_format, write_format};
use super::log::{DatasetVersion, SnapshotEntry, SnapshotLog};
use super::snapshot::LanceSnapshot;
use crate::columns::{column_or_null, named_batch, role_type, table_fields};
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

    /// Stages the rows of one table and their incidences, and puts what came of it into `entry`.
    async fn stage(
        &self,
        table: &Table,
        batches: &[RecordBatch],
        entry: &mut SnapshotEntry,
    ) -> Result<()> {
        let (fields, rows) = (
            table_fields(table),
            batches
                .iter()
                .map(|batch| batch.num_rows() as u64)
                .sum::<u64>(),
        );
        let (path, base) = match entry.tables.get(&table.id) {
            Some(known) => (
                known.path.clone(),
                open(&self.root, &known.path, known.version).await?,
            ),
            None => create(&self.root, &table_path(table), first_fields(table)).await?,
        };
        let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
        let mut prepared = Vec::new();
        for batch in batches {
            let mut columns = fields
                .iter()
                .map(|field| column_or_null(batch, field.name(), field.data_type()))
                .collect::<Result<Vec<_>>>()?;
            let mut names = names.clone();
            if columns.is_empty() {
                // Lance keeps no rows without columns.
                let labels = first_fields(table);
                names.extend(labels.iter().map(|field| field.name().clone()));
                columns.extend(labels.iter().map(|field| {
                    arrow::array::new_null_array(field.data_type(), batch.num_rows())
                }));
            }
            prepared.push(named_batch(&names, columns, batch.num_rows())?);
        }
        let first_offset = base.manifest().next_row_id;
        let staged = append(
            &self.root,
            &path,
            base,
            prepared,
            self.options.fragment_rows,
        )
        .await?;
        entry.tables.insert(
            table.id,
            DatasetVersion {
                path,
                version: staged.version_id(),
            },
        );
        let counts = entry.statistics.tables.entry(table.id).or_default();
        counts.rows += rows;
        counts.next_offset = staged.manifest().next_row_id;
        if let Some(hyperedge_type) = table.hyperedge_type() {
            let shift = self.options.segment_shift;
            for (role, incidences) in
                collect_incidences(table.id, hyperedge_type, batches, &|row| {
                    first_offset + row as u64
                })?
            {
                let counts = counts.roles.entry(role.clone()).or_default();
                for (key, piece) in crate::incidences::by_segment(&incidences, shift) {
                    *counts.incidences.entry(key.table).or_insert(0) += piece.len() as u64;
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
                    binary: hyperedge_type.is_binary(),
                    shift,
                };
                let before = place.and_then(|place| entry.adjacency.get(place));
                let updated = append_incidences(target, before, &incidences).await?;
                match place {
                    Some(place) => entry.adjacency[place] = updated,
                    None => entry.adjacency.push(updated),
                }
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
        for (id, batches) in &changes.appends {
            self.stage(changes.schema.table(*id)?, batches, &mut entry)
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
