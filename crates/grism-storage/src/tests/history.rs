//! The history of a graph on disk: old snapshots, tags and times, VACUUM, OPTIMIZE, and what failed commits leave.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use grism_core::{
    CancellationHandle, ErrorKind, Maintenance, SnapshotId, SnapshotSelector, Storage, TimeTravel,
    VacuumOptions, Value,
};

use super::meetings::{Meetings, contents, meeting, person};
use crate::{LanceStorage, diff};

/// Drops all that may go: nothing is too young.
fn at_once(keep: u64) -> VacuumOptions {
    VacuumOptions {
        retain: Duration::ZERO,
        keep,
        grace: Duration::ZERO,
        dry_run: false,
    }
}

/// Every file below a directory.
fn files(directory: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path);
        }
    }
    found
}

/// Commits one change of every kind after the other, and gives the snapshots.
async fn with_history(graph: &Meetings) -> Vec<SnapshotId> {
    let people = graph.with_people(7).await;
    let mut snapshots = vec![graph.newest().await.id()];
    for round in 0..3 {
        let mut transaction = graph.begin().await;
        let guests = [people[1 + round], people[2]];
        meeting(&mut transaction, people[round], &guests).await;
        let number = Value::Int64(100 + round as i64);
        transaction
            .set_property(people[round], "number", number)
            .unwrap();
        snapshots.push(graph.commit(transaction).await.unwrap());
    }
    let mut transaction = graph.begin().await;
    transaction.delete(&[people[1]], true).await.unwrap();
    snapshots.push(graph.commit(transaction).await.unwrap());
    snapshots
}

async fn is_there(lance: &LanceStorage, id: SnapshotId) -> bool {
    match lance.snapshot(id.into()).await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
            false
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vacuum_keeps_the_newest_snapshots_and_those_with_tags() {
    let directory = tempfile::tempdir().unwrap();
    let (graph, lance) = Meetings::on_disk(directory.path()).await;
    let snapshots = with_history(&graph).await;
    lance
        .create_tag("start", snapshots[0].into())
        .await
        .unwrap();
    let tagged = lance.snapshot(snapshots[0].into()).await.unwrap();
    let (first, newest) = (contents(tagged.as_ref()).await, graph.contents().await);

    // A report, and nothing else.
    let all = files(directory.path());
    let only_told = VacuumOptions {
        dry_run: true,
        ..at_once(2)
    };
    let told = lance.vacuum(&only_told).await.unwrap();
    assert!(told.files > 0);
    assert_eq!(files(directory.path()), all);

    let report = lance.vacuum(&at_once(2)).await.unwrap();
    assert_eq!(report.dropped, told.dropped);
    let mut kept = Vec::new();
    for id in &snapshots {
        kept.push(is_there(&lance, *id).await);
    }
    assert_eq!(kept, [true, false, false, true, true]);
    assert!(files(directory.path()).len() < all.len());

    // What stays is read anew, by whoever opens the graph.
    let opened = LanceStorage::open(directory.path().join("g.grism"))
        .await
        .unwrap();
    let read = async |which: SnapshotSelector| {
        let snapshot = opened.snapshot(which).await.unwrap();
        contents(snapshot.as_ref()).await
    };
    assert_eq!(read(SnapshotSelector::Newest).await, newest);
    assert_eq!(read(snapshots[0].into()).await, first);
    let sound = opened.check(SnapshotSelector::Newest).await.unwrap();
    assert!(sound.is_sound(), "{:?}", sound.problems);

    lance.delete_tag("start").await.unwrap();
    lance.vacuum(&at_once(1)).await.unwrap();
    assert!(!is_there(&lance, snapshots[0]).await);
    assert_eq!(graph.contents().await, newest);
    // Nothing is left to do.
    let report = lance.vacuum(&at_once(1)).await.unwrap();
    assert_eq!((report.dropped.len(), report.files), (0, 0));
}

#[tokio::test]
async fn young_snapshots_stay_however_many_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let (graph, lance) = Meetings::on_disk(directory.path()).await;
    let mut before = Vec::new();
    for id in with_history(&graph).await {
        let snapshot = lance.snapshot(id.into()).await.unwrap();
        before.push((id, contents(snapshot.as_ref()).await));
    }
    let young = VacuumOptions {
        retain: Duration::from_secs(3600),
        ..at_once(1)
    };
    let report = lance.vacuum(&young).await.unwrap();
    assert!(report.dropped.is_empty(), "{report}");
    let opened = LanceStorage::open(directory.path().join("g.grism")).await;
    let opened = opened.unwrap();
    for (id, held) in before {
        let snapshot = opened.snapshot(id.into()).await.unwrap();
        assert_eq!(contents(snapshot.as_ref()).await, held, "{id}");
    }
}

