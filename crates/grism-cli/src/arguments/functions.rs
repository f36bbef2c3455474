//! Which functions of users queries may call.

use std::path::PathBuf;

use clap::Args;

/// Functions of users.
#[derive(Debug, Args)]
pub(crate) struct FunctionArguments {
    /// Register the functions, made with grism_ray.udf, in the Python files of a folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) udfs: Vec<PathBuf>,
    /// Register the functions of installed Python packages: entry points of the group grism_ray.udfs
    #[arg(long)]
    pub(crate) installed_udfs: bool,
}

impl FunctionArguments {
    /// Whether none are asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.udfs.is_empty() && !self.installed_udfs
    }
}
