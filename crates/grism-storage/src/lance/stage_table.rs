//! Staging of one table: its rows, and the incidence lists of its roles.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use grism_core::{
    AppendedRows, Error, Incidence, OffsetSet, Result, Table, TableId, TableStatistics, batches_of,
};
use lance::dataset::Dataset;
use tokio::task::JoinSet;

use super::adjacency::Before;
use super::dataset::{append, open};
use super::dataset_version::DatasetVersion;
use super::format::GraphOptions;
use super::layout::{first_fields, table_path};
use super::log::AdjacencyEntry;
use super::new_dataset::{FirstRows, create};
use super::physical::target_column;
use super::role_lists::RoleLists;
use super::root::Root;
use super::shared_lists::{Form, SharedLists};
use super::sync::Unsynced;
use super::write_rows::Batches;
use crate::collector::StatisticsCollector;
use crate::columns::{column_or_null, table_fields};
use crate::incidences::{collect_incidences, members_of};
use crate::shares::Shares;

/// Rows from which on their incidences are sorted into runs instead of joining the delta.
const SORTED_ROWS: u64 = 4096;

/// A table while it is staged.
pub(super) struct TableStager {
    pub(super) root: Root,
    pub(super) options: GraphOptions,
    pub(super) table: Arc<Table>,
    /// Where its rows are so far.
    pub(super) dataset: Option<DatasetVersion>,
    pub(super) statistics: TableStatistics,
    /// The incidence lists of its roles that have datasets of their own.
    pub(super) adjacency: Vec<AdjacencyEntry>,
    /// The incidence lists of small roles, of all tables.
    pub(super) shared: SharedLists,
    pub(super) unsynced: Unsynced,
}

/// A table that is staged.
pub(super) struct StagedTable {
    pub(super) table: TableId,
    pub(super) dataset: DatasetVersion,
    /// The dataset at that version.
    pub(super) opened: Dataset,
    pub(super) statistics: TableStatistics,
    pub(super) adjacency: Vec<AdjacencyEntry>,
}

/// New rows in parts that can be written at the same time.
struct Parts {
    stored: Arc<StoredColumns>,
    batches: Vec<Batches>,
    /// What each part's rows say of the properties, once they are written.
    collectors: Vec<Arc<Mutex<StatisticsCollector>>>,
}

impl TableStager {
    /// Stages the changes of the table and of its incidences.
    pub(super) async fn staged(
        mut self,
        appends: Option<Vec<AppendedRows>>,
        updates: Option<Vec<AppendedRows>>,
        deletes: Option<OffsetSet>,
    ) -> Result<StagedTable> {
        let base = match &self.dataset {
            Some(known) => Some(open(&self.root, known).await?),
            None => None,
        };
        let mut staged = match (base, appends) {
            (Some(base), None) => base,
            (base, appends) => self.appended(base, &appends.unwrap_or_default()).await?,
        };
        if updates.is_some() || deletes.is_some() {
            let (updates, deletes) = (updates.unwrap_or_default(), deletes.unwrap_or_default());
            staged = self.changed(staged, updates, &deletes).await?;
        }
        Ok(StagedTable {
            table: self.table.id,
            dataset: DatasetVersion::of(self.path()?.to_owned(), &staged),
            opened: staged,
            statistics: self.statistics,
            adjacency: self.adjacency,
        })
    }

    /// The shares of the memory that staging is charged to.
    pub(super) fn shares(&self) -> Shares {
        self.root.resources().shares()
    }

    /// The path of the dataset, once there is one.
    pub(super) fn path(&self) -> Result<&str> {
        let known = self.dataset.as_ref().map(|known| known.path.as_str());
        known.ok_or_else(|| Error::internal("a table without a dataset"))
    }

