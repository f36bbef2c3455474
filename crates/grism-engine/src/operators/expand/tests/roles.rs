//! Steps through the roles of hyperedges.

use grism_core::{Cardinality, TableId, Tables, Type, Value};
use grism_logical::{Column, LogicalPlan, RoleBinding, RoleExpand, RoleSource, SharedPlan};

use super::people::id;
use crate::testing::{TestGraph, known, known_nodes, rows_with, shown, sorted, texts};

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
        input: SharedPlan::new(input),
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
