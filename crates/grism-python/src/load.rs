//! Loads: the rows and how to go about it, from keyword arguments.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use grism::{
    BadRow, ColumnType, Compression, Encoding, Error, FileFormat, Graph, ImportOptions,
    ImportSource, Incremental, LoadOptions, LoadTarget, MissingMember, OnConflict, TimeFormat,
    one_byte,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::convert::{COUNT, option, source_of};
use crate::error::to_python;
use crate::json::json;
use crate::option_names::unknown_option;
use crate::progress::Progress;
use crate::runtime::wait;

/// Loads what `target` says as one commit, or shows what it would do; the report or the preview is JSON.
pub(crate) fn load(
    py: Python<'_>,
    graph: Graph,
    target: LoadTarget,
    table: &Bound<'_, PyAny>,
    file_settings: Option<&Bound<'_, PyDict>>,
    settings: Option<&Bound<'_, PyDict>>,
    progress: &Progress,
) -> PyResult<String> {
    let (options, run) = load_options(settings, progress)?;
    let source = sources(table, file_settings, options.group_by.is_some())?;
    if run == Run::Preview {
        let preview = async move { graph.preview(&target, source, &options).await };
        return json(&wait(py, None, preview)?);
    }
    let cancellation = options.progress.cancellation();
    let load = async move { graph.load(&target, source, &options).await };
    json(&wait(py, Some(&cancellation), load)?)
}

/// The keywords that say how files are read.
const FILE_NAMES: [&str; 11] = [
    "format",
    "compression",
    "delimiter",
    "quote",
    "header",
    "encoding",
    "null",
    "types",
    "date_format",
    "timestamp_format",
    "storage_options",
];

/// The keywords that say how a load goes about it.
const LOAD_NAMES: [&str; 10] = [
    "key",
    "on_conflict",
    "incremental",
    "missing",
    "bad_rows",
    "rejects",
    "memory_limit",
    "group_by",
    "split",
    "dry_run",
];

/// Whether a load is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    Load,
    Preview,
}

impl Run {
    pub(crate) fn of(dry_run: bool) -> Self {
        if dry_run { Self::Preview } else { Self::Load }
    }
}

/// The rows of one table, or of a list of tables; where rows are grouped, each path of a list is a table of its own.
pub(crate) fn sources(
    table: &Bound<'_, PyAny>,
    settings: Option<&Bound<'_, PyDict>>,
    is_grouped: bool,
) -> PyResult<ImportSource> {
    let list = table.cast::<PyList>().ok();
    let Some(list) = list.filter(|list| list.len() > 1 && (is_grouped || !are_paths(list))) else {
        return source(table, settings);
    };
    let is_file = |item: &Bound<'_, PyAny>| {
        item.cast::<PyList>()
            .map_or_else(|_| is_path(item), are_paths)
    };
    // Of the settings of files beside them, tables in memory take the types.
    let types = PyDict::new(table.py());
    if let Some(given) = settings.and_then(|all| all.get_item("types").transpose()) {
        types.set_item("types", given?)?;
    }
    let any_is_file = list.iter().any(|item| is_file(&item));
    let own = |item: Bound<'_, PyAny>| {
        let is_beside_files = any_is_file && !is_file(&item);
        source(
            &item,
            if is_beside_files {
                Some(&types)
            } else {
                settings
            },
        )
    };
    let tables: PyResult<Vec<ImportSource>> = list.iter().map(own).collect();
    Ok(ImportSource::Tables(tables?))
}

fn is_path(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<PyString>() || object.hasattr("__fspath__").unwrap_or(false)
}

fn are_paths(list: &Bound<'_, PyList>) -> bool {
    !list.is_empty() && list.iter().all(|item| is_path(&item))
}

