//! `grism load`.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use grism::{Error, FileFormat, Graph, ImportOptions, MissingMember, Result, RoleSource};
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::{Load, Missing};

pub(crate) async fn load(load: Load) -> Result<()> {
    let options = ImportOptions {
        format: load
            .format
            .as_deref()
            .map(FileFormat::from_name)
            .transpose()?,
        delimiter: match load.delimiter.as_bytes() {
            [delimiter] => *delimiter,
            b"\\t" => b'\t',
            _ => return Err(Error::invalid_query("the delimiter must be one character")),
        },
        null: load.null.clone(),
        ..ImportOptions::default()
    };
    let spinner = spinner(&format!("reading {}", load.file.display()));
    // The file comes first, so that a wrong path makes no graph.
    let batches = Graph::read_file(&load.file, &options)?;
    let rows: usize = batches
        .iter()
        .map(arrow::record_batch::RecordBatch::num_rows)
        .sum();
    let graph = Graph::open(&load.graph, true).await?;
    spinner.set_message(format!("loading {rows} rows into {}", load.target));
    let report = match &load.key {
        Some(key) => graph.load_nodes(&load.target, batches, key).await,
        None => {
            let missing = match (load.missing, load.rejects) {
                (Missing::Error, None) => MissingMember::Error,
                (Missing::Create, None) => MissingMember::Create,
                (Missing::Reject, Some(path)) => MissingMember::Reject(path),
                (Missing::Reject, None) => {
                    return Err(Error::invalid_query(
                        "--missing reject needs --rejects FILE",
                    ));
                }
                (_, Some(_)) => {
                    return Err(Error::invalid_query(
                        "--rejects is only used with --missing reject",
                    ));
                }
            };
            graph
                .load_hyperedges(&load.target, batches, &roles(&load.role)?, &missing)
                .await
        }
    };
    spinner.finish_and_clear();
    eprintln!("{}", report?);
    Ok(())
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

/// Shows that something is going on, in a terminal only.
fn spinner(message: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner().with_message(message.to_owned());
    bar.set_style(ProgressStyle::default_spinner());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
