//! `load.toml`: a manifest of what is loaded together, beside the files.
//!
//! ```toml
//! graph = "meetings.grism"
//!
//! [types]
//! MEETING = "host Person, guest Person*"
//!
//! [[nodes]]
//! label = "Person"
//! files = "people.csv"
//! key = "id"
//!
//! [[hyperedges]]
//! type = "MEETING"
//! files = ["meetings-1.csv", "meetings-2.csv"]
//! split = ";"
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use grism_core::{Error, FileOption, Result, nearest};
use grism_storage::{
    BadRow, ImportOptions, ImportSource, LoadJob, LoadOptions, LoadTarget, ManyLoads,
    MissingMember, OnConflict, RoleSource,
};
use toml::{Table, Value};

use crate::load_all::hyperedge_type;

/// What a manifest says.
pub struct Manifest {
    /// The graph that is loaded into, where the manifest names one: a path relative to it, or a URI.
    pub graph: Option<String>,
    /// What is loaded.
    pub loads: ManyLoads,
}

/// The manifest in a directory.
const MANIFEST: &str = "load.toml";

/// Reads the manifest `path`, or `load.toml` in the directory `path`. Paths of files are relative to the manifest.
///
/// # Errors
/// `NotFound` where there is no manifest; `InvalidData`, with the line, for a text that is not TOML; `InvalidQuery` for an
/// unknown or missing setting, with the nearest one.
pub fn read_manifest(path: &Path) -> Result<Manifest> {
    let path = if path.is_dir() {
        path.join(MANIFEST)
    } else {
        path.to_path_buf()
    };
    let text =
        fs::read_to_string(&path).map_err(|error| Error::from(error).context(path.display()))?;
    let directory = path.parent().unwrap_or(Path::new(""));
    manifest(&text, directory).map_err(|error| error.context(path.display()))
}

fn manifest(text: &str, directory: &Path) -> Result<Manifest> {
    let table: Table =
        toml::from_str(text).map_err(|error| Error::invalid_data(error.to_string()))?;
    let settings = ["graph", "types", "nodes", "hyperedges", "memory_limit"];
    known(&table, "the manifest", &settings)?;
    let mut loads = ManyLoads::default();
    if let Some(types) = table.get("types") {
        for (name, roles) in as_table(types, "types")? {
            loads
                .types
                .push(hyperedge_type(name, as_text(roles, name)?)?);
        }
    }
    if let Some(bytes) = table.get("memory_limit") {
        loads.memory_limit = Some(as_size(bytes, "memory_limit")?);
    }
    for (name, kind) in [("nodes", Kind::Nodes), ("hyperedges", Kind::Hyperedges)] {
        for source in sources(&table, name)? {
            let (named_by, _) = kind.settings();
            let called = source.get(named_by).and_then(Value::as_str);
            let called = called.map_or_else(|| format!("a source of {name}"), str::to_owned);
            let job = job(kind, source, directory);
            loads.jobs.push(job.map_err(|error| error.context(called))?);
        }
    }
    let graph = table.get("graph").map(|graph| as_text(graph, "graph"));
    Ok(Manifest {
        graph: graph.transpose()?.map(|graph| beside(directory, graph)),
        loads,
    })
}

/// A path that is relative to the directory; a URI is as it is.
fn beside(directory: &Path, path: &str) -> String {
    if path.contains("://") {
        return path.to_owned();
    }
    directory.join(path).to_string_lossy().into_owned()
}

/// What a source is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Nodes,
    Hyperedges,
}

impl Kind {
    /// The setting that names the label or type, and those that the other kind does not have.
    fn settings(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Nodes => ("label", &[]),
            Self::Hyperedges => ("type", &["roles", "group_by", "split", "missing"]),
        }
    }
}

/// The settings of sources of both kinds.
const SETTINGS: [&str; 16] = [
    "files",
    "key",
    "on_conflict",
    "bad_rows",
    "rejects",
    "format",
    "compression",
    "delimiter",
    "quote",
    "header",
    "encoding",
    "null",
    "date_format",
    "timestamp_format",
    "types",
    "storage_options",
];

/// The sources below `name`.
fn sources<'a>(manifest: &'a Table, name: &str) -> Result<Vec<&'a Table>> {
    match manifest.get(name) {
        None => Ok(Vec::new()),
        Some(Value::Array(sources)) => sources
            .iter()
            .map(|source| as_table(source, name))
            .collect(),
        Some(_) => Err(Error::invalid_query(format!(
            "`{name}` is a list of sources: write [[{name}]] above each"
        ))),
    }
}

