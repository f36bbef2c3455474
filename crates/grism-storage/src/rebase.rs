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

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use grism_core::{ErrorKind, Snapshot, SnapshotSelector, Storage, Type};

    use super::*;
    use crate::InMemoryStorage;

    /// Two nodes of `A` and an edge `R` between them, and changes on top of that.
    struct Graph {
        storage: InMemoryStorage,
        nodes: TableId,
        edges: TableId,
        base: Arc<dyn Snapshot>,
    }

    impl Graph {
        async fn new() -> Self {
            let storage = InMemoryStorage::new();
            let empty = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
            let mut changes = ChangeSet::new(empty.as_ref(), (**empty.schema()).clone());
            let nodes = changes.schema.ensure_node_table(&["A".to_owned()]).unwrap();
            changes
                .schema
                .ensure_property(nodes, "x", &Type::Int64)
                .unwrap();
            let edges = changes.schema.ensure_edge_table("R").unwrap();
            changes.append(nodes, numbers(&[0, 1]));
            changes.append(edges, pairs(&[(id(nodes, 0), id(nodes, 1))]));
            storage.commit(changes).await.unwrap();
            let base = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
            Self {
                storage,
                nodes,
                edges,
                base,
            }
        }

        /// Changes on the base that may be moved.
        fn changes(&self) -> ChangeSet {
            ChangeSet {
                may_rebase: true,
                ..ChangeSet::new(self.base.as_ref(), (**self.base.schema()).clone())
            }
        }

        fn appending(&self, values: &[i64]) -> ChangeSet {
            let mut changes = self.changes();
            changes.append(self.nodes, numbers(values));
            changes
        }

        fn updating(&self, offset: u64) -> ChangeSet {
            let ids: ArrayRef = Arc::new(UInt64Array::from(vec![id(self.nodes, offset)]));
            let values: ArrayRef = Arc::new(Int64Array::from(vec![7]));
            let rows = RecordBatch::try_from_iter([(ID_COLUMN, ids), ("x", values)]);
            let mut changes = self.changes();
            changes.update(self.nodes, rows.unwrap());
            changes
        }

        fn deleting(&self, table: TableId, offset: u64) -> ChangeSet {
            let mut changes = self.changes();
            changes
                .deletes
                .insert(table, std::iter::once(offset).collect());
            changes
        }

        /// Why `later` is refused once `first` was committed; `None` where it is not.
        async fn refused(&self, first: ChangeSet, later: ChangeSet) -> Option<String> {
            self.storage.commit(first).await.unwrap();
            let error = self.storage.commit(later).await.err()?;
            assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
            Some(error.message().to_owned())
        }

        async fn newest(&self) -> Arc<dyn Snapshot> {
            self.storage
                .snapshot(SnapshotSelector::Newest)
                .await
                .unwrap()
        }

        /// The values of nodes, by their offsets.
        async fn values(&self, offsets: &[u64]) -> Vec<i64> {
            let columns = ["x".to_owned()];
            let newest = self.newest().await;
            let rows = newest.take(self.nodes, offsets, &columns).await.unwrap();
            let values = rows.column_by_name("x").unwrap();
            values
                .as_primitive::<arrow::datatypes::Int64Type>()
                .values()
                .to_vec()
        }
    }

    fn id(table: TableId, offset: u64) -> u64 {
        EntityId::new(table, offset).raw()
    }

    fn numbers(values: &[i64]) -> RecordBatch {
        let values: ArrayRef = Arc::new(Int64Array::from(values.to_vec()));
        RecordBatch::try_from_iter([("x", values)]).unwrap()
    }

    fn pairs(edges: &[(u64, u64)]) -> RecordBatch {
        let (sources, targets): (Vec<u64>, Vec<u64>) = edges.iter().copied().unzip();
        let column = |ids: Vec<u64>| -> ArrayRef { Arc::new(UInt64Array::from(ids)) };
        let columns = [("source", column(sources)), ("target", column(targets))];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    #[tokio::test]
    async fn new_rows_move_behind_those_of_others_with_what_binds_and_deletes_them() {
        let graph = Graph::new().await;
        // Offsets 2, 3 and 4 are those of the new nodes; the second of them goes again.
        let mut later = graph.appending(&[20, 30, 40]);
        let edge = |source, target| (id(graph.nodes, source), id(graph.nodes, target));
        later.append(graph.edges, pairs(&[edge(4, 1), edge(1, 2)]));
        later
            .deletes
            .insert(graph.nodes, std::iter::once(3).collect());
        assert_eq!(graph.refused(graph.appending(&[5, 6]), later).await, None);
        assert_eq!(graph.values(&[2, 3, 4, 6]).await, [5, 6, 20, 40]);
        let newest = graph.newest().await;
        let alive = newest.alive(graph.nodes, &[3, 4, 5, 6, 7]).await.unwrap();
        assert_eq!(alive, [true, true, false, true, false]);
        let columns = ["source", "target"].map(str::to_owned);
        let edges = newest.take(graph.edges, &[1, 2], &columns).await.unwrap();
        let ends = |place: usize| edges.column(place).as_primitive::<UInt64Type>().values();
        // What was there before stays where it is.
        assert_eq!(ends(0)[..], [6, 1].map(|offset| id(graph.nodes, offset)));
        assert_eq!(ends(1)[..], [1, 4].map(|offset| id(graph.nodes, offset)));
    }

    #[tokio::test]
    async fn changes_that_meet_those_of_others_are_refused() {
        let graph = Graph::new().await;
        let refused = graph.refused(graph.updating(0), graph.updating(1)).await;
        assert!(refused.unwrap().contains("rows of the same table"));

        let graph = Graph::new().await;
        let refused = graph.refused(graph.updating(0), graph.deleting(graph.nodes, 1));
        assert!(refused.await.unwrap().contains("rows of the same table"));

        let graph = Graph::new().await;
        let mut binding = graph.changes();
        binding.append(
            graph.edges,
            pairs(&[(id(graph.nodes, 1), id(graph.nodes, 1))]),
        );
        let first = graph.deleting(graph.nodes, 0);
        let refused = graph.refused(first, binding.clone()).await;
        assert!(refused.unwrap().contains("deleted what might be bound"));

        let graph = Graph::new().await;
        let mut binding = graph.changes();
        binding.append(
            graph.edges,
            pairs(&[(id(graph.nodes, 1), id(graph.nodes, 1))]),
        );
        let refused = graph.refused(binding, graph.deleting(graph.nodes, 1)).await;
        assert!(refused.unwrap().contains("may have bound what is deleted"));
    }

    #[tokio::test]
    async fn changes_that_others_cannot_matter_to_are_moved() {
        let graph = Graph::new().await;
        // New edges between nodes whose values change.
        let mut binding = graph.changes();
        binding.append(
            graph.edges,
            pairs(&[(id(graph.nodes, 1), id(graph.nodes, 0))]),
        );
        assert_eq!(graph.refused(graph.updating(0), binding).await, None);

        let graph = Graph::new().await;
        let first = graph.deleting(graph.edges, 0);
        assert_eq!(graph.refused(first, graph.appending(&[2])).await, None);

        let graph = Graph::new().await;
        assert_eq!(
            graph
                .refused(graph.appending(&[2]), graph.updating(1))
                .await,
            None
        );
        assert_eq!(graph.values(&[0, 1, 2]).await, [0, 7, 2]);
    }

    #[tokio::test]
    async fn changes_that_follow_from_what_was_read_are_not_moved() {
        let graph = Graph::new().await;
        let later = ChangeSet {
            may_rebase: false,
            ..graph.appending(&[3])
        };
        let refused = graph.refused(graph.appending(&[2]), later).await;
        assert!(refused.unwrap().contains("follow from what was read"));
    }

    #[tokio::test]
    async fn two_changes_of_the_schema_are_not_put_together() {
        let graph = Graph::new().await;
        let with_label = |label: &str| {
            let mut changes = graph.changes();
            let labels = [label.to_owned()];
            changes.schema.ensure_node_table(&labels).unwrap();
            changes
        };
        let refused = graph.refused(with_label("B"), with_label("C")).await;
        assert!(refused.unwrap().contains("changed the schema too"));

        // Rows alone take over the schema that is there.
        let graph = Graph::new().await;
        let mut first = graph.changes();
        let added = first.schema.ensure_node_table(&["B".to_owned()]).unwrap();
        assert_eq!(graph.refused(first, graph.appending(&[2])).await, None);
        assert!(graph.newest().await.schema().table(added).is_ok());
    }

    #[tokio::test]
    async fn the_base_is_known_by_its_commit_and_not_by_its_number_alone() {
        let (graph, other) = (Graph::new().await, Graph::new().await);
        let foreign = other.appending(&[2]);
        assert_eq!(foreign.base, graph.base.id());
        let error = graph.storage.commit(foreign).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(error.message().contains("built anew"), "{error}");
    }
}
