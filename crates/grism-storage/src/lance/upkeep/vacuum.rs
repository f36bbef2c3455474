//! VACUUM: drops old snapshots, and removes the files that no snapshot names.
//!
//! Lance's own cleanup knows nothing of detached versions and would take their files; it is never run.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use grism_core::{Result, SnapshotId, Storage, VacuumOptions, VacuumReport};
use lance::dataset::Dataset;
use lance_table::io::deletion::relative_deletion_file_path;
use lance_table::io::manifest::read_manifest_indexes;

use crate::clock::now;
use crate::lance::history::dataset_version::DatasetVersion;
use crate::lance::history::loaded::LOADED;
use crate::lance::history::log::{LoadedPart, SNAPSHOTS, SnapshotEntry};
use crate::lance::history::tags::tags;
use crate::lance::place::at_once::all_at_once;
use crate::lance::place::error::from_lance;
use crate::lance::place::root::Root;
use crate::lance::place::sync::TEMPORARY;
use crate::lance::reading::snapshot::LanceSnapshot;
use crate::lance::rows::dataset::open;
use crate::lance::storage::LanceStorage;

/// The directories of datasets.
const DATASETS: [&str; 3] = ["nodes", "hyperedges", "adjacency"];

impl LanceStorage {
    /// VACUUM, as [`Maintenance`](grism_core::Maintenance) says.
    pub(in crate::lance) async fn run_vacuum(
        &self,
        options: &VacuumOptions,
    ) -> Result<VacuumReport> {
        let _turn = self.turn().await?;
        let mut report = VacuumReport::default();
        let history = self.log.history().await?;
        let newest = history.last().map_or(0, |(info, _)| info.id.0);
        let tagged: HashSet<SnapshotId> = tags(&self.root).await?.into_values().collect();
        let retained = now() - i64::try_from(options.retain.as_millis()).unwrap_or(i64::MAX);
        let mut kept: BTreeSet<DatasetVersion> = BTreeSet::new();
        let mut kept_parts: HashSet<String> = HashSet::new();
        let mut newest_entry: Option<SnapshotEntry> = None;
        for (info, dropped) in history {
            let stays = info.id.0.saturating_add(options.keep.max(1)) > newest
                || info.committed_at >= retained
                || tagged.contains(&info.id);
            if dropped {
                continue;
            }
            if stays {
                let entry = self.log.read(info.id).await?;
                kept.extend(entry.datasets().cloned());
                kept_parts.extend(entry.loaded_parts().map(|part| part.path.clone()));
                newest_entry = Some(entry);
            } else {
                report.dropped.push(info.id);
            }
        }
        if !options.dry_run {
            // Entries first: whoever opens one of them hears that it is gone, instead of meeting a missing file.
            for id in &report.dropped {
                self.log.drop_entry(*id).await?;
            }
            self.forget(&report.dropped);
            if let Some(entry) = &newest_entry {
                // What the main lines read is kept too, so they had better read the newest.
                self.publish_main_lines(None, entry).await;
            }
        }
        let (files, directories) = self.named_files(&kept).await?;
        let youngest = now() - i64::try_from(options.grace.as_millis()).unwrap_or(i64::MAX);
        let mut unnamed = Vec::new();
        for directory in DATASETS {
            for file in self.root.files(directory).await? {
                let is_named = files.contains(&file.path)
                    || file.path.ends_with("/_versions/latest_version_hint.json")
                    || directories
                        .iter()
                        .any(|directory| file.path.starts_with(directory.as_str()));
                if !is_named && file.modified <= youngest {
                    unnamed.push(file);
                }
            }
        }
        for file in self.root.files(LOADED).await? {
            if !kept_parts.contains(&file.path) && file.modified <= youngest {
                unnamed.push(file);
            }
        }
        for file in self.root.files(SNAPSHOTS).await? {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            if name.starts_with(TEMPORARY) && file.modified <= youngest {
                unnamed.push(file);
            }
        }
        for file in unnamed {
            report.files += 1;
            report.bytes += file.size;
            if !options.dry_run {
                self.root.remove(&file.path).await?;
            }
        }
        Ok(report)
    }

