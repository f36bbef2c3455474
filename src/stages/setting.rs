//! Settings of queries in stages, which programs can name whether or not they are built with stages.

use grism_core::Result;

use crate::QueryOptions;

/// One setting of queries in stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StageSetting {
    /// Partitions of a shuffle, and tasks of a stage that reads tables; 0 is 1.
    Partitions(usize),
    /// Bytes up to which an adjacency is read by every worker that needs it.
    AdjacencyReplicationLimit(u64),
    /// Rows up to which a side of a join is broadcast.
    BroadcastRows(u64),
    /// The address of the Ray cluster.
    RayAddress(String),
    /// Worker actors on Ray.
    Workers(usize),
    /// The extension module that workers on Ray import in place of Grism's own.
    WorkerModule(String),
    /// Milliseconds that tasks wait for a worker with the resources they need.
    ResourceTimeout(u64),
    /// The Python that has `grism_ray`.
    Python(String),
}

impl QueryOptions {
    /// The same options with `threads` threads, on Ray those of each worker; 0 is 1.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.runtime = self.runtime.with_threads(threads);
        #[cfg(feature = "ray")]
        {
            self.ray.threads = Some(threads.max(1));
        }
        self
    }

    /// Changes a setting of queries in stages.
    ///
    /// # Errors
    /// `Unsupported` where the program is built without the feature `ray`.
    #[cfg(feature = "ray")]
    pub fn set(&mut self, setting: StageSetting) -> Result<()> {
        let (distributed, ray) = (&mut self.distributed, &mut self.ray);
        match setting {
            StageSetting::Partitions(partitions) => distributed.partitions = partitions.max(1),
            StageSetting::AdjacencyReplicationLimit(bytes) => {
                distributed.adjacency_replication_limit = bytes;
            }
            StageSetting::BroadcastRows(rows) => distributed.broadcast_rows = rows,
            StageSetting::RayAddress(address) => ray.address = address,
            StageSetting::Workers(workers) => ray.workers = Some(workers),
            StageSetting::WorkerModule(module) => ray.worker_module = Some(module),
            StageSetting::ResourceTimeout(milliseconds) => ray.resource_timeout_ms = milliseconds,
            StageSetting::Python(path) => ray.python = path,
        }
        Ok(())
    }

    /// Refuses a setting of queries in stages.
    ///
    /// # Errors
    /// `Unsupported`, since the program is built without the feature `ray`.
    #[cfg(not(feature = "ray"))]
    pub fn set(&mut self, setting: StageSetting) -> Result<()> {
        let name = match setting {
            StageSetting::Partitions(_) => "partitions",
            StageSetting::AdjacencyReplicationLimit(_) => "adjacency_replication_limit",
            StageSetting::BroadcastRows(_) => "broadcast_rows",
            StageSetting::RayAddress(_) => "ray_address",
            StageSetting::Workers(_) => "workers",
            StageSetting::WorkerModule(_) => "worker_module",
            StageSetting::ResourceTimeout(_) => "resource_timeout",
            StageSetting::Python(_) => "python",
        };
        Err(crate::engine::without_ray(&format!("the setting `{name}`")))
    }
}
