//! Functions of users in Python: the command finds them where Python is at hand, and has Python run it where not.

use std::fmt;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use grism::{Error, Graph, Result, UserDefined};

use crate::arguments::{FunctionArguments, GraphArguments};

/// Finds functions of users.
pub trait FunctionSource: fmt::Debug + Send + Sync {
    /// Those in the Python files of a folder; without one, those of installed packages.
    ///
    /// # Errors
    /// `NotFound` for a folder that does not exist; `InvalidData` for a file that does not run.
    fn find(&self, folder: Option<&Path>) -> Result<Vec<UserDefined>>;
}

/// Becomes the same command run by Python, where it asks for functions and Python is not at hand.
///
/// # Errors
/// `Unsupported`, saying what to do, where no Python runs it.
pub(crate) fn become_python(
    wanted: &FunctionArguments,
    source: Option<&dyn FunctionSource>,
) -> Result<()> {
    if wanted.is_empty() || source.is_some() {
        return Ok(());
    }
    let python = std::env::var("GRISM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let refused = |why: String| {
        Error::unsupported(format!(
            "--udfs without the Python package: {python} {why}; set GRISM_PYTHON to a Python that has grism_ray"
        ))
    };
    let has_package = Command::new(&python)
        .args(["-c", "import grism_ray"])
        .output()
        .map_err(|error| refused(format!("does not start: {error}")))?;
    if !has_package.status.success() {
        let said = String::from_utf8_lossy(&has_package.stderr)
            .trim()
            .to_owned();
        let last = said.lines().last().unwrap_or_default();
        return Err(refused(format!("does not import grism_ray: {last}")));
    }
    let error = Command::new(&python)
        .args(["-m", "grism_ray"])
        .args(std::env::args_os().skip(1))
        .exec();
    Err(refused(format!("does not start: {error}")))
}

/// Opens a graph and registers the functions that the command asks for.
///
/// # Errors
/// Those of [`GraphArguments::open`], of [`FunctionSource::find`], and of functions that cannot be registered.
pub(crate) async fn open(
    graph: &GraphArguments,
    create: bool,
    wanted: &FunctionArguments,
    source: Option<&dyn FunctionSource>,
) -> Result<Graph> {
    let Some(source) = source else {
        return graph.open(create).await;
    };
    let mut found = Vec::new();
    if wanted.installed_udfs {
        found.extend(source.find(None)?);
    }
    for folder in &wanted.udfs {
        found.extend(source.find(Some(folder))?);
    }
    let graph = graph.open(create).await?;
    let mut functions = found.into_iter();
    functions.try_for_each(|function| graph.register_user_defined(function))?;
    Ok(graph)
}
