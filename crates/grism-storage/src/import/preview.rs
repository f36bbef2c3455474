//! What a load would do: its tables are looked at, their first rows are read, and nothing is committed.

use std::fmt;
use std::sync::Arc;

use grism_core::{Error, Result, Snapshot, Value};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::input::Input;
use super::load::{begin, changes_on, first_telling};
use super::look::{Look, look_at};
use super::options::{BadRow, ImportSource, LoadOptions, LoadProgress, LoadTarget};
use super::parsed::Parsed;
use super::plan::Plan;
use super::properties::normalized_columns;
use super::read::{cancelled, read};
use super::shared_keys::SharedKeys;
use super::telling::Telling;
use crate::shares::Shares;

/// Rows of a table that are shown.
const SHOWN_ROWS: usize = 5;

/// What a load would read, and what of it would become what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadPreview {
    /// The label or hyperedge type.
    pub target: String,
    /// What each row becomes, in words.
    pub becomes: String,
    /// The tables, in order.
    pub tables: Vec<TablePreview>,
    /// What there is to say of them that is no error.
    pub warnings: Vec<String>,
}

/// A table that would be loaded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TablePreview {
    /// The file; empty for a table in memory.
    pub name: String,
    /// How it is read, in words.
    pub read_as: String,
    /// Bytes of the file.
    pub bytes: Option<u64>,
    /// Its rows, where they are known before all of it is read.
    pub rows: Option<u64>,
    /// Its columns.
    pub columns: Vec<ColumnPreview>,
    /// Its first rows as texts; `None` is null.
    pub first_rows: Vec<Vec<Option<String>>>,
}

/// A column of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnPreview {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: String,
    /// What it becomes: the key, a role, what groups the rows, a property.
    pub used_as: String,
}

/// Checks a load and shows what it would do.
///
/// # Errors
/// Those that [`super::load_into`] would meet before the first row and in the first rows of each table.
pub async fn preview(
    snapshot: &Arc<dyn Snapshot>,
    target: &LoadTarget,
    source: ImportSource,
    options: &LoadOptions,
) -> Result<LoadPreview> {
    let telling = Arc::new(first_telling(snapshot, target, options));
    let mut changes = changes_on(snapshot, target);
    let keys = SharedKeys::default();
    let begun = begin(snapshot, &mut changes, target, source, options, &keys).await?;
    let (plan, inputs) = (begun.plan, begun.inputs);
    let (target, options) = (target.clone(), options.clone());
    let reading = Reading {
        runtime: Handle::current(),
        shares: Shares::of(snapshot.memory().as_ref()),
    };
    let work = tokio::task::spawn_blocking(move || {
        let looks = look_at(&inputs, &plan, &telling, &reading.runtime)?;
        let mut preview = LoadPreview {
            target: target.name().to_owned(),
            becomes: becomes(&target, &plan),
            ..LoadPreview::default()
        };
        let tables = inputs.into_iter().flat_map(Input::into_tables);
        for (input, look) in tables.zip(looks) {
            let shown = shown(input, look, &plan, &telling, &reading, &options)?;
            let (table, warnings) = shown;
            preview.tables.push(table);
            let known = &mut preview.warnings;
            let new = warnings.into_iter().filter(|own| !known.contains(own));
            let new: Vec<String> = new.collect();
            known.extend(new);
        }
        Ok(preview)
    });
    work.await
        .map_err(|error| Error::internal(format!("a preview failed: {error}")))?
}

/// What tables are read with.
struct Reading {
    runtime: Handle,
    shares: Shares,
}

fn becomes(target: &LoadTarget, plan: &Plan) -> String {
    let what = match target {
        LoadTarget::Nodes { .. } => "a node",
        LoadTarget::Hyperedges { .. } => "a hyperedge",
    };
    let known = plan.key.as_ref();
    let known = known.map(|key| format!(", known by `{key}`"));
    let rows = match &plan.grouping {
        Some(grouping) => format!("the rows with one `{}`", grouping.by),
        None => "each row".to_owned(),
    };
    format!("{rows} {what}{}", known.unwrap_or_default())
}

/// What a column becomes.
fn used_as(plan: &Plan, column: &str) -> String {
    let mut uses = Vec::new();
    if plan.key.as_deref() == Some(column) {
        uses.push("key".to_owned());
    }
    if plan.grouping.as_ref().is_some_and(|own| own.by == column) {
        uses.push("groups the rows".to_owned());
    }
    for role in plan.roles.iter().filter(|role| role.column == column) {
        let label = &plan.labels[role.label].label;
        uses.push(format!("role {} ({label})", role.role.name));
    }
    match uses.is_empty() {
        true => "property".to_owned(),
        false => uses.join(", "),
    }
}

