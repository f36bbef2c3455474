//! `grism load`.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use grism::{
    BadRow, ColumnType, Compression, Encoding, Error, ErrorKind, FileFormat, Graph, ImportOptions,
    ImportSource, Incremental, LoadOptions, LoadProgress, LoadTarget, Manifest, MissingMember,
    OnConflict, Result, RoleSource, TimeFormat, TimeFormats, one_byte, read_manifest,
};
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::{BadRows, Conflict, Load, Missing, pair};
use crate::output::tell;

pub(crate) async fn load(load: Load) -> Result<()> {
    if load.files.is_empty() {
        return load_manifest(load).await;
    }
    let Some(name) = load.target.clone() else {
        return Err(Error::invalid_query("a label or a type is needed"));
    };
    let import = import_options(&load)?;
    let source = match load.group_by {
        Some(_) => {
            let files = load.files.iter();
            ImportSource::Tables(
                files
                    .map(|file| ImportSource::file(file, import.clone()))
                    .collect(),
            )
        }
        None => ImportSource::Files {
            paths: load.files.clone(),
            options: import,
        },
    };
    let roles = roles(&load.role)?;
    let mut options = load_options(&load)?;
    // The files come first, so that a wrong path makes no graph.
    source.check()?;
    let known = known_graph(&load).await?;
    let looked_at = known.clone().unwrap_or_else(Graph::in_memory);
    let is_of_hyperedges = !roles.is_empty() || load.group_by.is_some() || load.split.is_some();
    let target = match &load.key {
        Some(key) if !is_of_hyperedges => looked_at.target_by_key(&name, key, &mut options).await?,
        None if !is_of_hyperedges => {
            return Err(Error::invalid_query(
                "--key COLUMN loads nodes, and --role ROLE=COLUMN hyperedges: one of the two is needed",
            ));
        }
        key => {
            options.key.clone_from(key);
            LoadTarget::Hyperedges {
                name: name.clone(),
                roles,
            }
        }
    };
    // A graph is made only for tables that fit.
    if let Some(source) = source.again().filter(|_| load.dry_run || known.is_none()) {
        let preview = looked_at.preview(&target, source, &options).await?;
        if load.dry_run {
            println!("{preview}");
            return Ok(());
        }
    }
    let graph = match known {
        Some(graph) => graph,
        None => load.graph.open(true).await?,
    };
    let bar = progress_bar(&name, &options.progress);
    let report = graph.load(&target, source, &options).await;
    cleared(bar);
    tell(report?);
    Ok(())
}

/// Loads what a manifest names, as one commit.
async fn load_manifest(mut load: Load) -> Result<()> {
    if let Some(option) = load.option_for_files() {
        return Err(Error::invalid_query(format!(
            "{option} is for files that the command names; a manifest has settings of its own"
        )));
    }
    let path = load.target.clone();
    let path = path.unwrap_or_else(|| load.graph.uri.clone());
    let Manifest { graph, mut loads } = read_manifest(Path::new(&path))?;
    if load.target.is_none() {
        load.graph.uri = graph.ok_or_else(|| {
            Error::invalid_query(format!(
                "{path} names no graph: write `graph = \"…\"` there, or `grism load GRAPH {path}`"
            ))
        })?;
    }
    loads.memory_limit = load.memory_limit.or(loads.memory_limit);
    for job in &loads.jobs {
        let found = job.source.check();
        found.map_err(|error| error.context(job.target.name()))?;
    }
    let known = known_graph(&load).await?;
    if load.dry_run || known.is_none() {
        let looked_at = known.clone().unwrap_or_else(Graph::in_memory);
        let again = loads.again();
        let again = again.ok_or_else(|| Error::internal("files that are read once"))?;
        let previews = looked_at.preview_all(again).await?;
        if load.dry_run {
            for preview in previews {
                println!("{preview}");
            }
            return Ok(());
        }
    }
    let graph = match known {
        Some(graph) => graph,
        None => load.graph.open(true).await?,
    };
    let bar = progress_bar(&path, &loads.progress);
    let report = graph.load_all(loads).await;
    cleared(bar);
    tell(report?);
    Ok(())
}

