//! `Graph`: an open graph, for Python.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::DataType;
use grism::{
    Engine, Error, QueryOptions, RayConnection, SnapshotId, SnapshotSelector, VacuumOptions, Value,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::batch_stream::BatchStream;
use crate::caller::{Begin, Caller};
use crate::convert::{PythonTable, Text, Whole};
#[cfg(feature = "ray")]
use crate::distributed::DistributedQuery;
use crate::error::to_python;
use crate::explain::{ExplainForm, ExplainRun, explained, explained_frame};
use crate::frame::{Expression, Frame};
use crate::graph_loads::GraphLoads;
use crate::history::history_lines;
use crate::json::json;
use crate::python_value::python_value;
use crate::query_options::options;
use crate::runtime::{runtime, wait};
use crate::user_function::user_defined;

/// An open graph.
#[pyclass(frozen, extends = GraphLoads, module = "grism_ray._native")]
pub(crate) struct Graph {
    pub(crate) graph: grism::Graph,
}

impl Graph {
    /// The object of `graph`.
    pub(crate) fn object(py: Python<'_>, graph: grism::Graph) -> PyResult<Py<Self>> {
        let loads = PyClassInitializer::from(GraphLoads::new(graph.clone()));
        Py::new(py, loads.add_subclass(Self { graph }))
    }
}

#[pymethods]
impl Graph {
    /// Opens a graph; without a URI, an empty one in memory.
    #[staticmethod]
    fn open(
        py: Python<'_>,
        uri: Option<String>,
        create: bool,
        options: BTreeMap<String, String>,
    ) -> PyResult<Py<Self>> {
        let graph = match uri {
            None => grism::Graph::in_memory(),
            Some(uri) => wait(py, None, async move {
                grism::Graph::open_with(&uri, &options, create).await
            })?,
        };
        Self::object(py, graph)
    }

    #[getter]
    fn uri(&self) -> String {
        self.graph.storage().descriptor().uri
    }

    /// Runs any statements; the result is the last one's.
    fn execute(
        &self,
        py: Python<'_>,
        text: Text,
        engine: &str,
        params: Option<&Bound<'_, PyDict>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<BatchStream> {
        let (graph, mut options) = (self.graph.clone(), options(engine, params, settings)?);
        let begin = match graph.writes(&text.0) {
            Ok(false) => begin(&graph, &text.0, &options),
            _ => Begin::OnRuntime,
        };
        let caller = Caller::of(&mut options, begin);
        let executed = async move { graph.execute(&text.0, &options).await };
        Ok(BatchStream::new(caller.wait(py, executed)?, caller))
    }

    /// Runs one statement that reads.
    fn query(
        &self,
        py: Python<'_>,
        text: Text,
        engine: &str,
        params: Option<&Bound<'_, PyDict>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<BatchStream> {
        let (graph, mut options) = (self.graph.clone(), options(engine, params, settings)?);
        let begin = begin(&graph, &text.0, &options);
        let caller = Caller::of(&mut options, begin);
        let asked = async move { graph.query(&text.0, &options).await };
        Ok(BatchStream::new(caller.wait(py, asked)?, caller))
    }

    /// Whether a query writes.
    fn writes(&self, text: Text) -> PyResult<bool> {
        self.graph.writes(&text.0).map_err(to_python)
    }

    /// Plans one query in stages.
    #[cfg(feature = "ray")]
    fn plan_distributed(
        &self,
        py: Python<'_>,
        text: Text,
        params: Option<&Bound<'_, PyDict>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<DistributedQuery> {
        let (graph, options) = (self.graph.clone(), options("ray", params, settings)?);
        let cancellation = options.cancellation.clone();
        let planned = async move {
            graph
                .plan_distributed(&text.0, &options)
                .await
                .map(|planned| (planned, options))
        };
        let (planned, options) = wait(py, Some(&cancellation), planned)?;
        DistributedQuery::of(py, &self.graph, planned, &options)
    }

    /// Plans a frame in stages.
    #[cfg(feature = "ray")]
    fn plan_frame(
        &self,
        py: Python<'_>,
        frame: &Frame,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<DistributedQuery> {
        let (graph, options) = (self.graph.clone(), options("ray", None, settings)?);
        let frame = Arc::clone(&frame.frame);
        let cancellation = options.cancellation.clone();
        let planned = async move {
            graph
                .plan_frame(&frame, &options)
                .await
                .map(|planned| (planned, options))
        };
        let (planned, options) = wait(py, Some(&cancellation), planned)?;
        DistributedQuery::of(py, &self.graph, planned, &options)
    }

    /// The plan of a query as text; with ANALYZE, `run` is what a run on Ray has done.
    #[expect(
        clippy::too_many_arguments,
        reason = "a query, how it runs, and how it is shown"
    )]
    fn explain(
        &self,
        py: Python<'_>,
        text: Text,
        engine: &str,
        params: Option<&Bound<'_, PyDict>>,
        settings: Option<&Bound<'_, PyDict>>,
        form: ExplainForm,
        run: Option<ExplainRun>,
    ) -> PyResult<String> {
        let (graph, options) = (self.graph.clone(), options(engine, params, settings)?);
        let cancellation = options.cancellation.clone();
        let shown = explained(graph, text.0, options, form, run);
        wait(py, Some(&cancellation), shown)
    }

    /// The plan of a frame as text.
    fn explain_frame(
        &self,
        py: Python<'_>,
        frame: &Frame,
        engine: &str,
        settings: Option<&Bound<'_, PyDict>>,
        form: ExplainForm,
        run: Option<ExplainRun>,
    ) -> PyResult<String> {
        let (graph, options) = (self.graph.clone(), options(engine, None, settings)?);
        let frame = Arc::clone(&frame.frame);
        let cancellation = options.cancellation.clone();
        let shown = explained_frame(graph, frame, options, form, run);
        wait(py, Some(&cancellation), shown)
    }

    /// Gives a table a name, by which queries read its rows.
    fn register(&self, name: &str, table: &Bound<'_, PyAny>) -> PyResult<()> {
        let table = Arc::new(PythonTable::new(table)?);
        self.graph.register(name, table).map_err(to_python)
    }

    /// Registers a function, which queries call by its name.
    fn register_function(&self, function: &Bound<'_, PyAny>) -> PyResult<()> {
        let function = user_defined(function)?;
        let registered = self.graph.register_user_defined(function);
        registered.map_err(to_python)
    }

    /// A call of a registered function, or of one of Grism's, by its name: in an expression, or in agg().
    #[pyo3(signature = (name, arguments, distinct=false))]
    fn call_function(
        &self,
        name: &str,
        arguments: Vec<Expression>,
        distinct: bool,
    ) -> PyResult<Expression> {
        Expression::call_of(&self.graph.functions(), name, &arguments, distinct)
    }

    /// Forgets a table.
    fn unregister(&self, name: &str) -> PyResult<()> {
        self.graph.unregister(name).map_err(to_python)
    }

    /// The graph at a snapshot, at a time in milliseconds, or at a tag.
    fn at(
        &self,
        py: Python<'_>,
        snapshot: Option<Whole<u64>>,
        time: Option<i64>,
        tag: Option<String>,
    ) -> PyResult<Py<Self>> {
        let graph = self.graph.clone();
        let pinned = wait(py, None, async move {
            match (snapshot, time, tag) {
                (Some(id), None, None) => graph.at_snapshot(SnapshotSelector::numbered(id.0)).await,
                (None, Some(time), None) => graph.at_time(time).await,
                (None, None, Some(tag)) => graph.at_tag(&tag).await,
                _ => Err(Error::invalid_query(
                    "one of snapshot, at and tag says what is opened",
                )),
            }
        });
        Self::object(py, pinned?)
    }

    /// The snapshots as JSON: number, time in milliseconds, operation, rows added, updated and deleted.
    fn history(&self, py: Python<'_>) -> PyResult<String> {
        let graph = self.graph.clone();
        json(&history_lines(&wait(py, None, async move {
            graph.history().await
        })?))
    }

    /// How two snapshots differ, as JSON.
    fn diff(&self, py: Python<'_>, from: Whole<u64>, to: Whole<u64>) -> PyResult<String> {
        let graph = self.graph.clone();
        let diff = async move { graph.diff(SnapshotId(from.0), SnapshotId(to.0)).await };
        json(&wait(py, None, diff)?)
    }

    /// Names a snapshot; returns its number.
    fn create_tag(&self, py: Python<'_>, name: String, snapshot: Whole<u64>) -> PyResult<u64> {
        let graph = self.graph.clone();
        let tag = async move {
            graph
                .create_tag(&name, SnapshotSelector::numbered(snapshot.0))
                .await
        };
        Ok(wait(py, None, tag)?.0)
    }

    /// Takes a name away.
    fn delete_tag(&self, py: Python<'_>, name: String) -> PyResult<()> {
        let graph = self.graph.clone();
        wait(py, None, async move { graph.delete_tag(&name).await })
    }

    /// The tags.
    fn tags(&self, py: Python<'_>) -> PyResult<BTreeMap<String, u64>> {
        let graph = self.graph.clone();
        let tags = wait(py, None, async move { graph.tags().await })?;
        Ok(tags.into_iter().map(|(name, id)| (name, id.0)).collect())
    }

    /// Drops old snapshots; the report is JSON.
    fn vacuum(
        &self,
        py: Python<'_>,
        retain: f64,
        keep: Whole<u64>,
        grace: f64,
        dry_run: bool,
    ) -> PyResult<String> {
        let seconds = |seconds: f64| {
            Duration::try_from_secs_f64(seconds).map_err(|_| {
                to_python(Error::invalid_query(
                    "a time must be seconds, not less than 0",
                ))
            })
        };
        let options = VacuumOptions {
            retain: seconds(retain)?,
            keep: keep.0,
            grace: seconds(grace)?,
            dry_run,
        };
        let graph = self.graph.clone();
        json(&wait(
            py,
            None,
            async move { graph.vacuum(&options).await },
        )?)
    }

    /// Writes the graph to a new directory; how many rows there were.
    fn export_to(&self, py: Python<'_>, directory: PathBuf) -> PyResult<u64> {
        let graph = self.graph.clone();
        wait(py, None, async move { graph.export_to(&directory).await })
    }

    /// Fills an empty graph with what was exported; the number of the snapshot.
    fn import_from(&self, py: Python<'_>, directory: PathBuf) -> PyResult<u64> {
        let graph = self.graph.clone();
        let imported = async move { graph.import_from(&directory).await };
        Ok(wait(py, None, imported)?.0)
    }

    /// Rewrites what many small commits left; the report is JSON.
    fn optimize(&self, py: Python<'_>) -> PyResult<String> {
        let graph = self.graph.clone();
        json(&wait(py, None, async move { graph.optimize().await })?)
    }

    /// Checks a snapshot; the report is JSON.
    fn check(&self, py: Python<'_>, snapshot: Whole<u64>) -> PyResult<String> {
        let graph = self.graph.clone();
        let check = async move { graph.check(SnapshotSelector::numbered(snapshot.0)).await };
        json(&wait(py, None, check)?)
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
        clauses: Text,
        params: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Frame> {
        let (graph, options) = (self.graph.clone(), options("local", params, None)?);
        let frame = Arc::clone(&frame.frame);
        wait(py, None, async move {
            graph.extend(&frame, &clauses.0, &options).await
        })
        .map(Frame::new)
    }

    /// Parses one query and, where its parameters are given, plans it.
    fn check_query(
        &self,
        py: Python<'_>,
        text: Text,
        params: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        runtime()?;
        if params.is_none() {
            return self.graph.check_query(&text.0).map_err(to_python);
        }
        let (graph, options) = (self.graph.clone(), options("local", params, None)?);
        wait(py, Some(&options.cancellation.clone()), async move {
            graph.prepare(&text.0, &options).await
        })
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
        let (graph, mut options) = (self.graph.clone(), options(engine, None, settings)?);
        let begin = begin(&graph, "", &options);
        let (frame, caller) = (Arc::clone(&frame.frame), Caller::of(&mut options, begin));
        let collected = async move { graph.collect(&frame, &options).await };
        Ok(BatchStream::new(caller.wait(py, collected)?, caller))
    }

    /// The hyperedges of ids, each with a list of its members.
    fn hyperedges<'py>(
        &self,
        py: Python<'py>,
        ids: Vec<u64>,
        snapshot: u64,
    ) -> PyResult<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
        let graph = self.graph.clone();
        let snapshot = SnapshotSelector::numbered(snapshot);
        let read = async move { graph.hyperedges(snapshot, &ids).await };
        let pair = |value: Value| {
            let members = match &value {
                Value::Hyperedge(hyperedge) => {
                    hyperedge.contents.clone().unwrap_or_default().members
                }
                _ => Vec::new(),
            };
            let members = members.into_iter().flat_map(|(_, members)| members);
            let members = Value::List(members.collect());
            Ok((
                python_value(py, value, &DataType::Null)?,
                python_value(py, members, &DataType::Null)?,
            ))
        };
        wait(py, None, read)?.into_iter().map(pair).collect()
    }

    /// The engine that runs queries where `engine` is asked for.
    fn engine_for(&self, py: Python<'_>, engine: &str, ray_runs: bool) -> PyResult<&'static str> {
        let engine = Engine::from_name(engine).map_err(to_python)?;
        let connections = [RayConnection::Absent, RayConnection::Connected];
        let (graph, ray) = (self.graph.clone(), connections[usize::from(ray_runs)]);
        let chosen = wait(py, None, async move { graph.engine_for(engine, ray).await })?;
        Ok(chosen.name())
    }
}

/// Bytes of a text up to which it is planned on the thread that asks: planning does not look whether it has to stop.
const SHORT: usize = 1 << 14;

/// Where a query with this text begins, which only reads.
fn begin(graph: &grism::Graph, text: &str, options: &QueryOptions) -> Begin {
    match text.len() <= SHORT && !graph.calls_out(options) {
        true => Begin::Here,
        false => Begin::OnRuntime,
    }
}
