//! Loading hyperedges: keys become members, the rest become properties.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{
    Array, ArrayRef, BooleanArray, ListArray, StringArray, StringBuilder, UInt64Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, filter, filter_record_batch};
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;
use grism_core::{
    Cardinality, ChangeSet, EntityId, Error, HyperedgeType, Result, Role, SnapshotId, Storage,
    TableId, TableKind, nearest,
};

use super::keys::{KeyIndex, key_of};
use super::properties::{key_texts, properties, required_column};
use super::report::LoadReport;
use crate::columns::named_batch;

/// Where the members of a role come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSource {
    /// The label whose key the column holds; `None` takes the declared member type.
    pub label: Option<String>,
    /// The column of keys; it is consumed.
    pub column: String,
}

/// What happens to a row that binds a member that does not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MissingMember {
    /// The load fails, and nothing is committed.
    #[default]
    Error,
    /// The row goes to this CSV file.
    Reject(PathBuf),
    /// A node with only its key comes into being.
    Create,
}

/// Adds a hyperedge of the type `name` for each row.
///
/// A binary edge type that is not declared comes into being when the roles are `source` and `target`.
///
/// # Errors
/// `NotFound` for an unknown type; `InvalidData`, naming the row, for a member that is missing or null; `Conflict`
/// where another writer was first.
pub async fn load_hyperedges(
    storage: &dyn Storage,
    name: &str,
    batches: Vec<RecordBatch>,
    roles: &BTreeMap<String, RoleSource>,
    missing: &MissingMember,
) -> Result<LoadReport> {
    let start = Instant::now();
    let snapshot = storage.snapshot(SnapshotId::default()).await?;
    let mut changes = ChangeSet::new(snapshot.id(), (**snapshot.schema()).clone());
    let table = hyperedge_table(&mut changes, name, roles)?;
    let hyperedge_type = changes.schema.table(table)?.hyperedge_type().cloned();
    let hyperedge_type = hyperedge_type.ok_or_else(|| Error::internal("a table of hyperedges"))?;
    check_roles(&hyperedge_type, roles)?;
    let mut loader = Loader {
        changes,
        indexes: HashMap::new(),
        created: BTreeMap::new(),
        report: LoadReport {
            target: name.to_owned(),
            ..LoadReport::default()
        },
        first_missing: None,
        create: *missing == MissingMember::Create,
    };
    for (role, source) in roles {
        let declared = hyperedge_type
            .role(role)
            .and_then(|role| role.member.clone());
        loader
            .add_index(snapshot.as_ref(), role, source, declared)
            .await?;
    }
    let consumed: Vec<String> = roles.values().map(|source| source.column.clone()).collect();
    let mut rejected: Vec<RecordBatch> = Vec::new();
    for batch in batches {
        let (members, kept) = loader.members(&batch, &hyperedge_type, roles)?;
        let all = kept.true_count() == batch.num_rows();
        if !all {
            let dropped: BooleanArray = kept.iter().map(|kept| Some(kept != Some(true))).collect();
            rejected.push(filter_record_batch(&batch, &dropped)?);
        }
        let batch = if all {
            batch
        } else {
            filter_record_batch(&batch, &kept)?
        };
        let mut columns = Vec::new();
        for (role, ids) in members {
            columns.push((role, if all { ids } else { filter(&ids, &kept)? }));
        }
        columns.extend(properties(
            &mut loader.changes.schema,
            table,
            &batch,
            &consumed,
        )?);
        let (names, values): (Vec<String>, Vec<_>) = columns.into_iter().unzip();
        loader.report.loaded += batch.num_rows() as u64;
        loader
            .changes
            .append(table, named_batch(&names, values, batch.num_rows())?);
    }
    loader.report.rejected = rejected.iter().map(|batch| batch.num_rows() as u64).sum();
    match (missing, &loader.first_missing) {
        (MissingMember::Error, Some(first)) => {
            let rows = loader.report.rejected;
            return Err(Error::invalid_data(format!(
                "{name}: {rows} rows bind members that do not exist, the first of them {first}; load the nodes first, or \
                 have such members created or such rows rejected"
            )));
        }
        (MissingMember::Reject(path), Some(_)) => write_rejects(path, &rejected)?,
        _ => {}
    }
    loader.append_created(snapshot.as_ref())?;
    let mut report = loader.report;
    report.snapshot = storage.commit(loader.changes).await?;
    report.elapsed = start.elapsed();
    Ok(report)
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

fn check_roles(hyperedge_type: &HyperedgeType, roles: &BTreeMap<String, RoleSource>) -> Result<()> {
    for role in roles.keys() {
        if hyperedge_type.role(role).is_none() {
            let known = hyperedge_type.roles.iter().map(|role| role.name.as_str());
            let hint = nearest(role, known)
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            return Err(Error::invalid_data(format!(
                "`{}` has no role `{role}`{hint}",
                hyperedge_type.name
            )));
        }
    }
    let unread = hyperedge_type
        .roles
        .iter()
        .find(|role| role.cardinality == Cardinality::One && !roles.contains_key(&role.name));
    match unread {
        Some(role) => Err(Error::invalid_data(format!(
            "the role `{}` of `{}` is required, and no column is given for it",
            role.name, hyperedge_type.name
        ))),
        None => Ok(()),
    }
}

/// The state of one load.
struct Loader {
    changes: ChangeSet,
    /// Per label: the ids by key, and where bare nodes go.
    indexes: HashMap<String, LabelIndex>,
    /// Keys of the nodes that come into being, by table.
    created: BTreeMap<TableId, Vec<String>>,
    report: LoadReport,
    first_missing: Option<String>,
    create: bool,
}

struct LabelIndex {
    keys: KeyIndex,
    table: TableId,
    key: String,
    /// Where nodes of this load begin.
    first_offset: u64,
    next_offset: u64,
    /// Roles that read this label.
    roles: Vec<String>,
}

impl Loader {
    async fn add_index(
        &mut self,
        snapshot: &dyn grism_core::Snapshot,
        role: &str,
        source: &RoleSource,
        declared: Option<String>,
    ) -> Result<()> {
        let label = source.label.clone().or(declared).ok_or_else(|| {
            Error::invalid_data(format!(
                "the role `{role}` has no declared member type: name the label of its keys"
            ))
        })?;
        if let Some(index) = self.indexes.get_mut(&label) {
            index.roles.push(role.to_owned());
            return Ok(());
        }
        let tables = snapshot.schema().tables_with_label(&label);
        let Some(table) = tables.first().copied() else {
            if snapshot.schema().hyperedge_table(&label).is_some() {
                return Err(Error::unsupported(format!(
                    "loading hyperedges that bind hyperedges (`{label}`) by key"
                )));
            }
            let known = snapshot.schema().labels();
            let hint = nearest(&label, known)
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            return Err(Error::not_found(format!(
                "there are no nodes of `{label}`{hint}; load them first"
            )));
        };
        let first_offset = snapshot
            .statistics()
            .tables
            .get(&table)
            .map_or(0, |statistics| statistics.next_offset);
        let index = LabelIndex {
            keys: KeyIndex::read(snapshot, &tables, &label).await?,
            table,
            key: key_of(snapshot.schema(), table, &label)?,
            first_offset,
            next_offset: first_offset,
            roles: vec![role.to_owned()],
        };
        self.indexes.insert(label, index);
        Ok(())
    }

    /// The members of every role, and the rows that are kept.
    fn members(
        &mut self,
        batch: &RecordBatch,
        hyperedge_type: &HyperedgeType,
        roles: &BTreeMap<String, RoleSource>,
    ) -> Result<(Vec<(String, ArrayRef)>, BooleanArray)> {
        let mut kept = vec![true; batch.num_rows()];
        let mut members = Vec::new();
        for (name, source) in roles {
            let Some(role) = hyperedge_type.role(name) else {
                continue;
            };
            let column = required_column(batch, &source.column)?;
            let ids = match column.data_type() {
                DataType::List(_) | DataType::LargeList(_) => {
                    self.member_lists(column, role, source, &mut kept)?
                }
                _ => {
                    let keys = key_texts(&source.column, column)?;
                    let ids = self.resolve(&keys, role, &mut |row| row, &mut kept)?;
                    if role.cardinality == Cardinality::One {
                        self.check_bound(&keys, role, source)?;
                    }
                    match role.cardinality {
                        Cardinality::Many => one_each(&ids),
                        _ => Arc::new(ids),
                    }
                }
            };
            members.push((name.clone(), ids));
        }
        self.report.rows += batch.num_rows() as u64;
        Ok((members, kept.into()))
    }

    fn check_bound(&self, keys: &StringArray, role: &Role, source: &RoleSource) -> Result<()> {
        match (0..keys.len()).find(|row| keys.is_null(*row)) {
            None => Ok(()),
            Some(row) => Err(Error::invalid_data(format!(
                "{}, row {}: the role `{}` is required, and the column `{}` is null",
                self.report.target,
                self.report.rows + row as u64 + 1,
                role.name,
                source.column
            ))),
        }
    }

    fn member_lists(
        &mut self,
        column: &ArrayRef,
        role: &Role,
        source: &RoleSource,
        kept: &mut [bool],
    ) -> Result<ArrayRef> {
        let text_list = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
        let lists = cast(column, &text_list).map_err(|_| {
            Error::invalid_data(format!("the column `{}` is no list of keys", source.column))
        })?;
        let lists = lists
            .as_any()
            .downcast_ref::<ListArray>()
            .cloned()
            .ok_or_else(|| Error::internal("a list column"))?;
        if role.cardinality != Cardinality::Many {
            let message = format!(
                "the role `{}` is bound once, and the column `{}` holds lists",
                role.name, source.column
            );
            return Err(Error::invalid_data(message));
        }
        let keys = key_texts(&source.column, lists.values())?;
        let offsets = lists.value_offsets().to_vec();
        let mut row_of =
            |place: usize| offsets.partition_point(|offset| *offset as usize <= place) - 1;
        let ids = self.resolve(&keys, role, &mut row_of, kept)?;
        let field = Arc::new(Field::new_list_field(DataType::UInt64, true));
        Ok(Arc::new(ListArray::try_new(
            field,
            lists.offsets().clone(),
            Arc::new(ids),
            lists.nulls().cloned(),
        )?))
    }

    /// The id of every key; `row_of` tells the row that a key stands in.
    fn resolve(
        &mut self,
        keys: &StringArray,
        role: &Role,
        row_of: &mut dyn FnMut(usize) -> usize,
        kept: &mut [bool],
    ) -> Result<UInt64Array> {
        let index = self
            .indexes
            .values_mut()
            .find(|index| index.roles.contains(&role.name));
        let index = index
            .ok_or_else(|| Error::internal(format!("the role `{}` has no index", role.name)))?;
        let (mut unbound, mut missing) = (0, 0);
        let mut ids = Vec::with_capacity(keys.len());
        for place in 0..keys.len() {
            if keys.is_null(place) {
                unbound += 1;
                ids.push(None);
                continue;
            }
            let key = keys.value(place);
            if let Some(id) = index.keys.get(key) {
                // A node that an earlier row of this load made is as missing from its table as it was there.
                let entity = EntityId::from_raw(id);
                let made_here =
                    entity.table() == index.table && entity.offset() >= index.first_offset;
                missing += u64::from(made_here);
                ids.push(Some(id));
                continue;
            }
            missing += 1;
            if self.create {
                let id = EntityId::new(index.table, index.next_offset).raw();
                index.next_offset += 1;
                index.keys.insert(key, id);
                self.created
                    .entry(index.table)
                    .or_default()
                    .push(key.to_owned());
                ids.push(Some(id));
            } else {
                let row = row_of(place);
                kept[row] = false;
                let number = self.report.rows + row as u64 + 1;
                self.first_missing
                    .get_or_insert_with(|| format!("{} '{key}' in row {number}", role.name));
                ids.push(None);
            }
        }
        for (count, counts) in [
            (unbound, &mut self.report.unbound),
            (missing, &mut self.report.missing),
        ] {
            if count > 0 {
                *counts.entry(role.name.clone()).or_insert(0) += count;
            }
        }
        Ok(ids.into())
    }

    /// Adds the nodes that came into being, which have nothing but their key.
    fn append_created(&mut self, snapshot: &dyn grism_core::Snapshot) -> Result<()> {
        for (label, index) in &self.indexes {
            let Some(keys) = self.created.remove(&index.table) else {
                continue;
            };
            let count = keys.len() as u64;
            let mut texts = StringBuilder::new();
            keys.iter().for_each(|key| texts.append_value(key));
            let data_type = snapshot
                .schema()
                .table(index.table)?
                .property(&index.key)
                .map(|key| key.value_type.to_arrow());
            let column = cast(&texts.finish(), &data_type.unwrap_or(DataType::Utf8))?;
            self.changes.append(
                index.table,
                named_batch(std::slice::from_ref(&index.key), vec![column], keys.len())?,
            );
            self.report.created.insert(label.clone(), count);
        }
        Ok(())
    }
}

/// A list of one for each id, empty for null.
fn one_each(ids: &UInt64Array) -> ArrayRef {
    let lengths = (0..ids.len()).map(|row| usize::from(ids.is_valid(row)));
    let values: UInt64Array = ids.iter().flatten().collect();
    let field = Arc::new(Field::new_list_field(DataType::UInt64, true));
    Arc::new(ListArray::new(
        field,
        OffsetBuffer::from_lengths(lengths),
        Arc::new(values),
        None,
    ))
}

fn write_rejects(path: &Path, batches: &[RecordBatch]) -> Result<()> {
    let file = File::create(path).map_err(|error| Error::from(error).context(path.display()))?;
    let mut writer = arrow::csv::WriterBuilder::new()
        .with_header(true)
        .build(file);
    for batch in batches {
        writer
            .write(batch)
            .map_err(|error| Error::invalid_data(format!("{}: {error}", path.display())))?;
    }
    Ok(())
}