#[tokio::test]
async fn what_no_snapshot_names_goes_once_no_writer_can_need_it() {
    let directory = tempfile::tempdir().unwrap();
    let (graph, lance) = Meetings::on_disk(directory.path()).await;
    with_history(&graph).await;
    let before = graph.contents().await;
    let left = directory
        .path()
        .join("g.grism/nodes/Person.lance/data/left.lance");
    assert!(left.parent().is_some_and(Path::is_dir), "{left:?}");
    std::fs::write(&left, b"what a writer left that was killed").unwrap();
    let patient = VacuumOptions {
        grace: Duration::from_secs(3600),
        ..at_once(1)
    };
    lance.vacuum(&patient).await.unwrap();
    assert!(left.exists());
    let long_ago = SystemTime::now() - Duration::from_secs(7200);
    let file = std::fs::File::options().write(true).open(&left).unwrap();
    file.set_modified(long_ago).unwrap();
    lance.vacuum(&patient).await.unwrap();
    assert!(!left.exists());
    assert_eq!(graph.contents().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn optimize_changes_the_files_and_no_answer() {
    let directory = tempfile::tempdir().unwrap();
    let (graph, lance) = Meetings::on_disk(directory.path()).await;
    with_history(&graph).await;
    let (old, before) = (graph.newest().await, graph.contents().await);
    let report = lance.optimize().await.unwrap();
    assert!(report.fragments_after < report.fragments_before, "{report}");
    assert!(report.folded > 0, "{report}");
    assert_eq!(report.snapshot.0, old.id().0 + 1);
    assert_eq!(graph.contents().await, before);
    assert_eq!(contents(old.as_ref()).await, before);
    let between = diff(&old, &graph.newest().await).await.unwrap();
    assert!(between.tables.is_empty(), "{between:?}");

    // What is whole is left alone, and rows may be added to it.
    let again = lance.optimize().await.unwrap();
    assert_eq!(again.snapshot, report.snapshot, "{again}");
    let mut transaction = graph.begin().await;
    person(&mut transaction, 99);
    graph.commit(transaction).await.unwrap();
    let sound = lance.check(SnapshotSelector::Newest).await.unwrap();
    assert!(sound.is_sound(), "{:?}", sound.problems);
}

#[tokio::test]
async fn a_time_is_that_of_the_snapshot_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let (graph, lance) = Meetings::on_disk(directory.path()).await;
    with_history(&graph).await;
    let history = lance.history().await.unwrap();
    let times: Vec<i64> = history.iter().map(|line| line.committed_at).collect();
    assert!(times.is_sorted(), "{times:?}");
    for (number, line) in history.iter().enumerate() {
        let found = lance.snapshot_at(line.committed_at).await.unwrap();
        let next = history.get(number + 1);
        if next.is_none_or(|next| next.committed_at > line.committed_at) {
            assert_eq!(found, line.id);
        }
    }
    let newest = history.last().unwrap();
    let later = lance.snapshot_at(newest.committed_at + 60_000).await;
    assert_eq!(later.unwrap(), newest.id);
    let earlier = lance.snapshot_at(times[0] - 1).await.unwrap_err();
    assert_eq!(earlier.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_tag_names_one_snapshot_until_it_is_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let (graph, lance) = Meetings::on_disk(directory.path()).await;
    let snapshots = with_history(&graph).await;
    let name = "Q3/2026: \"final\"";
    let tagged = lance.create_tag(name, snapshots[1].into()).await.unwrap();
    assert_eq!(tagged, snapshots[1]);
    let again = lance.create_tag(name, SnapshotSelector::Newest).await;
    assert_eq!(again.unwrap_err().kind(), ErrorKind::InvalidData);
    let missing = lance.create_tag("other", SnapshotId(999).into()).await;
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
    let tags = lance.tags().await.unwrap();
    assert!(tags.into_iter().eq([(name.to_owned(), snapshots[1])]));
    lance.delete_tag(name).await.unwrap();
    assert!(lance.tags().await.unwrap().is_empty());
    let gone = lance.delete_tag(name).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_commit_that_is_cancelled_leaves_the_graph_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        graph.with_people(2).await;
        let (old, before) = (graph.newest().await.id(), graph.contents().await);
        let mut transaction = graph.begin().await;
        person(&mut transaction, 9);
        let mut changes = transaction.finish().unwrap();
        let cancellation = CancellationHandle::default();
        cancellation.cancel();
        changes.cancellation = cancellation;
        let error = graph.storage.commit(changes).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{}", graph.name);
        assert_eq!(graph.newest().await.id(), old, "{}", graph.name);
        assert_eq!(graph.contents().await, before, "{}", graph.name);
        // The next commit is not disturbed by what the other had staged.
        let people = graph.with_people(1).await;
        assert!(graph.contents().await.entities.contains_key(&people[0]));
        assert_eq!(graph.contents().await.entities.len(), 3);
    }
}

#[tokio::test]
async fn a_file_that_is_lost_is_found_by_a_check() {
    let directory = tempfile::tempdir().unwrap();
    let (graph, lance) = Meetings::on_disk(directory.path()).await;
    with_history(&graph).await;
    let is_data = |path: &PathBuf| {
        let path = path.to_string_lossy();
        path.contains("MEETING.lance/data/") && path.contains("hyperedges")
    };
    let lost = files(directory.path()).into_iter().find(is_data).unwrap();
    std::fs::remove_file(&lost).unwrap();
    let opened = LanceStorage::open(directory.path().join("g.grism")).await;
    let opened = opened.unwrap();
    let problems = match opened.check(SnapshotSelector::Newest).await {
        Ok(report) => report.problems,
        // It cannot even be read.
        Err(error) => vec![error.message().to_owned()],
    };
    let name = lost.file_name().unwrap().to_string_lossy().into_owned();
    assert!(
        problems.iter().any(|own| own.contains(&name)),
        "{problems:?}"
    );
    drop(lance);
}

#[tokio::test]
async fn differences_are_told_by_what_came_went_and_changed() {
    let directory = tempfile::tempdir().unwrap();
    for graph in Meetings::both(directory.path()).await {
        let people = graph.with_people(3).await;
        let mut transaction = graph.begin().await;
        let held = meeting(&mut transaction, people[0], &[]).await;
        graph.commit(transaction).await.unwrap();
        let from = graph.newest().await;
        let mut transaction = graph.begin().await;
        let came = person(&mut transaction, 3);
        transaction.delete(&[people[2]], false).await.unwrap();
        let labels = ["Boss".to_owned()];
        transaction
            .set_labels(people[0], &labels, false)
            .await
            .unwrap();
        transaction.bind(held, "guest", people[1]).await.unwrap();
        graph.commit(transaction).await.unwrap();
        let to = graph.newest().await;
        let found = diff(&from, &to).await.unwrap();
        let own = &found.tables["Person"];
        let sides = (&own.added[..], &own.removed[..], &own.changed[..]);
        let expected = (&[came][..], &[people[2]][..], &[people[0]][..]);
        assert_eq!(sides, expected, "{}", graph.name);
        assert_eq!(found.tables["MEETING"].changed, [held], "{}", graph.name);
        assert_eq!(found.tables.len(), 2, "{}", graph.name);
        let back = diff(&to, &from).await.unwrap();
        assert_eq!(back.tables["Person"].removed, [came], "{}", graph.name);
        let none = diff(&to, &to).await.unwrap();
        assert!(none.tables.is_empty(), "{}", graph.name);
    }
}
