//! Operators that work row by row, over known rows and a small graph.

use grism_core::{Cardinality, EntityId, TableId, Tables, Type, Value};
use grism_logical::{
    ArithmeticOperator, BinaryOperator, Column, Fetch, LogicalExpr, LogicalPlan, NamedExpr,
    PropertyRef, SharedPlan, role_key,
};
use std::collections::BTreeMap;

use super::hydrate;
use crate::build_operators;
use crate::testing::{
    TestGraph, batches_of, known, known_integers, known_nodes, rows_of, rows_with, shown, texts,
};

fn id(table: TableId, offset: u64) -> u64 {
    EntityId::new(table, offset).raw()
}

fn numbers(count: i64) -> LogicalPlan {
    let integers: Vec<Option<i64>> = (0..count).map(Some).collect();
    known_integers("x", &integers)
}

/// `10 / x`, which is an error for 0.
fn divided(input: LogicalPlan) -> LogicalPlan {
    let ten = LogicalExpr::Literal(Value::Int64(10));
    let quotient = ten.arithmetic(ArithmeticOperator::Divide, LogicalExpr::column("x"));
    LogicalPlan::Project {
        input: SharedPlan::new(input),
        expressions: vec![quotient.named("q")],
    }
}

fn limit(input: LogicalPlan, skip: usize, fetch: Option<usize>) -> LogicalPlan {
    LogicalPlan::Limit {
        input: SharedPlan::new(input),
        skip,
        fetch,
    }
}

#[tokio::test]
async fn a_limit_counts_rows_across_batches() {
    let graph = TestGraph::new();
    for batch_rows in [1, 2, 3, 100] {
        let cut = async |skip, fetch| {
            let rows = rows_with(&limit(numbers(7), skip, fetch), &graph, batch_rows).await;
            texts(&rows).join(" ")
        };
        assert_eq!(cut(0, Some(3)).await, "0 1 2");
        assert_eq!(cut(2, Some(3)).await, "2 3 4");
        assert_eq!(cut(5, None).await, "5 6");
        assert_eq!(cut(6, Some(usize::MAX)).await, "6");
        assert_eq!(cut(7, Some(1)).await, "");
    }
}

#[tokio::test]
async fn a_limit_reads_no_row_past_the_last_one_that_it_needs() {
    let graph = TestGraph::new();
    let rows = || divided(known_integers("x", &[Some(5), Some(2), Some(0)]));
    let run = async |plan: LogicalPlan| {
        let root = build_operators(&plan).unwrap();
        rows_of(&root, &graph, batches_of(1)).await
    };
    assert!(run(rows()).await.is_err());
    assert_eq!(
        texts(&run(limit(rows(), 0, Some(2))).await.unwrap()),
        ["2", "5"]
    );
    assert!(run(limit(rows(), 1, Some(2))).await.is_err());
    let nothing = limit(divided(known_integers("x", &[Some(0)])), 0, Some(0));
    assert!(run(nothing).await.unwrap().is_empty());
}

#[test]
fn each_task_of_a_limit_keeps_the_rows_that_are_skipped_later() {
    let root = build_operators(&limit(numbers(9), 2, Some(3))).unwrap();
    let phases = root.phases().unwrap().unwrap();
    assert_eq!(phases.local.describe(), "Limit(5)");
    assert_eq!(phases.global.unwrap().describe(), "Limit(3, skip 2)");
    // All rows may be needed behind a skip without a limit.
    let root = build_operators(&limit(numbers(9), 2, None)).unwrap();
    let phases = root.phases().unwrap().unwrap();
    assert_eq!(phases.local.describe(), "Rows(9)");
    // A sum past the largest number is that number.
    let root = build_operators(&limit(numbers(9), 2, Some(usize::MAX))).unwrap();
    let phases = root.phases().unwrap().unwrap();
    assert_eq!(phases.local.describe(), format!("Limit({})", usize::MAX));
}

