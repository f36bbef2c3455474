//! Moving changes onto a newer snapshot than the one they were made against.
//!
//! Ids of new rows follow from what was there before them, so they move along; changes that meet what other commits did
//! are refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt64Array};
use arrow::datatypes::{DataType, UInt64Type};
use arrow::record_batch::RecordBatch;
use grism_core::{
    AppendedRows, ChangeSet, CommitSummary, EntityId, Error, GraphSchema, GraphStatistics,
    ID_COLUMN, Result, RowSource, SnapshotId, TableId, TableKind,
};

/// What the changes were made against, or are moved onto.
pub(crate) struct State<'a> {
    pub(crate) id: SnapshotId,
    pub(crate) commit: &'a str,
    pub(crate) schema: &'a GraphSchema,
    pub(crate) statistics: &'a GraphStatistics,
}

impl State<'_> {
    fn next_offset(&self, table: TableId) -> u64 {
        self.statistics
            .tables
            .get(&table)
            .map_or(0, |table| table.next_offset)
    }
}

/// Moves the steps of one commit from `base` onto `newest`; `between` are the commits that lie between.
///
/// # Errors
/// `Conflict` where that could matter.
pub(crate) fn rebase(
    steps: Vec<ChangeSet>,
    base: &State<'_>,
    newest: &State<'_>,
    between: &[CommitSummary],
) -> Result<Vec<ChangeSet>> {
    let conflict = |why: &str| {
        Error::conflict(format!(
            "the graph is at snapshot {}, the changes were made on {}: {why}",
            newest.id, base.id
        ))
    };
    check_base(&steps, base)?;
    if steps.iter().any(|step| !step.may_rebase) {
        return Err(conflict("they follow from what was read there"));
    }
    let is_known = |table: &TableId| newest.schema.table(*table).is_ok();
    let base_tables = base.schema.tables().map(|table| table.id);
    if base_tables.into_iter().any(|table| !is_known(&table)) {
        return Err(conflict("another commit dropped a hyperedge type"));
    }
    if !newest.schema.keeps_names_of(base.schema) {
        return Err(conflict("another commit altered the schema"));
    }
    let adds_schema = steps.iter().any(|step| &step.schema != base.schema);
    if adds_schema && newest.schema != base.schema {
        return Err(conflict("another commit changed the schema too"));
    }
    let touched: BTreeSet<TableId> = steps
        .iter()
        .flat_map(|step| step.updates.keys().chain(step.deletes.keys()))
        .copied()
        .collect();
    let deletes = steps.iter().any(|step| !step.deletes.is_empty());
    let is_hyperedges = |table: &TableId| {
        newest
            .schema
            .table(*table)
            .is_ok_and(|table| matches!(table.kind, TableKind::Hyperedges(_)))
    };
    let shift = Arc::new(Shift::between(base, newest, &steps));
    let bound = bound_tables(&steps, &shift)?;
    for (table, others) in between.iter().flat_map(|summary| &summary.tables) {
        if others.updated + others.deleted > 0 && touched.contains(table) {
            return Err(conflict("another commit changed rows of the same table"));
        }
        if others.deleted > 0 && bound.contains(table) {
            return Err(conflict("another commit deleted what might be bound"));
        }
        if deletes && others.added + others.updated > 0 && is_hyperedges(table) {
            return Err(conflict("another commit may have bound what is deleted"));
        }
    }
    steps
        .into_iter()
        .map(|step| {
            let schema = if adds_schema {
                step.schema.clone()
            } else {
                newest.schema.clone()
            };
            moved(step, newest, schema, &shift)
        })
        .collect()
}

/// Whether steps were made on `base`, and not on a snapshot of its number of another graph that was there before.
///
/// # Errors
/// `Conflict` where they were not.
pub(crate) fn check_base(steps: &[ChangeSet], base: &State<'_>) -> Result<()> {
    let is_base = |step: &ChangeSet| step.base == base.id && step.base_commit == base.commit;
    if steps.iter().all(is_base) {
        return Ok(());
    }
    Err(built_anew())
}

/// The error of a commit whose base is a snapshot of a graph that is gone.
pub(crate) fn built_anew() -> Error {
    Error::conflict("the graph was deleted and built anew since the changes were made")
}

fn moved(
    step: ChangeSet,
    base: &State<'_>,
    schema: GraphSchema,
    shift: &Arc<Shift>,
) -> Result<ChangeSet> {
    let mut moved = ChangeSet {
        base: base.id,
        base_commit: base.commit.to_owned(),
        schema,
        appends: BTreeMap::new(),
        updates: BTreeMap::new(),
        deletes: BTreeMap::new(),
        loaded: step.loaded,
        operation: step.operation,
        may_rebase: step.may_rebase,
        turn: step.turn,
        // What was verified was so beside other rows.
        verified: BTreeSet::new(),
        cancellation: step.cancellation,
    };
    for (table, pieces) in step.appends {
        moved.appends.insert(table, shifted(pieces, shift)?);
    }
    for (table, pieces) in step.updates {
        moved.updates.insert(table, shifted(pieces, shift)?);
    }
    for (table, offsets) in step.deletes {
        let offsets = offsets.into_iter().map(|offset| {
            EntityId::from_raw(shift.id(EntityId::new(table, offset).raw())).offset()
        });
        moved.deletes.insert(table, offsets.collect());
    }
    Ok(moved)
}

