//! `GraphLoads`: the loads of an open graph, for Python.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use grism::{LoadTarget, RoleSource, read_manifest};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::to_python;
use crate::json::json;
use crate::load::{Run, load};
use crate::load_many::{Job, load_all, many_loads};
use crate::progress::Progress;
use crate::runtime::wait;

/// What is loaded into an open graph: the base class of [`Graph`](crate::graph::Graph).
#[pyclass(frozen, subclass, module = "grism_ray._native")]
pub(crate) struct GraphLoads {
    graph: grism::Graph,
}

impl GraphLoads {
    /// Loads into `graph`.
    pub(crate) fn new(graph: grism::Graph) -> Self {
        Self { graph }
    }
}

#[pymethods]
impl GraphLoads {
    /// Loads nodes from a table or from files; the report is JSON.
    #[expect(
        clippy::too_many_arguments,
        reason = "what is loaded, from where, and how"
    )]
    fn load_nodes(
        &self,
        py: Python<'_>,
        label: String,
        table: &Bound<'_, PyAny>,
        key: String,
        file_settings: Option<&Bound<'_, PyDict>>,
        settings: Option<&Bound<'_, PyDict>>,
        progress: &Progress,
    ) -> PyResult<String> {
        let target = LoadTarget::Nodes { label, key };
        load(
            py,
            self.graph.clone(),
            target,
            table,
            file_settings,
            settings,
            progress,
        )
    }

    /// Loads hyperedges from a table or from files; the report is JSON.
    #[expect(
        clippy::too_many_arguments,
        reason = "what is loaded, from where, and how"
    )]
    fn load_hyperedges(
        &self,
        py: Python<'_>,
        name: String,
        table: &Bound<'_, PyAny>,
        roles: BTreeMap<String, (Option<String>, String)>,
        file_settings: Option<&Bound<'_, PyDict>>,
        settings: Option<&Bound<'_, PyDict>>,
        progress: &Progress,
    ) -> PyResult<String> {
        let source_of = |(label, column): (Option<String>, String)| RoleSource { label, column };
        let roles = roles
            .into_iter()
            .map(|(role, given)| (role, source_of(given)))
            .collect();
        let target = LoadTarget::Hyperedges { name, roles };
        load(
            py,
            self.graph.clone(),
            target,
            table,
            file_settings,
            settings,
            progress,
        )
    }

    /// What incremental loads have taken into a label or type, as JSON.
    fn loaded(&self, py: Python<'_>, name: String) -> PyResult<String> {
        let graph = self.graph.clone();
        json(&wait(py, None, async move { graph.loaded(&name).await })?)
    }

    /// Loads nodes and hyperedges from many sources as one commit; the report is JSON, or a list of previews. `types` are
    /// declared before, and each of `jobs` has the arguments of `load_nodes` or of `load_hyperedges`, a key or roles.
    fn load_many(
        &self,
        py: Python<'_>,
        types: Vec<(String, String)>,
        jobs: Vec<Job>,
        memory_limit: Option<usize>,
        dry_run: bool,
        progress: &Progress,
    ) -> PyResult<String> {
        let loads = many_loads(py, types, jobs, memory_limit, progress)?;
        load_all(py, self.graph.clone(), loads, Run::of(dry_run))
    }

    /// Loads what a manifest names as one commit; the report is JSON, or a list of previews.
    fn load_manifest(
        &self,
        py: Python<'_>,
        path: PathBuf,
        memory_limit: Option<usize>,
        dry_run: bool,
        progress: &Progress,
    ) -> PyResult<String> {
        let mut loads = read_manifest(&path).map_err(to_python)?.loads;
        loads.memory_limit = memory_limit.or(loads.memory_limit);
        loads.progress = Arc::clone(&progress.progress);
        load_all(py, self.graph.clone(), loads, Run::of(dry_run))
    }
}
