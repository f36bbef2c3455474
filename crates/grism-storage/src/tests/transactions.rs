//! Transactions: what they read, what they refuse, and what their commits leave.

use grism_core::{EntityId, ErrorKind, Snapshot, Value, WriteCounts};

use super::meetings::{Contents, Meetings, Random, contents, meeting, person, texts};
use crate::{Transaction, check_snapshot};

fn guests_of(contents: &Contents, hyperedge: u64) -> Vec<u64> {
    let lists = &contents.lists[&("MEETING".to_owned(), "guest".to_owned())];
    let own = lists.iter().filter(|(_, found, _)| *found == hyperedge);
    own.map(|(member, ..)| *member).collect()
}

/// Changes a transaction at random, in a way that no rule refuses.
async fn change(transaction: &mut Transaction, random: &mut Random, alive: &mut Vec<u64>) {
    let view = transaction.snapshot();
    let is_hyperedge = |id: &u64| {
        let table = view.schema().table(EntityId::from_raw(*id).table());
        table.unwrap().hyperedge_type().is_some()
    };
    let (hyperedges, nodes): (Vec<u64>, Vec<u64>) = alive.iter().partition(|id| is_hyperedge(id));
    let found = contents(&view).await;
    drop(view);
    let people: Vec<u64> = nodes
        .iter()
        .copied()
        .filter(|id| !found.entities[id].contains_key("room number"))
        .collect();
    match random.below(9) {
        0 | 1 => alive.push(person(transaction, random.below(5) as i64)),
        2 => {
            let room = transaction.create_node(&texts(&["Room"])).unwrap();
            let number = Value::Int64(random.below(9) as i64);
            transaction
                .set_property(room, "room number", number)
                .unwrap();
            alive.push(room);
        }
        3 if people.len() > 1 => {
            let guests: Vec<u64> = (0..random.below(4))
                .map(|_| random.one_of(&people))
                .collect();
            alive.push(meeting(transaction, random.one_of(&people), &guests).await);
        }
        4 if nodes.len() > 1 => {
            let (source, target) = (random.one_of(&nodes), random.one_of(&nodes));
            let edge = transaction.create_edge("KNOWS", source, target);
            alive.push(edge.unwrap());
        }
        5 if !alive.is_empty() => {
            let value = match random.below(4) {
                0 => Value::Null,
                1 => Value::Float64(0.5),
                2 => Value::String("text".to_owned()),
                _ => Value::Int64(7),
            };
            let id = random.one_of(alive);
            transaction.set_property(id, "mixed", value).unwrap();
        }
        6 if !people.is_empty() => {
            let (id, label) = (random.one_of(&people), texts(&["Boss"]));
            let labels = transaction.labels(id).await.unwrap();
            let has = labels.contains(&label[0]);
            transaction.set_labels(id, &label, has).await.unwrap();
        }
        7 if !hyperedges.is_empty() => {
            let id = random.one_of(&hyperedges);
            let guests = found.entities[&id].get("guest");
            if let Some(Value::List(guests)) = guests.filter(|own| **own != Value::List(vec![])) {
                let position = random.below(guests.len());
                transaction.unbind(id, "guest", position).await.unwrap();
            }
        }
        8 if alive.len() > 6 => {
            let id = random.one_of(alive);
            transaction.delete(&[id], true).await.unwrap();
            alive.retain(|own| !transaction.is_deleted(*own));
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_reads_what_its_commit_leaves() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let (mut random, mut alive) = (Random(31), Vec::new());
        for commit in 0..12 {
            let mut transaction = graph.begin().await;
            for _ in 0..=random.below(9) {
                change(&mut transaction, &mut random, &mut alive).await;
            }
            let seen = contents(&transaction.snapshot()).await;
            graph.commit(transaction).await.unwrap();
            let left = graph.contents().await;
            assert_eq!(seen, left, "{}, commit {commit}", graph.name);
            let there: Vec<u64> = left.entities.keys().copied().collect();
            alive.sort_unstable();
            assert_eq!(there, alive, "{}, commit {commit}", graph.name);
        }
        let report = check_snapshot(&graph.newest().await).await.unwrap();
        assert!(report.is_sound(), "{}: {:?}", graph.name, report.problems);
    }
}

#[tokio::test]
async fn a_view_keeps_what_it_saw_while_the_transaction_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let people = graph.with_people(2).await;
        let mut transaction = graph.begin().await;
        let held = meeting(&mut transaction, people[0], &[people[1]]).await;
        let view = transaction.snapshot();
        let before = contents(&view).await;
        transaction.unbind(held, "guest", 0).await.unwrap();
        let number = Value::Int64(70);
        transaction
            .set_property(people[0], "number", number)
            .unwrap();
        transaction.delete(&[people[1]], false).await.unwrap();
        assert_eq!(contents(&view).await, before, "{}", graph.name);
        assert_ne!(contents(&transaction.snapshot()).await, before);
    }
}

