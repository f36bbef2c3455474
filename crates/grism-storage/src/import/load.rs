//! Loading: rows become the nodes or hyperedges of a commit.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, ArrayRef, BooleanArray, ListArray, StringArray, UInt64Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;
use grism_core::{
    Cardinality, ChangeSet, EntityId, Error, HyperedgeType, Result, Role, RowBuffer, Snapshot,
    SnapshotId, Storage, TableId, TableKind, Type, nearest,
};
use tokio::runtime::Handle;

use super::keys::{Key, KeyColumn, KeyIndex, NONE, key_of};
use super::options::{BadRow, ImportSource, LoadOptions, LoadTarget, MissingMember, RoleSource};
use super::parsed::Parsed;
use super::properties::{ensure_properties, normalized_columns, required_column};
use super::read::{Input, read};
use super::rejects::{RejectFile, Rejected};
use super::report::LoadReport;
use crate::columns::named_batch;
use crate::memory_limit::waiting_bytes;

/// Loads a source into a graph as one commit.
///
/// # Errors
/// As [`load_into`]; `Conflict` where another writer was first.
pub async fn load(
    storage: &dyn Storage,
    target: &LoadTarget,
    source: ImportSource,
    options: &LoadOptions,
) -> Result<LoadReport> {
    let start = Instant::now();
    let snapshot = storage.snapshot(SnapshotId::default()).await?;
    let (changes, mut report) = load_into(&snapshot, target, source, options).await?;
    report.snapshot = storage.commit(changes).await?;
    report.elapsed = start.elapsed();
    Ok(report)
}

/// The changes that a load makes on top of `snapshot`.
///
/// # Errors
/// `NotFound` for an unknown type, label or file; `InvalidData`, naming the place, for a row that is wrong; `Cancelled`.
pub async fn load_into(
    snapshot: &Arc<dyn Snapshot>,
    target: &LoadTarget,
    source: ImportSource,
    options: &LoadOptions,
) -> Result<(ChangeSet, LoadReport)> {
    let start = Instant::now();
    if options.rejects.is_none()
        && (options.bad_rows == BadRow::Reject || options.missing == MissingMember::Reject)
    {
        return Err(Error::invalid_query(
            "rows are to be rejected, and no reject file is named",
        ));
    }
    let mut changes = ChangeSet::new(snapshot.id(), (**snapshot.schema()).clone())
        .with_operation(format!("load {}", target.name()));
    let (plan, state) = match target {
        LoadTarget::Nodes { label, key } => {
            if options.missing != MissingMember::Error {
                return Err(Error::invalid_query(
                    "a load of nodes binds no members that could be missing",
                ));
            }
            nodes_plan(snapshot.as_ref(), &mut changes, label, key).await?
        }
        LoadTarget::Hyperedges { name, roles } => {
            hyperedges_plan(snapshot.as_ref(), &mut changes, name, roles).await?
        }
    };
    let input = Input::of(source).await?;
    if let (Some(rejects), Input::Files(files, _)) = (&options.rejects, &input) {
        let same = |path: &Path| {
            let whole = rejects.canonicalize().ok();
            whole.is_some() && path.canonicalize().ok() == whole
        };
        if files.iter().any(|file| same(&file.path)) {
            return Err(Error::invalid_query(format!(
                "the reject file {} is one of the files that are loaded",
                rejects.display()
            )));
        }
    }
    let loader = Loader {
        changes,
        rows: RowBuffer::new(waiting_bytes()),
        bad_rows: options.bad_rows,
        missing: options.missing,
        rejects: options.rejects.as_deref().map(RejectFile::new),
        first_missing: None,
        report: LoadReport {
            target: target.name().to_owned(),
            ..LoadReport::default()
        },
    };
    let options = options.clone();
    let runtime = Handle::current();
    let stop = StopOnDrop(Arc::clone(&options.progress));
    let work =
        tokio::task::spawn_blocking(move || loader.run(plan, state, input, &options, &runtime));
    let done = work.await;
    std::mem::forget(stop);
    let (changes, mut report) =
        done.map_err(|error| Error::internal(format!("a load failed: {error}")))??;
    report.elapsed = start.elapsed();
    Ok((changes, report))
}

