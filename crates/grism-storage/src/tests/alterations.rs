//! Alterations of the schema: what becomes of rows and of incidence lists, and what older snapshots still hold.

use std::collections::BTreeMap;

use grism_core::{
    Alteration, Cardinality, ErrorKind, Result, Role, SchemaChange, SchemaOwner, Unneeded, Value,
};

use super::meetings::{Meetings, contents, meeting, person, texts};
use crate::alter_into;

async fn alter(graph: &Meetings, owner: SchemaOwner, change: SchemaChange) -> Result<()> {
    let alteration = Alteration {
        owner,
        missing_owner: Unneeded::Refuse,
        change,
    };
    let newest = graph.newest().await;
    if let Some(changes) = alter_into(&newest, &alteration).await? {
        graph.storage.commit(changes).await?;
    }
    Ok(())
}

fn meeting_type() -> SchemaOwner {
    SchemaOwner::HyperedgeType("MEETING".to_owned())
}

fn label(name: &str) -> SchemaOwner {
    SchemaOwner::Label(name.to_owned())
}

fn add_role(name: &str, cardinality: Cardinality) -> SchemaChange {
    SchemaChange::AddRole {
        role: Role::new(name, Some("Person".to_owned()), cardinality),
        existing: Unneeded::Refuse,
    }
}

fn rename_role(from: &str, to: &str) -> SchemaChange {
    SchemaChange::RenameRole {
        from: from.to_owned(),
        to: to.to_owned(),
        missing: Unneeded::Refuse,
    }
}

fn rename_property(from: &str, to: &str) -> SchemaChange {
    SchemaChange::RenameProperty {
        from: from.to_owned(),
        to: to.to_owned(),
        missing: Unneeded::Refuse,
    }
}

fn drop_role(name: &str) -> SchemaChange {
    SchemaChange::DropRole {
        name: name.to_owned(),
        missing: Unneeded::Refuse,
    }
}

/// The key of a role's incidence lists.
fn role(name: &str) -> (String, String) {
    ("MEETING".to_owned(), name.to_owned())
}

/// A graph's people, and a meeting of the first one with the second one as guest.
async fn with_meeting(graph: &Meetings) -> (Vec<u64>, u64) {
    let people = graph.with_people(2).await;
    let mut transaction = graph.begin().await;
    let held = meeting(&mut transaction, people[0], &people[1..]).await;
    graph.commit(transaction).await.unwrap();
    (people, held)
}

#[tokio::test]
async fn a_role_that_is_added_leaves_what_is_there_unbound() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let (people, held) = with_meeting(&graph).await;
        let required = alter(&graph, meeting_type(), add_role("chair", Cardinality::One)).await;
        assert_eq!(required.unwrap_err().kind(), ErrorKind::InvalidData);
        let optional = add_role("chair", Cardinality::Optional);
        alter(&graph, meeting_type(), optional).await.unwrap();
        let found = graph.contents().await;
        assert!(found.lists[&role("chair")].is_empty(), "{}", graph.name);
        assert!(!found.entities[&held].contains_key("chair"));
        let mut transaction = graph.begin().await;
        transaction.bind(held, "chair", people[1]).await.unwrap();
        graph.commit(transaction).await.unwrap();
        let found = graph.contents().await;
        let chairs = &found.lists[&role("chair")];
        assert!(chairs.iter().eq(&[(people[1], held, 0)]), "{}", graph.name);
    }
}

#[tokio::test]
async fn a_required_role_is_added_where_there_is_no_hyperedge() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let required = add_role("chair", Cardinality::One);
        alter(&graph, meeting_type(), required).await.unwrap();
        let mut transaction = graph.begin().await;
        let host = person(&mut transaction, 0);
        meeting(&mut transaction, host, &[]).await;
        let error = graph.commit(transaction).await.unwrap_err();
        assert!(error.message().contains("`chair`"), "{error}");
    }
}

#[tokio::test]
async fn a_role_keeps_its_members_under_another_name() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let (_, held) = with_meeting(&graph).await;
        let (old, before) = (graph.newest().await, graph.contents().await);
        alter(&graph, meeting_type(), rename_role("guest", "visitor"))
            .await
            .unwrap();
        let found = graph.contents().await;
        assert_eq!(found.lists[&role("visitor")], before.lists[&role("guest")]);
        assert!(!found.lists.contains_key(&role("guest")), "{}", graph.name);
        let members = &found.entities[&held];
        assert_eq!(members["visitor"], before.entities[&held]["guest"]);
        assert_eq!(contents(old.as_ref()).await, before, "{}", graph.name);
        let taken = alter(&graph, meeting_type(), rename_role("visitor", "host")).await;
        assert_eq!(taken.unwrap_err().kind(), ErrorKind::InvalidData);
    }
}