fn job(kind: Kind, source: &Table, directory: &Path) -> Result<LoadJob> {
    let (named_by, own) = kind.settings();
    let settings: Vec<&str> = [named_by]
        .iter()
        .chain(own)
        .chain(&SETTINGS)
        .copied()
        .collect();
    known(source, "a source", &settings)?;
    let required = |name: &str| {
        let value = source.get(name);
        value.ok_or_else(|| Error::invalid_query(format!("the source needs `{name}`")))
    };
    let name = as_text(required(named_by)?, named_by)?.to_owned();
    let mut load = LoadOptions::default();
    let mut import = ImportOptions::default();
    let mut roles = BTreeMap::new();
    for (setting, value) in source {
        let text = || as_text(value, setting);
        match setting.as_str() {
            "roles" => roles = roles_of(value)?,
            "group_by" => load.group_by = Some(text()?.to_owned()),
            "split" => load.split = Some(text()?.to_owned()),
            "missing" => {
                load.missing = match text()? {
                    "error" => MissingMember::Error,
                    "reject" => MissingMember::Reject,
                    "create" => MissingMember::Create,
                    other => return Err(not_one_of(setting, other, "error, create or reject")),
                }
            }
            "bad_rows" => {
                load.bad_rows = match text()? {
                    "error" => BadRow::Error,
                    "reject" => BadRow::Reject,
                    other => return Err(not_one_of(setting, other, "error or reject")),
                }
            }
            "on_conflict" => load.on_conflict = OnConflict::from_name(text()?)?,
            "rejects" => load.rejects = Some(directory.join(text()?)),
            "header" => {
                let header = value.as_bool();
                import.header = Some(header.ok_or_else(|| wrong(setting, "true or false"))?);
            }
            "null" => import.nulls = texts(value, setting)?,
            "types" => {
                for (column, ty) in as_table(value, setting)? {
                    set(
                        &mut import,
                        "TYPE",
                        Some(column.as_str()),
                        as_text(ty, column)?,
                    )?;
                }
            }
            "storage_options" => {
                for (option, value) in as_table(value, setting)? {
                    let value = as_text(value, option)?.to_owned();
                    import.store.insert(option.clone(), value);
                }
            }
            "label" | "type" | "files" | "key" => {}
            file_option => set(&mut import, file_option, None, text()?)?,
        }
    }
    let rejects_any = load.missing == MissingMember::Reject || load.bad_rows == BadRow::Reject;
    if load.rejects.is_some() && !rejects_any {
        return Err(Error::invalid_query(
            "rejects is only used with missing = \"reject\" or bad_rows = \"reject\"",
        ));
    }
    let target = match kind {
        Kind::Nodes => LoadTarget::Nodes {
            label: name,
            key: as_text(required("key")?, "key")?.to_owned(),
        },
        Kind::Hyperedges => {
            let key = source.get("key").map(|key| as_text(key, "key"));
            load.key = key.transpose()?.map(str::to_owned);
            LoadTarget::Hyperedges { name, roles }
        }
    };
    let paths = paths(required("files")?, directory)?;
    let source = match load.group_by {
        // Each file is a table with columns of its own.
        Some(_) => {
            let files = paths.into_iter();
            let tables = files.map(|path| ImportSource::file(path, import.clone()));
            ImportSource::Tables(tables.collect())
        }
        None => ImportSource::Files {
            paths,
            options: import,
        },
    };
    Ok(LoadJob {
        target,
        source,
        options: load,
    })
}

/// Sets an option of the files.
fn set(import: &mut ImportOptions, name: &str, column: Option<&str>, value: &str) -> Result<()> {
    let option = FileOption {
        name: name.to_ascii_uppercase(),
        column: column.map(str::to_owned),
        value: value.to_owned(),
    };
    match import.set(&option)? {
        true => Ok(()),
        false => Err(Error::unsupported(format!(
            "the setting `{name}` of a source"
        ))),
    }
}

/// A text, or a list of texts.
fn texts(value: &Value, name: &str) -> Result<Vec<String>> {
    let one = |value: &Value| {
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| wrong(name, "a text or a list of texts"))
    };
    match value {
        Value::Array(values) => values.iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}

/// The files of a source: one, or a list; those that are no URIs are relative to the directory.
fn paths(files: &Value, directory: &Path) -> Result<Vec<String>> {
    let one = |file: &Value| Ok(beside(directory, as_text(file, "files")?));
    match files {
        Value::Array(files) if files.is_empty() => {
            Err(Error::invalid_query("`files` names no file"))
        }
        Value::Array(files) => files.iter().map(one).collect(),
        file => Ok(vec![one(file)?]),
    }
}

