//! Staging of rows that change or go: they are read, counted and written anew, so many at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, new_null_array};
use arrow::compute::concat_batches;
use arrow::datatypes::Field;
use arrow::record_batch::RecordBatch;
use grism_core::{
    AppendedRows, DegreeDistribution, Error, HyperedgeType, ID_COLUMN, Incidence, OffsetSet,
    Result, RoleStatistics, RowBuffer, Table, batches_of,
};
use lance::dataset::Dataset;

use super::adjacency::TAKEN_BACK;
use super::dataset::{change, read_rows, with_fields};
use super::physical::{has_field, physical_columns, target_column};
use super::stage_table::TableStager;
use crate::collector::{count_delete, count_update, has_value};
use crate::columns::{
    column_or_null, column_type, id_array, named_batch, row_offsets, with_role_columns,
};
use crate::incidences::{collect_incidences, members_of};

/// Rows that one version of a dataset rewrites. Lance looks each of them up in a map of them all, so that many are staged in
/// versions on top of each other, of which the log names the last.
const VERSION_ROWS: u64 = 1 << 20;

/// Incidences that are taken back and that come instead, by role, until they are staged.
#[derive(Default)]
struct Replaced {
    before: BTreeMap<String, Vec<Incidence>>,
    after: BTreeMap<String, Vec<Incidence>>,
}

impl TableStager {
    /// Stages rows of one table that change or go, and what becomes of their incidences.
    pub(super) async fn changed(
        &mut self,
        staged: Dataset,
        updates: Vec<AppendedRows>,
        deletes: &OffsetSet,
    ) -> Result<Dataset> {
        if updates.is_empty() && deletes.len() == self.statistics.rows {
            return self.emptied(staged, deletes).await;
        }
        let table = &*Arc::clone(&self.table);
        let mut staged = staged;
        let mut removed = OffsetSet::new();
        let mut rewritten = self.waiting_rows();
        let shares = self.shares();
        let mut replaced = Replaced::default();
        let mut pending: Vec<RecordBatch> = Vec::new();
        let mut batches = batches_of(updates).peekable();
        while let Some(batch) = batches.next() {
            pending.push(batch?);
            let rows: usize = pending.iter().map(RecordBatch::num_rows).sum();
            let same_columns = match batches.peek() {
                Some(Ok(next)) => next.schema() == pending[0].schema(),
                _ => false,
            };
            if same_columns && rows < shares.change_rows() {
                continue;
            }
            let batch = concat_batches(&pending[0].schema(), &pending)?;
            pending.clear();
            let offsets = row_offsets(&batch)?;
            let (with_columns, old, new) = self.rewrite(staged, &batch, &offsets).await?;
            staged = with_columns;
            if let Some(ty) = table.hyperedge_type().filter(|ty| binds(ty, &batch)) {
                replaced.add(table, ty, &offsets, Some(&old), Some(&new))?;
                self.replace(&mut replaced, shares.change_incidences())
                    .await?;
            }
            removed.extend(offsets.iter().copied());
            rewritten.push(with_ids(table, &offsets, &new)?)?;
            if removed.len() >= VERSION_ROWS {
                let full = std::mem::replace(&mut rewritten, self.waiting_rows());
                let (pieces, rows) = (full.finish()?, std::mem::take(&mut removed));
                staged = self.rewritten(staged, &pieces, &rows).await?;
            }
        }
        let mut gone = deletes.iter();
        loop {
            let offsets: Vec<u64> = gone.by_ref().take(shares.change_rows()).collect();
            if offsets.is_empty() {
                break;
            }
            let old = read_rows(&staged, &offsets).await?;
            count_delete(&mut self.statistics, table, |column| {
                count_values(&staged, table, &old, column)
            });
            if let Some(ty) = table.hyperedge_type() {
                replaced.add(table, ty, &offsets, Some(&old), None)?;
                self.replace(&mut replaced, shares.change_incidences())
                    .await?;
            }
        }
        self.replace(&mut replaced, 0).await?;
        removed |= deletes;
        let pieces = rewritten.finish()?;
        let staged = self.rewritten(staged, &pieces, &removed).await?;
        let counts = &mut self.statistics;
        counts.rows = counts.rows.saturating_sub(deletes.len());
        Ok(staged)
    }

    /// Rows that wait to be written anew.
    fn waiting_rows(&self) -> RowBuffer {
        let memory = self.root.resources().memory();
        RowBuffer::new(self.shares().waiting_bytes() / 2, memory)
    }

    /// Stages a table all of whose rows go. Its incidence lists begin anew.
    async fn emptied(&mut self, staged: Dataset, deletes: &OffsetSet) -> Result<Dataset> {
        let staged = self.rewritten(staged, &[], deletes).await?;
        let counts = &mut self.statistics;
        counts.rows = 0;
        for property in counts.properties.values_mut() {
            property.remove(property.values);
        }
        for role in counts.roles.values_mut() {
            *role = RoleStatistics {
                degrees: Some(DegreeDistribution::default()),
                ..RoleStatistics::default()
            };
        }
        self.adjacency.clear();
        self.shared.forget(self.table.id).await;
        Ok(staged)
    }

