//! `Progress`: how far a load is, for Python.

use std::sync::Arc;

use grism::LoadProgress;
use pyo3::prelude::*;

/// How far a load is.
#[pyclass(frozen, module = "grism_ray._native")]
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) progress: Arc<LoadProgress>,
}

#[pymethods]
impl Progress {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Rows read, bytes of files read, and bytes of all files.
    fn state(&self) -> (u64, u64, u64) {
        let progress = &self.progress;
        (progress.rows(), progress.bytes(), progress.total_bytes())
    }
}
