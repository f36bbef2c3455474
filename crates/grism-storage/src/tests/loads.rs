//! Loads: what rows become, and what is left where one of them is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use grism_core::{ErrorKind, Result, Value};

use super::meetings::{Contents, Meetings};
use crate::{
    BadRow, ImportOptions, ImportSource, LoadOptions, LoadReport, LoadTarget, MissingMember,
    OnConflict, RoleSource, load,
};

fn people() -> LoadTarget {
    LoadTarget::Nodes {
        label: "Person".to_owned(),
        key: "id".to_owned(),
    }
}

/// A table of people: keys and ages.
fn rows(people: &[(i64, Option<i64>)]) -> ImportSource {
    let ids: ArrayRef = Arc::new(people.iter().map(|(id, _)| *id).collect::<Int64Array>());
    let ages: ArrayRef = Arc::new(people.iter().map(|(_, age)| *age).collect::<Int64Array>());
    let columns = [("id", ids, true), ("age", ages, true)];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    ImportSource::from(vec![batch])
}

async fn load_people(
    graph: &Meetings,
    own: &[(i64, Option<i64>)],
    on_conflict: OnConflict,
) -> Result<LoadReport> {
    let options = LoadOptions {
        on_conflict,
        ..LoadOptions::default()
    };
    load(graph.storage.as_ref(), &people(), rows(own), &options).await
}

/// The ages of people by their keys.
fn ages(contents: &Contents) -> BTreeMap<i64, Option<i64>> {
    let people = contents.entities.values();
    let people = people.filter_map(|own| match (own.get("id")?, own.get("age")) {
        (Value::Int64(id), Some(Value::Int64(age))) => Some((*id, Some(*age))),
        (Value::Int64(id), _) => Some((*id, None)),
        _ => None,
    });
    people.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_taken_fails_skips_or_updates_as_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let first = [(1, Some(10)), (2, Some(20)), (3, None)];
        load_people(&graph, &first, OnConflict::Error)
            .await
            .unwrap();
        let before = graph.contents().await;
        let later = [(2, Some(21)), (4, Some(40)), (3, Some(31)), (1, None)];
        let error = load_people(&graph, &later, OnConflict::Error)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{}", graph.name);
        assert_eq!(graph.contents().await, before, "{}", graph.name);

        let report = load_people(&graph, &later, OnConflict::Skip).await.unwrap();
        assert_eq!((report.loaded, report.skipped), (1, 3), "{}", graph.name);
        let expected = [(1, Some(10)), (2, Some(20)), (3, None), (4, Some(40))];
        assert_eq!(
            ages(&graph.contents().await),
            expected.into(),
            "{}",
            graph.name
        );

        let report = load_people(&graph, &later, OnConflict::Update)
            .await
            .unwrap();
        assert_eq!((report.loaded, report.updated), (0, 2), "{}", graph.name);
        let found = graph.contents().await;
        // A row without a value leaves the value that is there.
        let expected = [(1, Some(10)), (2, Some(21)), (3, Some(31)), (4, Some(40))];
        assert_eq!(ages(&found), expected.into(), "{}", graph.name);
        // Entities stay who they are.
        let ids = |contents: &Contents| contents.entities.keys().copied().collect::<BTreeSet<_>>();
        assert!(ids(&before).is_subset(&ids(&found)), "{}", graph.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_comes_twice_in_one_load_is_one_entity_or_a_mistake() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let twice = [(1, Some(10)), (2, Some(20)), (1, Some(11))];
        let error = load_people(&graph, &twice, OnConflict::Error)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{}", graph.name);
        assert!(graph.contents().await.entities.is_empty(), "{}", graph.name);
        load_people(&graph, &twice, OnConflict::Skip).await.unwrap();
        let expected = [(1, Some(10)), (2, Some(20))];
        assert_eq!(
            ages(&graph.contents().await),
            expected.into(),
            "{}",
            graph.name
        );
        load_people(&graph, &twice, OnConflict::Update)
            .await
            .unwrap();
        let expected = [(1, Some(11)), (2, Some(20))];
        assert_eq!(
            ages(&graph.contents().await),
            expected.into(),
            "{}",
            graph.name
        );
    }
}

