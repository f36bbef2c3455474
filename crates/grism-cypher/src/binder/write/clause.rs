//! One clause that writes, whatever it is.

use grism_core::Result;
use grism_logical::{SharedPlan, Write, WriteKind};
use std::ops::Range;

use super::bound::BoundWrite;
use super::create::create;
use super::created_step::Purpose;
use super::delete::delete;
use super::merge::merge;
use super::set::{remove, set};
use super::writing::Writing;
use crate::binder::clause::Rows;
use crate::binder::{Notes, QueryContext};
use crate::syntax::{Clause, ClauseKind};

/// Binds a clause that writes on top of the rows; of CREATE, these patterns or all.
pub(crate) fn bind_write(
    context: QueryContext<'_>,
    mut notes: Notes,
    rows: Rows,
    clause: &Clause,
    patterns: Option<&Range<usize>>,
) -> Result<BoundWrite> {
    let mut writing = Writing::new(context, &mut notes, rows);
    let kind = match &clause.kind {
        ClauseKind::Create(pattern) => {
            let paths = match patterns {
                Some(range) => &pattern.paths[range.clone()],
                None => &pattern.paths[..],
            };
            WriteKind::Create(create(&mut writing, paths, Purpose::Create)?)
        }
        ClauseKind::Merge(own) => merge(&mut writing, own)?,
        ClauseKind::Set(items) => WriteKind::Set(set(&mut writing, items)?),
        ClauseKind::Remove(items) => {
            let items = items.iter().map(|item| remove(&mut writing, item));
            WriteKind::Set(items.collect::<Result<_>>()?)
        }
        ClauseKind::Delete(own) => delete(&mut writing, own)?,
        _ => return Err(context.source.unsupported("this clause", clause.span)),
    };
    let rows = writing.into_rows()?;
    Ok(BoundWrite {
        write: Write {
            input: SharedPlan::new(rows.plan),
            kind,
        },
        scope: rows.scope,
        counter: notes.counter,
        warnings: notes.warnings,
    })
}
