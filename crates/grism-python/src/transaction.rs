//! `Transaction`: several changes as one commit, for Python.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use grism::{Error, GraphTransaction};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tokio::sync::Mutex;

use crate::convert::{Whole, named_values};
use crate::graph::Graph;
use crate::runtime::wait;

/// Changes that become one snapshot, or none.
#[pyclass(frozen, module = "grism_ray._native")]
pub(crate) struct Transaction {
    inner: Arc<Mutex<Option<GraphTransaction>>>,
}

type Step<'a, T> = Pin<Box<dyn Future<Output = grism::Result<T>> + Send + 'a>>;

impl Transaction {
    /// Does something to the transaction while it is open.
    fn with<T: Send + 'static>(
        &self,
        py: Python<'_>,
        step: impl for<'a> FnOnce(&'a mut GraphTransaction) -> Step<'a, T> + Send + 'static,
    ) -> PyResult<T> {
        let inner = Arc::clone(&self.inner);
        wait(py, None, async move {
            match inner.lock().await.as_mut() {
                Some(open) => step(open).await,
                None => Err(ended()),
            }
        })
    }
}

fn ended() -> Error {
    Error::invalid_query("the transaction has ended")
}

#[pymethods]
impl Transaction {
    /// Begins a transaction on a graph.
    #[new]
    fn new(py: Python<'_>, graph: &Graph) -> PyResult<Self> {
        let graph = graph.graph.clone();
        let begun = wait(py, None, async move { graph.transaction().await })?;
        Ok(Self {
            inner: Arc::new(Mutex::new(Some(begun))),
        })
    }

    /// The graph within the transaction, with every change so far.
    fn graph(&self, py: Python<'_>) -> PyResult<Py<Graph>> {
        let graph = self.with(py, |open| {
            Box::pin(async move { open.graph().await.cloned() })
        })?;
        Graph::object(py, graph)
    }

    fn create_node(
        &self,
        py: Python<'_>,
        labels: Vec<String>,
        values: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<u64> {
        let values = named_values(values, "property")?;
        self.with(py, move |open| {
            Box::pin(async move { open.create_node(&labels, &values).await })
        })
    }

    fn create_hyperedge(
        &self,
        py: Python<'_>,
        name: String,
        members: BTreeMap<String, Vec<u64>>,
        values: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<u64> {
        let values = named_values(values, "property")?;
        self.with(py, move |open| {
            Box::pin(async move { open.create_hyperedge(&name, &members, &values).await })
        })
    }

    fn set_properties(
        &self,
        py: Python<'_>,
        id: Whole<u64>,
        values: &Bound<'_, PyDict>,
        merge: bool,
    ) -> PyResult<()> {
        let values = named_values(Some(values), "property")?;
        self.with(py, move |open| {
            Box::pin(async move { open.set_properties(id.0, &values, merge).await })
        })
    }

    fn change_labels(
        &self,
        py: Python<'_>,
        id: Whole<u64>,
        added: Vec<String>,
        removed: Vec<String>,
    ) -> PyResult<()> {
        self.with(py, move |open| {
            Box::pin(async move { open.change_labels(id.0, &added, &removed).await })
        })
    }

    fn bind(
        &self,
        py: Python<'_>,
        hyperedge: Whole<u64>,
        role: String,
        member: Whole<u64>,
    ) -> PyResult<()> {
        self.with(py, move |open| {
            Box::pin(async move { open.bind(hyperedge.0, &role, member.0).await })
        })
    }

    fn unbind(
        &self,
        py: Python<'_>,
        hyperedge: Whole<u64>,
        role: String,
        member: Whole<u64>,
    ) -> PyResult<()> {
        self.with(py, move |open| {
            Box::pin(async move { open.unbind(hyperedge.0, &role, member.0).await })
        })
    }

    fn delete(&self, py: Python<'_>, id: Whole<u64>, detach: bool) -> PyResult<()> {
        self.with(py, move |open| {
            Box::pin(async move { open.delete(id.0, detach).await })
        })
    }

    /// Commits everything; the number of the snapshot.
    fn commit(&self, py: Python<'_>) -> PyResult<u64> {
        let inner = Arc::clone(&self.inner);
        let committed = wait(py, None, async move {
            let open = inner.lock().await.take().ok_or_else(ended)?;
            open.commit().await
        });
        Ok(committed?.0)
    }

    /// Forgets everything.
    fn rollback(&self, py: Python<'_>) -> PyResult<()> {
        let inner = Arc::clone(&self.inner);
        wait(py, None, async move {
            let open = inner.lock().await.take().ok_or_else(ended)?;
            open.rollback()
        })
    }
}