/// Loads meetings, each of one host and perhaps one guest, by the keys of people.
async fn load_meetings(
    graph: &Meetings,
    meetings: &[(i64, Option<i64>)],
    options: LoadOptions,
) -> Result<LoadReport> {
    let hosts: ArrayRef = Arc::new(meetings.iter().map(|own| own.0).collect::<Int64Array>());
    let guests: ArrayRef = Arc::new(meetings.iter().map(|own| own.1).collect::<Int64Array>());
    let numbers: ArrayRef = Arc::new((0..meetings.len() as i64).collect::<Int64Array>());
    let columns = [
        ("h", hosts, true),
        ("g", guests, true),
        ("number", numbers, true),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let role = |name: &str, column: &str| {
        let (label, column) = (None, column.to_owned());
        (name.to_owned(), RoleSource { label, column })
    };
    let target = LoadTarget::Hyperedges {
        name: "MEETING".to_owned(),
        roles: [role("host", "h"), role("guest", "g")].into(),
    };
    let source = ImportSource::from(vec![batch]);
    load(graph.storage.as_ref(), &target, source, &options).await
}

fn incidences(contents: &Contents, role: &str) -> usize {
    contents.lists[&("MEETING".to_owned(), role.to_owned())].len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_does_not_exist_fails_is_rejected_or_made_as_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let first = [(1, Some(10)), (2, Some(20))];
        load_people(&graph, &first, OnConflict::Error)
            .await
            .unwrap();
        let before = graph.contents().await;
        let meetings = [(1, Some(2)), (2, Some(9)), (8, None), (2, None)];
        let failed = load_meetings(&graph, &meetings, LoadOptions::default()).await;
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(graph.contents().await, before, "{}", graph.name);

        let rejects = directory.path().join(format!("{}.csv", graph.name));
        let reject = LoadOptions {
            missing: MissingMember::Reject,
            rejects: Some(rejects.clone()),
            ..LoadOptions::default()
        };
        let report = load_meetings(&graph, &meetings, reject).await.unwrap();
        assert_eq!((report.loaded, report.rejected), (2, 2), "{}", graph.name);
        let found = graph.contents().await;
        assert_eq!(
            (incidences(&found, "host"), incidences(&found, "guest")),
            (2, 1)
        );
        let held = std::fs::read_to_string(&rejects).unwrap();
        assert_eq!(held.lines().count(), 3, "{held}");

        let create = LoadOptions {
            missing: MissingMember::Create,
            ..LoadOptions::default()
        };
        let report = load_meetings(&graph, &meetings, create).await.unwrap();
        assert_eq!(report.loaded, 4, "{}", graph.name);
        assert_eq!(report.created, [("Person".to_owned(), 2)].into());
        let found = graph.contents().await;
        assert_eq!(
            (incidences(&found, "host"), incidences(&found, "guest")),
            (6, 3)
        );
        let expected = [(1, Some(10)), (2, Some(20)), (8, None), (9, None)];
        assert_eq!(ages(&found), expected.into(), "{}", graph.name);
    }
}

fn csv(directory: &Path, name: &str, text: &str) -> ImportSource {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    ImportSource::file(path.to_string_lossy(), ImportOptions::default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_wrong_is_named_by_its_file_and_line_and_nothing_is_committed() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        // The third line has a key that is null, the fourth one a key that is taken.
        let text = "id,name\n1,Ada\n,Bob\n1,\"Cy, \"\"the\nthird\"\"\"\n4,Di\n";
        let source = || csv(directory.path(), "people.csv", text);
        let options = LoadOptions::default();
        let failed = load(graph.storage.as_ref(), &people(), source(), &options).await;
        let error = failed.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{}", graph.name);
        let told = error.to_string();
        assert!(told.contains("people.csv") && told.contains('3'), "{told}");
        assert!(graph.contents().await.entities.is_empty(), "{}", graph.name);

        let rejects = directory.path().join(format!("{}.csv", graph.name));
        let reject = LoadOptions {
            bad_rows: BadRow::Reject,
            rejects: Some(rejects.clone()),
            ..LoadOptions::default()
        };
        let loaded = load(graph.storage.as_ref(), &people(), source(), &reject).await;
        let report = loaded.unwrap();
        assert_eq!((report.loaded, report.rejected), (2, 2), "{}", graph.name);
        let held = std::fs::read_to_string(&rejects).unwrap();
        // Each as it stood.
        let stood = held.contains(",Bob") && held.contains("\"Cy, \"\"the\nthird\"\"\"");
        assert!(stood, "{held}");
        let names: BTreeSet<String> = graph
            .contents()
            .await
            .entities
            .values()
            .map(|own| own["name"].to_string())
            .collect();
        assert!(names.iter().eq(["'Ada'", "'Di'"]), "{names:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_storages_make_the_same_of_a_load() {
    let directory = tempfile::tempdir().unwrap();
    let graphs = Meetings::both(directory.path()).await;
    for graph in &graphs {
        let ages: Vec<(i64, Option<i64>)> = (0..40)
            .map(|id| (id, (id % 3 > 0).then_some(id * 10)))
            .collect();
        load_people(graph, &ages, OnConflict::Error).await.unwrap();
        let meetings: Vec<(i64, Option<i64>)> = (0..60)
            .map(|own| (own % 40, (own % 4 > 0).then_some(own * 7 % 40)))
            .collect();
        load_meetings(graph, &meetings, LoadOptions::default())
            .await
            .unwrap();
    }
    let (memory, disk) = (graphs[0].contents().await, graphs[1].contents().await);
    assert_eq!(incidences(&memory, "host"), 60);
    assert_eq!(incidences(&memory, "guest"), 45);
    assert_eq!(memory, disk);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_is_cancelled_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let options = LoadOptions::default();
        options.progress.cancel();
        let names: StringArray = (0..5000).map(|own| Some(format!("n{own}"))).collect();
        let ids: Int64Array = (0..5000).collect();
        let columns: [(&str, ArrayRef); 2] = [("id", Arc::new(ids)), ("name", Arc::new(names))];
        let source = ImportSource::from(vec![RecordBatch::try_from_iter(columns).unwrap()]);
        let failed = load(graph.storage.as_ref(), &people(), source, &options).await;
        assert_eq!(
            failed.unwrap_err().kind(),
            ErrorKind::Cancelled,
            "{}",
            graph.name
        );
        assert!(graph.contents().await.entities.is_empty(), "{}", graph.name);
    }
}
