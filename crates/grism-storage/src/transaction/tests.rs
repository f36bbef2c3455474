//! Tests of transactions as a whole.

use std::sync::Arc;

use futures::TryStreamExt;
use grism_core::{
    Comparison, ComparisonOperator, EntityId, ScanRequest, SegmentKey, Snapshot, SnapshotSelector,
    Storage, Value,
};

use super::Transaction;
use crate::InMemoryStorage;

#[tokio::test]
async fn changes_that_cannot_be_read_are_an_error_and_not_left_out() {
    let storage = InMemoryStorage::new();
    let base = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
    let mut transaction = Transaction::new(base);
    let [a, b] = ["A", "B"].map(|label| transaction.create_node(&[label.to_owned()]).unwrap());
    let edge = transaction.create_edge("R", a, b).unwrap();
    transaction
        .set_property(edge, "x", Value::Int64(1))
        .unwrap();
    let table = EntityId::from_raw(edge).table();
    let changes = transaction.tables.get_mut(&table).unwrap();
    Arc::make_mut(changes).cells.spoil();
    let view = transaction.snapshot();
    let key = |id| SegmentKey::of(EntityId::from_raw(id), view.segment_shift());
    for (role, member) in [("source", a), ("target", b)] {
        let lists = view.incidences(table, role, key(member)).await;
        assert!(lists.is_err(), "{lists:?}");
        assert!(view.degrees(table, role, key(member)).await.is_err());
    }
    let columns = ["x".to_owned(), "source".to_owned()];
    assert!(view.take(table, &[0], &columns).await.is_err());
    let scan = ScanRequest {
        columns: columns.to_vec(),
        predicate: vec![Comparison {
            column: "x".to_owned(),
            operator: ComparisonOperator::Equal,
            value: Value::Int64(1),
        }],
        range: view.scan_ranges(table)[0].clone(),
        batch_rows: 10,
    };
    let rows = view.scan(scan).await;
    let rows: grism_core::Result<Vec<_>> = match rows {
        Ok(rows) => rows.try_collect().await,
        Err(error) => Err(error),
    };
    assert!(rows.is_err(), "{rows:?}");
    assert!(transaction.delete(&[a], true).await.is_err());
    assert!(transaction.finish().is_err());
}