    /// The files that dataset versions and the main lines of their datasets read, and the directories of their indexes.
    async fn named_files(
        &self,
        kept: &BTreeSet<DatasetVersion>,
    ) -> Result<(HashSet<String>, HashSet<String>)> {
        let (mut files, mut directories) = (HashSet::new(), HashSet::new());
        let mut paths: BTreeSet<&str> = BTreeSet::new();
        for dataset in kept {
            paths.insert(&dataset.path);
            let opened = open(&self.root, dataset).await?;
            note_files(&dataset.path, &opened, &mut files, &mut directories).await?;
        }
        for path in paths {
            let main = self.root.dataset(path).load().await.map_err(from_lance)?;
            note_files(path, &main, &mut files, &mut directories).await?;
        }
        Ok((files, directories))
    }

    /// The files with what incremental loads have taken that a snapshot names and that are not there.
    ///
    /// # Errors
    /// `Unavailable` where the storage does not answer.
    pub(in crate::lance) async fn missing_parts(
        &self,
        snapshot: SnapshotId,
        parts: impl Iterator<Item = &LoadedPart>,
    ) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        for part in parts {
            if !self.root.exists(&part.path).await? {
                missing.push(format!("snapshot {snapshot}: there is no {}", part.path));
            }
        }
        Ok(missing)
    }

    /// Whether the files of a staged snapshot are there, but for those of datasets that are `known`.
    ///
    /// # Errors
    /// Those of a graph that cannot be read.
    pub(in crate::lance) async fn is_there(
        &self,
        staged: &LanceSnapshot,
        known: &HashSet<&DatasetVersion>,
    ) -> Result<bool> {
        let mut checks = Vec::new();
        for (version, dataset) in staged.open_datasets() {
            if known.contains(version) {
                continue;
            }
            let (root, path) = (self.root.clone(), version.path.clone());
            let dataset = Arc::clone(dataset);
            checks.push(async move { Ok(missing_of(&root, &path, &dataset).await?.is_empty()) });
        }
        let found = all_at_once(checks).await?;
        let parts = staged.entry().loaded_parts();
        let missing = self.missing_parts(staged.entry().id, parts).await?;
        Ok(missing.is_empty() && found.into_iter().all(|is_there| is_there))
    }

    /// The files that a snapshot names and that are not there.
    ///
    /// # Errors
    /// Those of a graph that cannot be read.
    pub(in crate::lance) async fn missing_files(
        &self,
        snapshot: SnapshotId,
        datasets: impl Iterator<Item = &DatasetVersion>,
    ) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        for dataset in datasets {
            let opened = match open(&self.root, dataset).await {
                Ok(opened) => opened,
                Err(error) => {
                    missing.push(format!("snapshot {snapshot}: {error}"));
                    continue;
                }
            };
            let files = missing_of(&self.root, &dataset.path, &opened).await?;
            let told = files.into_iter();
            missing.extend(told.map(|file| format!("snapshot {snapshot}: there is no {file}")));
        }
        Ok(missing)
    }
}

/// The files that a dataset names and that are not there.
async fn missing_of(root: &Root, path: &str, dataset: &Dataset) -> Result<Vec<String>> {
    let (mut files, mut directories) = (HashSet::new(), HashSet::new());
    note_files(path, dataset, &mut files, &mut directories).await?;
    let mut missing = Vec::new();
    for file in files {
        // Transactions are a record for Lance's own writers, and need not be there to read.
        if !file.contains("/_transactions/") && !root.exists(&file).await? {
            missing.push(file);
        }
    }
    Ok(missing)
}

async fn note_files(
    path: &str,
    dataset: &Dataset,
    files: &mut HashSet<String>,
    directories: &mut HashSet<String>,
) -> Result<()> {
    let (manifest, location) = (dataset.manifest(), dataset.manifest_location());
    if let Some(name) = location.path.filename() {
        files.insert(format!("{path}/_versions/{name}"));
    }
    if let Some(transaction) = &manifest.transaction_file {
        files.insert(format!("{path}/_transactions/{transaction}"));
    }
    for fragment in manifest.fragments.iter() {
        for file in fragment.referenced_lance_files() {
            files.insert(format!("{path}/data/{}", file.path));
        }
        if let Some(deletions) = &fragment.deletion_file {
            let deletions = relative_deletion_file_path(fragment.id, deletions);
            files.insert(format!("{path}/{deletions}"));
        }
    }
    let store = dataset.object_store(None).await.map_err(from_lance)?;
    let indexes = read_manifest_indexes(&store, location, manifest).await;
    for index in indexes.map_err(from_lance)? {
        directories.insert(format!("{path}/_indices/{}/", index.uuid));
    }
    Ok(())
}