/// A table with its first rows, and what there is to say of it.
fn shown(
    input: Input,
    look: Look,
    plan: &Plan,
    telling: &Arc<Telling>,
    reading: &Reading,
    options: &LoadOptions,
) -> Result<(TablePreview, Vec<String>)> {
    let mut warnings = look.warnings;
    let mut table = TablePreview {
        name: look.name,
        read_as: look.how,
        bytes: look.bytes,
        rows: look.rows,
        ..TablePreview::default()
    };
    let (parsed, is_whole) = first_rows(input, telling, reading)?;
    let Some(parsed) = parsed else {
        table.rows = Some(0);
        return Ok((table, warnings));
    };
    if let Some(wrong) = parsed.rejected.first() {
        let described = wrong.describe(&table.name);
        if options.bad_rows == BadRow::Error {
            return Err(Error::invalid_data(described));
        }
        let count = parsed.rejected.len();
        warnings.push(format!(
            "{count} of the first rows would be rejected, the first of them: {described}"
        ));
    }
    plan.check_table(&parsed.batch)
        .map_err(|error| match table.name.as_str() {
            "" => error,
            name => error.context(name),
        })?;
    let columns = normalized_columns(&parsed.batch, &[])?;
    if is_whole {
        let rows = parsed.batch.num_rows() + parsed.rejected.len();
        table.rows.get_or_insert(rows as u64);
    }
    for row in 0..parsed.batch.num_rows().min(SHOWN_ROWS) {
        let values = columns.iter().map(|(_, ty, values)| {
            Ok(match Value::from_typed(values, row, ty)? {
                Value::Null => None,
                Value::String(text) => Some(text),
                value => Some(value.to_string()),
            })
        });
        table.first_rows.push(values.collect::<Result<_>>()?);
    }
    table.columns = columns
        .into_iter()
        .map(|(name, ty, _)| ColumnPreview {
            used_as: used_as(plan, &name),
            ty: ty.to_string(),
            name,
        })
        .collect();
    Ok((table, warnings))
}

/// The first rows of a table, and whether they are all.
fn first_rows(
    input: Input,
    telling: &Arc<Telling>,
    reading: &Reading,
) -> Result<(Option<Parsed>, bool)> {
    // The rows of a stream come once, for the load.
    let (input, is_cut) = match input {
        Input::Stream(stream) => (Input::Batches(vec![stream.into_empty()]), true),
        Input::Batches(batches) => {
            let first: Vec<_> = batches.into_iter().take(1).collect();
            let first = first
                .iter()
                .map(|own| own.slice(0, own.num_rows().min(SHOWN_ROWS)));
            (Input::Batches(first.collect()), true)
        }
        files => (files, false),
    };
    let again = input.again();
    let mut first: Option<Parsed> = None;
    let progress = Arc::new(LoadProgress::default());
    let done = read(
        input,
        telling,
        &progress,
        &reading.runtime,
        reading.shares,
        Ok,
        |parsed| match &first {
            Some(_) => Err(cancelled()),
            None => {
                first = Some(parsed);
                Ok(())
            }
        },
    );
    match (done, first, telling.corrected()) {
        (Ok(_), first, _) => Ok((first, !is_cut)),
        // There are more rows than are shown.
        (Err(_), Some(first), _) => Ok((Some(first), false)),
        (Err(_), None, Some(corrected)) => first_rows(again, &Arc::new(corrected), reading),
        (Err(error), None, None) => Err(error),
    }
}

impl fmt::Display for LoadPreview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.target, self.becomes)?;
        for table in &self.tables {
            let name = match table.name.as_str() {
                "" => "table",
                name => name,
            };
            write!(f, "{name}: {}", table.read_as)?;
            if let Some(rows) = table.rows {
                let noun = if rows == 1 { "row" } else { "rows" };
                write!(f, ", {rows} {noun}")?;
            }
            if let Some(bytes) = table.bytes {
                write!(f, ", {bytes} bytes")?;
            }
            writeln!(f)?;
            let width = |pick: fn(&ColumnPreview) -> &String| {
                let widths = table.columns.iter().map(|own| pick(own).chars().count());
                widths.max().unwrap_or_default()
            };
            let (names, types) = (width(|own| &own.name), width(|own| &own.ty));
            for ColumnPreview { name, ty, used_as } in &table.columns {
                writeln!(f, "  {name:names$}  {ty:types$}  {used_as}")?;
            }
            for row in &table.first_rows {
                let values: Vec<&str> = row
                    .iter()
                    .map(|value| value.as_deref().unwrap_or("null"))
                    .collect();
                writeln!(f, "  | {}", values.join(" | "))?;
            }
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        write!(f, "nothing was loaded")
    }
}
