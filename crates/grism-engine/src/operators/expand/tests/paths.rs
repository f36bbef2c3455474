//! Paths: every search against one that enumerates.

use grism_core::{EntityId, Tables, Type, Value};
use grism_logical::{Column, Direction, LogicalPlan, PathExpand, PathMode, PathSearch, SharedPlan};
use std::collections::{BTreeMap, BTreeSet};

use super::people::{DIRECTIONS, graph_of, id};
use crate::testing::{Random, known, known_nodes, rows_with, shown, sorted};

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
    let expand = PathExpand {
        input: SharedPlan::new(known_nodes("a", &[person], &starts)),
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
        length: None,
        to: "b".to_owned(),
        to_type: Type::Node(Tables::from([person])),
        restrict: None,
    };
    let offset = |value: &Value| EntityId::from_raw(value.entity_id().unwrap()).offset();
    let mut found: BTreeMap<u64, BTreeMap<u64, Vec<Vec<u64>>>> = BTreeMap::new();
    let plan = LogicalPlan::PathExpand(expand.clone());
    for row in rows_with(&plan, &graph, 3).await {
        let [start, Value::List(hops), end] = &row[..] else {
            panic!("a start, hops and an end: {row:?}");
        };
        let ends = found.entry(offset(start)).or_default();
        let paths = ends.entry(offset(end)).or_default();
        paths.push(hops.iter().map(offset).collect());
    }
    // Where nothing but the length of a path is read, no path is made.
    let plan = LogicalPlan::PathExpand(PathExpand {
        edges: None,
        length: Some("length".to_owned()),
        ..expand
    });
    let mut measured: BTreeMap<(u64, u64), Vec<usize>> = BTreeMap::new();
    for row in rows_with(&plan, &graph, 3).await {
        let [start, Value::Int64(length), end] = &row[..] else {
            panic!("a start, a length and an end: {row:?}");
        };
        let lengths = measured.entry((offset(start), offset(end))).or_default();
        lengths.push(*length as usize);
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
            let mut told = measured.remove(&(start, end)).unwrap_or_default();
            told.sort_unstable();
            assert_eq!(told, lengths, "{case} to {end} without steps");
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
    assert!(
        measured.is_empty(),
        "{search:?} finds {measured:?} without steps"
    );
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
            input: SharedPlan::new(known(columns.clone(), &rows)),
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
            length: None,
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
