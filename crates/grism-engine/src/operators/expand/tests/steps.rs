//! Steps over binary edges, and their counts.

use grism_core::{TableId, Tables, Type, Value};
use grism_logical::{
    Column, CountExpand, CountedHop, Direction, EdgeExpand, LogicalPlan, SharedPlan,
};
use std::collections::BTreeMap;

use super::people::{DIRECTIONS, graph_of, id};
use crate::testing::{Random, TestGraph, known, known_nodes, rows_with, shown, sorted, texts};

fn expand(input: LogicalPlan, person: TableId, knows: TableId, direction: Direction) -> EdgeExpand {
    EdgeExpand {
        input: SharedPlan::new(input),
        from: "a".to_owned(),
        tables: Tables::from([knows]),
        label: "KNOWS".to_owned(),
        direction,
        edge: Some("k".to_owned()),
        to: "b".to_owned(),
        to_type: Type::Node(Tables::from([person])),
        restrict: None,
        into: false,
    }
}

#[tokio::test]
async fn edges_are_followed_either_way_and_a_self_loop_once() {
    // Two edges from 0 to 1, and a self-loop at 1.
    let (graph, person, knows) = graph_of(3, &[(0, 1), (0, 1), (1, 2), (1, 1)]);
    let starts = || known_nodes("a", &[person], &[Some(id(person, 1)), None]);
    let found = async |direction| {
        let plan = LogicalPlan::EdgeExpand(expand(starts(), person, knows, direction));
        sorted(shown(&plan, &graph).await)
    };
    assert_eq!(found(Direction::Out).await, ["0:1 1:2 0:2", "0:1 1:3 0:1"]);
    assert_eq!(
        found(Direction::In).await,
        ["0:1 1:0 0:0", "0:1 1:1 0:0", "0:1 1:3 0:1"]
    );
    assert_eq!(
        found(Direction::Both).await,
        ["0:1 1:0 0:0", "0:1 1:1 0:0", "0:1 1:2 0:2", "0:1 1:3 0:1"]
    );
}

#[tokio::test]
async fn an_expansion_into_a_bound_node_finds_the_edges_between_both() {
    let (graph, person, knows) = graph_of(3, &[(0, 1), (0, 1), (1, 0), (2, 2)]);
    let node = |offset: Option<u64>| offset.map_or(Value::Null, |own| Value::node(id(person, own)));
    // A row that comes twice is looked up among marked neighbours; a null finds nothing.
    let pairs = [
        (Some(0), Some(1)),
        (Some(0), Some(1)),
        (Some(0), Some(2)),
        (Some(2), Some(2)),
        (Some(0), None),
        (None, Some(1)),
    ];
    let rows: Vec<Vec<Value>> = pairs.map(|(a, b)| vec![node(a), node(b)]).to_vec();
    let ty = Type::Node(Tables::from([person]));
    let columns = vec![Column::new("a", ty.clone()), Column::new("b", ty)];
    let plan = |direction| {
        LogicalPlan::EdgeExpand(EdgeExpand {
            into: true,
            ..expand(known(columns.clone(), &rows), person, knows, direction)
        })
    };
    let (edge, back) = (["0:0 0:1 1:0", "0:0 0:1 1:1"], "0:0 0:1 1:2");
    let twice = |once: Vec<&str>| {
        let rows = once.iter().flat_map(|row| [*row, *row]);
        sorted(rows.chain(["0:2 0:2 1:3"]).map(str::to_owned).collect())
    };
    let out = sorted(shown(&plan(Direction::Out), &graph).await);
    assert_eq!(out, twice(edge.to_vec()));
    let against = sorted(shown(&plan(Direction::In), &graph).await);
    assert_eq!(against, twice(vec![back]));
    let both = sorted(shown(&plan(Direction::Both), &graph).await);
    assert_eq!(both, twice(vec![edge[0], edge[1], back]));
}

#[tokio::test]
async fn only_nodes_of_the_tables_asked_for_are_reached() {
    let mut graph = TestGraph::new();
    let person = graph.nodes("Person", "number", &[Value::Int64(0), Value::Int64(1)]);
    let town = graph.nodes("Town", "number", &[Value::Int64(0)]);
    let edges = [(id(person, 0), id(person, 1)), (id(person, 0), id(town, 0))];
    let knows = graph.edges("KNOWS", &edges);
    let starts = || known_nodes("a", &[person], &[Some(id(person, 0))]);
    let all = expand(starts(), person, knows, Direction::Out);
    let restricted = EdgeExpand {
        restrict: Some(Tables::from([town])),
        ..all.clone()
    };
    let all = sorted(shown(&LogicalPlan::EdgeExpand(all), &graph).await);
    assert_eq!(all, ["0:0 2:0 0:1", "0:0 2:1 1:0"]);
    let restricted = shown(&LogicalPlan::EdgeExpand(restricted), &graph).await;
    assert_eq!(restricted, ["0:0 2:1 1:0"]);
}

