//! `RayExecutor`: a plan on a Ray cluster, through the Python driver.
//!
//! The driver runs as a process of its own, `python -m grism_ray.driver`: it speaks to Ray, this process does not link
//! Python. The request goes to its standard input as JSON; frames come back on its standard output, each a letter, the
//! length of what follows as a little-endian `u64`, and then that: `B` a bundle, `M` the metrics of tasks, `E` an error.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::buffer::Buffer;
use futures::StreamExt;
use grism_core::{
    Error, Result, SnapshotId, Storage, StorageDescriptor, log_variable, without_secrets,
};
use grism_engine::RuntimeConfig;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::{DistributedPlan, SchedulerConfig, StagedResult, TaskMetrics, read_partition};

/// Bundles the driver may be ahead of the reader.
const AHEAD: usize = 2;

/// The environment variable that tells the package `grism_ray` which extension module is behind it.
const MODULE_VARIABLE: &str = "GRISM_MODULE";

/// How Ray is reached.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RayExecutorConfig {
    /// Address of the cluster: `local` starts one on this machine, `auto` finds the one that runs here. By default what
    /// `RAY_ADDRESS` says, or else `local`.
    pub address: String,
    /// Worker actors; `None` is one for each CPU of the cluster.
    pub workers: Option<usize>,
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
            python,
            connect_timeout: 30,
            resource_timeout_ms: SchedulerConfig::default().resource_timeout_ms,
            worker_module: None,
            options: BTreeMap::new(),
        }
    }
}

/// Runs plans on Ray.
#[derive(Clone, Debug, Default)]
pub struct RayExecutor {
    config: RayExecutorConfig,
    runtime: RuntimeConfig,
}

#[derive(Serialize)]
struct Request<'a> {
    plan: &'a DistributedPlan,
    storage: StorageDescriptor,
    snapshot: SnapshotId,
    commit: &'a str,
    config: &'a RayExecutorConfig,
    runtime: &'a RuntimeConfig,
}

impl RayExecutor {
    /// An executor for the cluster at `address`.
    ///
    /// # Errors
    /// `InvalidQuery` for an empty address. Whether the cluster answers is told by the first query.
    pub fn connect(address: &str) -> Result<Self> {
        if address.is_empty() {
            return Err(Error::invalid_query(
                "the address of the Ray cluster is empty; `auto` and `local` are known",
            ));
        }
        Ok(Self::with_config(RayExecutorConfig {
            address: address.to_owned(),
            ..RayExecutorConfig::default()
        }))
    }

    /// An executor with these settings.
    #[must_use]
    pub fn with_config(config: RayExecutorConfig) -> Self {
        Self {
            config,
            runtime: RuntimeConfig::default(),
        }
    }

    /// The same executor with these settings of a run: the batch size and the time limit of the query, and the memory limit of each
    /// worker. A worker has one thread for each task it runs, so threads are as many as `RayExecutorConfig::workers`.
    #[must_use]
    pub fn with_runtime(mut self, runtime: RuntimeConfig) -> Self {
        self.runtime = runtime;
        self
    }

    /// Runs `plan` on the newest snapshot of `storage`.
    ///
    /// # Errors
    /// `Unavailable` where Ray is not reached; `Cancelled` where the time ran out; what the plan can meet.
    pub async fn execute(
        &self,
        plan: DistributedPlan,
        storage: Arc<dyn Storage>,
    ) -> Result<StagedResult> {
        self.execute_at(plan, storage, SnapshotId::default()).await
    }

