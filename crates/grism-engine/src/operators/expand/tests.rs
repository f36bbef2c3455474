//! Expansions over small graphs: what they output, and that it is what a search without any care finds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use grism_core::{Cardinality, EntityId, TableId, Tables, Type, Value};
use grism_logical::{
    Column, CountExpand, CountedHop, Direction, EdgeExpand, LogicalPlan, PathExpand, PathMode,
    PathSearch, RoleBinding, RoleExpand, RoleSource,
};

use crate::testing::{Random, TestGraph, known, known_nodes, rows_with, shown, sorted, texts};

const DIRECTIONS: [Direction; 3] = [Direction::Out, Direction::In, Direction::Both];

fn id(table: TableId, offset: u64) -> u64 {
    EntityId::new(table, offset).raw()
}

/// A graph of `nodes` nodes and of binary edges between them.
fn graph_of(nodes: usize, edges: &[(u64, u64)]) -> (TestGraph, TableId, TableId) {
    let mut graph = TestGraph::new();
    let values: Vec<Value> = (0..nodes as i64).map(Value::Int64).collect();
    let person = graph.nodes("Person", "number", &values);
    let edges = edges
        .iter()
        .map(|(source, target)| (id(person, *source), id(person, *target)));
    let knows = graph.edges("KNOWS", &edges.collect::<Vec<_>>());
    (graph, person, knows)
}

