//! `Graph`: an open graph, for Python.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::record_batch::RecordBatch;
use grism::{
    DistributedPlannerConfig, Engine, Error, ExplainFormat, ExplainOptions, FileFormat,
    ImageSource, ImportOptions, MissingMember, QueryOptions, RoleSource, RuntimeConfig, SnapshotId,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::batches::BatchStream;
use crate::bundle::Bundle;
use crate::convert::{batches_of, parameters};
use crate::distributed::DistributedQuery;
use crate::error::to_python;
use crate::frame::Frame;
use crate::runtime::wait;

/// An open graph.
#[pyclass(frozen, module = "grism_ray._native")]
pub(crate) struct Graph {
    graph: grism::Graph,
}

/// How a query is run, as keyword arguments.
fn options(
    engine: &str,
    params: Option<&Bound<'_, PyDict>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<QueryOptions> {
    let mut options = QueryOptions {
        parameters: parameters(params)?,
        engine: Engine::from_name(engine).map_err(to_python)?,
        runtime: RuntimeConfig::default(),
        distributed: DistributedPlannerConfig::default(),
        ..QueryOptions::default()
    };
    for (name, value) in settings.into_iter().flatten() {
        if value.is_none() {
            continue;
        }
        let name: String = name.extract()?;
        match name.as_str() {
            "threads" => options.runtime = options.runtime.with_threads(value.extract()?),
            "memory_limit" => options.runtime.memory_limit = Some(value.extract()?),
            "timeout" => {
                let seconds: f64 = value.extract()?;
                if !seconds.is_finite() || seconds < 0.0 {
                    return Err(to_python(Error::invalid_query(
                        "the timeout must be seconds, not less than 0",
                    )));
                }
                options.runtime.timeout_ms = Some((seconds * 1e3) as u64);
            }
            "batch_rows" => options.runtime.batch_rows = value.extract::<usize>()?.max(1),
            "snapshot" => options.snapshot = SnapshotId(value.extract()?),
            "partitions" => options.distributed.partitions = value.extract::<usize>()?.max(1),
            "adjacency_replication_limit" => {
                options.distributed.adjacency_replication_limit = value.extract()?
            }
            "broadcast_rows" => options.distributed.broadcast_rows = value.extract()?,
            other => {
                return Err(to_python(Error::invalid_query(format!(
                    "there is no option `{other}`"
                ))));
            }
        }
    }
    Ok(options)
}

/// The batches of a table or of a file.
fn source(table: &Bound<'_, PyAny>, format: Option<&str>) -> PyResult<Vec<RecordBatch>> {
    let is_path = table.is_instance_of::<PyString>() || table.hasattr("__fspath__")?;
    if !is_path {
        return batches_of(table);
    }
    let path: PathBuf = table.extract()?;
    let format = format
        .map(FileFormat::from_name)
        .transpose()
        .map_err(to_python)?;
    let import = ImportOptions {
        format,
        ..ImportOptions::default()
    };
    table
        .py()
        .detach(|| grism::Graph::read_file(&path, &import))
        .map_err(to_python)
}

fn report_json(report: &grism::LoadReport) -> PyResult<String> {
    serde_json::to_string(report).map_err(|error| to_python(Error::internal(error.to_string())))
}

#[pymethods]
impl Graph {
    /// Opens a graph; without a URI, an empty one in memory.
    #[staticmethod]
    fn open(py: Python<'_>, uri: Option<String>, create: bool) -> PyResult<Self> {
        let graph = match uri {
            None => grism::Graph::in_memory(),
            Some(uri) => wait(
                py,
                None,
                async move { grism::Graph::open(&uri, create).await },
            )?,
        };
        Ok(Self { graph })
    }

    #[getter]
    fn uri(&self) -> String {
        self.graph.storage().descriptor().uri
    }

    #[getter]
    fn in_memory(&self) -> bool {
        self.uri().starts_with("memory:")
    }

    /// Runs any statements; the result is the last one's.
    fn execute(
        &self,
        py: Python<'_>,
        text: String,
        engine: &str,
        params: Option<&Bound<'_, PyDict>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<BatchStream> {
        let (graph, options) = (self.graph.clone(), options(engine, params, settings)?);
        wait(
            py,
            None,
            async move { graph.execute(&text, &options).await },
        )
        .map(BatchStream::new)
    }

    /// Runs one statement that reads.
    fn query(
        &self,
        py: Python<'_>,
        text: String,
        engine: &str,
        params: Option<&Bound<'_, PyDict>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<BatchStream> {
        let (graph, options) = (self.graph.clone(), options(engine, params, settings)?);
        wait(py, None, async move { graph.query(&text, &options).await }).map(BatchStream::new)
    }

    /// Plans one query in stages.
    fn plan_distributed(
        &self,
        py: Python<'_>,
        text: String,
        params: Option<&Bound<'_, PyDict>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<DistributedQuery> {
        let (graph, options) = (self.graph.clone(), options("ray", params, settings)?);
        let planned = async move {
            graph
                .plan_distributed(&text, &options)
                .await
                .map(|planned| (planned, options.runtime))
        };
        let (planned, runtime) = wait(py, None, planned)?;
        self.distributed(py, planned, runtime)
    }

    /// Plans a frame in stages.
    fn plan_frame(
        &self,
        py: Python<'_>,
        frame: &Frame,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<DistributedQuery> {
        let (graph, options) = (self.graph.clone(), options("ray", None, settings)?);
        let frame = std::sync::Arc::clone(&frame.frame);
        let planned = async move {
            graph
                .plan_frame(&frame, &options)
                .await
                .map(|planned| (planned, options.runtime))
        };
        let (planned, runtime) = wait(py, None, planned)?;
        self.distributed(py, planned, runtime)
    }

    /// The plan of a query as text.
    #[pyo3(signature = (text, params, settings, analyze, distributed, verbose, json))]
    #[expect(
        clippy::too_many_arguments,
        reason = "one for each keyword of explain()"
    )]
    fn explain(
        &self,
        py: Python<'_>,
        text: String,
        params: Option<&Bound<'_, PyDict>>,
        settings: Option<&Bound<'_, PyDict>>,
        analyze: bool,
        distributed: bool,
        verbose: bool,
        json: bool,
    ) -> PyResult<String> {
        let (graph, options) = (self.graph.clone(), options("local", params, settings)?);
        let format = if json {
            ExplainFormat::Json
        } else {
            ExplainFormat::Text
        };
        let explain = ExplainOptions {
            analyze,
            distributed,
            verbose,
            format,
        };
        wait(py, None, async move {
            graph.explain(&text, explain, &options).await
        })
    }

    /// Loads nodes from a table or a file; the report is JSON.
    fn load_nodes(
        &self,
        py: Python<'_>,
        label: String,
        table: &Bound<'_, PyAny>,
        key: String,
        format: Option<&str>,
    ) -> PyResult<String> {
        let (graph, batches) = (self.graph.clone(), source(table, format)?);
        report_json(&wait(py, None, async move {
            graph.load_nodes(&label, batches, &key).await
        })?)
    }

    /// Loads hyperedges from a table or a file; the report is JSON.
    #[expect(
        clippy::too_many_arguments,
        reason = "one for each keyword of load_hyperedges()"
    )]
    fn load_hyperedges(
        &self,
        py: Python<'_>,
        name: String,
        table: &Bound<'_, PyAny>,
        roles: BTreeMap<String, (Option<String>, String)>,
        missing: &str,
        rejects: Option<PathBuf>,
        format: Option<&str>,
    ) -> PyResult<String> {
        let missing = match (missing, rejects) {
            ("error", None) => MissingMember::Error,
            ("create", None) => MissingMember::Create,
            ("reject", Some(path)) => MissingMember::Reject(path),
            ("reject", None) => {
                return Err(to_python(Error::invalid_query(
                    "missing=\"reject\" needs rejects, the path of a file",
                )));
            }
            ("error" | "create", Some(_)) => {
                return Err(to_python(Error::invalid_query(
                    "rejects is only used with missing=\"reject\"",
                )));
            }
            (other, _) => {
                let message = format!("missing must be error, create or reject, not `{other}`");
                return Err(to_python(Error::invalid_query(message)));
            }
        };
        let source_of = |(label, column): (Option<String>, String)| RoleSource { label, column };
        let roles: BTreeMap<String, RoleSource> = roles
            .into_iter()
            .map(|(role, given)| (role, source_of(given)))
            .collect();
        let (graph, batches) = (self.graph.clone(), source(table, format)?);
        let load = async move {
            graph
                .load_hyperedges(&name, batches, &roles, &missing)
                .await
        };
        report_json(&wait(py, None, load)?)
    }

    /// A frame of the nodes with a label, or of all nodes.
    #[pyo3(signature = (label=None))]
    fn nodes(&self, py: Python<'_>, label: Option<String>) -> PyResult<Frame> {
        let graph = self.graph.clone();
        wait(py, None, async move { graph.nodes(label.as_deref()).await }).map(Frame::new)
    }

    /// A frame with more clauses.
    fn extend(
        &self,
        py: Python<'_>,
        frame: &Frame,
        clauses: String,
        params: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Frame> {
        let (graph, options) = (self.graph.clone(), options("local", params, None)?);
        let frame = std::sync::Arc::clone(&frame.frame);
        wait(py, None, async move {
            graph.extend(&frame, &clauses, &options).await
        })
        .map(Frame::new)
    }

    /// Parses one query and, where its parameters are given, plans it.
    fn check(
        &self,
        py: Python<'_>,
        text: String,
        params: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        if params.is_none() {
            return self.graph.check(&text).map_err(to_python);
        }
        let (graph, options) = (self.graph.clone(), options("local", params, None)?);
        wait(
            py,
            None,
            async move { graph.prepare(&text, &options).await },
        )
        .map(|_| ())
    }

    /// Runs a frame.
    fn collect(
        &self,
        py: Python<'_>,
        frame: &Frame,
        engine: &str,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<BatchStream> {
        let (graph, options) = (self.graph.clone(), options(engine, None, settings)?);
        let frame = std::sync::Arc::clone(&frame.frame);
        wait(
            py,
            None,
            async move { graph.collect(&frame, &options).await },
        )
        .map(BatchStream::new)
    }

    /// About how many rows the graph has, for `engine="auto"`.
    fn rows(&self, py: Python<'_>) -> PyResult<u64> {
        let graph = self.graph.clone();
        let snapshot = wait(py, None, async move {
            graph.snapshot(SnapshotId::default()).await
        })?;
        Ok(snapshot
            .statistics()
            .tables
            .values()
            .map(|table| table.rows)
            .sum())
    }
}

impl Graph {
    fn distributed(
        &self,
        py: Python<'_>,
        planned: grism::PlannedQuery,
        runtime: RuntimeConfig,
    ) -> PyResult<DistributedQuery> {
        let storage = self.graph.storage();
        let image = match ImageSource::of(storage.as_ref(), planned.snapshot).map_err(to_python)? {
            ImageSource::Open => None,
            ImageSource::Bytes(bytes) => Some(Py::new(py, Bundle::new(bytes.into()))?),
        };
        let descriptor = storage.descriptor();
        Ok(DistributedQuery::new(
            planned.plan,
            descriptor,
            planned.snapshot,
            runtime,
            planned.warnings,
            image,
        ))
    }
}
