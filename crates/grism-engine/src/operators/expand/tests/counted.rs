//! Patterns that are only counted: what the optimizer makes of them, against the rows of the plan as it was.

use grism_core::{Cardinality, Snapshot, TableId, Tables, Type};
use grism_logical::optimizer::{Facts, Rewrites};
use grism_logical::{
    Aggregate, AggregateCall, AggregateFunction, BinaryOperator, Direction, EdgeExpand,
    LogicalExpr, LogicalPlan, NamedExpr, NodeScan, RoleBinding, RoleExpand, RoleSource, SharedPlan,
};

use super::people::{DIRECTIONS, graph_of, id};
use crate::testing::{Random, TestGraph, shown, sorted};

/// People and who they know.
struct People {
    graph: TestGraph,
    person: TableId,
    knows: TableId,
}

impl People {
    /// A random graph, with self-loops and with pairs that are joined twice.
    fn random(random: &mut Random, nodes: u64, edges: u64) -> Self {
        let edges = (0..edges).map(|_| (random.below(nodes), random.below(nodes)));
        let (graph, person, knows) = graph_of(nodes as usize, &edges.collect::<Vec<_>>());
        Self {
            graph,
            person,
            knows,
        }
    }

    fn ty(&self) -> Type {
        Type::Node(Tables::from([self.person]))
    }

    fn scan(&self, variable: &str) -> LogicalPlan {
        LogicalPlan::NodeScan(NodeScan {
            variable: variable.to_owned(),
            ty: self.ty(),
            tables: Tables::from([self.person]),
            label: "Person".to_owned(),
            properties: Vec::new(),
            predicate: Vec::new(),
            index: None,
        })
    }

    /// A step along `edge`, to a node that is new, or to one that is a column already.
    fn step(
        &self,
        input: LogicalPlan,
        (from, edge, to): (&str, &str, &str),
        direction: Direction,
        into: bool,
    ) -> LogicalPlan {
        LogicalPlan::EdgeExpand(EdgeExpand {
            input: SharedPlan::new(input),
            from: from.to_owned(),
            tables: Tables::from([self.knows]),
            label: "KNOWS".to_owned(),
            direction,
            edge: Some(edge.to_owned()),
            to: to.to_owned(),
            to_type: self.ty(),
            restrict: None,
            into,
        })
    }

    /// The plan as the optimizer leaves it without the rules `left_out`, and with those alone that it must run.
    fn optimized(&self, plan: &LogicalPlan, left_out: &[&str]) -> [LogicalPlan; 2] {
        let facts = Facts {
            schema: self.graph.schema(),
            statistics: self.graph.statistics(),
        };
        let most = Rewrites::without(left_out.iter().copied()).unwrap();
        let some = Rewrites::without(["none"]).unwrap();
        [most, some].map(|rules| rules.optimize(plan.clone(), facts).unwrap())
    }

    /// Checks that all rules leave the answer as it is, and that the plan then has the operator `operator`.
    async fn check(&self, plan: &LogicalPlan, operator: &str) {
        self.check_without(&[], plan, operator).await;
    }

    /// The same without the rules `left_out`.
    async fn check_without(&self, left_out: &[&str], plan: &LogicalPlan, operator: &str) {
        let [fast, plain] = self.optimized(plan, left_out);
        let texts = (fast.to_string(), plain.to_string());
        assert!(texts.0.contains(operator), "{}", texts.0);
        assert!(!texts.1.contains(operator), "{}", texts.1);
        let found = sorted(shown(&fast, &self.graph).await);
        let expected = sorted(shown(&plain, &self.graph).await);
        assert_eq!(found, expected, "{}", texts.0);
    }
}

fn differ(plan: LogicalPlan, pairs: &[(&str, &str)]) -> LogicalPlan {
    let differ = pairs.iter().map(|(a, b)| {
        let other = LogicalExpr::column(*b);
        LogicalExpr::column(*a).binary(BinaryOperator::NotEqual, other)
    });
    plan.filtered(differ.collect())
}

