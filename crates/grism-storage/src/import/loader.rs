//! The rows of one load: resolved ones become rows of a commit, wrong ones are named or rejected.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::compute::filter_record_batch;
use grism_core::{ChangeSet, Error, Result, RowBuffer, Snapshot};
use tokio::runtime::Handle;

use super::conflict::{Keyed, OnConflict, Updates};
use super::convert::Converted;
use super::entities::{Entities, Settled};
use super::grouped::{Agreement, GroupRows, GroupRules, Groups, rows_without_key};
use super::incremental::Growth;
use super::input::Input;
use super::look::look_at;
use super::members::{check_members, count_members, member_columns};
use super::notes::Notes;
use super::options::{LoadOptions, LoadProgress, LoadTarget, MissingMember};
use super::plan::{Grouping, Plan, State};
use super::properties::ensure_properties;
use super::read::{cancelled, read};
use super::refusals::Refusals;
use super::rejects::RejectStart;
use super::report::LoadReport;
use super::shared_keys::{SharedKeys, note_verified};
use super::telling::Telling;
use super::verdicts::{Verdict, Verdicts};
use crate::columns::named_batch;
use crate::shares::Shares;

/// What is known of a load that is a step of another one, or one of many.
#[derive(Clone, Debug)]
pub(super) struct LoadStep {
    /// Where its rejected rows go.
    pub(super) rejects: RejectStart,
    /// The column by which rows that were taken before are known.
    pub(super) growth: Option<Growth>,
    /// How many loads share the memory for rows that wait.
    pub(super) loads: usize,
}

impl Default for LoadStep {
    fn default() -> Self {
        Self {
            rejects: RejectStart::default(),
            growth: None,
            loads: 1,
        }
    }
}

/// Takes the rows of one load.
pub(super) struct Loader {
    changes: ChangeSet,
    rows: RowBuffer,
    shares: Shares,
    /// Rows that wait for the others of their group.
    groups: Option<Groups>,
    updates: Updates,
    /// The column whose greater values are new, where there is one.
    growth: Option<Growth>,
    /// The names of all columns that were read.
    columns: HashSet<String>,
    missing: MissingMember,
    refusals: Refusals,
    report: LoadReport,
}

/// What a load made.
pub(super) struct Loaded {
    pub(super) changes: ChangeSet,
    pub(super) report: LoadReport,
    /// The growing column, with the greatest value that it has now.
    pub(super) growth: Option<Growth>,
}