/// Pieces of rows with their roles and ids moved.
fn shifted(pieces: Vec<AppendedRows>, shift: &Arc<Shift>) -> Result<Vec<AppendedRows>> {
    let pieces = pieces.into_iter().map(|piece| match piece {
        AppendedRows::Batch(batch) => shift.batch(&batch).map(AppendedRows::Batch),
        AppendedRows::Source(rows) => Ok(AppendedRows::Source(Arc::new(Shifted {
            rows,
            shift: Arc::clone(shift),
        }))),
    });
    pieces.collect()
}

/// What the steps of one commit did together.
pub(crate) fn joined(steps: &[ChangeSet]) -> CommitSummary {
    let mut all = CommitSummary::default();
    let mut operations: Vec<String> = Vec::new();
    for step in steps {
        let summary = step.summary();
        if !summary.operation.is_empty() && !operations.contains(&summary.operation) {
            operations.push(summary.operation);
        }
        for (table, changes) in summary.tables {
            let own = all.tables.entry(table).or_default();
            own.added += changes.added;
            own.updated += changes.updated;
            own.deleted += changes.deleted;
        }
    }
    all.operation = operations.join(", ");
    all
}

/// By how much the ids of new rows move, by table.
#[derive(Debug, Default)]
struct Shift {
    /// Where new rows begin, and how far they move.
    tables: BTreeMap<TableId, (u64, u64)>,
}

impl Shift {
    fn between(base: &State<'_>, newest: &State<'_>, steps: &[ChangeSet]) -> Self {
        let appended = steps.iter().flat_map(|step| step.appends.keys());
        let moved = appended.filter_map(|table| {
            let first = base.next_offset(*table);
            let by = newest.next_offset(*table).saturating_sub(first);
            (by > 0).then_some((*table, (first, by)))
        });
        Self {
            tables: moved.collect(),
        }
    }

    fn id(&self, raw: u64) -> u64 {
        let id = EntityId::from_raw(raw);
        match self.tables.get(&id.table()) {
            Some((first, by)) if id.offset() >= *first => raw + by,
            _ => raw,
        }
    }

    fn ids(&self, ids: &UInt64Array) -> UInt64Array {
        ids.unary(|raw| self.id(raw))
    }

    /// The batch with its roles and ids moved: every column of unsigned integers, since properties have none.
    fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        if self.tables.is_empty() {
            return Ok(batch.clone());
        }
        let columns = batch.columns().iter().map(|column| -> Result<ArrayRef> {
            if let Some(ids) = column.as_primitive_opt::<UInt64Type>() {
                return Ok(Arc::new(self.ids(ids)));
            }
            if let Some(lists) = id_lists(column) {
                let (field, offsets, values, nulls) = lists.clone().into_parts();
                let values = Arc::new(self.ids(values.as_primitive::<UInt64Type>()));
                return Ok(Arc::new(ListArray::try_new(field, offsets, values, nulls)?));
            }
            Ok(Arc::clone(column))
        });
        let columns = columns.collect::<Result<_>>()?;
        Ok(RecordBatch::try_new(batch.schema(), columns)?)
    }
}

fn id_lists(column: &ArrayRef) -> Option<&ListArray> {
    match column.data_type() {
        DataType::List(field) if field.data_type() == &DataType::UInt64 => column.as_list_opt(),
        _ => None,
    }
}

/// The tables of stored entities that the changes bind.
fn bound_tables(steps: &[ChangeSet], shift: &Shift) -> Result<BTreeSet<TableId>> {
    let mut tables = BTreeSet::new();
    let mut note = |ids: &UInt64Array| {
        for raw in ids.iter().flatten() {
            let id = EntityId::from_raw(raw);
            let is_new = shift
                .tables
                .get(&id.table())
                .is_some_and(|(first, _)| id.offset() >= *first);
            if !is_new {
                tables.insert(id.table());
            }
        }
    };
    let mut look = |batch: &RecordBatch| {
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            if field.name() == ID_COLUMN {
                continue;
            }
            if let Some(ids) = column.as_primitive_opt::<UInt64Type>() {
                note(ids);
            } else if let Some(lists) = id_lists(column) {
                note(lists.values().as_primitive::<UInt64Type>());
            }
        }
    };
    for step in steps {
        let pieces = step.appends.values().chain(step.updates.values());
        for piece in pieces.flatten() {
            for batch in piece.batches()? {
                look(&batch?);
            }
        }
    }
    Ok(tables)
}

/// Rows whose ids move as they are read.
#[derive(Debug)]
struct Shifted {
    rows: Arc<dyn RowSource>,
    shift: Arc<Shift>,
}

impl RowSource for Shifted {
    fn rows(&self) -> u64 {
        self.rows.rows()
    }

    fn batches(&self) -> Result<Box<dyn Iterator<Item = Result<RecordBatch>> + Send>> {
        let shift = Arc::clone(&self.shift);
        Ok(Box::new(
            self.rows.batches()?.map(move |batch| shift.batch(&batch?)),
        ))
    }
}