/// The rows of a table, or of files.
fn source(
    table: &Bound<'_, PyAny>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<ImportSource> {
    let text = |object: &Bound<'_, PyAny>| -> PyResult<String> {
        Ok(object.extract::<PathBuf>()?.to_string_lossy().into_owned())
    };
    let mut paths = Vec::new();
    if is_path(table) {
        paths.push(text(table)?);
    } else if let Ok(list) = table.cast::<PyList>()
        && are_paths(list)
    {
        for item in list {
            paths.push(text(&item)?);
        }
    } else {
        let mut types = BTreeMap::new();
        for (name, value) in settings.into_iter().flatten() {
            if value.is_none() {
                continue;
            }
            let name: String = name.extract()?;
            if name != "types" {
                let message = format!("{name} is for files, and a table was given");
                return Err(to_python(Error::invalid_query(message)));
            }
            types = types_of(&value)?;
        }
        return source_of(table)?.with_types(types).map_err(to_python);
    }
    let mut options = ImportOptions::default();
    for (name, value) in settings.into_iter().flatten() {
        if value.is_none() {
            continue;
        }
        let name: String = name.extract()?;
        let character =
            || -> PyResult<u8> { one_byte(&name, &value.extract::<String>()?).map_err(to_python) };
        let time = || TimeFormat::new(&value.extract::<String>()?).map_err(to_python);
        match name.as_str() {
            "format" => {
                let format = FileFormat::from_name(&value.extract::<String>()?);
                options.format = Some(format.map_err(to_python)?);
            }
            "compression" => {
                let compression = Compression::from_name(&value.extract::<String>()?);
                options.compression = Some(compression.map_err(to_python)?);
            }
            "delimiter" => options.delimiter = Some(character()?),
            "quote" => options.quote = Some(character()?),
            "header" => options.header = Some(value.extract()?),
            "encoding" => {
                let encoding = Encoding::from_name(&value.extract::<String>()?);
                options.encoding = Some(encoding.map_err(to_python)?);
            }
            "null" => {
                options.nulls = match value.extract::<String>() {
                    Ok(word) => vec![word],
                    Err(_) => value.extract()?,
                }
            }
            "date_format" => options.times.date = Some(time()?),
            "timestamp_format" => options.times.timestamp = Some(time()?),
            "types" => options.types = types_of(&value)?,
            "storage_options" => options.store = value.extract()?,
            other => return Err(unknown_option(other, " for files", &FILE_NAMES)),
        }
    }
    Ok(ImportSource::Files { paths, options })
}

/// The types of some columns, by their names.
fn types_of(value: &Bound<'_, PyAny>) -> PyResult<BTreeMap<String, ColumnType>> {
    let names = value.extract::<BTreeMap<String, String>>()?.into_iter();
    names
        .map(|(column, ty)| Ok((column, ColumnType::from_text(&ty).map_err(to_python)?)))
        .collect()
}

/// How a load goes about it, from keyword arguments.
pub(crate) fn load_options(
    settings: Option<&Bound<'_, PyDict>>,
    progress: &Progress,
) -> PyResult<(LoadOptions, Run)> {
    let mut run = Run::Load;
    let mut options = LoadOptions {
        progress: Arc::clone(&progress.progress),
        ..LoadOptions::default()
    };
    for (name, value) in settings.into_iter().flatten() {
        if value.is_none() {
            continue;
        }
        let name: String = name.extract()?;
        let wrong = |wanted: &str| {
            let message = format!("{name} must be {wanted}, not `{value}`");
            to_python(Error::invalid_query(message))
        };
        match name.as_str() {
            "missing" => {
                options.missing = match value.extract::<String>()?.as_str() {
                    "error" => MissingMember::Error,
                    "reject" => MissingMember::Reject,
                    "create" => MissingMember::Create,
                    _ => return Err(wrong("error, create or reject")),
                }
            }
            "bad_rows" => {
                options.bad_rows = match value.extract::<String>()?.as_str() {
                    "error" => BadRow::Error,
                    "reject" => BadRow::Reject,
                    _ => return Err(wrong("error or reject")),
                }
            }
            "key" => options.key = Some(value.extract()?),
            "on_conflict" => {
                let given = OnConflict::from_name(&value.extract::<String>()?);
                options.on_conflict = given.map_err(to_python)?;
            }
            "incremental" => {
                options.incremental = match (value.extract::<bool>(), value.extract::<String>()) {
                    (Ok(is_set), _) => is_set.then_some(Incremental::Files),
                    (_, Ok(column)) => Some(Incremental::Above(column)),
                    _ => return Err(wrong("true, false or the name of a column")),
                }
            }
            "rejects" => options.rejects = Some(value.extract()?),
            "group_by" => options.group_by = Some(value.extract()?),
            "split" => options.split = Some(value.extract()?),
            "dry_run" => run = Run::of(value.extract()?),
            "memory_limit" => options.memory_limit = Some(option(&name, &value, COUNT)?),
            other => return Err(unknown_option(other, " for a load", &LOAD_NAMES)),
        }
    }
    let rejects_any =
        options.missing == MissingMember::Reject || options.bad_rows == BadRow::Reject;
    if options.rejects.is_some() && !rejects_any {
        let message = "rejects is only used with missing=\"reject\" or bad_rows=\"reject\"";
        return Err(to_python(Error::invalid_query(message)));
    }
    Ok((options, run))
}