#[tokio::test]
async fn what_is_bound_goes_only_with_detach_and_takes_along_what_needs_it() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let people = graph.with_people(3).await;
        let mut transaction = graph.begin().await;
        let hosted = meeting(&mut transaction, people[0], &[people[1]]).await;
        let visited = meeting(
            &mut transaction,
            people[1],
            &[people[0], people[2], people[0]],
        )
        .await;
        let claim = transaction.create_hyperedge("CLAIM").unwrap();
        transaction.bind(claim, "about", hosted).await.unwrap();
        let edge = transaction
            .create_edge("KNOWS", people[0], people[2])
            .unwrap();
        graph.commit(transaction).await.unwrap();

        let mut transaction = graph.begin().await;
        let error = transaction.delete(&[people[0]], false).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{}", graph.name);

        let mut transaction = graph.begin().await;
        transaction.delete(&[people[0]], true).await.unwrap();
        let counts = WriteCounts {
            nodes_deleted: 1,
            hyperedges_deleted: 3,
            members_removed: 2,
            ..WriteCounts::default()
        };
        assert_eq!(transaction.counts(), counts, "{}", graph.name);
        graph.commit(transaction).await.unwrap();
        let left = graph.contents().await;
        for gone in [people[0], hosted, claim, edge] {
            assert!(!left.entities.contains_key(&gone), "{}", graph.name);
        }
        assert_eq!(guests_of(&left, visited), [people[2]], "{}", graph.name);
    }
}

#[tokio::test]
async fn what_binds_each_other_goes_together_without_detach() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let people = graph.with_people(2).await;
        let mut transaction = graph.begin().await;
        let edge = transaction
            .create_edge("KNOWS", people[0], people[1])
            .unwrap();
        graph.commit(transaction).await.unwrap();
        let mut transaction = graph.begin().await;
        let all = [people[0], edge, people[1]];
        transaction.delete(&all, false).await.unwrap();
        graph.commit(transaction).await.unwrap();
        assert!(graph.contents().await.entities.is_empty(), "{}", graph.name);
    }
}

#[tokio::test]
async fn a_hyperedge_without_a_required_member_is_not_committed() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let people = graph.with_people(1).await;
        let before = graph.contents().await;
        let mut transaction = graph.begin().await;
        let made = transaction.create_hyperedge("MEETING").unwrap();
        transaction.bind(made, "guest", people[0]).await.unwrap();
        let error = graph.commit(transaction).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.message().contains("`host`"), "{error}");

        // One that was whole before must stay so.
        let mut transaction = graph.begin().await;
        let whole = meeting(&mut transaction, people[0], &[]).await;
        transaction.unbind(whole, "host", 0).await.unwrap();
        let error = graph.commit(transaction).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(graph.contents().await, before, "{}", graph.name);
    }
}

#[tokio::test]
async fn roles_take_the_members_that_they_were_declared_for() {
    let directory = tempfile::tempdir().unwrap();
    let [graph, _] = Meetings::both(directory.path()).await;
    let mut transaction = graph.begin().await;
    let (ada, room) = (
        person(&mut transaction, 1),
        transaction.create_node(&texts(&["Room"])).unwrap(),
    );
    let held = meeting(&mut transaction, ada, &[]).await;
    for (role, member) in [
        ("host", ada),
        ("guest", room),
        ("room", ada),
        ("roof", room),
    ] {
        let error = transaction.bind(held, role, member).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{role}: {error}");
        assert!(error.message().contains(role), "{error}");
    }
    transaction.bind(held, "room", room).await.unwrap();
    let second = transaction.bind(held, "room", room).await.unwrap_err();
    assert!(second.message().contains("bound once"), "{second}");
    assert!(transaction.bind(ada, "host", ada).await.is_err());
}

#[tokio::test]
async fn a_member_is_taken_from_the_place_that_is_named() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let people = graph.with_people(3).await;
        let mut transaction = graph.begin().await;
        let guests = [people[1], people[2], people[1]];
        let held = meeting(&mut transaction, people[0], &guests).await;
        graph.commit(transaction).await.unwrap();
        let mut transaction = graph.begin().await;
        transaction.unbind(held, "guest", 0).await.unwrap();
        assert!(transaction.unbind(held, "guest", 2).await.is_err());
        let none = transaction.unbind_member(held, "guest", people[0]).await;
        assert_eq!(none.unwrap_err().kind(), ErrorKind::NotFound);
        graph.commit(transaction).await.unwrap();
        let left = graph.contents().await;
        let list = [people[2], people[1]].map(Value::node).to_vec();
        assert_eq!(
            left.entities[&held]["guest"],
            Value::List(list),
            "{}",
            graph.name
        );
        // Members move up by one place.
        let lists = &left.lists[&("MEETING".to_owned(), "guest".to_owned())];
        let expected = [(people[1], held, 1), (people[2], held, 0)];
        assert!(lists.iter().eq(&expected), "{}: {lists:?}", graph.name);
    }
}

