//! Where a query runs.

use grism_core::{Error, Result, SnapshotSelector, nearest};

use crate::Graph;

/// Rows of a graph on disk from which [`Engine::Auto`] is Ray, where there is a connection to it: below, starting tasks takes
/// longer than a scan.
const RAY_ROWS: u64 = 50_000_000;

/// Where a query runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// In this process, morsel by morsel.
    Local,
    /// In stages, in this process: the same plans and the same scheduler as on Ray.
    Staged,
    /// In stages, in Ray actors.
    Ray,
    /// On Ray for a graph on disk of 50 million rows or more, where the program is connected to a cluster; else locally. See
    /// [`Graph::engine_for`].
    #[default]
    Auto,
}

/// Whether the program is connected to a Ray cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RayConnection {
    /// It is.
    Connected,
    /// It is not, and a query would have to start one.
    Absent,
}

impl Engine {
    /// Refuses an engine that the program was built without.
    ///
    /// # Errors
    /// `Unsupported`, with the feature that it needs.
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Staged | Self::Ray if cfg!(not(feature = "ray")) => {
                Err(without_ray(&format!("the engine `{}`", self.name())))
            }
            _ => Ok(()),
        }
    }

    /// The engine that `auto` is for a graph of so many rows; `None` for a graph in memory, which this process alone has.
    fn automatic(rows_on_disk: Option<u64>, ray: RayConnection) -> Self {
        match rows_on_disk {
            Some(rows) if rows >= RAY_ROWS && ray == RayConnection::Connected => Self::Ray,
            _ => Self::Local,
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Staged => "staged",
            Self::Ray => "ray",
            Self::Auto => "auto",
        }
    }

    /// The engine called `name`.
    ///
    /// # Errors
    /// `InvalidQuery` for another name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "local" => Ok(Self::Local),
            "staged" => Ok(Self::Staged),
            "ray" => Ok(Self::Ray),
            "auto" => Ok(Self::Auto),
            other => {
                let hint = nearest(other, ["local", "staged", "ray", "auto"]);
                let hint = hint
                    .map(|near| format!("; did you mean `{near}`?"))
                    .unwrap_or_default();
                Err(Error::invalid_query(format!(
                    "there is no engine `{other}`{hint}: local, staged, ray and auto are"
                )))
            }
        }
    }
}

impl Graph {
    /// The engine that runs queries on the newest snapshot where `engine` is asked for: itself, but for [`Engine::Auto`], which
    /// never is one that the program was built without.
    ///
    /// # Errors
    /// `Unavailable` where the graph cannot be read; `Unsupported` for an engine that the program was built without.
    pub async fn engine_for(&self, engine: Engine, ray: RayConnection) -> Result<Engine> {
        if engine != Engine::Auto {
            return engine.check().map(|()| engine);
        }
        let snapshot = self.snapshot(SnapshotSelector::Newest).await?;
        let tables = snapshot.statistics().tables.values();
        let rows = tables.map(|table| table.rows).sum();
        let is_in_memory = self.storage().descriptor().uri.starts_with("memory:");
        let chosen = Engine::automatic((!is_in_memory).then_some(rows), ray);
        Ok(chosen.check().map_or(Engine::Local, |()| chosen))
    }
}

/// The refusal of what needs stages by a program that has none.
pub(crate) fn without_ray(wanted: &str) -> Error {
    Error::unsupported(format!(
        "{wanted} by this program, which is built without the feature `ray`: build it with that feature of the crate `grism`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_is_ray_for_a_large_graph_on_disk_where_ray_is_connected() {
        use RayConnection::{Absent, Connected};
        for (rows, ray, expected) in [
            (Some(RAY_ROWS), Connected, Engine::Ray),
            (Some(RAY_ROWS - 1), Connected, Engine::Local),
            (Some(u64::MAX), Absent, Engine::Local),
            (None, Connected, Engine::Local),
        ] {
            assert_eq!(Engine::automatic(rows, ray), expected);
        }
    }
}
