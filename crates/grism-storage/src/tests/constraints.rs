//! Constraints: what every commit keeps, and what nobody has to keep.

use grism_core::{Constraint, ConstraintRule, EntityKind, ErrorKind, Result, SnapshotId, Value};

use super::meetings::{Meetings, meeting, person, texts};

fn constraint(
    entity: EntityKind,
    label: &str,
    properties: &[&str],
    rule: ConstraintRule,
) -> Constraint {
    let properties = texts(properties);
    Constraint {
        name: Constraint::default_name(label, &properties, rule),
        entity,
        label: label.to_owned(),
        properties,
        rule,
    }
}

async fn declare(graph: &Meetings, constraint: &Constraint) -> Result<SnapshotId> {
    let added = graph.altered(|schema| schema.add_constraint(constraint).unwrap());
    added.await
}

fn unique_numbers() -> Constraint {
    constraint(
        EntityKind::Node,
        "Person",
        &["number"],
        ConstraintRule::Unique,
    )
}

/// Commits a person with this number.
async fn add(graph: &Meetings, number: Value) -> Result<u64> {
    let mut transaction = graph.begin().await;
    let id = transaction.create_node(&texts(&["Person"]))?;
    transaction.set_property(id, "number", number)?;
    graph.commit(transaction).await.map(|_| id)
}

#[tokio::test]
async fn a_value_that_is_taken_is_refused_and_nothing_is_left_of_the_commit() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        graph.with_people(3).await;
        declare(&graph, &unique_numbers()).await.unwrap();
        let before = graph.contents().await;
        // 1 and 1.0 are equal.
        for taken in [Value::Int64(1), Value::Float64(1.0)] {
            let error = add(&graph, taken.clone()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{}", graph.name);
            assert!(error.message().contains("Person_number_unique"), "{error}");
        }
        let mut transaction = graph.begin().await;
        person(&mut transaction, 9);
        person(&mut transaction, 9);
        assert!(graph.commit(transaction).await.is_err(), "{}", graph.name);
        assert_eq!(graph.contents().await, before, "{}", graph.name);
        add(&graph, Value::Int64(9)).await.unwrap();
        assert!(add(&graph, Value::Int64(9)).await.is_err());
    }
}

#[tokio::test]
async fn values_that_change_places_in_one_commit_are_unique_afterwards() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let people = graph.with_people(3).await;
        declare(&graph, &unique_numbers()).await.unwrap();
        let set = async |numbers: [(usize, i64); 2]| {
            let mut transaction = graph.begin().await;
            for (place, number) in numbers {
                let number = Value::Int64(number);
                transaction
                    .set_property(people[place], "number", number)
                    .unwrap();
            }
            graph.commit(transaction).await
        };
        set([(0, 1), (1, 0)]).await.unwrap();
        assert!(set([(0, 2), (1, 7)]).await.is_err(), "{}", graph.name);

        // What a row had that goes is free for one that comes.
        let mut transaction = graph.begin().await;
        transaction.delete(&[people[2]], false).await.unwrap();
        person(&mut transaction, 2);
        graph.commit(transaction).await.unwrap();
        assert!(
            add(&graph, Value::Int64(2)).await.is_err(),
            "{}",
            graph.name
        );
    }
}

#[tokio::test]
async fn rows_without_a_value_are_not_compared() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let both = ["number", "city"];
        let rule = ConstraintRule::Unique;
        let pairs = constraint(EntityKind::Node, "Person", &both, rule);
        declare(&graph, &pairs).await.unwrap();
        let add = async |number: i64, city: Option<&str>| {
            let mut transaction = graph.begin().await;
            let id = person(&mut transaction, number);
            let city = city.map_or(Value::Null, |city| Value::String(city.to_owned()));
            transaction.set_property(id, "city", city).unwrap();
            graph.commit(transaction).await
        };
        for (number, city) in [(1, None), (1, None), (1, Some("Ulm")), (2, Some("Ulm"))] {
            add(number, city).await.unwrap();
        }
        assert!(add(1, Some("Ulm")).await.is_err(), "{}", graph.name);
    }
}

#[tokio::test]
async fn a_required_value_is_neither_left_out_nor_taken_away() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let people = graph.with_people(1).await;
        let rule = ConstraintRule::NotNull;
        let required = constraint(EntityKind::Node, "Person", &["number"], rule);
        declare(&graph, &required).await.unwrap();
        let error = add(&graph, Value::Null).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{}", graph.name);
        let mut transaction = graph.begin().await;
        transaction
            .set_property(people[0], "number", Value::Null)
            .unwrap();
        assert!(graph.commit(transaction).await.is_err(), "{}", graph.name);
        // A row that goes needs no value.
        let mut transaction = graph.begin().await;
        transaction.delete(&people, false).await.unwrap();
        graph.commit(transaction).await.unwrap();
    }
}

#[tokio::test]
async fn a_node_that_gets_a_label_is_held_by_its_constraints() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let boss = constraint(EntityKind::Node, "Boss", &["number"], ConstraintRule::Key);
        declare(&graph, &boss).await.unwrap();
        let mut transaction = graph.begin().await;
        let twins = [person(&mut transaction, 4), person(&mut transaction, 4)];
        let nameless = transaction.create_node(&texts(&["Person"])).unwrap();
        graph.commit(transaction).await.unwrap();
        let promote = async |id: u64| {
            let mut transaction = graph.begin().await;
            transaction
                .set_labels(id, &texts(&["Boss"]), false)
                .await
                .unwrap();
            graph.commit(transaction).await
        };
        promote(twins[0]).await.unwrap();
        assert!(promote(twins[1]).await.is_err(), "{}", graph.name);
        assert!(promote(nameless).await.is_err(), "{}", graph.name);
    }
}

#[tokio::test]
async fn a_constraint_that_rows_break_already_is_not_declared() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let people = graph.with_people(2).await;
        let mut transaction = graph.begin().await;
        for host in [people[0], people[1]] {
            let held = meeting(&mut transaction, host, &[]).await;
            let number = Value::Int64(7);
            transaction.set_property(held, "number", number).unwrap();
        }
        graph.commit(transaction).await.unwrap();
        let kind = EntityKind::Hyperedge;
        let wrong = constraint(kind, "MEETING", &["number"], ConstraintRule::Unique);
        let error = declare(&graph, &wrong).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{}", graph.name);
        assert!(graph.newest().await.schema().constraints().is_empty());
        let wrong = constraint(kind, "MEETING", &["topic"], ConstraintRule::NotNull);
        assert!(declare(&graph, &wrong).await.is_err(), "{}", graph.name);
        let kept = constraint(kind, "MEETING", &["number"], ConstraintRule::NotNull);
        declare(&graph, &kept).await.unwrap();
    }
}

#[tokio::test]
async fn a_constraint_that_was_dropped_holds_nothing_back() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        graph.with_people(1).await;
        let unique = unique_numbers();
        declare(&graph, &unique).await.unwrap();
        assert!(add(&graph, Value::Int64(0)).await.is_err());
        let dropped = graph.altered(|schema| schema.drop_constraint(&unique.name).unwrap());
        dropped.await.unwrap();
        add(&graph, Value::Int64(0)).await.unwrap();
        assert!(declare(&graph, &unique).await.is_err(), "{}", graph.name);
    }
}
