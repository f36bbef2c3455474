//! `COPY … FROM`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use grism_core::{Error, Result};
use grism_cypher::{CopyFrom, CopySource};
use grism_storage::{FileFormat, ImportOptions, LoadReport, MissingMember, RoleSource};

use crate::Graph;

pub(crate) async fn copy_from(graph: &Graph, copy: &CopyFrom) -> Result<LoadReport> {
    let options = import_options(&copy.options)?;
    let batches = Graph::read_file(Path::new(&copy.path), &options)?;
    match &copy.source {
        CopySource::Nodes { key } => {
            if copy.missing != grism_cypher::MissingMember::Error {
                return Err(Error::invalid_query(
                    "MISSING has no meaning for a load of nodes",
                ));
            }
            graph.load_nodes(&copy.target, batches, key).await
        }
        CopySource::Hyperedges { roles } => {
            let sources: BTreeMap<String, RoleSource> = roles
                .iter()
                .map(|role| {
                    let source = RoleSource {
                        label: role.label.clone(),
                        column: role.column.clone(),
                    };
                    (role.role.clone(), source)
                })
                .collect();
            if sources.len() < roles.len() {
                return Err(Error::invalid_query("COPY names a role twice"));
            }
            let missing = match &copy.missing {
                grism_cypher::MissingMember::Error => MissingMember::Error,
                grism_cypher::MissingMember::Create => MissingMember::Create,
                grism_cypher::MissingMember::Reject(path) => {
                    MissingMember::Reject(PathBuf::from(path))
                }
            };
            graph
                .load_hyperedges(&copy.target, batches, &sources, &missing)
                .await
        }
    }
}

fn import_options(given: &BTreeMap<String, String>) -> Result<ImportOptions> {
    let mut options = ImportOptions::default();
    for (name, value) in given {
        match name.as_str() {
            "FORMAT" => options.format = Some(FileFormat::from_name(value)?),
            "DELIMITER" => match value.as_bytes() {
                [delimiter] => options.delimiter = *delimiter,
                _ if value == "\\t" => options.delimiter = b'\t',
                _ => {
                    return Err(Error::invalid_query(format!(
                        "DELIMITER must be one character, not '{value}'"
                    )));
                }
            },
            "HEADER" => {
                options.header = value
                    .parse()
                    .map_err(|_| Error::invalid_query("HEADER must be true or false"))?;
            }
            "NULL" => options.null = Some(value.clone()),
            other => return Err(Error::unsupported(format!("the COPY option {other}"))),
        }
    }
    Ok(options)
}