#[tokio::test]
async fn members_of_a_role_that_was_dropped_do_not_come_back_with_its_name() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let (people, held) = with_meeting(&graph).await;
        alter(&graph, meeting_type(), drop_role("guest"))
            .await
            .unwrap();
        assert!(!graph.contents().await.lists.contains_key(&role("guest")));
        let again = add_role("guest", Cardinality::Many);
        alter(&graph, meeting_type(), again).await.unwrap();
        let found = graph.contents().await;
        assert!(found.lists[&role("guest")].is_empty(), "{}", graph.name);
        assert!(!found.entities[&held].contains_key("guest"));
        // Nobody is bound there any more.
        let mut transaction = graph.begin().await;
        transaction.delete(&people[1..], false).await.unwrap();
        graph.commit(transaction).await.unwrap();
    }
}

#[tokio::test]
async fn a_label_is_renamed_where_nodes_were_born_with_it_and_where_they_got_it() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let people = graph.with_people(2).await;
        let boss = texts(&["Boss"]);
        let mut transaction = graph.begin().await;
        let born = transaction
            .create_node(&texts(&["Boss", "Person"]))
            .unwrap();
        transaction
            .set_labels(people[0], &boss, false)
            .await
            .unwrap();
        graph.commit(transaction).await.unwrap();
        let to = SchemaChange::RenameTo("Chief".to_owned());
        alter(&graph, label("Boss"), to).await.unwrap();
        let transaction = graph.begin().await;
        let mut labels = Vec::new();
        for id in [born, people[0], people[1]] {
            labels.push(transaction.labels(id).await.unwrap().join(" "));
        }
        let expected = ["Chief Person", "Chief Person", "Person"];
        assert_eq!(labels, expected, "{}", graph.name);
        assert!(!graph.newest().await.schema().knows_label("Boss"));
    }
}

#[tokio::test]
async fn a_property_is_renamed_for_the_nodes_of_its_label_alone() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let people = graph.with_people(2).await;
        let mut transaction = graph.begin().await;
        let room = transaction.create_node(&texts(&["Room"])).unwrap();
        transaction
            .set_property(room, "number", Value::Int64(5))
            .unwrap();
        // One person is of the label, and in the same table as the other.
        let boss = texts(&["Boss"]);
        transaction
            .set_labels(people[0], &boss, false)
            .await
            .unwrap();
        graph.commit(transaction).await.unwrap();
        alter(&graph, label("Boss"), rename_property("number", "rank"))
            .await
            .unwrap();
        let found = graph.contents().await;
        let properties = |id: u64| {
            let own = found.entities[&id].iter();
            own.filter(|(name, _)| *name != grism_core::LABELS_COLUMN)
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect::<BTreeMap<_, _>>()
        };
        let only = |name: &str, value| [(name.to_owned(), Value::Int64(value))].into();
        assert_eq!(properties(people[0]), only("rank", 0), "{}", graph.name);
        assert_eq!(properties(people[1]), only("number", 1), "{}", graph.name);
        assert_eq!(properties(room), only("number", 5), "{}", graph.name);
        let unknown = alter(&graph, label("Person"), rename_property("nmuber", "x")).await;
        let error = unknown.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.message().contains("`number`"), "{error}");
    }
}

#[tokio::test]
async fn a_property_of_ints_and_texts_keeps_every_value_as_it_was_written() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let people = graph.with_people(4).await;
        let old = graph.newest().await;
        let before = contents(old.as_ref()).await;
        let large = Value::Int64(i64::MAX);
        let values = [large, Value::Float64(0.5), Value::String("7".to_owned())];
        for (id, value) in people.iter().zip(&values) {
            let mut transaction = graph.begin().await;
            transaction
                .set_property(*id, "number", value.clone())
                .unwrap();
            graph.commit(transaction).await.unwrap();
        }
        let found = graph.contents().await;
        let numbers = people.iter().map(|id| &found.entities[id]["number"]);
        let expected = values.iter().chain([&Value::Int64(3)]);
        assert!(numbers.eq(expected), "{}: {found:?}", graph.name);
        assert_eq!(contents(old.as_ref()).await, before, "{}", graph.name);
    }
}