impl Loader {
    /// No rows yet, of a load that `plan` describes.
    pub(super) fn new(
        snapshot: &Arc<dyn Snapshot>,
        changes: ChangeSet,
        target: &LoadTarget,
        plan: &Plan,
        options: &LoadOptions,
        step: LoadStep,
    ) -> Self {
        let creates = options.missing == MissingMember::Create;
        let is_grouped = plan.grouping.is_some();
        let memory = snapshot.memory();
        let shares = Shares::of(memory.as_ref());
        let created = if creates { shares.created_bytes() } else { 0 };
        let grouped = if is_grouped {
            shares.grouped_bytes()
        } else {
            0
        };
        let waiting = (shares.waiting_bytes() - created - grouped) / step.loads.max(1);
        Self {
            changes,
            rows: RowBuffer::new(waiting, memory),
            shares,
            groups: is_grouped.then(|| Groups::new(options.bad_rows, grouped, memory)),
            updates: Updates::new(Arc::clone(snapshot), Handle::current()),
            growth: step.growth,
            columns: HashSet::new(),
            missing: options.missing,
            refusals: Refusals::new(target.name(), options, step.rejects),
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
        plan: &Plan,
        mut state: State,
        inputs: Vec<Input>,
        telling: &Arc<Telling>,
        progress: &Arc<LoadProgress>,
        keys: &SharedKeys,
    ) -> Result<Loaded> {
        let runtime = &Handle::current();
        let convert = |parsed| plan.convert(parsed);
        let mut notes = Notes::default();
        if inputs.iter().map(Input::tables).sum::<usize>() > 1 && !telling.is_from_all() {
            look_at(&inputs, plan, telling, runtime)?;
        }
        for input in inputs {
            let shares = self.shares;
            let take = |converted: Converted| {
                progress.add_rows(converted.batch.num_rows() as u64);
                self.take(plan, &mut state, converted)
            };
            let noted = read(input, telling, progress, runtime, shares, convert, take)?;
            notes.add(noted);
        }
        self.report.read_as = notes.lines();
        self.report.warnings = notes.warnings;
        self.refusals.check()?;
        plan.check_columns(&self.columns)?;
        if let (Some(groups), Some(grouping)) = (self.groups.take(), &plan.grouping) {
            self.merge_groups(groups, grouping, plan, &mut state.keyed, progress)?;
        }
        self.report.rejects_written = self.refusals.finish()?;
        self.report.rejected = self.refusals.count;
        match &plan.key {
            // Another writer may have taken a key meanwhile.
            Some(_) => note_verified(&mut self.changes, plan.table)?,
            None => self.changes.may_rebase = true,
        }
        for (label, created) in plan.labels.iter().zip(state.created) {
            let count = created.count() - created.count_before();
            if count > 0 {
                self.report.created.insert(label.label.clone(), count);
            }
            keys.put_created(label, created);
        }
        let rows = self.rows.finish()?;
        if !rows.is_empty() {
            let pieces = self.changes.appends.entry(plan.table).or_default();
            pieces.extend(rows);
        }
        self.changes.updates.extend(self.updates.finish()?);
        Ok(Loaded {
            changes: self.changes,
            report: self.report,
            growth: self.growth,
        })
    }

    /// Takes the rows of one batch.
    fn take(&mut self, plan: &Plan, state: &mut State, mut converted: Converted) -> Result<()> {
        let columns = self.unread(&mut converted)?;
        let rows = converted.batch.num_rows();
        let mut verdicts = Verdicts::default();
        let members = std::mem::take(&mut converted.members);
        check_keys(plan, &converted, &mut verdicts);
        let created = &mut state.created;
        check_members(plan, &members, created, self.missing, &mut verdicts);
        if let Some(growth) = &mut self.growth {
            growth.check(&converted, &mut verdicts)?;
        }
        if let (None, Some(keyed)) = (&plan.grouping, &mut state.keyed) {
            check_taken(keyed, &converted, &mut verdicts)?;
        }
        let (unbound, missing) = (&mut self.report.unbound, &mut self.report.missing);
        let policy = self.missing;
        count_members(plan, &members, &verdicts, policy, unbound, missing);
        let members = member_columns(plan, members, created, self.missing, &verdicts)?;
        let kept = verdicts.kept(rows);
        for (row, verdict) in verdicts.into_rows() {
            let rejected = |column: &str, reason: String| {
                let places = &converted.parsed.places;
                let rejected = places.rejected(&converted.batch, row, reason);
                rejected.in_column(column)
            };
            match verdict {
                Verdict::Wrong { column, reason } => {
                    self.refusals.wrong(&columns, &rejected(&column, reason))?;
                }
                Verdict::Missing { column, reason } => {
                    self.refusals.missing(&columns, rejected(&column, reason))?;
                }
                Verdict::Known => self.report.skipped += 1,
            }
        }
        self.push(plan, converted, members, kept)
    }

    /// The columns of a batch; its rows that could not even be read are refused.
    fn unread(&mut self, converted: &mut Converted) -> Result<Vec<String>> {
        let schema = converted.batch.schema();
        let fields = schema.fields().iter();
        let columns: Vec<String> = fields.map(|field| field.name().clone()).collect();
        if columns.iter().any(|name| !self.columns.contains(name)) {
            self.columns.extend(columns.iter().cloned());
        }
        for row in std::mem::take(&mut converted.parsed.rejected) {
            self.report.rows += 1;
            self.refusals.wrong(&columns, &row)?;
        }
        self.report.rows += converted.batch.num_rows() as u64;
        Ok(columns)
    }

    /// Adds the rows that are kept.
    fn push(
        &mut self,
        plan: &Plan,
        converted: Converted,
        columns: Vec<(String, ArrayRef)>,
        kept: Option<Vec<bool>>,
    ) -> Result<()> {
        let rows = converted.batch.num_rows();
        let schema = &mut self.changes.schema;
        let properties = ensure_properties(schema, plan.table, converted.properties)?;
        let (names, values): (Vec<String>, Vec<ArrayRef>) =
            columns.into_iter().chain(properties).unzip();
        if let (Some(groups), Some(keys)) = (&mut self.groups, &converted.keys) {
            let read = &converted.batch;
            let unsaid = plan.roles.iter().filter(|role| {
                let column = read.column_by_name(&role.column);
                column.is_none()
            });
            let rows = GroupRows {
                parsed: &converted.parsed,
                keys,
                names,
                values,
                unsaid: unsaid.map(|own| own.role.column().into_owned()).collect(),
                kept,
            };
            return groups.push(self.changes.schema.table(plan.table)?, rows);
        }
        let mut batch = named_batch(&names, values, rows)?;
        if let Some(kept) = kept {
            batch = filter_record_batch(&batch, &BooleanArray::from(kept))?;
        }
        self.report.loaded += batch.num_rows() as u64;
        self.rows.push(batch)
    }

    /// Adds the entities that the rows of groups are, or changes those that there are.
    fn merge_groups(
        &mut self,
        groups: Groups,
        grouping: &Grouping,
        plan: &Plan,
        keyed: &mut Option<Keyed>,
        progress: &LoadProgress,
    ) -> Result<()> {
        let table = self.changes.schema.table(plan.table)?.clone();
        let columns = groups.columns().to_vec();
        let rules = GroupRules::new(&table, grouping, &plan.roles);
        let entities = Entities {
            table: &table,
            plan,
        };
        groups.finish(&rules, |merged| {
            if progress.is_cancelled() {
                return Err(cancelled());
            }
            for (role, count) in &merged.unbound {
                *self.report.unbound.entry(role.clone()).or_insert(0) += count;
            }
            for row in &merged.rejected {
                self.refusals.wrong(&columns, row)?;
            }
            for batch in &merged.batches {
                let Settled {
                    new,
                    known,
                    skipped,
                    wrong,
                } = entities.settle(batch, keyed.as_mut())?;
                self.report.skipped += skipped;
                for (place, reason) in wrong {
                    for row in merged.rejected_rows(batch, place, &reason)? {
                        self.refusals.wrong(&columns, &row)?;
                    }
                }
                self.report.loaded += new.num_rows() as u64;
                self.rows.push(new)?;
                let schema = &mut self.changes.schema;
                let changed = self.updates.add(schema, plan.table, &known)?;
                self.report.updated += changed;
                self.report.unchanged += known.ids.len() as u64 - changed;
            }
            Ok(())
        })
    }
}

/// Says which rows have no key, or are of no group.
fn check_keys(plan: &Plan, converted: &Converted, verdicts: &mut Verdicts) {
    let Some(keys) = &converted.keys else {
        return;
    };
    let grouping = plan.grouping.as_ref();
    if let Some(own) = grouping.filter(|own| own.agreement == Agreement::Required) {
        let by = &own.by;
        let reason = format!("the column `{by}`, which groups the rows, is null or empty");
        for row in rows_without_key(keys) {
            verdicts.wrong(row, by, reason.clone());
        }
        return;
    }
    let key = plan.key.as_deref().unwrap_or_default();
    for row in (0..keys.len()).filter(|row| keys.get(*row).is_none()) {
        verdicts.wrong(row, key, format!("the key `{key}` is null"));
    }
}

/// Says which rows have a key that is taken, and notes those of the others.
fn check_taken(keyed: &mut Keyed, converted: &Converted, verdicts: &mut Verdicts) -> Result<()> {
    let keys = converted.keys.as_ref();
    let keys = keys.ok_or_else(|| Error::internal("a load by a key without keys"))?;
    let known = keyed.begin_batch(keys)?;
    for row in 0..keys.len() {
        let is_open = !verdicts.is_wrong(row) && !verdicts.is_known(row);
        let Some(key) = keys.get(row).filter(|_| is_open) else {
            continue;
        };
        let is_new = !known.contains(&row)
            && if verdicts.is_kept(row) {
                keyed.insert(&key)
            } else {
                !keyed.is_taken(&key)
            };
        if is_new {
            continue;
        }
        match keyed.on_conflict {
            OnConflict::Skip => verdicts.known(row),
            _ => verdicts.wrong(row, &keyed.key, keyed.taken(&key)),
        }
    }
    Ok(())
}