    /// Rows as they are and as `batch` changes them, all fields of each; and the dataset with the fields that the change
    /// needs.
    async fn rewrite(
        &mut self,
        staged: Dataset,
        batch: &RecordBatch,
        offsets: &[u64],
    ) -> Result<(Dataset, RecordBatch, RecordBatch)> {
        let table = &*Arc::clone(&self.table);
        let mut staged = staged;
        let schema = batch.schema();
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let names: Vec<&str> = names.filter(|name| *name != ID_COLUMN).collect();
        let mut targets = Vec::new();
        for name in &names {
            let data_type = column_type(table, name)
                .ok_or_else(|| Error::internal("an update of an unknown column"))?;
            targets.push(target_column(&staged, table, name, &data_type));
        }
        let added: Vec<Field> = targets
            .iter()
            .filter(|field| !has_field(&staged, field.name()))
            .cloned()
            .collect();
        if !added.is_empty() {
            staged = with_fields(&Arc::new(staged), added).await?;
        }
        let old = read_rows(&staged, offsets).await?;
        count_update(&mut self.statistics, table, batch, |column| {
            count_values(&staged, table, &old, column)
        })?;
        let mut columns = Vec::new();
        for (field, column) in old.schema().fields().iter().zip(old.columns()) {
            let target = targets.iter().position(|own| own.name() == field.name());
            let superseded = names
                .iter()
                .any(|name| physical_columns(&staged, table, name).contains(field.name()));
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
                None if superseded => new_null_array(field.data_type(), old.num_rows()),
                None => Arc::clone(column),
            });
        }
        let new = RecordBatch::try_new(old.schema(), columns)?;
        Ok((staged, old, new))
    }

    /// Stages what is replaced, where there are more than `most` incidences of it.
    async fn replace(&mut self, replaced: &mut Replaced, most: usize) -> Result<()> {
        let all = replaced.before.values().chain(replaced.after.values());
        let count: usize = all.map(Vec::len).sum();
        if count <= most {
            return Ok(());
        }
        let Replaced {
            mut before,
            mut after,
        } = std::mem::take(replaced);
        let lists = before.values_mut().chain(after.values_mut());
        lists.for_each(|incidences| incidences.sort_unstable());
        let roles: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
        for role in roles {
            let members = |of: &BTreeMap<String, Vec<Incidence>>| {
                members_of(of.get(&role).map_or(&[][..], Vec::as_slice))
            };
            let (old, new) = (members(&before), members(&after));
            let counts = self.statistics.roles.entry(role);
            counts.or_default().replace(&old, &new);
        }
        for incidence in before.values_mut().flatten() {
            incidence.position = TAKEN_BACK;
        }
        for (role, incidences) in before.into_iter().chain(after) {
            self.delta(role, incidences).await?;
        }
        Ok(())
    }

    /// Stages rows that come anew and rows that go as a version of the dataset.
    async fn rewritten(
        &self,
        staged: Dataset,
        updated: &[AppendedRows],
        removed: &OffsetSet,
    ) -> Result<Dataset> {
        change(
            &self.root,
            self.path()?,
            staged,
            updated,
            removed,
            self.options.fragment_rows,
            &self.unsynced,
        )
        .await
    }
}

impl Replaced {
    /// Adds the incidences of some hyperedges as they were, and as they are afterwards.
    fn add(
        &mut self,
        table: &Table,
        ty: &HyperedgeType,
        offsets: &[u64],
        before: Option<&RecordBatch>,
        after: Option<&RecordBatch>,
    ) -> Result<()> {
        for (batch, all) in [(before, &mut self.before), (after, &mut self.after)] {
            let Some(batch) = batch else {
                continue;
            };
            let batch = [with_role_columns(batch, table)?];
            for (role, found) in collect_incidences(table.id, ty, &batch, &|row| offsets[row])? {
                all.entry(role).or_default().extend(found);
            }
        }
        Ok(())
    }
}

/// Whether a batch of changes binds roles anew.
fn binds(ty: &HyperedgeType, batch: &RecordBatch) -> bool {
    ty.roles
        .iter()
        .any(|role| batch.column_by_name(&role.column()).is_some())
}

/// Rows of a dataset behind their ids.
fn with_ids(table: &Table, offsets: &[u64], rows: &RecordBatch) -> Result<RecordBatch> {
    let mut names = vec![ID_COLUMN.to_owned()];
    names.extend(
        rows.schema()
            .fields()
            .iter()
            .map(|field| field.name().clone()),
    );
    let mut columns = vec![id_array(table.id, offsets.iter().copied())];
    columns.extend(rows.columns().iter().cloned());
    named_batch(&names, columns, rows.num_rows())
}

/// How many of some rows, which hold all fields of a dataset, have a value in `column`.
fn count_values(dataset: &Dataset, table: &Table, rows: &RecordBatch, column: &str) -> u64 {
    let columns = physical_columns(dataset, table, column);
    let having = (0..rows.num_rows()).filter(|row| has_value(rows, &columns, *row));
    having.count() as u64
}
