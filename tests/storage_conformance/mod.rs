//! What every storage must do, run against each of them.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, UInt64Array};
use arrow::datatypes::{Int64Type, UInt64Type};
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism::{
    ChangeSet, ErrorKind, GraphOptions, InMemoryStorage, LanceStorage, Maintenance, Snapshot,
    SnapshotId, SnapshotSelector, Storage, Type,
};
use grism_core::{
    Comparison, ComparisonOperator, DegreeDistribution, EntityId, HyperedgeType, ID_COLUMN,
    PropertyStatistics, ScanRequest, SegmentKey, TableId, Value,
};
use grism_storage::check_snapshot;

const OPTIONS: GraphOptions = GraphOptions {
    segment_shift: 2,
    fragment_rows: 3,
};

async fn storages(directory: &Path) -> Vec<Arc<dyn Storage>> {
    let lance = LanceStorage::open_or_create(directory.join("g.grism"), OPTIONS)
        .await
        .unwrap();
    vec![
        Arc::new(InMemoryStorage::with_layout(
            OPTIONS.segment_shift,
            OPTIONS.fragment_rows,
        )),
        Arc::new(lance),
    ]
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )
    .unwrap()
}

fn numbers(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

async fn changes(storage: &Arc<dyn Storage>) -> ChangeSet {
    let snapshot = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
    ChangeSet::new(snapshot.as_ref(), (**snapshot.schema()).clone())
}

/// Adds nodes of `A` with the property `x`.
async fn add_nodes(storage: &Arc<dyn Storage>, values: impl IntoIterator<Item = i64>) -> TableId {
    let mut changes = changes(storage).await;
    let table = changes.schema.ensure_node_table(&["A".to_owned()]).unwrap();
    changes
        .schema
        .ensure_property(table, "x", &Type::Int64)
        .unwrap();
    changes.append(table, batch(vec![("x", numbers(values))]));
    storage.commit(changes).await.unwrap();
    table
}

/// The ids and values of `x` that a scan finds, piece by piece.
async fn scan(
    snapshot: &dyn Snapshot,
    table: TableId,
    predicate: Vec<Comparison>,
) -> Vec<(u64, i64)> {
    let mut rows = Vec::new();
    for range in snapshot.scan_ranges(table) {
        let request = ScanRequest {
            columns: vec!["x".to_owned()],
            predicate: predicate.clone(),
            range,
            batch_rows: 2,
        };
        let batches: Vec<RecordBatch> = snapshot
            .scan(request)
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        for batch in batches {
            let (ids, values) = (
                batch.column(0).as_primitive::<UInt64Type>(),
                batch.column(1).as_primitive::<Int64Type>(),
            );
            rows.extend(
                ids.values()
                    .iter()
                    .copied()
                    .zip(values.values().iter().copied()),
            );
        }
    }
    rows
}

#[tokio::test]
async fn rows_keep_their_ids_through_commits_scans_and_takes() {
    let directory = tempfile::tempdir().unwrap();
    for storage in storages(directory.path()).await {
        let table = add_nodes(&storage, 0..10).await;
        add_nodes(&storage, 10..17).await;
        let snapshot = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
        let expected: Vec<(u64, i64)> = (0..17)
            .map(|value| (EntityId::new(table, value as u64).raw(), value))
            .collect();
        assert_eq!(scan(snapshot.as_ref(), table, Vec::new()).await, expected);
        assert!(
            snapshot.scan_ranges(table).len() >= 6,
            "small fragments make many pieces"
        );
        let above = Comparison {
            column: "x".to_owned(),
            operator: ComparisonOperator::Greater,
            value: Value::Int64(12),
        };
        assert_eq!(
            scan(snapshot.as_ref(), table, vec![above]).await,
            expected[13..]
        );
        let taken = snapshot
            .take(table, &[16, 3, 3, 0], &["x".to_owned()])
            .await
            .unwrap();
        assert_eq!(
            taken.column(0).as_primitive::<Int64Type>().values(),
            &[16, 3, 3, 0]
        );
        assert_eq!(
            snapshot
                .take(table, &[], &["x".to_owned()])
                .await
                .unwrap()
                .num_rows(),
            0
        );
        assert_eq!(snapshot.statistics().rows(table), 17);
    }
}

#[tokio::test]
async fn a_snapshot_never_changes_and_is_opened_by_number() {
    let directory = tempfile::tempdir().unwrap();
    for storage in storages(directory.path()).await {
        let table = add_nodes(&storage, 0..5).await;
        let first = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
        add_nodes(&storage, 5..9).await;
        assert_eq!(scan(first.as_ref(), table, Vec::new()).await.len(), 5);
        let again = storage.snapshot(first.id().into()).await.unwrap();
        assert_eq!(scan(again.as_ref(), table, Vec::new()).await.len(), 5);
        let newest = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
        assert_eq!(
            (
                scan(newest.as_ref(), table, Vec::new()).await.len(),
                newest.id().0
            ),
            (9, 3)
        );
        let missing = storage.snapshot(SnapshotId(99).into()).await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        let history: Vec<u64> = storage
            .history()
            .await
            .unwrap()
            .iter()
            .map(|info| info.id.0)
            .collect();
        assert_eq!(history, [1, 2, 3]);
    }
}

#[tokio::test]
async fn a_stale_commit_is_a_conflict_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for storage in storages(directory.path()).await {
        let table = add_nodes(&storage, 0..3).await;
        let mut stale = changes(&storage).await;
        stale.append(table, batch(vec![("x", numbers([666]))]));
        add_nodes(&storage, 3..5).await;
        assert_eq!(
            storage.commit(stale).await.unwrap_err().kind(),
            ErrorKind::Conflict
        );
        add_nodes(&storage, 5..6).await;
        let newest = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
        let values: Vec<i64> = scan(newest.as_ref(), table, Vec::new())
            .await
            .into_iter()
            .map(|(_, x)| x)
            .collect();
        assert_eq!(values, (0..6).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn of_two_writers_at_once_one_wins_and_the_other_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("g.grism");
    let one: Arc<dyn Storage> =
        Arc::new(LanceStorage::open_or_create(&path, OPTIONS).await.unwrap());
    let other: Arc<dyn Storage> = Arc::new(LanceStorage::open(&path).await.unwrap());
    let table = add_nodes(&one, 0..4).await;
    let mut expected = 4;
    for round in 0..5 {
        let (mut a, mut b) = (changes(&one).await, changes(&other).await);
        a.append(table, batch(vec![("x", numbers([100 + round]))]));
        b.append(
            table,
            batch(vec![("x", numbers([200 + round, 300 + round]))]),
        );
        let (a, b) = tokio::join!(one.commit(a), other.commit(b));
        let won = usize::from(a.is_ok()) + usize::from(b.is_ok());
        assert_eq!(
            won, 1,
            "one and only one of two commits on one base goes through"
        );
        expected += if a.is_ok() { 1 } else { 2 };
        let lost = a.err().or(b.err()).unwrap();
        assert_eq!(lost.kind(), ErrorKind::Conflict);
        let newest = one.snapshot(SnapshotSelector::Newest).await.unwrap();
        let rows = scan(newest.as_ref(), table, Vec::new()).await;
        assert_eq!(rows.len(), expected);
        let ids: Vec<u64> = (0..expected as u64)
            .map(|offset| EntityId::new(table, offset).raw())
            .collect();
        assert_eq!(
            rows.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
            ids,
            "ids stay dense"
        );
    }
}

#[tokio::test]
async fn a_graph_built_anew_with_another_layout_is_read_as_what_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("g.grism");
    let old: Arc<dyn Storage> =
        Arc::new(LanceStorage::open_or_create(&path, OPTIONS).await.unwrap());
    let table = add_nodes(&old, 0..9).await;
    let before = old.snapshot(SnapshotSelector::Newest).await.unwrap();
    let mut late = changes(&old).await;
    late.append(table, batch(vec![("x", numbers([1]))]));
    std::fs::remove_dir_all(&path).unwrap();
    let options = GraphOptions {
        segment_shift: OPTIONS.segment_shift + 3,
        fragment_rows: 2,
    };
    let new: Arc<dyn Storage> =
        Arc::new(LanceStorage::open_or_create(&path, options).await.unwrap());
    let other_table = add_nodes(&new, 50..55).await;
    assert_eq!(table, other_table);
    for storage in [&old, &new] {
        let now = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
        assert_eq!(now.id(), before.id());
        assert_ne!(now.commit(), before.commit());
        assert_eq!(now.segment_shift(), options.segment_shift);
        assert_eq!(now.scan_ranges(table).len(), 3);
        assert_eq!(scan(now.as_ref(), table, Vec::new()).await.len(), 5);
    }
    assert!(old.check_there(&before).await.is_err());
    let refused = old.commit(late).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert_eq!(old.history().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_property_that_comes_later_is_null_before() {
    let directory = tempfile::tempdir().unwrap();
    for storage in storages(directory.path()).await {
        let table = add_nodes(&storage, 0..4).await;
        let mut more = changes(&storage).await;
        more.schema
            .ensure_property(table, "y", &Type::Int64)
            .unwrap();
        more.append(
            table,
            batch(vec![("x", numbers([4])), ("y", numbers([44]))]),
        );
        storage.commit(more).await.unwrap();
        let snapshot = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
        let taken = snapshot
            .take(table, &[0, 4], &["y".to_owned()])
            .await
            .unwrap();
        let values: Vec<Option<i64>> = taken.column(0).as_primitive::<Int64Type>().iter().collect();
        assert_eq!(values, [None, Some(44)]);
    }
}

#[tokio::test]
async fn incidence_lists_equal_a_naive_model_over_several_commits() {
    let directory = tempfile::tempdir().unwrap();
    for storage in storages(directory.path()).await {
        let nodes = add_nodes(&storage, 0..11).await;
        let mut declared = changes(&storage).await;
        let edges = declared
            .schema
            .declare(HyperedgeType {
                declared: true,
                ..HyperedgeType::binary_edge("E")
            })
            .unwrap();
        storage.commit(declared).await.unwrap();
        let mut naive: BTreeMap<(&str, u64), Vec<(u64, u64)>> = BTreeMap::new();
        let mut next = 0;
        let mut state = 7u64;
        for _ in 0..3 {
            let (mut from, mut to) = (Vec::new(), Vec::new());
            for _ in 0..13 {
                // A small linear congruential generator: the same graph at every run.
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let (a, b) = (
                    EntityId::new(nodes, (state >> 33) % 11).raw(),
                    EntityId::new(nodes, (state >> 45) % 5).raw(),
                );
                let edge = EntityId::new(edges, next).raw();
                next += 1;
                naive.entry(("source", a)).or_default().push((edge, b));
                naive.entry(("target", b)).or_default().push((edge, a));
                from.push(a);
                to.push(b);
            }
            let mut added = changes(&storage).await;
            let ids = |values: Vec<u64>| Arc::new(UInt64Array::from(values)) as ArrayRef;
            added.append(
                edges,
                batch(vec![("source", ids(from)), ("target", ids(to))]),
            );
            storage.commit(added).await.unwrap();
        }
        let snapshot = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
        for role in ["source", "target"] {
            for offset in 0..11 {
                let id = EntityId::new(nodes, offset);
                let segment = snapshot
                    .incidences(edges, role, SegmentKey::of(id, 2))
                    .await
                    .unwrap();
                let found: Vec<(u64, u64)> = segment
                    .range((offset & 3) as usize)
                    .map(|place| (segment.hyperedges.at(place), segment.opposites.at(place)))
                    .collect();
                assert_eq!(
                    found,
                    naive.get(&(role, id.raw())).cloned().unwrap_or_default(),
                    "{role} of {offset}"
                );
            }
            assert_eq!(snapshot.statistics().incidences(edges, role), 39);
        }
    }
}

fn ids(table: TableId, offsets: impl IntoIterator<Item = u64>) -> ArrayRef {
    let ids = offsets.into_iter();
    Arc::new(UInt64Array::from_iter_values(
        ids.map(|offset| EntityId::new(table, offset).raw()),
    ))
}

/// Declares the edges `E`.
async fn declare_edges(storage: &Arc<dyn Storage>) -> TableId {
    let mut declared = changes(storage).await;
    let edges = declared.schema.declare(HyperedgeType {
        declared: true,
        ..HyperedgeType::binary_edge("E")
    });
    storage.commit(declared).await.unwrap();
    edges.unwrap()
}

/// Adds an edge for each pair of nodes.
async fn add_edges(
    storage: &Arc<dyn Storage>,
    edges: TableId,
    nodes: TableId,
    pairs: &[(u64, u64)],
) {
    let mut added = changes(storage).await;
    let sources = ids(nodes, pairs.iter().map(|(source, _)| *source));
    let targets = ids(nodes, pairs.iter().map(|(_, target)| *target));
    added.append(edges, batch(vec![("source", sources), ("target", targets)]));
    storage.commit(added).await.unwrap();
}

/// The newest snapshot, which is what its statistics say.
async fn checked(storage: &Arc<dyn Storage>) -> Arc<dyn Snapshot> {
    let snapshot = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
    let report = check_snapshot(&snapshot).await.unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    snapshot
}

/// What the statistics say of the property `x`.
async fn checked_x(storage: &Arc<dyn Storage>, table: TableId) -> PropertyStatistics {
    let snapshot = checked(storage).await;
    snapshot.statistics().tables[&table].properties["x"].clone()
}

/// What the statistics say of the sources of edges.
async fn checked_sources(storage: &Arc<dyn Storage>, table: TableId) -> DegreeDistribution {
    let snapshot = checked(storage).await;
    let role = snapshot.statistics().role(table, "source").unwrap();
    role.degrees.clone().unwrap()
}

#[tokio::test]
async fn statistics_are_true_after_every_kind_of_commit() {
    let directory = tempfile::tempdir().unwrap();
    let mut tables = Vec::new();
    for storage in storages(directory.path()).await {
        let nodes = add_nodes(&storage, [5, 7, 7]).await;
        add_nodes(&storage, 10..14).await;
        let x = checked_x(&storage, nodes).await;
        assert_eq!((x.values, x.is_exact), (7, true));
        assert_eq!(x.least, Some(Value::Int64(5)));
        assert_eq!(x.greatest, Some(Value::Int64(13)));
        assert_eq!(x.distinct_values().unwrap().round() as u64, 6);

        // The greatest value goes, another one comes: the bounds hold.
        let mut changed = changes(&storage).await;
        let rows = vec![(ID_COLUMN, ids(nodes, [0])), ("x", numbers([99]))];
        changed.update(nodes, batch(rows));
        changed.deletes.insert(nodes, [6].into_iter().collect());
        storage.commit(changed).await.unwrap();
        let x = checked_x(&storage, nodes).await;
        assert_eq!((x.values, x.is_exact), (6, false));
        assert_eq!(x.least, Some(Value::Int64(5)));
        assert_eq!(x.greatest, Some(Value::Int64(99)));

        let mut changed = changes(&storage).await;
        let none = Arc::new(Int64Array::new_null(2)) as ArrayRef;
        let rows = vec![(ID_COLUMN, ids(nodes, [1, 2])), ("x", none)];
        changed.update(nodes, batch(rows));
        storage.commit(changed).await.unwrap();
        assert_eq!(checked_x(&storage, nodes).await.values, 4);

        let edges = declare_edges(&storage).await;
        add_edges(&storage, edges, nodes, &[(0, 1), (0, 2), (0, 3), (1, 0)]).await;
        let degrees = checked_sources(&storage, edges).await;
        assert_eq!((degrees.members, degrees.greatest), (2, 3));
        assert_eq!((degrees.squares, degrees.is_exact), (10, true));
        let mut changed = changes(&storage).await;
        let rows = vec![(ID_COLUMN, ids(edges, [3])), ("source", ids(nodes, [0]))];
        changed.update(edges, batch(rows));
        changed.deletes.insert(edges, [1].into_iter().collect());
        storage.commit(changed).await.unwrap();
        let degrees = checked_sources(&storage, edges).await;
        assert!(!degrees.is_exact);
        tables.push((nodes, edges));
    }

    let (nodes, edges) = tables[1];
    let path = directory.path().join("g.grism");
    let lance = LanceStorage::open(&path).await.unwrap();
    let report = lance.optimize().await.unwrap();
    assert!(report.recounted > 0 && report.folded > 0, "{report}");
    assert_eq!(lance.optimize().await.unwrap().recounted, 0);
    let storage: Arc<dyn Storage> = Arc::new(lance);
    let x = checked_x(&storage, nodes).await;
    assert_eq!((x.values, x.is_exact), (4, true));
    assert_eq!(x.least, Some(Value::Int64(10)));
    let degrees = checked_sources(&storage, edges).await;
    assert_eq!((degrees.members, degrees.greatest), (1, 3));
    assert!(degrees.is_exact);
    let reopened: Arc<dyn Storage> = Arc::new(LanceStorage::open(&path).await.unwrap());
    let (one, other) = (checked(&storage).await, checked(&reopened).await);
    assert_eq!(one.statistics(), other.statistics());
}

#[tokio::test]
async fn degrees_of_loads_are_exact_while_their_members_lie_apart() {
    let directory = tempfile::tempdir().unwrap();
    let options = GraphOptions {
        segment_shift: 2,
        fragment_rows: 10_000,
    };
    let lance = LanceStorage::open_or_create(directory.path().join("g.grism"), options).await;
    let storage: Arc<dyn Storage> = Arc::new(lance.unwrap());
    let nodes = add_nodes(&storage, 0..100).await;
    let edges = declare_edges(&storage).await;
    // Enough edges to be sorted, between the nodes below 48, then between those from 52 on.
    let pair = |number: u64| (number * number % 47, number % 48);
    let low: Vec<(u64, u64)> = (0..5000).map(pair).collect();
    let high: Vec<(u64, u64)> = low.iter().map(|(a, b)| (a + 52, b + 52)).collect();
    add_edges(&storage, edges, nodes, &low).await;
    let first = checked_sources(&storage, edges).await;
    add_edges(&storage, edges, nodes, &high).await;
    let both = checked_sources(&storage, edges).await;
    assert!(first.is_exact && both.is_exact);
    assert_eq!(both.members, 2 * first.members);
    assert_eq!(both.greatest, first.greatest);
    add_edges(&storage, edges, nodes, &low).await;
    assert!(!checked_sources(&storage, edges).await.is_exact);
    drop(storage);
    let lance = LanceStorage::open(directory.path().join("g.grism"))
        .await
        .unwrap();
    lance.optimize().await.unwrap();
    let storage: Arc<dyn Storage> = Arc::new(lance);
    let folded = checked_sources(&storage, edges).await;
    assert_eq!((folded.members, folded.is_exact), (both.members, true));
    assert_eq!(folded.greatest, 2 * first.greatest);
}