/// The graph, where it is there.
async fn known_graph(load: &Load) -> Result<Option<Graph>> {
    match load.graph.open(false).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

fn cleared(bar: Option<(ProgressBar, tokio::task::JoinHandle<()>)>) {
    if let Some((bar, task)) = bar {
        task.abort();
        bar.finish_and_clear();
    }
}

fn import_options(load: &Load) -> Result<ImportOptions> {
    let mut types = BTreeMap::new();
    for given in &load.types {
        let (name, ty) = pair(given, "NAME=TYPE")?;
        types.insert(name, ColumnType::from_text(&ty)?);
    }
    let mut store = BTreeMap::new();
    for given in &load.store {
        let (name, value) = pair(given, "NAME=VALUE")?;
        store.insert(name, value);
    }
    let format = load.format.as_deref().map(FileFormat::from_name);
    let encoding = load.encoding.as_deref().map(Encoding::from_name);
    let byte =
        |option: &str, given: Option<&str>| given.map(|value| one_byte(option, value)).transpose();
    let time = |given: Option<&str>| given.map(TimeFormat::new).transpose();
    let compression = load.compression.as_deref().map(Compression::from_name);
    Ok(ImportOptions {
        format: format.transpose()?,
        compression: compression.transpose()?,
        delimiter: byte("--delimiter", load.delimiter.as_deref())?,
        quote: byte("--quote", load.quote.as_deref())?,
        header: match (load.header, load.no_header) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        encoding: encoding.transpose()?,
        nulls: load.null.clone(),
        types,
        times: TimeFormats {
            date: time(load.date_format.as_deref())?,
            timestamp: time(load.timestamp_format.as_deref())?,
        },
        store,
    })
}

fn load_options(load: &Load) -> Result<LoadOptions> {
    if load.rejects.is_some() && load.missing != Missing::Reject && load.bad_rows != BadRows::Reject
    {
        return Err(Error::invalid_query(
            "--rejects is only used with --missing reject or --bad-rows reject",
        ));
    }
    Ok(LoadOptions {
        missing: match load.missing {
            Missing::Error => MissingMember::Error,
            Missing::Reject => MissingMember::Reject,
            Missing::Create => MissingMember::Create,
        },
        bad_rows: match load.bad_rows {
            BadRows::Error => BadRow::Error,
            BadRows::Reject => BadRow::Reject,
        },
        key: None,
        on_conflict: match load.on_conflict {
            Conflict::Error => OnConflict::Error,
            Conflict::Skip => OnConflict::Skip,
            Conflict::Update => OnConflict::Update,
        },
        incremental: match &load.incremental_by {
            Some(column) => Some(Incremental::Above(column.clone())),
            None => load.incremental.then_some(Incremental::Files),
        },
        group_by: load.group_by.clone(),
        split: load.split.clone(),
        rejects: load.rejects.clone(),
        memory_limit: load.memory_limit,
        progress: Arc::default(),
    })
}

fn roles(given: &[String]) -> Result<BTreeMap<String, RoleSource>> {
    let mut roles = BTreeMap::new();
    for role in given {
        let Some((name, source)) = role.split_once('=') else {
            return Err(Error::invalid_query(format!(
                "`{role}` is no role: write ROLE=COLUMN or ROLE=LABEL:COLUMN"
            )));
        };
        let source = match source.split_once(':') {
            Some((label, column)) => RoleSource {
                label: Some(label.to_owned()),
                column: column.to_owned(),
            },
            None => RoleSource {
                label: None,
                column: source.to_owned(),
            },
        };
        if roles.insert(name.to_owned(), source).is_some() {
            return Err(Error::invalid_query(format!(
                "the role `{name}` is given twice"
            )));
        }
    }
    Ok(roles)
}

/// Shows rows and their rate while a load goes on, in a terminal only.
fn progress_bar(
    target: &str,
    progress: &Arc<LoadProgress>,
) -> Option<(ProgressBar, tokio::task::JoinHandle<()>)> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::new(0).with_message(target.to_owned());
    let style = "{msg}: {human_pos} rows, {per_sec}, {prefix} {elapsed}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar()));
    let (shown, progress) = (bar.clone(), Arc::clone(progress));
    let task = tokio::spawn(async move {
        loop {
            shown.set_position(progress.rows());
            let total = progress.total_bytes();
            let share = (100 * progress.bytes().min(total)).checked_div(total);
            if let Some(share) = share {
                shown.set_prefix(format!("{share} % of the files,"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    Some((bar, task))
}
