//! Loads: the rows and how to go about it, from keyword arguments.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use grism::{
    BadRow, Compression, Error, FileFormat, ImportOptions, ImportSource, LoadOptions, LoadTarget,
    MissingMember, Type,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::convert::source_of;
use crate::error::to_python;
use crate::graph::Graph;
use crate::json::json;
use crate::option_names::unknown_option;
use crate::runtime::wait;
use crate::transaction::Progress;

impl Graph {
    /// Loads what `target` says as one commit; the report is JSON.
    pub(crate) fn load(
        &self,
        py: Python<'_>,
        target: LoadTarget,
        table: &Bound<'_, PyAny>,
        file_settings: Option<&Bound<'_, PyDict>>,
        settings: Option<&Bound<'_, PyDict>>,
        progress: &Progress,
    ) -> PyResult<String> {
        let options = load_options(settings, progress)?;
        let source = sources(table, file_settings, options.group_by.is_some())?;
        let graph = self.graph.clone();
        let load = async move { graph.load(&target, source, &options).await };
        json(&wait(py, None, load)?)
    }
}

/// The keywords that say how files are read.
const FILE_NAMES: [&str; 8] = [
    "format",
    "compression",
    "delimiter",
    "quote",
    "header",
    "null",
    "types",
    "storage_options",
];

/// The keywords that say how a load goes about it.
const LOAD_NAMES: [&str; 6] = [
    "missing",
    "bad_rows",
    "rejects",
    "memory_limit",
    "group_by",
    "split",
];

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
        let character = || -> PyResult<u8> {
            match value.extract::<String>()?.as_bytes() {
                [character] => Ok(*character),
                _ => {
                    let message = format!("{name} must be one character");
                    Err(to_python(Error::invalid_query(message)))
                }
            }
        };
        match name.as_str() {
            "format" => {
                let format = FileFormat::from_name(&value.extract::<String>()?);
                options.format = Some(format.map_err(to_python)?);
            }
            "compression" => {
                let compression = Compression::from_name(&value.extract::<String>()?);
                options.compression = Some(compression.map_err(to_python)?);
            }
            "delimiter" => options.delimiter = character()?,
            "quote" => options.quote = character()?,
            "header" => options.header = value.extract()?,
            "null" => options.null = Some(value.extract()?),
            "types" => options.types = types_of(&value)?,
            "storage_options" => options.store = value.extract()?,
            other => return Err(unknown_option(other, " for files", &FILE_NAMES)),
        }
    }
    Ok(ImportSource::Files { paths, options })
}

/// The types of some columns, by their names.
fn types_of(value: &Bound<'_, PyAny>) -> PyResult<BTreeMap<String, Type>> {
    let names = value.extract::<BTreeMap<String, String>>()?.into_iter();
    names
        .map(|(column, ty)| Ok((column, Type::from_name(&ty).map_err(to_python)?)))
        .collect()
}

/// How a load goes about it, from keyword arguments.
pub(crate) fn load_options(
    settings: Option<&Bound<'_, PyDict>>,
    progress: &Progress,
) -> PyResult<LoadOptions> {
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
            "rejects" => options.rejects = Some(value.extract()?),
            "group_by" => options.group_by = Some(value.extract()?),
            "split" => options.split = Some(value.extract()?),
            "memory_limit" => options.memory_limit = Some(value.extract()?),
            other => return Err(unknown_option(other, " for a load", &LOAD_NAMES)),
        }
    }
    let rejects_any =
        options.missing == MissingMember::Reject || options.bad_rows == BadRow::Reject;
    if options.rejects.is_some() && !rejects_any {
        let message = "rejects is only used with missing=\"reject\" or bad_rows=\"reject\"";
        return Err(to_python(Error::invalid_query(message)));
    }
    Ok(options)
}