#[tokio::test]
async fn a_filter_passes_what_is_true_and_neither_false_nor_null() {
    let graph = TestGraph::new();
    let large = LogicalExpr::column("x").binary(
        BinaryOperator::Greater,
        LogicalExpr::Literal(Value::Int64(1)),
    );
    let rows = known_integers("x", &[Some(1), None, Some(2), Some(3)]);
    assert_eq!(shown(&rows.filtered(vec![large]), &graph).await, ["2", "3"]);
}

#[tokio::test]
async fn lists_are_unwound_and_nulls_and_empty_lists_give_no_row() {
    let graph = TestGraph::new();
    let columns = vec![
        Column::new("x", Type::Int64),
        Column::new("list", Type::Int64.list()),
    ];
    let list = |items: &[i64]| Value::List(items.iter().copied().map(Value::Int64).collect());
    let rows = [
        vec![Value::Int64(1), list(&[7, 8, 9])],
        vec![Value::Int64(2), list(&[])],
        vec![Value::Int64(3), Value::Null],
        vec![Value::Int64(4), Value::List(vec![Value::Null])],
    ];
    let plan = LogicalPlan::Project {
        input: SharedPlan::new(LogicalPlan::Unwind {
            input: SharedPlan::new(known(columns, &rows)),
            expression: LogicalExpr::column("list"),
            variable: "item".to_owned(),
        }),
        expressions: ["x", "item"].map(NamedExpr::column).to_vec(),
    };
    for batch_rows in [1, 2, 100] {
        let rows = texts(&rows_with(&plan, &graph, batch_rows).await);
        assert_eq!(
            rows,
            ["1 7", "1 8", "1 9", "4 null"],
            "batches of {batch_rows} rows"
        );
    }
}

#[tokio::test]
async fn a_union_finds_columns_by_their_names() {
    let graph = TestGraph::new();
    let pair = |first: &str, second: &str, row: [i64; 2]| {
        let columns = [first, second].map(|name| Column::new(name, Type::Int64));
        SharedPlan::new(known(columns.to_vec(), &[row.map(Value::Int64).to_vec()]))
    };
    let plan = LogicalPlan::Union {
        inputs: vec![pair("a", "b", [1, 2]), pair("b", "a", [3, 4])],
    };
    assert_eq!(shown(&plan, &graph).await, ["1 2", "4 3"]);
}

#[tokio::test]
async fn properties_are_fetched_row_by_row_from_the_table_of_each_entity() {
    let mut graph = TestGraph::new();
    let text = |own: &str| Value::String(own.to_owned());
    let person = graph.nodes("Person", "name", &[text("Ann"), Value::Null, text("Cid")]);
    let town = graph.nodes("Town", "size", &[Value::Int64(8)]);
    let nodes = [
        Some(id(person, 2)),
        Some(id(town, 0)),
        None,
        Some(id(person, 1)),
        Some(id(person, 0)),
        Some(id(person, 2)),
    ];
    let fetch = |nodes: &[Option<u64>]| {
        LogicalPlan::Fetch(Fetch {
            input: SharedPlan::new(known_nodes("n", &[person, town], nodes)),
            entity: "n".to_owned(),
            tables: Tables::from([person, town]),
            properties: vec![PropertyRef {
                key: "name".to_owned(),
                ty: Type::String,
            }],
        })
    };
    assert_eq!(
        shown(&fetch(&nodes), &graph).await,
        [
            "0:2 'Cid'",
            "1:0 null",
            "null null",
            "0:1 null",
            "0:0 'Ann'",
            "0:2 'Cid'"
        ]
    );
    // Rows of one table only, none of them null, are not put into order again.
    let own = [Some(id(person, 2)), Some(id(person, 0))];
    assert_eq!(
        shown(&fetch(&own), &graph).await,
        ["0:2 'Cid'", "0:0 'Ann'"]
    );
}

