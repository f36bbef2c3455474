//! The rows of one load: resolved ones become rows of a commit, wrong ones are named or rejected.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::DataType;
use grism_core::{Cardinality, ChangeSet, EntityId, Error, Result, RowBuffer, TableId};
use tokio::runtime::Handle;

use super::convert::{Converted, Members};
use super::created::Created;
use super::grouped::{GroupRows, GroupRules, Groups, Merged, rows_without_key};
use super::keys::{KeyIndex, NONE};
use super::options::{BadRow, LoadOptions, LoadProgress, LoadTarget, MissingMember};
use super::plan::{HyperedgesPlan, NodesPlan, Plan, State};
use super::properties::ensure_properties;
use super::read::{Input, cancelled, read};
use super::rejects::{RejectFile, Rejected};
use super::report::LoadReport;
use super::shared_keys::SharedKeys;
use super::telling::Telling;
use crate::columns::named_batch;
use crate::memory_limit::{created_bytes, grouped_bytes, waiting_bytes};

/// Takes the rows of one load.
pub(super) struct Loader {
    changes: ChangeSet,
    rows: RowBuffer,
    /// Rows that wait for the others of their hyperedge.
    groups: Option<Groups>,
    /// The names of all columns that were read.
    columns: HashSet<String>,
    bad_rows: BadRow,
    missing: MissingMember,
    rejects: Option<RejectFile>,
    first_missing: Option<Rejected>,
    report: LoadReport,
}

impl Loader {
    /// No rows yet.
    ///
    /// It is one of `loads` at a time, which share the memory for rows that wait.
    pub(super) fn new(
        changes: ChangeSet,
        target: &LoadTarget,
        options: &LoadOptions,
        loads: usize,
    ) -> Self {
        let creates = options.missing == MissingMember::Create;
        let is_grouped = options.group_by.is_some();
        let created = if creates { created_bytes() } else { 0 };
        let grouped = if is_grouped { grouped_bytes() } else { 0 };
        Self {
            changes,
            rows: RowBuffer::new((waiting_bytes() - created - grouped) / loads.max(1)),
            groups: is_grouped.then(|| Groups::new(options.bad_rows)),
            columns: HashSet::new(),
            bad_rows: options.bad_rows,
            missing: options.missing,
            rejects: options.rejects.as_deref().map(RejectFile::new),
            first_missing: None,
            report: LoadReport {
                target: target.name().to_owned(),
                ..LoadReport::default()
            },
        }
    }

    /// Reads all rows; the changes that they are, and what there is to say of them.
    ///
    /// # Errors
    /// The first one of reading, or of a row where none may be wrong; `Cancelled`.
    pub(super) fn run(
        mut self,
        plan: Plan,
        mut state: State,
        inputs: Vec<Input>,
        telling: &Arc<Telling>,
        options: &LoadOptions,
        keys: &SharedKeys,
    ) -> Result<(ChangeSet, LoadReport)> {
        let (progress, runtime) = (&options.progress, Handle::current());
        let convert = |parsed| plan.convert(parsed);
        for input in inputs {
            let warnings = read(input, telling, progress, &runtime, convert, |converted| {
                progress.add_rows(converted.batch.num_rows() as u64);
                match (&plan, &mut state) {
                    (Plan::Nodes(plan), State::Nodes(index, offset)) => {
                        self.nodes(plan, index, offset, converted)
                    }
                    (Plan::Hyperedges(plan), State::Hyperedges(created)) => {
                        self.hyperedges(plan, created, converted)
                    }
                    _ => Err(Error::internal("a load of nodes and of hyperedges")),
                }
            })?;
            let known = &mut self.report.warnings;
            let new = warnings.into_iter().filter(|own| !known.contains(own));
            let new: Vec<String> = new.collect();
            known.extend(new);
        }
        self.check_first()?;
        if let Plan::Hyperedges(plan) = &plan {
            plan.check_columns(&self.columns)?;
            if let (Some(groups), Some(by)) = (self.groups.take(), &plan.group_by) {
                self.merge_groups(groups, by, plan, progress)?;
            }
        }
        if let Some(rejects) = &mut self.rejects {
            rejects.finish()?;
            self.report.rejects_written = rejects.rows();
        }
        let table = match plan {
            Plan::Nodes(plan) => {
                self.changes.schema.set_key(plan.table, &plan.key);
                plan.table
            }
            Plan::Hyperedges(plan) => {
                // Nobody else may have taken the keys of nodes that come into being here.
                self.changes.may_rebase = true;
                if let State::Hyperedges(created) = state {
                    for (label, created) in plan.labels.iter().zip(created) {
                        let count = created.count() - created.count_before();
                        if count > 0 {
                            self.report.created.insert(label.label.clone(), count);
                        }
                        keys.put_created(label, created);
                    }
                }
                plan.table
            }
        };
        let rows = self.rows.finish()?;
        if !rows.is_empty() {
            self.changes.appends.entry(table).or_default().extend(rows);
        }
        Ok((self.changes, self.report))
    }

