//! `RayExecutorConfig`: how Ray is reached, and which settings of a run it does not honour.

use std::collections::BTreeMap;
use std::fmt;

use grism_core::{Error, Result, without_secrets};
use grism_engine::RuntimeConfig;
use serde::{Deserialize, Serialize};

use crate::SchedulerConfig;

/// How Ray is reached.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RayExecutorConfig {
    /// Address of the cluster: `local` starts one on this machine, `auto` finds the one that runs here. By default what
    /// `RAY_ADDRESS` says, or else `local`.
    pub address: String,
    /// Worker actors; `None` is as many as the CPUs of the cluster are for.
    pub workers: Option<usize>,
    /// Threads of each worker, which takes as many CPUs and runs as many tasks at once; `None` is one.
    pub threads: Option<usize>,
    /// The Python that has `grism_ray`: by default what `GRISM_PYTHON` says, or else `python3`.
    pub python: String,
    /// Seconds to wait for the cluster.
    pub connect_timeout: u64,
    /// Milliseconds that tasks wait for a worker with the resources they need. By default a minute.
    pub resource_timeout_ms: u64,
    /// The Python extension module that the driver and the workers import in place of `grism_ray._native`: one that is built on
    /// Grism's crates and links the operators of the plan. `None` for plans of Grism's own operators.
    pub worker_module: Option<String>,
    /// Further options for `ray.init`.
    pub options: BTreeMap<String, serde_json::Value>,
}

impl fmt::Debug for RayExecutorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RayExecutorConfig")
            .field("address", &without_secrets(&self.address))
            .field("workers", &self.workers)
            .field("threads", &self.threads)
            .field("python", &self.python)
            .field("connect_timeout", &self.connect_timeout)
            .field("resource_timeout_ms", &self.resource_timeout_ms)
            .field("worker_module", &self.worker_module)
            // Their values may hold passwords and environments.
            .field("options", &self.options.keys())
            .finish()
    }
}

impl Default for RayExecutorConfig {
    fn default() -> Self {
        let python = std::env::var("GRISM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        Self {
            address: std::env::var("RAY_ADDRESS").unwrap_or_else(|_| "local".to_owned()),
            workers: None,
            threads: None,
            python,
            connect_timeout: 30,
            resource_timeout_ms: SchedulerConfig::default().resource_timeout_ms,
            worker_module: None,
            options: BTreeMap::new(),
        }
    }
}

/// Checks that a run on Ray honours all of its settings.
///
/// # Errors
/// `Unsupported` for resources: each worker says what it has.
pub fn check_runtime(runtime: &RuntimeConfig) -> Result<()> {
    if runtime.resources.is_empty() {
        return Ok(());
    }
    Err(Error::unsupported(
        "resources among the settings of a query on Ray: they say what this process has, and Ray knows what its nodes have",
    ))
}