/// Ends the threads of a load whose future was dropped.
struct StopOnDrop(Arc<super::options::LoadProgress>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// What rows become.
enum Plan {
    Nodes(NodesPlan),
    Hyperedges(HyperedgesPlan),
}

struct NodesPlan {
    table: TableId,
    key: String,
}

struct HyperedgesPlan {
    table: TableId,
    roles: Vec<RolePlan>,
    /// The columns that roles are read from, which are no properties.
    consumed: Vec<String>,
    labels: Vec<LabelPlan>,
}

struct RolePlan {
    role: Role,
    column: String,
    /// The place of its label in the plan.
    label: usize,
}

/// The nodes of one label that roles bind.
struct LabelPlan {
    label: String,
    index: KeyIndex,
    /// Where new nodes go, and the property that is their key.
    table: TableId,
    key: String,
    key_type: DataType,
    next_offset: u64,
}

/// What grows while rows are taken.
enum State {
    /// The keys of nodes, those that are loaded too, and where the next one goes.
    Nodes(Box<KeyIndex>, u64),
    /// The nodes that come into being because they are bound, for each label.
    Hyperedges(Vec<Created>),
}

/// Nodes that come into being, by their key.
#[derive(Default)]
struct Created {
    ids: HashMap<String, u64>,
    /// The keys in the order of the ids.
    keys: Vec<String>,
}

/// What a parser makes of a batch.
struct Converted {
    batch: RecordBatch,
    parsed: Parsed,
    properties: Vec<(String, Type, ArrayRef)>,
    /// Of nodes: the keys.
    keys: Option<KeyColumn>,
    /// Of hyperedges: each role's members.
    members: Vec<Members>,
}

/// The members of one role in one batch.
struct Members {
    keys: KeyColumn,
    ids: Vec<u64>,
    /// Places of keys that no node has.
    missing: Vec<usize>,
    /// For a column of lists: where each row's keys are, and which rows have a list.
    lists: Option<ListArray>,
}

impl Members {
    /// The row that the key at `place` belongs to.
    fn row_of(&self, place: usize) -> usize {
        match &self.lists {
            None => place,
            Some(lists) => {
                let offsets = lists.value_offsets();
                offsets.partition_point(|offset| *offset as usize <= place) - 1
            }
        }
    }
}

async fn nodes_plan(
    snapshot: &dyn Snapshot,
    changes: &mut ChangeSet,
    label: &str,
    key: &str,
) -> Result<(Plan, State)> {
    if label.is_empty() {
        return Err(Error::invalid_data("a label is needed"));
    }
    let table = changes.schema.ensure_node_table(&[label.to_owned()])?;
    let known = snapshot.schema().tables_with_label(label);
    let old_key = changes.schema.table(table)?.key.clone();
    if let Some(old) = old_key.filter(|old| old != key) {
        return Err(Error::invalid_data(format!(
            "the nodes of `{label}` are known by `{old}`, not by `{key}`"
        )));
    }
    let next = snapshot.statistics().tables.get(&table);
    let index = KeyIndex::read(snapshot, &known, label).await?;
    let plan = NodesPlan {
        table,
        key: key.to_owned(),
    };
    let offset = next.map_or(0, |statistics| statistics.next_offset);
    Ok((Plan::Nodes(plan), State::Nodes(Box::new(index), offset)))
}

async fn hyperedges_plan(
    snapshot: &dyn Snapshot,
    changes: &mut ChangeSet,
    name: &str,
    sources: &BTreeMap<String, RoleSource>,
) -> Result<(Plan, State)> {
    let table = hyperedge_table(changes, name, sources)?;
    let ty = changes.schema.table(table)?.hyperedge_type().cloned();
    let ty = ty.ok_or_else(|| Error::internal("a table of hyperedges"))?;
    check_roles(&ty, sources)?;
    let mut labels: Vec<LabelPlan> = Vec::new();
    let mut roles = Vec::new();
    for (name, source) in sources {
        let Some(role) = ty.role(name) else {
            continue;
        };
        let label = source
            .label
            .clone()
            .or_else(|| role.member.clone())
            .ok_or_else(|| {
                Error::invalid_data(format!(
                    "the role `{name}` has no declared member type: name the label of its keys"
                ))
            })?;
        let place = match labels.iter().position(|own| own.label == label) {
            Some(place) => place,
            None => {
                labels.push(label_plan(snapshot, changes, label).await?);
                labels.len() - 1
            }
        };
        roles.push(RolePlan {
            role: role.clone(),
            column: source.column.clone(),
            label: place,
        });
    }
    let created = labels.iter().map(|_| Created::default()).collect();
    let plan = HyperedgesPlan {
        table,
        roles,
        consumed: sources
            .values()
            .map(|source| source.column.clone())
            .collect(),
        labels,
    };
    Ok((Plan::Hyperedges(plan), State::Hyperedges(created)))
}

async fn label_plan(
    snapshot: &dyn Snapshot,
    changes: &mut ChangeSet,
    label: String,
) -> Result<LabelPlan> {
    let schema = snapshot.schema();
    let tables = schema.tables_with_label(&label);
    let Some(first) = tables.first().copied() else {
        if schema.hyperedge_table(&label).is_some() {
            return Err(Error::unsupported(format!(
                "loading hyperedges that bind hyperedges (`{label}`) by key"
            )));
        }
        let hint = nearest(&label, schema.labels())
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        return Err(Error::not_found(format!(
            "there are no nodes of `{label}`{hint}; load them first"
        )));
    };
    let key = key_of(schema, first, &label)?;
    let key_type = schema
        .table(first)?
        .property(&key)
        .map_or(DataType::Utf8, |key| key.value_type.to_arrow());
    // Nodes that come into being have this label and no other.
    let table = match schema.node_table(std::slice::from_ref(&label)) {
        Some(table) => table.id,
        None => {
            let table = changes
                .schema
                .ensure_node_table(std::slice::from_ref(&label))?;
            changes.schema.set_key(table, &key);
            table
        }
    };
    Ok(LabelPlan {
        index: KeyIndex::read(snapshot, &tables, &label).await?.frozen(),
        table,
        key_type: if key_type == DataType::Null {
            DataType::Utf8
        } else {
            key_type
        },
        key,
        next_offset: snapshot
            .statistics()
            .tables
            .get(&table)
            .map_or(0, |statistics| statistics.next_offset),
        label,
    })
}

fn hyperedge_table(
    changes: &mut ChangeSet,
    name: &str,
    roles: &BTreeMap<String, RoleSource>,
) -> Result<TableId> {
    if let Some((table, _)) = changes.schema.hyperedge_table(name) {
        return Ok(table.id);
    }
    let edge = HyperedgeType::binary_edge(name);
    if roles.len() == 2 && edge.roles.iter().all(|role| roles.contains_key(&role.name)) {
        if changes.schema.labels().contains(&name) {
            return Err(Error::invalid_data(format!(
                "`{name}` is a node label: labels and types share one namespace"
            )));
        }
        return changes.schema.add_table(TableKind::Hyperedges(edge));
    }
    let known: Vec<String> = changes
        .schema
        .hyperedge_tables()
        .map(|(_, ty)| ty.name.clone())
        .collect();
    let hint = nearest(name, known.iter().map(String::as_str))
        .map(|near| format!("; did you mean `{near}`?"));
    Err(Error::not_found(format!(
        "there is no hyperedge type `{name}`{}; declare it with CREATE HYPEREDGE TYPE",
        hint.unwrap_or_default()
    )))
}

fn check_roles(ty: &HyperedgeType, roles: &BTreeMap<String, RoleSource>) -> Result<()> {
    for role in roles.keys() {
        if ty.role(role).is_none() {
            let known = ty.roles.iter().map(|role| role.name.as_str());
            let hint = nearest(role, known)
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            return Err(Error::invalid_data(format!(
                "`{}` has no role `{role}`{hint}",
                ty.name
            )));
        }
    }
    let unread = ty
        .roles
        .iter()
        .find(|role| role.cardinality == Cardinality::One && !roles.contains_key(&role.name));
    match unread {
        Some(role) => Err(Error::invalid_data(format!(
            "the role `{}` of `{}` is required, and no column is given for it",
            role.name, ty.name
        ))),
        None => Ok(()),
    }
}

impl Plan {
    /// What needs no look at other batches; parsers do it at the same time.
    fn convert(&self, parsed: Parsed) -> Result<Converted> {
        let batch = parsed.batch.clone();
        let (keys, members, consumed) = match self {
            Self::Nodes(plan) => {
                let column = required_column(&batch, &plan.key)?;
                (
                    Some(KeyColumn::new(&plan.key, column)?),
                    Vec::new(),
                    &[][..],
                )
            }
            Self::Hyperedges(plan) => {
                let members = plan.roles.iter().map(|role| role.members(plan, &batch));
                (None, members.collect::<Result<_>>()?, &plan.consumed[..])
            }
        };
        Ok(Converted {
            properties: normalized_columns(&batch, consumed)?,
            batch,
            parsed,
            keys,
            members,
        })
    }
}

impl RolePlan {
    fn members(&self, plan: &HyperedgesPlan, batch: &RecordBatch) -> Result<Members> {
        let column = required_column(batch, &self.column)?;
        let index = &plan.labels[self.label].index;
        let (lists, keys) = match column.data_type() {
            DataType::List(field) | DataType::LargeList(field) => {
                if self.role.cardinality != Cardinality::Many {
                    return Err(Error::invalid_data(format!(
                        "the role `{}` is bound once, and the column `{}` holds lists",
                        self.role.name, self.column
                    )));
                }
                let item = Field::new_list_field(field.data_type().clone(), true);
                let lists = cast(column, &DataType::List(Arc::new(item)))?;
                let lists = lists.as_any().downcast_ref::<ListArray>().cloned();
                let lists = lists.ok_or_else(|| Error::internal("a list column"))?;
                // The keys of a slice stand within longer values; those of null lists count for nothing.
                let lists = compact(&lists)?;
                let keys = KeyColumn::new(&self.column, lists.values())?;
                (Some(lists), keys)
            }
            _ => (None, KeyColumn::new(&self.column, column)?),
        };
        let (ids, missing) = index.resolve(&keys)?;
        Ok(Members {
            keys,
            ids,
            missing,
            lists,
        })
    }
}

/// The lists with values that begin at 0 and leave nothing out.
fn compact(lists: &ListArray) -> Result<ListArray> {
    let places: UInt64Array = (0..lists.len())
        .filter(|row| lists.is_valid(*row))
        .flat_map(|row| lists.value_offsets()[row] as u64..lists.value_offsets()[row + 1] as u64)
        .collect();
    let values = arrow::compute::take(lists.values(), &places, None)?;
    let lengths = (0..lists.len()).map(|row| {
        if lists.is_valid(row) {
            lists.value_length(row) as usize
        } else {
            0
        }
    });
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(ListArray::try_new(
        field,
        offsets,
        values,
        lists.nulls().cloned(),
    )?)
}

/// Takes the rows of one load.
struct Loader {
    changes: ChangeSet,
    rows: RowBuffer,
    bad_rows: BadRow,
    missing: MissingMember,
    rejects: Option<RejectFile>,
    first_missing: Option<Rejected>,
    report: LoadReport,
}

impl Loader {
    fn run(
        mut self,
        plan: Plan,
        mut state: State,
        input: Input,
        options: &LoadOptions,
        runtime: &Handle,
    ) -> Result<(ChangeSet, LoadReport)> {
        let progress = &options.progress;
        let convert = |parsed| plan.convert(parsed);
        read(input, progress, runtime, convert, |converted| {
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
        self.check_first()?;
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
                        self.append_created(label, created)?;
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
                .rejected(&converted.batch, row, wrong);
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
        let mut bad: Vec<(usize, String)> = Vec::new();
        let mut absent: Vec<(usize, String)> = Vec::new();
        let mut all: Vec<Members> = Vec::new();
        for (role, own) in plan
            .roles
            .iter()
            .zip(std::mem::take(&mut converted.members))
        {
            let name = &role.role.name;
            let label = &plan.labels[role.label];
            let unbound = own.ids.iter().filter(|id| **id == NONE).count() - own.missing.len();
            if unbound > 0 {
                *self.report.unbound.entry(name.clone()).or_insert(0) += unbound as u64;
                if role.role.cardinality == Cardinality::One {
                    let nulls = (0..own.ids.len()).filter(|place| own.keys.get(*place).is_none());
                    bad.extend(nulls.map(|row| {
                        let column = &role.column;
                        (
                            row,
                            format!(
                                "the role `{name}` is required, and the column `{column}` is null"
                            ),
                        )
                    }));
                }
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
                    absent.push((own.row_of(*place), text));
                } else if label.key_type == DataType::Int64 && !key.is_integer() {
                    let text = format!(
                        "{name} '{}' is no Int64, as keys of {} are",
                        key.to_text(),
                        label.label
                    );
                    bad.push((own.row_of(*place), text));
                }
            }
            all.push(own);
        }
        let refused: HashSet<usize> = bad.iter().map(|(row, _)| *row).collect();
        for (role, mut own) in plan.roles.iter().zip(all) {
            if self.missing == MissingMember::Create {
                for place in std::mem::take(&mut own.missing) {
                    if refused.contains(&own.row_of(place)) {
                        continue;
                    }
                    if let Some(key) = own.keys.get(place) {
                        own.ids[place] = created[role.label].id(&plan.labels[role.label], &key);
                    }
                }
            }
            members.push((role.role.name.clone(), own.into_column(&role.role)?));
        }
        for (wrong, is_bad) in [(bad, true), (absent, false)] {
            for (row, reason) in wrong {
                let kept = kept.get_or_insert_with(|| vec![true; rows]);
                if !std::mem::replace(&mut kept[row], false) {
                    continue;
                }
                let rejected = converted
                    .parsed
                    .places
                    .rejected(&converted.batch, row, reason);
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
        let mut batch = named_batch(&names, values, rows)?;
        if let Some(kept) = kept {
            batch = filter_record_batch(&batch, &BooleanArray::from(kept))?;
        }
        self.report.loaded += batch.num_rows() as u64;
        self.rows.push(batch)
    }

    /// Adds the nodes that came into being, which have nothing but their key.
    fn append_created(&mut self, label: &LabelPlan, created: Created) -> Result<()> {
        if created.keys.is_empty() {
            return Ok(());
        }
        self.changes.may_rebase = false;
        let count = created.keys.len();
        let keys: StringArray = created.keys.into_iter().map(Some).collect();
        let column = cast(&keys, &label.key_type)?;
        let ty = Type::from_arrow(&label.key_type)?;
        self.changes
            .schema
            .ensure_property(label.table, &label.key, &ty)?;
        let names = std::slice::from_ref(&label.key);
        self.changes
            .append(label.table, named_batch(names, vec![column], count)?);
        self.report
            .created
            .insert(label.label.clone(), count as u64);
        Ok(())
    }
}

impl Created {
    /// The id of the node with the key, which comes into being where it has none.
    fn id(&mut self, label: &LabelPlan, key: &Key<'_>) -> u64 {
        let text = key.to_text();
        if let Some(id) = self.ids.get(&text) {
            return *id;
        }
        let offset = label.next_offset + self.keys.len() as u64;
        let id = EntityId::new(label.table, offset).raw();
        self.keys.push(text.clone());
        self.ids.insert(text, id);
        id
    }
}

impl Members {
    /// The members as the role's column.
    fn into_column(self, role: &Role) -> Result<ArrayRef> {
        let nulls = self
            .ids
            .contains(&NONE)
            .then(|| self.ids.iter().map(|id| *id != NONE).collect());
        let ids = UInt64Array::new(self.ids.into(), nulls);
        let field = Arc::new(Field::new_list_field(DataType::UInt64, true));
        match (self.lists, role.cardinality) {
            (Some(lists), _) => Ok(Arc::new(ListArray::try_new(
                field,
                lists.offsets().clone(),
                Arc::new(ids),
                lists.nulls().cloned(),
            )?)),
            // A list of one for each id, empty for null.
            (None, Cardinality::Many) => {
                let lengths = (0..ids.len()).map(|row| usize::from(ids.is_valid(row)));
                let values: UInt64Array = ids.iter().flatten().collect();
                let offsets = OffsetBuffer::from_lengths(lengths);
                Ok(Arc::new(ListArray::try_new(
                    field,
                    offsets,
                    Arc::new(values),
                    None,
                )?))
            }
            (None, _) => Ok(Arc::new(ids)),
        }
    }
}
