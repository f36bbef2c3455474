//! Many loads, from what Python says of each.

use std::collections::BTreeMap;

use grism::{Graph, LoadJob, LoadTarget, ManyLoads, RoleSource, hyperedge_type};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::to_python;
use crate::json::json;
use crate::load::{Run, load_options, sources};
use crate::progress::Progress;
use crate::runtime::wait;

/// One load: the label or type, the table or files, the key of nodes or the roles of hyperedges, how files are read, and how
/// the load goes about it.
#[derive(FromPyObject)]
pub(crate) struct Job(
    String,
    Py<PyAny>,
    Option<String>,
    Option<BTreeMap<String, (Option<String>, String)>>,
    Py<PyDict>,
    Py<PyDict>,
);

/// Loads all as one commit, or shows what each would do; the report or the previews are JSON.
pub(crate) fn load_all(
    py: Python<'_>,
    graph: Graph,
    loads: ManyLoads,
    run: Run,
) -> PyResult<String> {
    match run {
        Run::Preview => {
            let previews = async move { graph.preview_all(loads).await };
            json(&wait(py, None, previews)?)
        }
        Run::Load => {
            let cancellation = loads.progress.cancellation();
            let load = async move { graph.load_all(loads).await };
            json(&wait(py, Some(&cancellation), load)?)
        }
    }
}

/// The loads that Python describes.
pub(crate) fn many_loads(
    py: Python<'_>,
    types: Vec<(String, String)>,
    jobs: Vec<Job>,
    memory_limit: Option<usize>,
    progress: &Progress,
) -> PyResult<ManyLoads> {
    let types = types
        .iter()
        .map(|(name, roles)| hyperedge_type(name, roles).map_err(to_python));
    let jobs = jobs.into_iter().map(|job| load_job(py, job, progress));
    Ok(ManyLoads {
        types: types.collect::<PyResult<_>>()?,
        jobs: jobs.collect::<PyResult<_>>()?,
        memory_limit,
        progress: progress.progress.clone(),
    })
}

fn load_job(py: Python<'_>, job: Job, progress: &Progress) -> PyResult<LoadJob> {
    let Job(name, table, key, roles, files, settings) = job;
    let (options, _) = load_options(Some(settings.bind(py)), progress)?;
    let is_grouped = options.group_by.is_some();
    let source = sources(table.bind(py), Some(files.bind(py)), is_grouped)?;
    let target = match key {
        Some(key) => LoadTarget::Nodes { label: name, key },
        None => LoadTarget::Hyperedges {
            name,
            roles: roles
                .unwrap_or_default()
                .into_iter()
                .map(|(role, (label, column))| (role, RoleSource { label, column }))
                .collect(),
        },
    };
    Ok(LoadJob {
        target,
        source,
        options,
    })
}
