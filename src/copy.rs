//! `COPY … FROM`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use grism_core::{Error, FileOption, Result};
use grism_cypher::{CopyFrom, CopyIncremental, CopySource};
use grism_storage::{
    BadRow, ImportOptions, ImportSource, Incremental, LoadOptions, LoadProgress, LoadReport,
    LoadTarget, MissingMember, OnConflict, RoleSource,
};

use crate::{Graph, QueryOptions};

pub(crate) async fn copy_from(
    graph: &Graph,
    copy: &CopyFrom,
    settings: &QueryOptions,
) -> Result<LoadReport> {
    let (import, mut options) = copy_options(&copy.options)?;
    options.memory_limit = settings.runtime.memory_limit;
    options.progress = Arc::new(LoadProgress::until(settings.begin()));
    options.missing = match &copy.missing {
        grism_cypher::MissingMember::Error => MissingMember::Error,
        grism_cypher::MissingMember::Create => MissingMember::Create,
        grism_cypher::MissingMember::Reject(path) => {
            options.rejects = Some(PathBuf::from(path));
            MissingMember::Reject
        }
    };
    options.on_conflict = match copy.on_conflict {
        grism_cypher::OnConflict::Error => OnConflict::Error,
        grism_cypher::OnConflict::Skip => OnConflict::Skip,
        grism_cypher::OnConflict::Update => OnConflict::Update,
    };
    options.incremental = copy.incremental.as_ref().map(|own| match own {
        CopyIncremental::Files => Incremental::Files,
        CopyIncremental::Above(column) => Incremental::Above(column.clone()),
    });
    let target = match &copy.source {
        CopySource::Keyed { key } => {
            let target = graph.target_by_key(&copy.target, key, &mut options).await?;
            let is_of_nodes = matches!(target, LoadTarget::Nodes { .. });
            if is_of_nodes && options.missing != MissingMember::Error {
                return Err(Error::invalid_query(
                    "MISSING has no meaning for a load of nodes",
                ));
            }
            target
        }
        CopySource::Hyperedges {
            key,
            roles,
            group_by,
            split,
        } => {
            options.key.clone_from(key);
            options.group_by.clone_from(group_by);
            options.split.clone_from(split);
            let sources: BTreeMap<String, RoleSource> = roles
                .iter()
                .map(|role| {
                    let source = RoleSource {
                        label: role.label.clone(),
                        column: role.column.clone(),
                    };
                    (role.role.clone(), source)
                })
                .collect();
            if sources.len() < roles.len() {
                return Err(Error::invalid_query("COPY names a role twice"));
            }
            LoadTarget::Hyperedges {
                name: copy.target.clone(),
                roles: sources,
            }
        }
    };
    let source = match options.group_by {
        Some(_) => {
            let tables = copy.paths.iter();
            let table = |path| ImportSource::file(path, import.clone());
            ImportSource::Tables(tables.map(table).collect())
        }
        None => ImportSource::Files {
            paths: copy.paths.clone(),
            options: import,
        },
    };
    graph.load(&target, source, &options).await
}

fn copy_options(given: &[FileOption]) -> Result<(ImportOptions, LoadOptions)> {
    let mut options = ImportOptions::default();
    let mut load = LoadOptions::default();
    for option in given {
        if option.name == "REJECT" {
            load.rejects = Some(PathBuf::from(&option.value));
            load.bad_rows = BadRow::Reject;
        } else if !options.set(option)? {
            return Err(Error::unsupported(format!(
                "the COPY option {}",
                option.name
            )));
        }
    }
    Ok((options, load))
}
