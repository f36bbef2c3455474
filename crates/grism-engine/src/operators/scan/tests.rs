//! Scans of nodes and of hyperedges with their roles.

use std::sync::Arc;

use futures::TryStreamExt;
use grism_core::{Cardinality, EntityId, TableId, Tables, Type, Value};
use grism_logical::{HyperedgeScan, LogicalPlan, NodeScan, PropertyRef, RoleBinding};

use crate::testing::{TestGraph, batches_of, context, rows_with, shown, sorted, texts};
use crate::{build_operators, run};

fn id(table: TableId, offset: u64) -> u64 {
    EntityId::new(table, offset).raw()
}

fn nodes(tables: &[TableId], property: &str) -> LogicalPlan {
    let tables = Tables::from(tables);
    LogicalPlan::NodeScan(NodeScan {
        variable: "n".to_owned(),
        ty: Type::Node(Arc::clone(&tables)),
        tables,
        label: "N".to_owned(),
        properties: vec![PropertyRef {
            key: property.to_owned(),
            ty: Type::Int64,
        }],
        predicate: Vec::new(),
        index: None,
    })
}

fn numbers(count: i64) -> Vec<Value> {
    (0..count).map(Value::Int64).collect()
}

#[tokio::test]
async fn a_property_that_a_table_does_not_have_is_null_for_its_nodes() {
    let mut graph = TestGraph::new();
    let a = graph.nodes("A", "x", &numbers(2));
    let b = graph.nodes("B", "y", &numbers(3));
    let plan = nodes(&[a, b], "y");
    let expected = ["0:0 null", "0:1 null", "1:0 0", "1:1 1", "1:2 2"];
    assert_eq!(sorted(shown(&plan, &graph).await), expected);
}

#[tokio::test]
async fn threads_that_share_a_scan_read_every_row_once() {
    let mut graph = TestGraph::new();
    let table = graph.nodes("A", "x", &numbers(20));
    let root = build_operators(&nodes(&[table], "x")).unwrap();
    let shared = context(&graph, batches_of(2));
    let (first, second) = (run(&root, &shared).unwrap(), run(&root, &shared).unwrap());
    let (first, second) = futures::join!(
        first.try_collect::<Vec<_>>(),
        second.try_collect::<Vec<_>>()
    );
    let batches = [first.unwrap(), second.unwrap()].concat();
    let mut found = Vec::new();
    for batch in &batches {
        assert!(batch.num_rows() <= 3, "more than a piece");
        for row in 0..batch.num_rows() {
            found.push(Value::from_array(batch.column(1), row).unwrap());
        }
    }
    found.sort_by(grism_core::total_order);
    assert_eq!(found, numbers(20));
}

/// A binding of any of these roles, with its incidence.
fn binding(roles: &[&str], member: &str, person: TableId) -> RoleBinding {
    RoleBinding {
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        member: member.to_owned(),
        member_type: Type::Node(Tables::from([person])),
        restrict: None,
        incidence: None,
        repeats: false,
    }
}

/// Three meetings of one host, guests of whom one may come twice, and perhaps a chair.
fn meetings() -> (TestGraph, TableId, TableId) {
    let mut graph = TestGraph::new();
    let person = graph.nodes("Person", "x", &numbers(4));
    let own = |offsets: &[u64]| offsets.iter().map(|own| id(person, *own)).collect();
    let roles = [
        ("host", Cardinality::One),
        ("guest", Cardinality::Many),
        ("chair", Cardinality::Optional),
    ];
    let hyperedges: [Vec<Vec<u64>>; 3] = [
        vec![own(&[0]), own(&[1, 2, 1]), own(&[3])],
        vec![own(&[1]), own(&[1]), own(&[])],
        vec![own(&[2]), own(&[]), own(&[3])],
    ];
    let meeting = graph.hyperedges("MEETING", &roles, &hyperedges);
    (graph, person, meeting)
}

fn star(meeting: TableId, bindings: Vec<RoleBinding>) -> LogicalPlan {
    LogicalPlan::HyperedgeScan(HyperedgeScan {
        variable: "m".to_owned(),
        tables: Tables::from([meeting]),
        label: "MEETING".to_owned(),
        bindings,
        properties: Vec::new(),
        predicate: Vec::new(),
        index: None,
    })
}

#[tokio::test]
async fn a_star_has_a_row_for_each_way_to_bind_its_roles() {
    let (graph, person, meeting) = meetings();
    let all = shown(&star(meeting, Vec::new()), &graph).await;
    assert_eq!(all, ["1:0", "1:1", "1:2"]);
    let host = || binding(&["host"], "h", person);
    let guest = |name: &str| binding(&["guest"], name, person);
    let plan = star(meeting, vec![host(), guest("g")]);
    let expected = ["1:0 0:0 0:1", "1:0 0:0 0:1", "1:0 0:0 0:2", "1:1 0:1 0:1"];
    for batch_rows in [1, 2, 100] {
        let rows = rows_with(&plan, &graph, batch_rows).await;
        assert_eq!(sorted(texts(&rows)), expected, "batches of {batch_rows}");
    }
    // What is not bound leaves no row.
    let plan = star(meeting, vec![binding(&["chair"], "c", person)]);
    assert_eq!(shown(&plan, &graph).await, ["1:0 0:3", "1:2 0:3"]);
    // Any of several roles.
    let plan = star(meeting, vec![binding(&["host", "chair"], "p", person)]);
    let expected = ["1:0 0:0", "1:0 0:3", "1:1 0:1", "1:2 0:2", "1:2 0:3"];
    assert_eq!(sorted(shown(&plan, &graph).await), expected);
}

#[tokio::test]
async fn two_bindings_of_a_star_take_one_incidence_only_where_they_repeat() {
    let (graph, person, meeting) = meetings();
    let guests = |repeats: bool| {
        let bindings = ["g", "k"].map(|name| RoleBinding {
            repeats,
            ..binding(&["guest"], name, person)
        });
        star(meeting, bindings.to_vec())
    };
    let unlike = shown(&guests(false), &graph).await;
    let expected = [
        "1:0 0:1 0:1",
        "1:0 0:1 0:1",
        "1:0 0:1 0:2",
        "1:0 0:1 0:2",
        "1:0 0:2 0:1",
        "1:0 0:2 0:1",
    ];
    assert_eq!(sorted(unlike), expected);
    // All pairs: nine of three guests, and one of one.
    assert_eq!(shown(&guests(true), &graph).await.len(), 10);
}

#[tokio::test]
async fn members_of_other_tables_than_those_asked_for_are_not_bound() {
    let mut graph = TestGraph::new();
    let person = graph.nodes("Person", "x", &numbers(1));
    let robot = graph.nodes("Robot", "x", &numbers(1));
    let roles = [("guest", Cardinality::Many)];
    let guests = vec![vec![id(person, 0), id(robot, 0)]];
    let meeting = graph.hyperedges("MEETING", &roles, &[guests]);
    let robots = RoleBinding {
        restrict: Some(Tables::from([robot])),
        member_type: Type::Node(Tables::from([robot])),
        ..binding(&["guest"], "g", person)
    };
    let found = shown(&star(meeting, vec![robots]), &graph).await;
    assert_eq!(found, ["2:0 1:0"]);
}
