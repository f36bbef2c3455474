//! Which graph, and how it is reached.

use std::collections::BTreeMap;

use clap::Args;
use grism::{Error, Graph, Result};

/// A graph and the options of the object store that it lies in.
#[derive(Debug, Args)]
pub(crate) struct GraphArguments {
    /// Path or URI of the graph
    #[arg(value_name = "GRAPH")]
    pub(crate) uri: String,
    /// An option of the object store that the graph lies in, as aws_endpoint=http://localhost:9000
    #[arg(long = "storage-option", value_name = "NAME=VALUE")]
    pub(crate) storage: Vec<String>,
}

impl GraphArguments {
    /// Opens the graph; one that is not there is made where `create` is set.
    ///
    /// # Errors
    /// `InvalidQuery` for an option without a value; those of [`Graph::open_with`].
    pub(crate) async fn open(&self, create: bool) -> Result<Graph> {
        let mut options = BTreeMap::new();
        for given in &self.storage {
            let (name, value) = pair(given, "NAME=VALUE")?;
            options.insert(name, value);
        }
        Graph::open_with(&self.uri, &options, create).await
    }
}

/// Both sides of the first `=`.
///
/// # Errors
/// `InvalidQuery`, saying what is wanted, where there is none.
pub(crate) fn pair(given: &str, wanted: &str) -> Result<(String, String)> {
    let (name, value) = given
        .split_once('=')
        .ok_or_else(|| Error::invalid_query(format!("`{given}` is not {wanted}")))?;
    Ok((name.to_owned(), value.to_owned()))
}
