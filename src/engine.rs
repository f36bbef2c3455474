//! Where a query runs.

use grism_core::{Error, Result, nearest};

/// Where a query runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// In this process, morsel by morsel.
    Local,
    /// In stages, in this process: the same plans and the same scheduler as on Ray.
    Staged,
    /// In stages, in Ray actors.
    Ray,
    /// Locally below a size, else on Ray where it is reachable.
    #[default]
    Auto,
}

impl Engine {
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
