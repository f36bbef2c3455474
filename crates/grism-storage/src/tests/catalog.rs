//! The catalog: each graph is opened once, by whatever name, and a place may hold another graph later.

use std::collections::BTreeMap;
use std::sync::Arc;

use grism_core::{ErrorKind, PoolMemoryManager, SnapshotSelector, Storage};

use super::meetings::{Meetings, contents, person};
use crate::{Catalog, InMemoryStorage, Transaction};

/// Commits one person.
async fn commit(storage: &Arc<dyn Storage>) {
    let newest = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
    let mut transaction = Transaction::new(newest);
    person(&mut transaction, 1);
    let changes = transaction.finish().unwrap();
    storage.commit(changes).await.unwrap();
}

async fn people(storage: &Arc<dyn Storage>) -> usize {
    let newest = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
    contents(newest.as_ref()).await.entities.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graph_is_one_by_whatever_name_it_is_opened() {
    let (directory, catalog) = (tempfile::tempdir().unwrap(), Catalog::new());
    let path = directory
        .path()
        .join("g.grism")
        .to_string_lossy()
        .into_owned();
    let none = BTreeMap::new();
    let missing = catalog.open(&path, &none, false).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound, "{missing}");
    let first = catalog.open(&path, &none, true).await.unwrap();
    let second = catalog.open(&format!("file://{path}"), &none, false).await;
    let second = second.unwrap();
    commit(&first).await;
    assert_eq!(people(&second).await, 1);
    assert!(Arc::ptr_eq(&first, &second));
    let travelled = catalog.open_descriptor(&first.descriptor()).await.unwrap();
    assert!(Arc::ptr_eq(&first, &travelled));
}

#[tokio::test]
async fn a_graph_in_memory_is_made_once_and_found_by_its_name() {
    let (catalog, none) = (Catalog::new(), BTreeMap::new());
    let missing = catalog.open("memory://a", &none, false).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let first = catalog.open("memory://a", &none, true).await.unwrap();
    commit(&first).await;
    let again = catalog.open("memory://a", &none, true).await.unwrap();
    assert_eq!(people(&again).await, 1);
    let other = catalog.open("memory://b", &none, true).await.unwrap();
    assert_eq!(people(&other).await, 0);
    assert!(catalog.registered("memory://c").is_none());
}

#[tokio::test]
async fn what_names_no_graph_is_refused() {
    let (directory, catalog) = (tempfile::tempdir().unwrap(), Catalog::new());
    let options = BTreeMap::from([("aws_region".to_owned(), "x".to_owned())]);
    let path = directory.path().join("g").to_string_lossy().into_owned();
    for (uri, options, kind) in [
        ("", BTreeMap::new(), ErrorKind::InvalidData),
        ("gopher://host/g", BTreeMap::new(), ErrorKind::Unsupported),
        (path.as_str(), options.clone(), ErrorKind::InvalidData),
        ("memory://a", options, ErrorKind::InvalidData),
    ] {
        let error = catalog.open(uri, &options, true).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{uri}: {error}");
    }
    // Something else than a graph.
    std::fs::write(&path, b"text").unwrap();
    let error = catalog
        .open(&path, &BTreeMap::new(), false)
        .await
        .unwrap_err();
    let kinds = [ErrorKind::InvalidData, ErrorKind::NotFound];
    assert!(kinds.contains(&error.kind()), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"text");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graph_that_was_deleted_does_not_come_back_from_a_cache() {
    let (directory, catalog) = (tempfile::tempdir().unwrap(), Catalog::new());
    let path = directory.path().join("g.grism");
    let (uri, none) = (path.to_string_lossy().into_owned(), BTreeMap::new());
    let storage = catalog.open(&uri, &none, true).await.unwrap();
    commit(&storage).await;
    let old = storage.snapshot(SnapshotSelector::Newest).await.unwrap();
    std::fs::remove_dir_all(&path).unwrap();
    let missing = catalog.open(&uri, &none, false).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound, "{missing}");
    let again = catalog.open(&uri, &none, true).await.unwrap();
    assert_eq!(people(&again).await, 0);
    commit(&again).await;
    // It has the number of the snapshot that is gone, and is another one.
    let new = again.snapshot(SnapshotSelector::Newest).await.unwrap();
    assert_eq!(new.id(), old.id());
    assert_ne!(new.commit(), old.commit());
    let gone = again.check_there(&old).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound, "{gone}");
}

#[tokio::test]
async fn a_graph_in_memory_travels_as_what_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let [graph, _] = Meetings::both(directory.path()).await;
    let people = graph.with_people(5).await;
    let mut transaction = graph.begin().await;
    super::meetings::meeting(&mut transaction, people[0], &people[1..]).await;
    transaction.delete(&people[4..], true).await.unwrap();
    graph.commit(transaction).await.unwrap();
    let newest = graph.newest().await;
    let image = graph.storage.image(newest.id()).unwrap().unwrap();
    let memory = Arc::new(PoolMemoryManager::new(1 << 30));
    let image = arrow::buffer::Buffer::from(image);
    let copy = InMemoryStorage::from_image(&image, memory).unwrap();
    let read = copy.snapshot(newest.id().into()).await.unwrap();
    assert_eq!(contents(read.as_ref()).await, graph.contents().await);
    assert_eq!(read.commit(), newest.commit());
    assert_eq!(read.statistics(), newest.statistics());
}