/// The column of each role, or its label and column.
fn roles_of(value: &Value) -> Result<BTreeMap<String, RoleSource>> {
    let mut roles = BTreeMap::new();
    for (role, source) in as_table(value, "roles")? {
        let source = match source {
            Value::String(column) => RoleSource {
                label: None,
                column: column.clone(),
            },
            Value::Array(both) => match &both[..] {
                [Value::String(label), Value::String(column)] => RoleSource {
                    label: Some(label.clone()),
                    column: column.clone(),
                },
                _ => return Err(wrong(role, "a column, or a label and a column")),
            },
            _ => return Err(wrong(role, "a column, or a label and a column")),
        };
        roles.insert(role.clone(), source);
    }
    Ok(roles)
}

/// Refuses settings that are not among the known ones, with the nearest of these.
fn known(table: &Table, whose: &str, names: &[&str]) -> Result<()> {
    let Some(name) = table.keys().find(|name| !names.contains(&name.as_str())) else {
        return Ok(());
    };
    let hint = match nearest(name, names.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; there are {}", names.join(", ")),
    };
    Err(Error::invalid_query(format!(
        "{whose} has no setting `{name}`{hint}"
    )))
}

fn as_table<'a>(value: &'a Value, name: &str) -> Result<&'a Table> {
    value.as_table().ok_or_else(|| wrong(name, "a table"))
}

fn as_text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value.as_str().ok_or_else(|| wrong(name, "a text"))
}

fn as_size(value: &Value, name: &str) -> Result<usize> {
    let size = value
        .as_integer()
        .and_then(|size| usize::try_from(size).ok());
    size.ok_or_else(|| wrong(name, "a number of bytes"))
}

fn wrong(name: &str, wanted: &str) -> Error {
    Error::invalid_query(format!("`{name}` must be {wanted}"))
}

fn not_one_of(name: &str, given: &str, wanted: &str) -> Error {
    Error::invalid_query(format!("`{name}` must be {wanted}, not `{given}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_sources_with_the_options_of_loads() {
        let text = r#"
            graph = "g.grism"
            [types]
            MEETING = "host Person, guest Person*"
            [[nodes]]
            label = "Person"
            files = "people.csv"
            key = "id"
            types = { id = "string" }
            [[hyperedges]]
            type = "MEETING"
            files = ["a.csv", "s3://bucket/b.csv"]
            roles = { host = "h", guest = ["Person", "g"] }
            key = "m"
            on_conflict = "update"
            null = ["NA", "-"]
            split = ";"
            delimiter = "\t"
            missing = "create"
        "#;
        let Manifest { graph, loads } = manifest(text, Path::new("/data")).unwrap();
        assert_eq!(graph.as_deref(), Some("/data/g.grism"));
        assert_eq!(loads.types[0].name, "MEETING");
        let [people, meetings] = &loads.jobs[..] else {
            panic!("two jobs were expected");
        };
        let ImportSource::Files { paths, options } = &people.source else {
            panic!("files were expected");
        };
        assert_eq!(paths, &["/data/people.csv"]);
        assert_eq!(options.types["id"].ty, grism_core::Type::String);
        let ImportSource::Files { paths, options } = &meetings.source else {
            panic!("files were expected");
        };
        assert_eq!(paths, &["/data/a.csv", "s3://bucket/b.csv"]);
        assert_eq!(options.delimiter, Some(b'\t'));
        assert_eq!(options.nulls, ["NA", "-"]);
        assert_eq!(meetings.options.key.as_deref(), Some("m"));
        assert_eq!(meetings.options.on_conflict, OnConflict::Update);
        assert_eq!(meetings.options.split.as_deref(), Some(";"));
        assert_eq!(meetings.options.missing, MissingMember::Create);
        let LoadTarget::Hyperedges { roles, .. } = &meetings.target else {
            panic!("hyperedges were expected");
        };
        assert_eq!(roles["guest"].label.as_deref(), Some("Person"));
    }

    #[test]
    fn slips_are_refused_with_the_nearest_setting() {
        for (text, expected) in [
            ("[[node]]", "did you mean `nodes`?"),
            ("[nodes]\nlabel = 'A'", "[[nodes]]"),
            (
                "[[nodes]]\nlabel = 'A'\nfile = 'a.csv'",
                "A: a source has no setting `file`; did you mean `files`?",
            ),
            (
                "[[nodes]]\nlabel = 'A'\nfiles = 'a.csv'",
                "A: the source needs `key`",
            ),
            (
                "[[nodes]]\nlabel = 'A'\nfiles = 'a.csv'\nkey = 1",
                "`key` must be a text",
            ),
            (
                "[[hyperedges]]\ntype = 'T'\nfiles = 't.csv'\nmissing = 'crate'",
                "not `crate`",
            ),
            ("[[hyperedges]]\ntype = 'T'\nfiles = []", "names no file"),
            ("nodes = ", "line 1"),
        ] {
            let error = manifest(text, Path::new("")).err().unwrap().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