#[tokio::test]
async fn a_node_with_more_edges_than_a_batch_has_rows_gives_all_of_them() {
    let edges: Vec<(u64, u64)> = (0..10).map(|number| (0, number)).collect();
    let (graph, person, knows) = graph_of(10, &edges);
    let starts = known_nodes("a", &[person], &[Some(id(person, 0)); 2]);
    let plan = LogicalPlan::EdgeExpand(expand(starts, person, knows, Direction::Both));
    let whole = sorted(texts(&rows_with(&plan, &graph, 8192).await));
    assert_eq!(whole.len(), 20);
    for batch_rows in [1, 3, 10] {
        let parts = sorted(texts(&rows_with(&plan, &graph, batch_rows).await));
        assert_eq!(parts, whole, "batches of {batch_rows} rows");
    }
}

#[tokio::test]
async fn counted_edges_are_as_many_as_those_that_are_followed() {
    let mut random = Random::new(3);
    for _ in 0..20 {
        let edges: Vec<(u64, u64)> = (0..12)
            .map(|_| (random.below(5), random.below(5)))
            .collect();
        let (graph, person, knows) = graph_of(5, &edges);
        let starts: Vec<Option<u64>> = (0..5).map(|own| Some(id(person, own))).collect();
        let starts = || known_nodes("a", &[person], &starts);
        for direction in DIRECTIONS {
            let followed = LogicalPlan::EdgeExpand(expand(starts(), person, knows, direction));
            let mut wanted: BTreeMap<String, i64> =
                (0..5).map(|own| (format!("0:{own}"), 0)).collect();
            for row in shown(&followed, &graph).await {
                let (start, _) = row.split_once(' ').unwrap();
                *wanted.get_mut(start).unwrap() += 1;
            }
            let counted = LogicalPlan::CountExpand(CountExpand {
                input: SharedPlan::new(starts()),
                from: "a".to_owned(),
                tables: Tables::from([knows]),
                hop: CountedHop::Edges(direction),
                label: "KNOWS".to_owned(),
                restrict: None,
                except: Vec::new(),
                count: "n".to_owned(),
            });
            let wanted = wanted
                .iter()
                .map(|(start, count)| format!("{start} {count}"));
            let counted = sorted(shown(&counted, &graph).await);
            assert_eq!(
                counted,
                wanted.collect::<Vec<_>>(),
                "{direction:?} {edges:?}"
            );
        }
    }
}

#[tokio::test]
async fn counts_leave_out_the_edges_of_other_columns_once_each() {
    let (graph, person, knows) = graph_of(3, &[(0, 1), (0, 2), (0, 0)]);
    let columns = vec![
        Column::new("a", Type::Node(Tables::from([person]))),
        Column::new("j", Type::Hyperedge(Tables::from([knows]))),
        Column::new("k", Type::Hyperedge(Tables::from([knows]))),
    ];
    let edge = |offset| Value::hyperedge(id(knows, offset));
    let start = || Value::node(id(person, 0));
    let rows = [
        vec![start(), edge(0), edge(1)],
        // Both columns hold one edge, which is left out once.
        vec![start(), edge(1), edge(1)],
        vec![start(), edge(1), Value::Null],
        vec![Value::Null, edge(0), edge(1)],
    ];
    let plan = LogicalPlan::CountExpand(CountExpand {
        input: SharedPlan::new(known(columns, &rows)),
        from: "a".to_owned(),
        tables: Tables::from([knows]),
        hop: CountedHop::Edges(Direction::Both),
        label: "KNOWS".to_owned(),
        restrict: None,
        except: vec!["j".to_owned(), "k".to_owned()],
        count: "n".to_owned(),
    });
    let rows = rows_with(&plan, &graph, 8192).await;
    let counts: Vec<&Value> = rows.iter().map(|row| &row[3]).collect();
    assert_eq!(
        counts,
        [1, 2, 0, 0].map(Value::Int64).iter().collect::<Vec<_>>()
    );
}
