//! Rows between clauses, as plans and batches see them.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
use arrow::datatypes::Int64Type;
use grism_core::{ErrorKind, Type, Value};
use grism_logical::{Column, Internal, LogicalExpr, LogicalPlan, PlanSchema, Rows, SharedPlan};

use crate::CancellationHandle;
use crate::operators::write::clause_rows::{ClauseBatch, ClauseRows};
use crate::operators::write::nested::unified;
use crate::operators::write::order::reads_graph;
use crate::operators::write::row_sources::RowSet;

fn batch(values: &[i64]) -> ClauseBatch {
    let array: ArrayRef = Arc::new(Int64Array::from(values.to_vec()));
    ClauseBatch::of(vec![(Column::new("x", Type::Int64), array)], values.len()).unwrap()
}

/// 10, 11 and 12, in two batches.
fn rows() -> ClauseRows {
    let (first, second) = (batch(&[10, 11]), batch(&[12]));
    let schema = first.schema.clone();
    ClauseRows::new(schema, Rows::new(vec![first.batch, second.batch]))
}

fn values(rows: &ClauseRows, column: &str) -> Vec<i64> {
    let mut values = Vec::new();
    for batch in rows.batches() {
        let batch = batch.unwrap();
        let (array, _) = batch.column(column).unwrap();
        values.extend(array.as_primitive::<Int64Type>().values());
    }
    values
}

#[test]
fn numbers_go_on_from_batch_to_batch_and_pick_rows() {
    let numbered = rows().numbered();
    assert_eq!(values(&numbered, &Internal::RowNumber.column()), [0, 1, 2]);
    assert_eq!(values(&numbered, "x"), [10, 11, 12]);
    let wanted: RowSet = [0, 2].into_iter().collect();
    let picked = rows().filtered(Arc::new(wanted));
    assert_eq!(values(&picked, "x"), [10, 12]);
    assert_eq!(picked.len(), 2);
}

#[test]
fn rows_are_read_until_the_statement_has_to_stop() {
    let cancellation = CancellationHandle::default();
    let rows = rows().until(&cancellation);
    let mut batches = rows.numbered().batches();
    assert!(batches.next().unwrap().is_ok());
    cancellation.cancel();
    let error = batches.next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn a_column_that_is_added_replaces_one_of_its_name() {
    let names: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let added = batch(&[1, 2])
        .with(vec![(Column::new("x", Type::String), names)])
        .unwrap();
    assert_eq!(added.schema.columns.len(), 1);
    assert_eq!(added.value("x", 1).unwrap(), Value::String("b".to_owned()));
    let error = added.value("y", 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
}

#[test]
fn columns_of_rows_that_differ_get_a_type_that_holds_both() {
    let column = |ty| PlanSchema::new(vec![Column::new("x", ty)]);
    let both = unified(&column(Type::Int64), &column(Type::String)).unwrap();
    assert_eq!(both, column(Type::Int64.unify(&Type::String)));
    assert!(unified(&column(Type::Int64), &PlanSchema::default()).is_err());
}

#[test]
fn a_plan_that_reads_a_property_reads_the_graph() {
    let over = |expression: LogicalExpr| LogicalPlan::Project {
        input: SharedPlan::new(LogicalPlan::Argument(PlanSchema::default())),
        expressions: vec![expression.named("y")],
    };
    let property = LogicalExpr::Property {
        entity: "p".to_owned(),
        key: "k".to_owned(),
        ty: Type::Int64,
    };
    assert!(reads_graph(&over(property)));
    assert!(!reads_graph(&over(LogicalExpr::column("x"))));
}