#[tokio::test]
async fn properties_are_replaced_or_merged_as_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let person = graph.with_people(1).await[0];
        let map = |entries: &[(&str, i64)]| {
            let entries = entries.iter();
            entries
                .map(|(key, value)| ((*key).to_owned(), Value::Int64(*value)))
                .collect()
        };
        for (merge, given, left) in [
            (true, map(&[("x", 1)]), map(&[("number", 0), ("x", 1)])),
            (false, map(&[("y", 2)]), map(&[("y", 2)])),
        ] {
            let mut transaction = graph.begin().await;
            transaction.set_properties(person, &given, merge).unwrap();
            graph.commit(transaction).await.unwrap();
            let found = graph.contents().await;
            assert_eq!(found.entities[&person], left, "{}", graph.name);
        }
    }
}

#[tokio::test]
async fn values_that_no_property_holds_are_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let [graph, _] = Meetings::both(directory.path()).await;
    let mut transaction = graph.begin().await;
    let ada = person(&mut transaction, 1);
    let list = |items: &[Value]| Value::List(items.to_vec());
    for (value, what) in [
        (Value::Map([("k".to_owned(), Value::Null)].into()), "a map"),
        (Value::node(ada), "an entity"),
        (list(&[list(&[])]), "a list of lists"),
        (list(&[Value::Int64(1), Value::Null]), "null in it"),
        (list(&[Value::node(ada)]), "an entity"),
    ] {
        let error = transaction.set_property(ada, "held", value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        let message = error.message();
        assert!(
            message.contains("`held`") && message.contains(what),
            "{message}"
        );
    }
    assert!(transaction.set_property(ada, "", Value::Int64(1)).is_err());
    let held = meeting(&mut transaction, ada, &[]).await;
    let role = transaction.set_property(held, "host", Value::Int64(1));
    assert_eq!(role.unwrap_err().kind(), ErrorKind::InvalidData);
}

#[tokio::test]
async fn labels_that_come_and_go_are_counted_once() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let person = graph.with_people(2).await[1];
        let mut transaction = graph.begin().await;
        let (boss, both) = (texts(&["Boss"]), texts(&["Boss", "Chair"]));
        transaction.set_labels(person, &boss, false).await.unwrap();
        transaction.set_labels(person, &both, false).await.unwrap();
        transaction.set_labels(person, &boss, true).await.unwrap();
        transaction.set_labels(person, &boss, true).await.unwrap();
        let counts = transaction.counts();
        assert_eq!((counts.labels_added, counts.labels_removed), (2, 1));
        graph.commit(transaction).await.unwrap();
        let mut transaction = graph.begin().await;
        let labels = transaction.labels(person).await.unwrap();
        assert_eq!(labels, ["Chair", "Person"], "{}", graph.name);
        let held = meeting(&mut transaction, person, &[]).await;
        let refused = transaction.set_labels(held, &boss, false).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidData);
    }
}

#[tokio::test]
async fn an_entity_is_there_from_its_creation_to_its_deletion() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let stored = graph.with_people(2).await;
        let mut transaction = graph.begin().await;
        let made = person(&mut transaction, 5);
        let after = EntityId::from_raw(made);
        let after = EntityId::new(after.table(), after.offset() + 1).raw();
        transaction.delete(&[stored[0]], false).await.unwrap();
        let mut found = Vec::new();
        for id in [stored[0], stored[1], made, after] {
            found.push(transaction.exists(id).await.unwrap());
        }
        assert_eq!(found, [false, true, true, false], "{}", graph.name);
        let used = transaction.set_property(stored[0], "x", Value::Int64(1));
        assert_eq!(used.unwrap_err().kind(), ErrorKind::NotFound);
        let used = transaction.create_edge("KNOWS", made, stored[0]);
        assert_eq!(used.unwrap_err().kind(), ErrorKind::NotFound);
        graph.commit(transaction).await.unwrap();
        let table = EntityId::from_raw(made).table();
        let alive = graph.newest().await.alive(table, &[0, 1, 2, 3]).await;
        assert_eq!(alive.unwrap(), [false, true, true, false], "{}", graph.name);
    }
}

#[tokio::test]
async fn ids_of_what_is_gone_are_not_given_again() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let people = graph.with_people(3).await;
        let mut transaction = graph.begin().await;
        transaction.delete(&people, false).await.unwrap();
        graph.commit(transaction).await.unwrap();
        let next = graph.with_people(1).await[0];
        assert_eq!(EntityId::from_raw(next).offset(), 3, "{}", graph.name);
        let left = graph.contents().await;
        assert!(left.entities.keys().eq([&next]), "{}", graph.name);
    }
}