/// People, and claims that people make about people and about claims.
fn claims() -> (TestGraph, TableId, TableId) {
    let mut graph = TestGraph::new();
    let name = |own: &str| Value::String(own.to_owned());
    let person = graph.nodes("Person", "name", &[name("Ann"), Value::Null]);
    let roles = [("by", Cardinality::One), ("about", Cardinality::Many)];
    let claim = TableId::try_new(person.get() + 1).unwrap();
    let hyperedges = [
        vec![vec![id(person, 0)], vec![id(person, 1), id(person, 0)]],
        vec![vec![id(person, 1)], vec![id(claim, 0)]],
    ];
    assert_eq!(graph.hyperedges("CLAIM", &roles, &hyperedges), claim);
    (graph, person, claim)
}

/// The members that a hyperedge is known to have, and whether their contents are known.
fn members(value: &Value) -> Vec<(String, Vec<bool>)> {
    let Value::Hyperedge(hyperedge) = value else {
        panic!("a hyperedge: {value}");
    };
    let contents = hyperedge.contents.as_ref().unwrap();
    let is_known = |member: &Value| match member {
        Value::Node(node) => node.contents.is_some(),
        Value::Hyperedge(hyperedge) => hyperedge.contents.is_some(),
        other => panic!("a member: {other}"),
    };
    let roles = contents.members.iter();
    roles
        .map(|(role, members)| (role.clone(), members.iter().map(is_known).collect()))
        .collect()
}

#[tokio::test]
async fn entities_are_read_wherever_they_stand_within_a_value() {
    let (graph, person, claim) = claims();
    let ann = || Value::node(id(person, 0));
    let mut values = [
        Value::List(vec![
            ann(),
            Value::Null,
            Value::List(vec![Value::node(id(person, 1))]),
        ]),
        Value::Map(BTreeMap::from([("who".to_owned(), ann())])),
        Value::hyperedge(id(claim, 0)),
        Value::Int64(1),
    ];
    hydrate(&graph, &mut values, 1).await.unwrap();
    let found: Vec<String> = values.iter().map(ToString::to_string).collect();
    // A property that is null is not there.
    assert_eq!(
        found,
        [
            "[(:Person {name: 'Ann'}), null, [(:Person)]]",
            "{who: (:Person {name: 'Ann'})}",
            "[:CLAIM]",
            "1"
        ]
    );
    let members = members(&values[2]);
    let unread = [
        ("by".to_owned(), vec![false]),
        ("about".to_owned(), vec![false, false]),
    ];
    assert_eq!(members, unread);
}

#[tokio::test]
async fn members_are_read_as_deep_as_is_asked_for() {
    let (graph, _, claim) = claims();
    let mut values = [Value::hyperedge(id(claim, 1))];
    hydrate(&graph, &mut values, 2).await.unwrap();
    let read = [
        ("by".to_owned(), vec![true]),
        ("about".to_owned(), vec![true]),
    ];
    assert_eq!(members(&values[0]), read);
    let inner = |value: &Value| {
        let Value::Hyperedge(hyperedge) = value else {
            panic!("a hyperedge: {value}");
        };
        members(&hyperedge.contents.as_ref().unwrap().members[1].1[0])
    };
    let unread = [
        ("by".to_owned(), vec![false]),
        ("about".to_owned(), vec![false, false]),
    ];
    assert_eq!(inner(&values[0]), unread);
    // What is known already is gone through, and what is below is read.
    hydrate(&graph, &mut values, 3).await.unwrap();
    let read = [
        ("by".to_owned(), vec![true]),
        ("about".to_owned(), vec![true, true]),
    ];
    assert_eq!(inner(&values[0]), read);
}

#[tokio::test]
async fn roles_are_fetched_beside_properties() {
    let (graph, person, claim) = claims();
    let ty = Type::Hyperedge(Tables::from([claim]));
    let rows = [vec![Value::hyperedge(id(claim, 1))], vec![Value::Null]];
    let plan = LogicalPlan::Fetch(Fetch {
        input: SharedPlan::new(known(vec![Column::new("c", ty)], &rows)),
        entity: "c".to_owned(),
        tables: Tables::from([claim]),
        properties: vec![PropertyRef {
            key: role_key("by"),
            ty: Type::Node(Tables::from([person])),
        }],
    });
    assert_eq!(shown(&plan, &graph).await, ["1:1 0:1", "null null"]);
}
