//! What breaks a constraint in a whole graph: one that is new, or that is checked.

use std::fmt;

use futures::TryStreamExt;
use grism_core::{Constraint, EntityId, Error, Result, Snapshot, Value};

use super::cached_keys::raw_ids;
use super::covered::{constraint_bytes, covered, parts};
use super::key::{KeyReader, RowKey};
use super::key_table::KeyTable;
use super::parted_keys::PartedKeys;
use super::violation::{blocked, equation, kind};
use crate::all_rows::all_rows;

/// What breaks a constraint.
#[derive(Clone, Debug)]
pub(crate) struct Violations {
    constraint: Constraint,
    /// Entities without one of the values.
    missing: u64,
    /// A property that one of them lacks.
    lacked: Option<String>,
    /// Entities whose values another one before them has.
    repeated: u64,
    /// The values of the first of them.
    example: Vec<Value>,
}

/// Looks at every entity that the constraint is of.
///
/// # Errors
/// Those of the storage.
pub(crate) async fn violations(
    snapshot: &dyn Snapshot,
    constraint: &Constraint,
) -> Result<Violations> {
    let mut found = Violations {
        constraint: constraint.clone(),
        missing: 0,
        lacked: None,
        repeated: 0,
        example: Vec::new(),
    };
    let tables = || covered(snapshot, constraint);
    let rows = tables().map(|table| snapshot.statistics().rows(table.id));
    let parts = parts(rows.sum(), constraint_bytes(snapshot));
    let mut known = KeyTable::default();
    let mut files = match parts {
        1 => None,
        parts => Some(PartedKeys::try_new(parts)?),
    };
    let mut repeating: Option<u64> = None;
    for table in tables() {
        let reader = KeyReader::new(constraint, table);
        let mut batches = all_rows(snapshot, table.id, &reader.columns());
        while let Some(batch) = batches.try_next().await? {
            let ids = raw_ids(&batch)?.values();
            for (key, id) in reader.read(&batch)?.into_iter().zip(ids) {
                match (key, &mut files) {
                    (RowKey::Missing(place), _) if constraint.rule.is_required() => {
                        found.missing += 1;
                        let name = constraint.properties.get(place);
                        found.lacked = found.lacked.take().or_else(|| name.cloned());
                    }
                    (RowKey::Is(_), _) if !constraint.rule.is_unique() => {}
                    (RowKey::Is(key), Some(files)) => files.push(key, *id)?,
                    (RowKey::Is(key), None) if known.insert_new(key, *id).is_some() => {
                        found.repeated += 1;
                        repeating.get_or_insert(*id);
                    }
                    _ => {}
                }
            }
        }
    }
    for file in files
        .map(PartedKeys::finish)
        .transpose()?
        .unwrap_or_default()
    {
        let mut known = KeyTable::default();
        for entry in file.entries() {
            let (key, id) = entry?;
            if known.insert_new(key, id).is_some() {
                found.repeated += 1;
                repeating.get_or_insert(id);
            }
        }
    }
    if let Some(id) = repeating.map(EntityId::from_raw) {
        let reader = KeyReader::new(constraint, snapshot.schema().table(id.table())?);
        let columns = reader.columns();
        let batch = snapshot.take(id.table(), &[id.offset()], &columns).await?;
        found.example = reader.row(&batch, 0)?;
    }
    Ok(found)
}

impl Violations {
    /// Whether the graph keeps the constraint.
    pub(crate) fn is_empty(&self) -> bool {
        self.missing == 0 && self.repeated == 0
    }

    /// The error of a commit that makes the constraint.
    ///
    /// # Errors
    /// `InvalidData`, unless the graph keeps it.
    pub(super) fn into_result(self) -> Result<()> {
        match self.is_empty() {
            true => Ok(()),
            false => Err(self.error()),
        }
    }

    fn error(&self) -> Error {
        blocked(format!(
            "the constraint `{}` cannot be made: {self}; change or delete them first",
            self.constraint.name
        ))
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (constraint, kind) = (&self.constraint, kind(&self.constraint));
        let entities = |count: u64| match count {
            1 => format!("1 {kind} of `{}`", constraint.label),
            count => format!("{count} {kind}s of `{}`", constraint.label),
        };
        let verb = |count: u64, one: &'static str, many: &'static str| match count {
            1 => one,
            _ => many,
        };
        if self.repeated > 0 {
            write!(
                f,
                "{} {} what another has, as {}",
                entities(self.repeated),
                verb(self.repeated, "repeats", "repeat"),
                equation(constraint, &self.example)
            )?;
        }
        if self.missing > 0 {
            let comma = if self.repeated > 0 { ", and " } else { "" };
            let lacked = self.lacked.as_deref().unwrap_or_default();
            write!(
                f,
                "{comma}{} {} no `{lacked}`",
                entities(self.missing),
                verb(self.missing, "has", "have")
            )?;
        }
        Ok(())
    }
}
