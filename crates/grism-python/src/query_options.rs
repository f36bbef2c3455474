//! How a query is run, from keyword arguments.

use std::collections::BTreeMap;

use grism::{Engine, Error, QueryOptions, Resources, Rewrites, SnapshotSelector, StageSetting};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert::{COUNT, option, parameters};
use crate::error::to_python;
use crate::option_names::unknown_option;

/// The keywords that say how a query is run.
const NAMES: [&str; 11] = [
    "threads",
    "memory_limit",
    "timeout",
    "batch_rows",
    "snapshot",
    "partitions",
    "adjacency_replication_limit",
    "broadcast_rows",
    "resources",
    "resource_timeout",
    "rewrites",
];

/// How a query is run, as keyword arguments.
pub(crate) fn options(
    engine: &str,
    params: Option<&Bound<'_, PyDict>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<QueryOptions> {
    let (parameters, tables) = parameters(params)?;
    let mut options = QueryOptions {
        parameters,
        tables,
        engine: Engine::from_name(engine).map_err(to_python)?,
        ..QueryOptions::default()
    };
    for (name, value) in settings.into_iter().flatten() {
        if value.is_none() {
            continue;
        }
        let name: String = name.extract()?;
        match name.as_str() {
            "threads" => options = options.with_threads(option(&name, &value, COUNT)?),
            "memory_limit" => options.runtime.memory_limit = Some(option(&name, &value, COUNT)?),
            "timeout" => {
                options.runtime.timeout_ms = Some(milliseconds(&name, &value)?);
            }
            "batch_rows" => {
                options.runtime.batch_rows = option::<usize>(&name, &value, COUNT)?.max(1)
            }
            "snapshot" => {
                options.snapshot = SnapshotSelector::numbered(option(&name, &value, COUNT)?);
            }
            "resources" => {
                let wanted = "a dict of names and amounts, as {\"gpu\": 1}";
                let amounts: BTreeMap<String, f64> = option(&name, &value, wanted)?;
                options.runtime.resources = Resources::try_new(amounts).map_err(to_python)?;
            }
            "rewrites" => options.rewrites = rewrites(&name, &value)?,
            _ => {
                let setting = stage_setting(&name, &value)?;
                options.set(setting).map_err(to_python)?;
            }
        }
    }
    Ok(options)
}

/// A setting of queries in stages.
fn stage_setting(name: &str, value: &Bound<'_, PyAny>) -> PyResult<StageSetting> {
    Ok(match name {
        "partitions" => StageSetting::Partitions(option(name, value, COUNT)?),
        "adjacency_replication_limit" => {
            StageSetting::AdjacencyReplicationLimit(option(name, value, COUNT)?)
        }
        "broadcast_rows" => StageSetting::BroadcastRows(option(name, value, COUNT)?),
        "resource_timeout" => StageSetting::ResourceTimeout(milliseconds(name, value)?),
        other => return Err(unknown_option(other, "", &NAMES)),
    })
}

/// The rules that run: without those of a list, or of one name.
fn rewrites(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Rewrites> {
    let left_out = match value.extract::<String>() {
        Ok(one) => vec![one],
        Err(_) => option(
            name,
            value,
            "\"none\", or a list of names of rules to leave out",
        )?,
    };
    Rewrites::without(left_out).map_err(to_python)
}

/// The milliseconds of a time that is given in seconds.
fn milliseconds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    let seconds: f64 = option(name, value, "a number of seconds")?;
    if !seconds.is_finite() || seconds < 0.0 {
        return Err(to_python(Error::invalid_query(format!(
            "{name} must be seconds, not less than 0"
        ))));
    }
    Ok((seconds * 1e3) as u64)
}
