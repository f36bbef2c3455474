//! The orders that are chosen over statistics made by hand.

use std::cell::Cell;

use grism_core::{
    EntityId, GraphSchema, GraphStatistics, RoleStatistics, SOURCE_ROLE, TARGET_ROLE, TableId,
    TableStatistics, Tables, Type,
};

use super::{PatternEdge, PatternEntity, PatternGraph, PatternOrder, PatternRole, plan_pattern};
use crate::{Direction, LogicalPlan};

/// What an edge or a role leads to: members by their number, with repetitions.
type Members = Vec<u64>;

#[derive(Default)]
struct Case {
    statistics: GraphStatistics,
    graph: PatternGraph,
}

fn table(number: u16) -> TableId {
    TableId::try_new(number).unwrap()
}

fn tables(number: u16) -> Tables {
    Tables::from([table(number)])
}

impl Case {
    /// `rows` entities, in a table of their own.
    fn rows(mut self, number: u16, rows: u64) -> Self {
        let own = self.statistics.tables.entry(table(number)).or_default();
        own.rows = rows;
        self
    }

    /// The members that a role binds, which are rows of one table.
    fn role(mut self, number: u16, role: &str, members: (u16, Members)) -> Self {
        let mut ids: Vec<u64> = members
            .1
            .into_iter()
            .map(|member| EntityId::new(table(members.0), member).raw())
            .collect();
        ids.sort_unstable();
        let own: &mut TableStatistics = self.statistics.tables.entry(table(number)).or_default();
        let mut bound = RoleStatistics::default();
        bound.add(&ids);
        own.roles.insert(role.to_owned(), bound);
        self
    }

    fn node(mut self, variable: &str, number: u16, selectivity: f64) -> Self {
        self.graph.entities.push(PatternEntity {
            variable: variable.to_owned(),
            ty: Type::Node(tables(number)),
            label: String::new(),
            selectivity,
        });
        self
    }

    fn hyperedge(mut self, variable: &str, number: u16) -> Self {
        self.graph.entities.push(PatternEntity {
            variable: variable.to_owned(),
            ty: Type::Hyperedge(tables(number)),
            label: String::new(),
            selectivity: 1.0,
        });
        self
    }

    fn edge(mut self, left: &str, number: u16, right: &str) -> Self {
        self.graph.edges.push(PatternEdge {
            variable: format!("{left}{right}"),
            tables: tables(number),
            label: String::new(),
            direction: Direction::Out,
            left: left.to_owned(),
            right: right.to_owned(),
            path: None,
            selectivity: 1.0,
        });
        self
    }

    fn step(mut self, hyperedge: &str, role: &str, member: &str) -> Self {
        self.graph.roles.push(PatternRole {
            hyperedge: hyperedge.to_owned(),
            roles: vec![role.to_owned()],
            member: member.to_owned(),
            incidence: None,
            repeats: false,
        });
        self
    }

    fn planned(&self, order: PatternOrder<'_>) -> String {
        let schema = GraphSchema::default();
        let plan = plan_pattern(
            &self.graph,
            LogicalPlan::Unit,
            &schema,
            &self.statistics,
            order,
        );
        let mut found = Vec::new();
        order_of(&plan.unwrap(), &mut found);
        found.join(" ")
    }

    fn chosen(&self) -> String {
        self.planned(PatternOrder::Cheapest)
    }
}

/// The elements of a plan in the order in which they are found; `!` stands before one that a step comes back to.
fn order_of(plan: &LogicalPlan, found: &mut Vec<String>) {
    for input in plan.inputs() {
        order_of(input, found);
    }
    match plan {
        LogicalPlan::NodeScan(scan) => found.push(scan.variable.clone()),
        LogicalPlan::HyperedgeScan(scan) => found.push(scan.variable.clone()),
        LogicalPlan::EdgeExpand(expand) if expand.into => found.push(format!("!{}", expand.to)),
        LogicalPlan::EdgeExpand(expand) => found.push(expand.to.clone()),
        LogicalPlan::RoleExpand(expand) => found.push(expand.hyperedge.clone()),
        _ => {}
    }
}

/// Each of `count` members as often as it is asked for.
fn each(count: u64, times: usize) -> Members {
    (0..count)
        .flat_map(|member| std::iter::repeat_n(member, times))
        .collect()
}

/// Flights of 16 airlines between airports, few of which they start from; each asked for by name.
fn flights() -> Case {
    Case::default()
        .rows(0, 16)
        .rows(1, 1_000)
        .rows(2, 8_000)
        .role(2, "carrier", (0, each(16, 500)))
        .role(2, "origin", (1, each(4, 2_000)))
        .role(2, "dest", (1, each(100, 80)))
        .node("a", 0, 1.0 / 16.0)
        .node("o", 1, 1.0 / 1_000.0)
        .node("d", 1, 1.0 / 1_000.0)
        .hyperedge("f", 2)
        .step("f", "carrier", "a")
        .step("f", "origin", "o")
        .step("f", "dest", "d")
}

