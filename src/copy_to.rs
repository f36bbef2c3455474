//! `COPY … TO`: the rows of a query, a label or a hyperedge type to a file.

use std::path::PathBuf;
use std::sync::Arc;

use futures::TryStreamExt;
use grism_core::{Cardinality, Error, FileOption, GraphSchema, Result, SnapshotSelector, nearest};
use grism_cypher::{CopyTo, Exported, Query};
use grism_storage::{
    Compression, ExportOptions, FileExport, FileFormat, Location, one_byte, upload_file,
};

use crate::{Graph, PlainForm, QueryOptions, plain_stream};

/// Writes the file; how many rows it has.
pub(crate) async fn copy_to(graph: &Graph, copy: &CopyTo, options: &QueryOptions) -> Result<u64> {
    let location = Location::of(&copy.path)?;
    let export = match &location {
        Location::Local(path) => export_options(copy, path)?,
        Location::Remote(uri) => export_options(copy, uri)?,
    };
    let query = match &copy.source {
        Exported::Query(query) => Arc::clone(query),
        Exported::Named(name) => {
            let snapshot = graph.snapshot(SnapshotSelector::Newest).await?;
            Query::parse(&query_of(snapshot.schema(), name)?)?
        }
    };
    let result = Box::pin(graph.read(&query, options)).await?;
    let form = match export.format {
        // Values of any type are JSON as they are.
        FileFormat::Json => None,
        FileFormat::Parquet => Some(PlainForm::Parquet),
        FileFormat::Arrow => Some(PlainForm::Arrow),
        FileFormat::Csv | FileFormat::Lance => Some(PlainForm::Text),
    };
    let schema = Arc::clone(result.schema().arrow());
    let (schema, mut batches) = match form {
        Some(form) => plain_stream(&schema, result.into_stream(), form).await?,
        None => (schema, result.into_stream()),
    };
    // What goes to an object store is whole before it goes.
    let (local, _directory) = match &location {
        Location::Local(path) => (PathBuf::from(path.as_ref()), None),
        Location::Remote(_) => {
            let directory = tempfile::tempdir()?;
            (directory.path().join("file"), Some(directory))
        }
    };
    let mut file = FileExport::create(&local, &schema, &export)?;
    while let Some(batch) = batches.try_next().await? {
        file.write(&batch)?;
    }
    let rows = file.finish()?;
    if let Location::Remote(uri) = location {
        let options = graph.storage().descriptor().options;
        upload_file(&local, uri, &options).await?;
    }
    Ok(rows)
}

/// The options of an export to `path`, by its ending and by what the statement says.
fn export_options(copy: &CopyTo, path: &str) -> Result<ExportOptions> {
    let is_named = copy.options.iter().any(|option| option.name == "FORMAT");
    let mut options = match (is_named, ExportOptions::of_path(path)) {
        (false, told) => told?,
        (true, Ok(told)) => told,
        (true, Err(_)) => ExportOptions {
            format: FileFormat::Csv,
            compression: Compression::None,
            delimiter: b',',
            header: true,
        },
    };
    for FileOption { name, value, .. } in &copy.options {
        match name.as_str() {
            "FORMAT" => options.format = FileFormat::from_name(value)?,
            "COMPRESSION" => options.compression = Compression::from_name(value)?,
            "DELIMITER" => options.delimiter = one_byte(name, value)?,
            "HEADER" => {
                options.header = value
                    .parse()
                    .map_err(|_| Error::invalid_query("HEADER must be true or false"))?;
            }
            other => return Err(Error::unsupported(format!("the option {other} of COPY TO"))),
        }
    }
    let is_csv_option = |option: &&FileOption| matches!(&*option.name, "DELIMITER" | "HEADER");
    match copy.options.iter().find(is_csv_option) {
        Some(option) if options.format != FileFormat::Csv => Err(Error::unsupported(format!(
            "the option {} is for CSV, and {path} is written as {}",
            option.name,
            options.format.name()
        ))),
        _ => Ok(options),
    }
}

/// A query for every node of a label with its properties, or every hyperedge of a type with the keys of its members. The
/// ends of an edge of an undeclared type are `source` and `target`, or `source_id` and `target_id` where a property is
/// called so.
fn query_of(schema: &GraphSchema, name: &str) -> Result<String> {
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    if let Some((table, ty)) = schema.hyperedge_table(name) {
        let mut columns = Vec::new();
        for role in &ty.roles {
            let mut name = role.name.clone();
            while table.property(&name).is_some() {
                name.push_str("_id");
            }
            let column = quoted(&name);
            let key = role.member.as_deref().and_then(|label| {
                let tables = schema.tables_with_label(label);
                let mut keys = tables
                    .iter()
                    .map(|table| schema.table(*table).ok()?.key.clone());
                let first = keys.next()??;
                keys.all(|key| key.as_ref() == Some(&first))
                    .then_some(first)
            });
            let of = |member: &str| match &key {
                Some(key) => format!("{member}.{}", quoted(key)),
                None => format!("id({member})"),
            };
            let role_name = role.name.replace('\\', "\\\\").replace('\'', "\\'");
            let members = format!("members(h, '{role_name}')");
            columns.push(match (role.cardinality, ty.is_binary() && !ty.declared) {
                (_, true) => {
                    let end = if role.name == grism_core::SOURCE_ROLE {
                        "a"
                    } else {
                        "b"
                    };
                    format!("id({end}) AS {column}")
                }
                (Cardinality::Many, _) => {
                    format!("[m IN {members} | {}] AS {column}", of("m"))
                }
                _ => format!("{} AS {column}", of(&format!("head({members})"))),
            });
        }
        columns.extend(table.properties.iter().map(|own| {
            let own = quoted(&own.name);
            format!("h.{own} AS {own}")
        }));
        let pattern = if ty.is_binary() && !ty.declared {
            format!("(a)-[h:{}]->(b)", quoted(name))
        } else {
            format!("(h:{})", quoted(name))
        };
        return Ok(format!("MATCH {pattern} RETURN {}", columns.join(", ")));
    }
    let tables = schema.tables_with_label(name);
    if tables.is_empty() {
        let known = schema.labels().into_iter();
        let types = schema.hyperedge_tables().map(|(_, ty)| ty.name.as_str());
        let hint = nearest(name, known.chain(types))
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        return Err(Error::not_found(format!(
            "there is no label or hyperedge type `{name}`{hint}"
        )));
    }
    let mut properties: Vec<&str> = Vec::new();
    for table in tables.iter() {
        for own in &schema.table(*table)?.properties {
            if !properties.contains(&own.name.as_str()) {
                properties.push(&own.name);
            }
        }
    }
    let columns: Vec<String> = match &properties[..] {
        [] => vec!["id(n) AS id".to_owned()],
        all => all
            .iter()
            .map(|own| format!("n.{} AS {}", quoted(own), quoted(own)))
            .collect(),
    };
    let label = quoted(name);
    Ok(format!("MATCH (n:{label}) RETURN {}", columns.join(", ")))
}
