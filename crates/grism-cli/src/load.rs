//! `grism load`.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use grism::{
    BadRow, Compression, Error, FileFormat, ImportOptions, ImportSource, LoadOptions, LoadProgress,
    LoadTarget, Manifest, MissingMember, Result, RoleSource, Type, read_manifest,
};
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::{BadRows, Load, Missing, pair};

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
    let is_of_hyperedges = !load.role.is_empty() || load.group_by.is_some() || load.split.is_some();
    let target = match &load.key {
        Some(key) => LoadTarget::Nodes {
            label: name.clone(),
            key: key.clone(),
        },
        None if is_of_hyperedges => LoadTarget::Hyperedges {
            name: name.clone(),
            roles: roles(&load.role)?,
        },
        None => {
            return Err(Error::invalid_query(
                "--key COLUMN loads nodes, and --role ROLE=COLUMN hyperedges: one of the two is needed",
            ));
        }
    };
    let options = load_options(&load)?;
    // The files come first, so that a wrong path makes no graph.
    source.check()?;
    let graph = load.graph.open(true).await?;
    let bar = progress_bar(&name, &options.progress);
    let report = graph.load(&target, source, &options).await;
    cleared(bar);
    eprintln!("{}", report?);
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
    let graph = load.graph.open(true).await?;
    let bar = progress_bar(&path, &loads.progress);
    let report = graph.load_all(loads).await;
    cleared(bar);
    eprintln!("{}", report?);
    Ok(())
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
        types.insert(name, Type::from_name(&ty)?);
    }
    let mut store = BTreeMap::new();
    for given in &load.store {
        let (name, value) = pair(given, "NAME=VALUE")?;
        store.insert(name, value);
    }
    let format = load.format.as_deref().map(FileFormat::from_name);
    let compression = load.compression.as_deref().map(Compression::from_name);
    Ok(ImportOptions {
        format: format.transpose()?,
        compression: compression.transpose()?,
        delimiter: one_character("delimiter", &load.delimiter)?,
        quote: one_character("quote", &load.quote)?,
        header: !load.no_header,
        null: load.null.clone(),
        types,
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
        group_by: load.group_by.clone(),
        split: load.split.clone(),
        rejects: load.rejects.clone(),
        memory_limit: load.memory_limit,
        progress: Arc::default(),
    })
}

fn one_character(what: &str, text: &str) -> Result<u8> {
    match text.as_bytes() {
        [character] => Ok(*character),
        b"\\t" => Ok(b'\t'),
        _ => Err(Error::invalid_query(format!(
            "the {what} must be one character"
        ))),
    }
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
