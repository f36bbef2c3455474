//! Scans with predicates, against the comparison of each row.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use grism_core::temporal::LocalDateTime;
use grism_core::{
    Comparison, ComparisonOperator, EntityId, ID_COLUMN, Snapshot, TableId, Value, equal_values,
    order_values,
};

use super::meetings::{Meetings, texts};
use crate::all_rows::rows_with;

const OPERATORS: [ComparisonOperator; 8] = [
    ComparisonOperator::Equal,
    ComparisonOperator::NotEqual,
    ComparisonOperator::Less,
    ComparisonOperator::LessOrEqual,
    ComparisonOperator::Greater,
    ComparisonOperator::GreaterOrEqual,
    ComparisonOperator::IsNull,
    ComparisonOperator::IsNotNull,
];

/// Whether a row passes, as Cypher has it.
fn passes(own: &Value, operator: ComparisonOperator, value: &Value) -> bool {
    let is_nan = |value: &Value| matches!(value, Value::Float64(value) if value.is_nan());
    match operator {
        ComparisonOperator::IsNull => return own.is_null(),
        ComparisonOperator::IsNotNull => return !own.is_null(),
        _ if own.is_null() => return false,
        ComparisonOperator::Equal => return equal_values(own, value) == Some(true),
        ComparisonOperator::NotEqual => return equal_values(own, value) == Some(false),
        // NaN is neither below nor above anything.
        _ if is_nan(own) || is_nan(value) => return false,
        _ => {}
    }
    let Some(order) = order_values(own, value) else {
        return false;
    };
    match operator {
        ComparisonOperator::Less => order.is_lt(),
        ComparisonOperator::LessOrEqual => order.is_le(),
        ComparisonOperator::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
}

async fn found(
    snapshot: &dyn Snapshot,
    table: TableId,
    predicate: Vec<Comparison>,
) -> BTreeSet<u64> {
    let batches = rows_with(snapshot, table, &[], predicate);
    let mut offsets = BTreeSet::new();
    for batch in batches.try_collect::<Vec<_>>().await.unwrap() {
        let ids = batch.column_by_name(ID_COLUMN).unwrap();
        offsets.extend((0..batch.num_rows()).map(|row| {
            let id = Value::from_array(ids, row).unwrap().entity_id().unwrap();
            EntityId::from_raw(id).offset()
        }));
    }
    offsets
}

/// Compares every operator with every value, over rows of these values and of null.
async fn check(values: &[Value], bounds: &[Value]) {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let mut rows = values.to_vec();
        rows.push(Value::Null);
        let mut transaction = graph.begin().await;
        for value in &rows {
            let id = transaction.create_node(&texts(&["Row"])).unwrap();
            transaction.set_property(id, "x", value.clone()).unwrap();
        }
        graph.commit(transaction).await.unwrap();
        let newest = graph.newest().await;
        let table = newest.schema().node_table(&texts(&["Row"])).unwrap();
        let column = table.property("x").unwrap().column();
        for operator in OPERATORS {
            for value in bounds {
                let comparison = Comparison {
                    column: column.to_owned(),
                    operator,
                    value: value.clone(),
                };
                let case = format!("{}: {comparison}", graph.name);
                let passing = rows.iter().enumerate();
                let passing = passing.filter(|(_, own)| passes(own, operator, value));
                let expected: BTreeSet<u64> = passing.map(|(offset, _)| offset as u64).collect();
                let found = found(newest.as_ref(), table.id, vec![comparison]).await;
                assert_eq!(found, expected, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn integers_are_compared_as_cypher_has_it() {
    let values = [3, -1, 0, 3, i64::MAX, i64::MIN].map(Value::Int64);
    check(&values, &values).await;
}

#[tokio::test]
async fn floats_are_compared_as_cypher_has_it() {
    let floats = [0.0, -0.0, 1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let values = floats.map(Value::Float64);
    check(&values, &values).await;
}

#[tokio::test]
async fn texts_are_compared_as_cypher_has_it() {
    let words = ["", "a", "B", "ä", "it's", "%", "a\0"];
    let values = words.map(|word| Value::String(word.to_owned()));
    check(&values, &values).await;
}

#[tokio::test]
async fn flags_are_compared_as_cypher_has_it() {
    let values = [true, false].map(Value::Bool);
    check(&values, &values).await;
}

#[tokio::test]
async fn days_and_times_are_compared_as_cypher_has_it() {
    let days = [-1, 0, 20_000].map(Value::Date);
    check(&days, &days).await;
    let at = |seconds: i64| Value::LocalDateTime(LocalDateTime::from_seconds(seconds, 5));
    let times = [at(-1), at(0), at(1_700_000_000)];
    check(&times, &times).await;
}

#[tokio::test]
async fn every_comparison_of_a_conjunction_counts() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        graph.with_people(10).await;
        let newest = graph.newest().await;
        let table = newest.schema().node_table(&texts(&["Person"])).unwrap();
        let number = |operator, value: i64| Comparison {
            column: "number".to_owned(),
            operator,
            value: Value::Int64(value),
        };
        let predicate = vec![
            number(ComparisonOperator::Greater, 2),
            number(ComparisonOperator::NotEqual, 5),
            number(ComparisonOperator::LessOrEqual, 7),
        ];
        let found = found(newest.as_ref(), table.id, predicate).await;
        assert_eq!(found, [3, 4, 6, 7].into(), "{}", graph.name);
    }
}