#[test]
fn a_hyperedge_is_reached_from_the_member_that_has_the_fewest_if_it_has_any() {
    assert_eq!(flights().chosen(), "d f");
}

#[test]
fn a_scan_of_all_is_no_worse_than_an_expansion_that_makes_them_all() {
    let mut case = flights();
    for entity in &mut case.graph.entities {
        entity.selectivity = 1.0;
    }
    assert_eq!(case.chosen(), "f");
}

/// A start with two edges to go on: a wide one to `ends` entities that are seldom wanted, and a narrow one.
fn wide_and_narrow(ends: u64, selectivity: f64) -> Case {
    Case::default()
        .rows(0, 100)
        .rows(1, ends)
        .rows(2, 100)
        .role(3, SOURCE_ROLE, (0, each(100, 100)))
        .role(3, TARGET_ROLE, (1, each(10_000, 1)))
        .role(4, SOURCE_ROLE, (0, each(5, 1)))
        .role(4, TARGET_ROLE, (2, each(5, 1)))
        .node("s", 0, 1.0)
        .node("w", 1, selectivity)
        .node("n", 2, 1.0)
        .edge("s", 3, "w")
        .edge("s", 4, "n")
}

#[test]
fn the_rows_that_a_predicate_drops_are_paid_for() {
    // The predicate leaves fewer rows than the narrow edge, of a hundred times as many.
    let chosen = wide_and_narrow(10_000_000, 1e-5).chosen();
    assert!(chosen.ends_with(" w"), "{chosen}");
    // Where the ends are few, to look for those that are wanted is cheaper than either edge.
    assert_eq!(wide_and_narrow(10_000, 1e-3).chosen(), "w s n");
}

#[test]
fn an_edge_leads_to_few_entities_of_a_label_that_few_of_its_edges_lead_to() {
    let members = |table: u16, count: u64| {
        let ids = (0..count).map(move |member| EntityId::new(self::table(table), member).raw());
        ids.collect::<Vec<_>>()
    };
    let mut case = Case::default()
        .rows(0, 1_000)
        .rows(1, 1_000)
        .rows(2, 1_000)
        .role(3, SOURCE_ROLE, (0, each(1_000, 10)))
        .role(4, SOURCE_ROLE, (0, each(1_000, 3)))
        .role(4, TARGET_ROLE, (2, each(1_000, 3)))
        .node("s", 0, 0.01)
        .node("few", 1, 1.0)
        .node("t", 2, 1.0)
        .edge("s", 3, "few")
        .edge("s", 4, "t");
    let mut targets = RoleStatistics::default();
    targets.add(&[members(1, 100), members(2, 9_900)].concat());
    let own = case.statistics.tables.entry(table(3)).or_default();
    own.roles.insert(TARGET_ROLE.to_owned(), targets);
    assert_eq!(case.chosen(), "s few t");
}

/// A chain of `steps` edges of which every entity has two.
fn chain(steps: usize) -> Case {
    let mut case = Case::default()
        .rows(0, 1_000)
        .role(1, SOURCE_ROLE, (0, each(1_000, 2)))
        .role(1, TARGET_ROLE, (0, each(1_000, 2)))
        .node("v0", 0, 1.0);
    for step in 1..=steps {
        case = case.node(&format!("v{step}"), 0, 1.0);
        case = case.edge(&format!("v{}", step - 1), 1, &format!("v{step}"));
    }
    case
}

#[test]
fn a_chain_starts_where_few_are_left_however_long_it_is() {
    for steps in [3, 8, 40] {
        let mut case = chain(steps);
        case.graph.entities[steps - 1].selectivity = 0.001;
        let order = case.chosen();
        let start = format!("v{} ", steps - 1);
        assert!(order.starts_with(&start), "{order}");
        assert_eq!(order.split(' ').count(), steps + 1, "{order}");
    }
}

#[test]
fn every_order_of_a_cycle_can_be_asked_for_and_takes_each_step_once() {
    let case = chain(2).edge("v2", 1, "v0");
    let mut orders = Vec::new();
    for choice in 0..3 * 2 * 2 {
        let left = Cell::new(choice);
        let pick = |ways: usize| {
            let way = left.get() % ways;
            left.set(left.get() / ways);
            way
        };
        let order = case.planned(PatternOrder::Picked(&pick));
        let mut found: Vec<&str> = order.split(' ').collect();
        assert_eq!(found.iter().filter(|own| own.starts_with('!')).count(), 1);
        found.retain(|own| !own.starts_with('!'));
        found.sort_unstable();
        assert_eq!(found, ["v0", "v1", "v2"]);
        orders.push(order);
    }
    orders.sort_unstable();
    orders.dedup();
    assert!(orders.len() >= 6, "{orders:?}");
    assert!(orders.contains(&case.chosen()), "{orders:?}");
}