    /// Fails where rows were wrong and none may be.
    fn check_first(&self) -> Result<()> {
        let target = &self.report.target;
        if let Some(first) = &self.first_missing {
            let rows = self.report.rejected;
            return Err(Error::invalid_data(format!(
                "{target}: {rows} rows bind members that do not exist, the first of them: {}; load the nodes first, or \
                 have such members created or such rows rejected",
                first.describe(target)
            )));
        }
        Ok(())
    }

    /// Takes note of a row that is not loaded. The first bad one ends the load where none may be.
    fn reject(&mut self, columns: &[String], row: Rejected) -> Result<()> {
        self.report.rejected += 1;
        if self.bad_rows == BadRow::Error {
            return Err(Error::invalid_data(row.describe(&self.report.target)));
        }
        match &mut self.rejects {
            Some(rejects) => rejects.write(columns, &row),
            None => Ok(()),
        }
    }

    /// The rows that could not even be read.
    fn unread(&mut self, converted: &mut Converted) -> Result<Vec<String>> {
        let schema = converted.batch.schema();
        let fields = schema.fields().iter();
        let columns: Vec<String> = fields.map(|field| field.name().clone()).collect();
        if columns.iter().any(|name| !self.columns.contains(name)) {
            self.columns.extend(columns.iter().cloned());
        }
        for row in std::mem::take(&mut converted.parsed.rejected) {
            self.report.rows += 1;
            self.reject(&columns, row)?;
        }
        self.report.rows += converted.batch.num_rows() as u64;
        Ok(columns)
    }

    fn nodes(
        &mut self,
        plan: &NodesPlan,
        index: &mut KeyIndex,
        offset: &mut u64,
        mut converted: Converted,
    ) -> Result<()> {
        let columns = self.unread(&mut converted)?;
        let rows = converted.batch.num_rows();
        let mut kept: Option<Vec<bool>> = None;
        let keys = converted.keys.take();
        let keys = keys.ok_or_else(|| Error::internal("nodes without keys"))?;
        let known = index.begin_batch(&keys)?;
        for row in 0..rows {
            let wrong = match keys.get(row) {
                None => format!("the key `{}` is null", plan.key),
                Some(key)
                    if !known.contains(&row)
                        && index.insert(&key, EntityId::new(plan.table, *offset).raw()) =>
                {
                    *offset += 1;
                    continue;
                }
                Some(key) => format!(
                    "the key `{}` = '{}' is taken already",
                    plan.key,
                    key.to_text()
                ),
            };
            kept.get_or_insert_with(|| vec![true; rows])[row] = false;
            let row = converted
                .parsed
                .places
                .rejected(&converted.batch, row, wrong)
                .in_column(&plan.key);
            self.reject(&columns, row)?;
        }
        self.push(plan.table, converted, Vec::new(), kept)
    }