    /// Runs `plan` on a snapshot of `storage`.
    ///
    /// # Errors
    /// As [`Self::execute`]; `Unsupported` for a graph in memory, which only the Python session ships.
    pub async fn execute_at(
        &self,
        plan: DistributedPlan,
        storage: Arc<dyn Storage>,
        snapshot: SnapshotId,
    ) -> Result<StagedResult> {
        let snapshot = storage.snapshot(snapshot).await?;
        if storage.image(snapshot.id()).is_some() {
            return Err(Error::unsupported(
                "a graph in memory on Ray from Rust is not supported yet; keep it on disk",
            ));
        }
        let request = Request {
            plan: &plan,
            storage: storage.descriptor(),
            snapshot: snapshot.id(),
            commit: snapshot.commit(),
            config: &self.config,
            runtime: &self.runtime,
        };
        let request =
            serde_json::to_vec(&request).map_err(|error| Error::internal(error.to_string()))?;
        let child = self.start_driver()?;
        let tasks: Arc<Mutex<Vec<TaskMetrics>>> = Arc::default();
        let (sender, mut receiver) = mpsc::channel(AHEAD);
        let metrics = Arc::clone(&tasks);
        tokio::task::spawn_blocking(move || {
            let end = drive(child, &request, &sender, &metrics);
            if let Err(error) = end {
                let _ = sender.blocking_send(Err(error));
            }
        });
        let bundles = futures::stream::poll_fn(move |context| receiver.poll_recv(context));
        let batches = bundles.flat_map(|bundle: Result<Buffer>| {
            let read = match bundle.and_then(|bundle| read_partition(&bundle, 0)) {
                Ok(batches) => batches.into_iter().map(Ok).collect::<Vec<_>>(),
                Err(error) => vec![Err(error)],
            };
            futures::stream::iter(read)
        });
        Ok(StagedResult::new(
            plan.schema.clone(),
            batches.boxed(),
            tasks,
        ))
    }

    fn start_driver(&self) -> Result<Child> {
        let mut command = Command::new(&self.config.python);
        if let Some(module) = &self.config.worker_module {
            command.env(MODULE_VARIABLE, module);
        }
        command
            .args(["-m", "grism_ray.driver"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(match log_variable() {
                Some(_) => Stdio::inherit(),
                None => Stdio::null(),
            })
            .spawn()
            .map_err(|error| {
                Error::unavailable(format!(
                    "the Ray driver does not start with {}: {error}; set GRISM_PYTHON to a Python that has grism_ray",
                    self.config.python
                ))
            })
    }
}

/// Sends the request and passes on what comes back, until the driver is done or nobody listens.
fn drive(
    mut child: Child,
    request: &[u8],
    sender: &mpsc::Sender<Result<Buffer>>,
    metrics: &Mutex<Vec<TaskMetrics>>,
) -> Result<()> {
    let gone = || Error::unavailable("the Ray driver ended before the answer was whole");
    let outcome = (|| {
        if let Some(mut input) = child.stdin.take() {
            input.write_all(request).map_err(|_| gone())?;
        }
        let mut output = BufReader::new(child.stdout.take().ok_or_else(gone)?);
        loop {
            let mut head = [0u8; 9];
            output.read_exact(&mut head).map_err(|_| gone())?;
            let length = <[u8; 8]>::try_from(&head[1..])
                .map(u64::from_le_bytes)
                .map_err(|_| gone())?;
            let mut body = vec![0; usize::try_from(length).map_err(|_| gone())?];
            output.read_exact(&mut body).map_err(|_| gone())?;
            match head[0] {
                b'B' => {
                    if sender.blocking_send(Ok(Buffer::from(body))).is_err() {
                        return Ok(());
                    }
                }
                b'M' => {
                    let tasks = serde_json::from_slice(&body)
                        .map_err(|error| Error::internal(error.to_string()))?;
                    *metrics.lock().unwrap_or_else(PoisonError::into_inner) = tasks;
                    return Ok(());
                }
                _ => {
                    let error = serde_json::from_slice::<Error>(&body);
                    return Err(error.unwrap_or_else(|_| {
                        Error::internal("the Ray driver sent an error of no known form")
                    }));
                }
            }
        }
    })();
    // A driver that nobody listens to any more is told so by the closed pipe; it cancels what runs.
    let _ = child.kill();
    let _ = child.wait();
    outcome
}