/// The number of rows for each value of `keys`.
fn counted(input: LogicalPlan, keys: &[&str]) -> LogicalPlan {
    LogicalPlan::Aggregate(Aggregate {
        input: SharedPlan::new(input),
        keys: keys.iter().copied().map(NamedExpr::column).collect(),
        aggregates: vec![AggregateCall::new(AggregateFunction::Count, Vec::new()).named("n")],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn walks_of_two_steps_are_counted_with_and_without_the_way_back() {
    let mut random = Random::new(3);
    for (nodes, edges) in [(1, 3), (5, 14), (11, 20)] {
        let people = People::random(&mut random, nodes, edges);
        for first in DIRECTIONS {
            for second in DIRECTIONS {
                let one = people.step(people.scan("a"), ("a", "e", "b"), first, false);
                let two = people.step(one, ("b", "f", "c"), second, false);
                for keys in [&[][..], &["a"], &["b"], &["c"]] {
                    let all = counted(two.clone(), keys);
                    people.check(&all, "WeightedCount").await;
                    let unlike = counted(differ(two.clone(), &[("e", "f")]), keys);
                    people.check(&unlike, "WeightedCount").await;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trees_of_three_edges_are_counted_where_all_edges_differ() {
    let mut random = Random::new(8);
    let people = People::random(&mut random, 6, 13);
    let pairs = [("e", "f"), ("e", "g"), ("f", "g")];
    for direction in DIRECTIONS {
        let one = people.step(people.scan("a"), ("a", "e", "b"), direction, false);
        let two = people.step(one, ("b", "f", "c"), direction, false);
        // A chain, and a star.
        for from in ["c", "b"] {
            let three = people.step(two.clone(), (from, "g", "d"), direction, false);
            for keys in [&[][..], &["b"]] {
                let plan = counted(differ(three.clone(), &pairs), keys);
                people.check(&plan, "WeightedCount").await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn triangles_are_counted_by_the_neighbours_that_two_nodes_share() {
    let mut random = Random::new(21);
    for (nodes, edges) in [(1, 2), (5, 16), (9, 30)] {
        let people = People::random(&mut random, nodes, edges);
        for direction in DIRECTIONS {
            let one = people.step(people.scan("a"), ("a", "e", "b"), direction, false);
            let two = people.step(one, ("b", "f", "c"), direction, false);
            let closed = people.step(two, ("c", "g", "a"), direction, true);
            let pairs = [("e", "f"), ("e", "g"), ("f", "g")];
            let unlike = counted(differ(closed.clone(), &pairs), &[]);
            for plan in [counted(closed, &[]), unlike] {
                let left_out = ["weigh_patterns"];
                people
                    .check_without(&left_out, &plan, "CountIntersect")
                    .await;
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_counted_where_there_is_no_node() {
    let people = People::random(&mut Random::new(1), 1, 0);
    let one = people.step(people.scan("a"), ("a", "e", "b"), Direction::Out, false);
    let two = people.step(one, ("b", "f", "c"), Direction::Out, false);
    people
        .check(&counted(two.clone(), &[]), "WeightedCount")
        .await;
    let [fast, _] = people.optimized(&counted(two.clone(), &[]), &[]);
    assert_eq!(shown(&fast, &people.graph).await, ["0"]);
    let [fast, _] = people.optimized(&counted(two, &["a"]), &[]);
    assert!(shown(&fast, &people.graph).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_that_share_a_hyperedge_are_counted_by_either_side() {
    let mut random = Random::new(13);
    for count in [1, 4, 9] {
        let (mut graph, person, knows) = graph_of(7, &[]);
        let hyperedges: Vec<Vec<Vec<u64>>> = (0..count)
            .map(|_| {
                let mut member = || id(person, random.below(7));
                let host = vec![member()];
                // Someone may be a guest twice.
                let guests = [member(), member(), member(), member()];
                vec![host, guests[..random.below(5) as usize].to_vec()]
            })
            .collect();
        let roles = [("host", Cardinality::One), ("guest", Cardinality::Many)];
        let meeting = graph.hyperedges("MEETING", &roles, &hyperedges);
        let people = People {
            graph,
            person,
            knows,
        };
        for (from, to) in [("guest", "guest"), ("host", "guest"), ("guest", "host")] {
            let from = RoleSource::Member {
                column: "a".to_owned(),
                roles: vec![from.to_owned()],
                incidence: None,
                repeats: false,
            };
            let to = RoleBinding {
                roles: vec![to.to_owned()],
                member: "b".to_owned(),
                member_type: people.ty(),
                restrict: None,
                incidence: None,
                repeats: false,
            };
            let shared = LogicalPlan::RoleExpand(RoleExpand {
                input: SharedPlan::new(people.scan("a")),
                from,
                hyperedge: "m".to_owned(),
                tables: Tables::from([meeting]),
                label: "MEETING".to_owned(),
                bindings: vec![to],
            });
            for keys in [&[][..], &["a"], &["b"], &["m"]] {
                people
                    .check(&counted(shared.clone(), keys), "WeightedCount")
                    .await;
            }
        }
    }
}