fn expand(input: LogicalPlan, person: TableId, knows: TableId, direction: Direction) -> EdgeExpand {
    EdgeExpand {
        input: Arc::new(input),
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
                input: Arc::new(starts()),
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
        input: Arc::new(known(columns, &rows)),
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

/// Meetings with one host, any number of guests, and perhaps a place.
fn meetings() -> (TestGraph, TableId, TableId) {
    let mut graph = TestGraph::new();
    let numbers: Vec<Value> = (0..6).map(Value::Int64).collect();
    let person = graph.nodes("Person", "number", &numbers);
    let own = |offsets: &[u64]| {
        offsets
            .iter()
            .map(|own| id(person, *own))
            .collect::<Vec<_>>()
    };
    let roles = [
        ("host", Cardinality::One),
        ("guest", Cardinality::Many),
        ("place", Cardinality::Optional),
    ];
    let meeting = graph.hyperedges(
        "MEETING",
        &roles,
        &[
            // Someone may come twice.
            vec![own(&[0]), own(&[1, 2, 1]), own(&[5])],
            vec![own(&[1]), own(&[1]), own(&[])],
            vec![own(&[2]), own(&[]), own(&[5])],
        ],
    );
    (graph, person, meeting)
}

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

fn from_member(column: &str, roles: &[&str]) -> RoleSource {
    RoleSource::Member {
        column: column.to_owned(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        incidence: None,
        repeats: false,
    }
}

fn role_expand(
    input: LogicalPlan,
    from: RoleSource,
    meeting: TableId,
    bindings: Vec<RoleBinding>,
) -> LogicalPlan {
    LogicalPlan::RoleExpand(RoleExpand {
        input: Arc::new(input),
        from,
        hyperedge: "m".to_owned(),
        tables: Tables::from([meeting]),
        label: "MEETING".to_owned(),
        bindings,
    })
}

#[tokio::test]
async fn a_member_leads_to_its_hyperedges_once_for_each_time_it_is_bound() {
    let (graph, person, meeting) = meetings();
    let starts = || {
        known_nodes(
            "a",
            &[person],
            &[Some(id(person, 1)), None, Some(id(person, 5))],
        )
    };
    let guests = role_expand(starts(), from_member("a", &["guest"]), meeting, Vec::new());
    assert_eq!(
        shown(&guests, &graph).await,
        ["0:1 1:0", "0:1 1:0", "0:1 1:1"]
    );
    let any = from_member("a", &["host", "guest", "place"]);
    let any = role_expand(starts(), any, meeting, Vec::new());
    assert_eq!(
        sorted(shown(&any, &graph).await),
        [
            "0:1 1:0", "0:1 1:0", "0:1 1:1", "0:1 1:1", "0:5 1:0", "0:5 1:2"
        ]
    );
}

#[tokio::test]
async fn a_binding_does_not_take_the_incidence_that_led_there() {
    let (graph, person, meeting) = meetings();
    let starts = || known_nodes("a", &[person], &[Some(id(person, 2))]);
    let guest = binding(&["guest"], "b", person);
    let once = role_expand(
        starts(),
        from_member("a", &["guest"]),
        meeting,
        vec![guest.clone()],
    );
    assert_eq!(shown(&once, &graph).await, ["0:2 1:0 0:1", "0:2 1:0 0:1"]);
    let repeats = RoleBinding {
        repeats: true,
        ..guest
    };
    let again = role_expand(
        starts(),
        from_member("a", &["guest"]),
        meeting,
        vec![repeats],
    );
    assert_eq!(
        sorted(shown(&again, &graph).await),
        ["0:2 1:0 0:1", "0:2 1:0 0:1", "0:2 1:0 0:2"]
    );
}

#[tokio::test]
async fn two_bindings_of_a_role_take_different_incidences() {
    let (graph, person, meeting) = meetings();
    let starts = known_nodes("a", &[person], &[Some(id(person, 0))]);
    let bindings = vec![
        binding(&["guest"], "b", person),
        binding(&["guest", "place"], "c", person),
    ];
    let plan = role_expand(starts, from_member("a", &["host"]), meeting, bindings);
    // Guests 1, 2, 1 in pairs of different places, and each with the place.
    let pairs = [(1, 2), (1, 1), (2, 1), (2, 1), (1, 1), (1, 2)];
    let places = [(1, 5), (2, 5), (1, 5)];
    let wanted = pairs.iter().chain(&places);
    let wanted = wanted.map(|(b, c)| format!("0:0 1:0 0:{b} 0:{c}"));
    assert_eq!(sorted(shown(&plan, &graph).await), sorted(wanted.collect()));
}

#[tokio::test]
async fn a_bound_hyperedge_leads_to_its_members_and_one_of_another_type_nowhere() {
    let (mut graph, person, meeting) = meetings();
    let other = graph.hyperedges(
        "TALK",
        &[("host", Cardinality::One)],
        &[vec![vec![id(person, 3)]]],
    );
    let ty = Type::Hyperedge(Tables::from([meeting, other]));
    let rows = [
        vec![Value::hyperedge(id(meeting, 1))],
        vec![Value::hyperedge(id(other, 0))],
        vec![Value::Null],
        vec![Value::hyperedge(id(meeting, 2))],
    ];
    let bound = || known(vec![Column::new("m", ty.clone())], &rows);
    let host = vec![binding(&["host"], "h", person)];
    let plan = role_expand(bound(), RoleSource::Hyperedge, meeting, host);
    assert_eq!(shown(&plan, &graph).await, ["1:1 0:1", "1:2 0:2"]);
    // Who has no guest gives no row.
    let guest = vec![binding(&["guest"], "g", person)];
    let plan = role_expand(bound(), RoleSource::Hyperedge, meeting, guest);
    assert_eq!(shown(&plan, &graph).await, ["1:1 0:1"]);
    for batch_rows in [1, 2] {
        let parts = texts(&rows_with(&plan, &graph, batch_rows).await);
        assert_eq!(parts, ["1:1 0:1"], "batches of {batch_rows} rows");
    }
}

/// A path as a search without any care finds it: hops, as edges, and the last node.
type Trail = (Vec<u64>, u64);

/// Every path from `start` of up to `most` hops.
fn trails(
    edges: &[(u64, u64)],
    start: u64,
    direction: Direction,
    mode: PathMode,
    most: usize,
) -> Vec<Trail> {
    let mut found: Vec<(Vec<u64>, Vec<u64>)> = vec![(Vec::new(), vec![start])];
    let mut at = 0;
    while let Some((hops, nodes)) = found.get(at).cloned() {
        at += 1;
        let node = nodes[nodes.len() - 1];
        let closed = !hops.is_empty() && node == start;
        if hops.len() == most || (mode == PathMode::Simple && closed) {
            continue;
        }
        for (edge, (source, target)) in edges.iter().enumerate() {
            let mut ends = Vec::new();
            if direction != Direction::In && *source == node {
                ends.push(*target);
            }
            if direction != Direction::Out && *target == node && !ends.contains(source) {
                ends.push(*source);
            }
            for end in ends {
                let used = hops.contains(&(edge as u64));
                let met = nodes.contains(&end);
                let allowed = match mode {
                    PathMode::Walk => true,
                    PathMode::Trail => !used,
                    PathMode::Acyclic => !used && !met,
                    PathMode::Simple => !used && (!met || end == start),
                };
                if allowed {
                    let (mut hops, mut nodes) = (hops.clone(), nodes.clone());
                    hops.push(edge as u64);
                    nodes.push(end);
                    found.push((hops, nodes));
                }
            }
        }
    }
    let ends = found.into_iter();
    ends.map(|(hops, nodes)| (hops, nodes[nodes.len() - 1]))
        .collect()
}

/// Of the paths from one start, those that a search is for, by their ends; for one that takes any of several, all that it may take
/// and how many hops those have that it takes.
fn wanted(found: &[Trail], search: PathSearch) -> BTreeMap<u64, (BTreeSet<Vec<u64>>, Vec<usize>)> {
    let mut by_end: BTreeMap<u64, Vec<Vec<u64>>> = BTreeMap::new();
    for (hops, end) in found {
        by_end.entry(*end).or_default().push(hops.clone());
    }
    let chosen = by_end.into_iter().map(|(end, mut paths)| {
        paths.sort_by_key(Vec::len);
        let mut lengths: Vec<usize> = paths.iter().map(Vec::len).collect();
        let groups: BTreeSet<usize> = lengths.iter().copied().collect();
        let most = |count: usize| {
            groups
                .iter()
                .nth(count - 1)
                .or(groups.last())
                .copied()
                .unwrap()
        };
        match search {
            PathSearch::Trails => {}
            PathSearch::Reach | PathSearch::AnyShortest => lengths.truncate(1),
            PathSearch::AllShortest => lengths.retain(|length| *length <= most(1)),
            PathSearch::Shortest(count) => lengths.truncate(count as usize),
            PathSearch::ShortestGroups(count) => {
                lengths.retain(|length| *length <= most(count as usize));
            }
        }
        let longest = lengths[lengths.len() - 1];
        let paths = paths.into_iter().filter(|path| path.len() <= longest);
        (end, (paths.collect(), lengths))
    });
    chosen.collect()
}

/// Compares a search from every node with the one without any care.
async fn check_paths(
    edges: &[(u64, u64)],
    direction: Direction,
    mode: PathMode,
    search: PathSearch,
    hops: (u64, u64),
) {
    const NODES: u64 = 4;
    let (least, most) = hops;
    let (graph, person, knows) = graph_of(NODES as usize, edges);
    let starts: Vec<Option<u64>> = (0..NODES).map(|own| Some(id(person, own))).collect();
    let plan = LogicalPlan::PathExpand(PathExpand {
        input: Arc::new(known_nodes("a", &[person], &starts)),
        from: "a".to_owned(),
        tables: Tables::from([knows]),
        label: "KNOWS".to_owned(),
        direction,
        least,
        most: Some(most),
        search,
        mode,
        properties: Vec::new(),
        target: None,
        edges: Some("hops".to_owned()),
        nodes: None,
        to: "b".to_owned(),
        to_type: Type::Node(Tables::from([person])),
        restrict: None,
    });
    let offset = |value: &Value| EntityId::from_raw(value.entity_id().unwrap()).offset();
    let mut found: BTreeMap<u64, BTreeMap<u64, Vec<Vec<u64>>>> = BTreeMap::new();
    for row in rows_with(&plan, &graph, 3).await {
        let [start, Value::List(hops), end] = &row[..] else {
            panic!("a start, hops and an end: {row:?}");
        };
        let ends = found.entry(offset(start)).or_default();
        let paths = ends.entry(offset(end)).or_default();
        paths.push(hops.iter().map(offset).collect());
    }
    for start in 0..NODES {
        let mut all = trails(edges, start, direction, mode, most as usize);
        all.retain(|(hops, _)| hops.len() as u64 >= least);
        let wanted = wanted(&all, search);
        let found = found.remove(&start).unwrap_or_default();
        let case =
            format!("{edges:?} from {start}, {direction:?} {mode:?} {search:?} {least}..{most}");
        assert!(
            found.keys().eq(wanted.keys()),
            "{case}: {found:?} for {wanted:?}"
        );
        for (end, (allowed, lengths)) in wanted {
            let mut own: Vec<usize> = found[&end].iter().map(Vec::len).collect();
            own.sort_unstable();
            assert_eq!(own, lengths, "{case} to {end}");
            let different: BTreeSet<&Vec<u64>> = found[&end].iter().collect();
            assert_eq!(
                different.len(),
                lengths.len(),
                "{case} to {end}: a path twice"
            );
            assert!(
                different.iter().all(|path| allowed.contains(*path)),
                "{case} to {end}"
            );
        }
    }
}

const SEARCHES: [PathSearch; 8] = [
    PathSearch::Trails,
    PathSearch::Reach,
    PathSearch::AnyShortest,
    PathSearch::AllShortest,
    PathSearch::Shortest(1),
    PathSearch::Shortest(3),
    PathSearch::ShortestGroups(1),
    PathSearch::ShortestGroups(2),
];

#[tokio::test]
async fn paths_are_those_that_a_search_without_any_care_finds() {
    let mut random = Random::new(11);
    for _ in 0..12 {
        let count = 2 + random.below(5);
        let edges: Vec<(u64, u64)> = (0..count)
            .map(|_| (random.below(4), random.below(4)))
            .collect();
        for direction in DIRECTIONS {
            for search in SEARCHES {
                for mode in [PathMode::Trail, PathMode::Acyclic, PathMode::Simple] {
                    // Ends alone are asked for where a path may meet nodes again.
                    if search == PathSearch::Reach && mode != PathMode::Trail {
                        continue;
                    }
                    check_paths(&edges, direction, mode, search, (0, 7)).await;
                    check_paths(&edges, direction, mode, search, (1, 7)).await;
                    check_paths(&edges, direction, mode, search, (2, 3)).await;
                }
                if search != PathSearch::Reach {
                    check_paths(&edges, direction, PathMode::Walk, search, (1, 3)).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_path_back_to_its_start_may_share_no_edge_with_the_way_out() {
    // From 0 there is one way out, so that nothing leads back; from 1 the triangle does, either way round.
    let edges = [(0, 1), (1, 2), (2, 3), (3, 1)];
    for search in SEARCHES {
        check_paths(&edges, Direction::Both, PathMode::Trail, search, (1, 7)).await;
    }
}

#[tokio::test]
async fn paths_to_a_bound_node_end_there() {
    let (graph, person, knows) = graph_of(4, &[(0, 1), (1, 2), (0, 2), (2, 3)]);
    let ty = Type::Node(Tables::from([person]));
    let columns = vec![Column::new("a", ty.clone()), Column::new("b", ty.clone())];
    let node = |offset| Value::node(id(person, offset));
    let rows = [
        vec![node(0), node(2)],
        vec![node(2), node(0)],
        vec![node(0), Value::Null],
        vec![node(1), node(1)],
    ];
    let plan = |search, least| {
        LogicalPlan::PathExpand(PathExpand {
            input: Arc::new(known(columns.clone(), &rows)),
            from: "a".to_owned(),
            tables: Tables::from([knows]),
            label: "KNOWS".to_owned(),
            direction: Direction::Out,
            least,
            most: None,
            search,
            mode: PathMode::Trail,
            properties: Vec::new(),
            target: Some("b".to_owned()),
            edges: None,
            nodes: Some("nodes".to_owned()),
            to: "end".to_owned(),
            to_type: ty.clone(),
            restrict: None,
        })
    };
    let all = sorted(shown(&plan(PathSearch::Trails, 1), &graph).await);
    assert_eq!(all, ["0:0 0:2 [0:1 0:2] 0:2", "0:0 0:2 [0:2] 0:2"]);
    let shortest = shown(&plan(PathSearch::AllShortest, 1), &graph).await;
    assert_eq!(shortest, ["0:0 0:2 [0:2] 0:2"]);
    let empty = shown(&plan(PathSearch::AnyShortest, 0), &graph).await;
    assert_eq!(sorted(empty), ["0:0 0:2 [0:2] 0:2", "0:1 0:1 [] 0:1"]);
}