    /// Stages new rows; their incidences are sorted and written at the same time, or after them where memory is scarce.
    async fn appended(
        &mut self,
        base: Option<Dataset>,
        pieces: &[AppendedRows],
    ) -> Result<Dataset> {
        let rows: u64 = pieces.iter().map(AppendedRows::rows).sum();
        let next_row = |base: &Dataset| base.manifest().next_row_id;
        let first_offset = base.as_ref().map_or(0, next_row);
        let table = Arc::clone(&self.table);
        let mut sorting = Vec::new();
        let mut small = None;
        if let Some(ty) = table.hyperedge_type() {
            if rows >= SORTED_ROWS {
                for role in &ty.roles {
                    let before = self.take_lists(&role.name).await;
                    let lists = RoleLists {
                        root: self.root.clone(),
                        unsynced: self.unsynced.clone(),
                        shared: self.shared.clone(),
                        shift: self.options.segment_shift,
                        table: Arc::clone(&table),
                        role: role.name.clone(),
                    };
                    sorting.push(lists.appended(before, pieces.to_vec(), first_offset));
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
            if self.shares().is_scarce() {
                waiting.push(work);
            } else {
                tasks.spawn(work);
            }
        }
        let parts = self.parts(base.as_ref(), pieces, rows);
        let staged = self.written(base, parts.stored, parts.batches).await?;
        let counts = &mut self.statistics;
        counts.rows += rows;
        counts.next_offset = next_row(&staged);
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
            let added = done.map_err(|error| Error::internal(error.to_string()))??;
            let counts = self.statistics.roles.entry(added.role).or_default();
            counts.join(&added.members, added.degrees, added.are_apart);
            self.adjacency.extend(added.own);
        }
        for (role, incidences) in small.unwrap_or_default() {
            let counts = self.statistics.roles.entry(role.clone());
            counts.or_default().add(&members_of(&incidences));
            self.delta(role, incidences).await?;
        }
        Ok(staged)
    }

    /// Writes new rows into the dataset, or into a new one.
    async fn written(
        &mut self,
        base: Option<Dataset>,
        stored: Arc<StoredColumns>,
        parts: Vec<Batches>,
    ) -> Result<Dataset> {
        let schema = Arc::clone(&stored.schema);
        let fragment_rows = self.options.fragment_rows;
        if let Some(base) = base {
            let path = self.path()?;
            return append(
                &self.root,
                path,
                base,
                schema,
                parts,
                fragment_rows,
                &self.unsynced,
            )
            .await;
        }
        let first = FirstRows {
            schema,
            unwritten: stored.unwritten.clone(),
            parts,
            fragment_rows,
        };
        let stem = table_path(&self.table);
        let (path, made) = create(&self.root, &stem, first, &self.unsynced).await?;
        self.dataset = Some(DatasetVersion::of(path, &made));
        Ok(made)
    }

    /// New rows as their dataset stores them.
    fn parts(&self, base: Option<&Dataset>, pieces: &[AppendedRows], rows: u64) -> Parts {
        let stored = Arc::new(StoredColumns::of(&self.table, base));
        let fragments = rows.div_ceil(self.options.fragment_rows as u64).max(1);
        let wanted = self.shares().write_parts().min(fragments);
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
        let (mut batches, mut collectors) = (Vec::new(), Vec::new());
        for (_, part) in parts {
            let (stored, table) = (Arc::clone(&stored), Arc::clone(&self.table));
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
            stored,
            batches,
            collectors,
        }
    }

    /// Takes the lists of a role, to put others in their place.
    async fn take_lists(&mut self, role: &str) -> Before {
        let place = self.adjacency.iter().position(|own| own.role == role);
        match place {
            Some(place) => Before::Own(self.adjacency.swap_remove(place)),
            None => match self.shared.remove(self.table.id, role).await {
                Some(shared) => Before::Shared(shared),
                None => Before::None,
            },
        }
    }

    /// Stages incidences of a small commit, or rows that take some back.
    pub(super) async fn delta(&mut self, role: String, incidences: Vec<Incidence>) -> Result<()> {
        let place = self.adjacency.iter().position(|own| own.role == role);
        let Some(place) = place else {
            let added = self
                .shared
                .add(self.table.id, &role, incidences, Form::Delta);
            return added.await;
        };
        if !incidences.is_empty() {
            let lists = RoleLists {
                root: self.root.clone(),
                unsynced: self.unsynced.clone(),
                shared: self.shared.clone(),
                shift: self.options.segment_shift,
                table: Arc::clone(&self.table),
                role,
            };
            let target = lists.target()?;
            let changed = target.append_delta(&self.adjacency[place], &incidences);
            self.adjacency[place] = changed.await?;
        }
        Ok(())
    }
}

/// How the columns of new rows are called and typed in their dataset.
struct StoredColumns {
    fields: Vec<Field>,
    schema: SchemaRef,
    /// Fields that a new dataset has beside them.
    unwritten: Vec<Field>,
}

impl StoredColumns {
    /// The columns in `dataset`, or in one that is to be made.
    fn of(table: &Table, dataset: Option<&Dataset>) -> Self {
        let mut fields = table_fields(table);
        if fields.is_empty() {
            // Lance keeps no rows without columns.
            fields = first_fields(table);
        }
        let Some(dataset) = dataset else {
            let mut unwritten = first_fields(table);
            unwritten.retain(|first| fields.iter().all(|own| own.name() != first.name()));
            let schema = Arc::new(Schema::new(fields.clone()));
            return Self {
                fields,
                schema,
                unwritten,
            };
        };
        let stored: Vec<Field> = fields
            .iter()
            .map(|field| target_column(dataset, table, field.name(), field.data_type()))
            .collect();
        Self {
            fields,
            schema: Arc::new(Schema::new(stored)),
            unwritten: Vec::new(),
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