    fn hyperedges(
        &mut self,
        plan: &HyperedgesPlan,
        created: &mut [Created],
        mut converted: Converted,
    ) -> Result<()> {
        let columns = self.unread(&mut converted)?;
        let rows = converted.batch.num_rows();
        let mut kept: Option<Vec<bool>> = None;
        let mut members = Vec::new();
        let mut bad: Vec<(usize, &str, String)> = Vec::new();
        let mut absent: Vec<(usize, &str, String)> = Vec::new();
        let mut all: Vec<Members> = Vec::new();
        if let (Some(by), Some(keys)) = (&plan.group_by, &converted.keys) {
            let text = format!("the column `{by}`, which groups the rows, is null or empty");
            let rows = rows_without_key(keys).into_iter();
            bad.extend(rows.map(|row| (row, by.as_str(), text.clone())));
        }
        let found = std::mem::take(&mut converted.members);
        for (place, created) in created.iter_mut().enumerate() {
            let own = plan.roles.iter().zip(&found);
            let own = own.filter(|(role, _)| role.label == place);
            created.settle(own.map(|(_, members)| &members.keys));
        }
        for (role, own) in plan.roles.iter().zip(found) {
            let name = &role.role.name;
            let label = &plan.labels[role.label];
            let unbound = own.ids.iter().filter(|id| **id == NONE).count() - own.missing.len();
            // What a group binds is known when all its rows are.
            if unbound > 0 && self.groups.is_none() {
                *self.report.unbound.entry(name.clone()).or_insert(0) += unbound as u64;
                if role.role.cardinality == Cardinality::One {
                    let nulls = (0..own.ids.len()).filter(|place| own.keys.get(*place).is_none());
                    bad.extend(nulls.map(|row| {
                        let column = &role.column;
                        (
                            row,
                            column.as_str(),
                            format!(
                                "the role `{name}` is required, and the column `{column}` is null"
                            ),
                        )
                    }));
                }
            }
            if self.missing != MissingMember::Create {
                let text = format!("{name} is null in a list of `{}`", role.column);
                let nulls = own.nulls_in_lists().into_iter();
                absent.extend(
                    nulls.map(|place| (own.row_of(place), role.column.as_str(), text.clone())),
                );
            }
            if !own.missing.is_empty() {
                *self.report.missing.entry(name.clone()).or_insert(0) += own.missing.len() as u64;
            }
            for place in &own.missing {
                let Some(key) = own.keys.get(*place) else {
                    continue;
                };
                if self.missing != MissingMember::Create {
                    let text = format!("{name} '{}' does not exist", key.to_text());
                    absent.push((own.row_of(*place), &role.column, text));
                } else if created[role.label].key_type() == &DataType::Int64 && !key.is_integer() {
                    let text = format!(
                        "{name} '{}' is no Int64, as keys of {} are",
                        key.to_text(),
                        label.label
                    );
                    bad.push((own.row_of(*place), &role.column, text));
                }
            }
            all.push(own);
        }
        let refused: HashSet<usize> = bad.iter().map(|(row, ..)| *row).collect();
        for (role, mut own) in plan.roles.iter().zip(all) {
            if self.missing == MissingMember::Create {
                let mut places = std::mem::take(&mut own.missing);
                places.retain(|place| !refused.contains(&own.row_of(*place)));
                let label = &plan.labels[role.label];
                let ids = created[role.label].ids(label, &own.keys, &places)?;
                for (place, id) in places.into_iter().zip(ids) {
                    own.ids[place] = id;
                }
            }
            members.push((
                role.role.column().into_owned(),
                own.into_column(&role.role)?,
            ));
        }
        for (wrong, is_bad) in [(bad, true), (absent, false)] {
            for (row, column, reason) in wrong {
                let kept = kept.get_or_insert_with(|| vec![true; rows]);
                if !std::mem::replace(&mut kept[row], false) {
                    continue;
                }
                let rejected = converted
                    .parsed
                    .places
                    .rejected(&converted.batch, row, reason)
                    .in_column(column);
                if is_bad {
                    self.reject(&columns, rejected)?;
                } else if self.missing == MissingMember::Error {
                    self.report.rejected += 1;
                    self.first_missing.get_or_insert(rejected);
                } else {
                    self.report.rejected += 1;
                    if let Some(rejects) = &mut self.rejects {
                        rejects.write(&columns, &rejected)?;
                    }
                }
            }
        }
        self.push(plan.table, converted, members, kept)
    }

    /// Adds the rows that are kept.
    fn push(
        &mut self,
        table: TableId,
        converted: Converted,
        columns: Vec<(String, ArrayRef)>,
        kept: Option<Vec<bool>>,
    ) -> Result<()> {
        let rows = converted.batch.num_rows();
        let properties = ensure_properties(&mut self.changes.schema, table, converted.properties)?;
        let (names, values): (Vec<String>, Vec<ArrayRef>) =
            columns.into_iter().chain(properties).unzip();
        if let (Some(groups), Some(keys)) = (&mut self.groups, &converted.keys) {
            let rows = GroupRows {
                parsed: &converted.parsed,
                keys,
                names,
                values,
                kept,
            };
            return groups.push(self.changes.schema.table(table)?, rows);
        }
        let mut batch = named_batch(&names, values, rows)?;
        if let Some(kept) = kept {
            batch = filter_record_batch(&batch, &BooleanArray::from(kept))?;
        }
        self.report.loaded += batch.num_rows() as u64;
        self.rows.push(batch)
    }

    /// Adds the hyperedges that the rows of groups are.
    fn merge_groups(
        &mut self,
        groups: Groups,
        by: &str,
        plan: &HyperedgesPlan,
        progress: &LoadProgress,
    ) -> Result<()> {
        let table = self.changes.schema.table(plan.table)?.clone();
        let columns = groups.columns().to_vec();
        groups.finish(&GroupRules::new(&table, by, plan), |merged: Merged| {
            if progress.is_cancelled() {
                return Err(cancelled());
            }
            for (role, count) in merged.unbound {
                *self.report.unbound.entry(role).or_insert(0) += count;
            }
            for row in merged.rejected {
                self.reject(&columns, row)?;
            }
            for batch in merged.batches {
                self.report.loaded += batch.num_rows() as u64;
                self.rows.push(batch)?;
            }
            Ok(())
        })
    }
}
