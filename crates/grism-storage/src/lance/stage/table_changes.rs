//! `TableChanges`: what a commit changes of a table, staged room by room.

use grism_core::{AppendedRows, OffsetSet, Result};

use super::append::appended;
use super::delete::deleted;
use super::table::{StagedTable, TableBefore, TableContext};
use super::update::updated;
use crate::lance::rows::dataset::open;

/// What changes of a table.
#[derive(Default)]
pub(super) struct TableChanges {
    pub(super) appends: Option<Vec<AppendedRows>>,
    pub(super) updates: Option<Vec<AppendedRows>>,
    pub(super) deletes: Option<OffsetSet>,
}

impl TableChanges {
    /// Stages the changes, and what becomes of the table's incidences.
    pub(super) async fn staged(
        self,
        context: &TableContext,
        before: TableBefore,
    ) -> Result<StagedTable> {
        let mut staged = match (before, self.appends) {
            (
                TableBefore {
                    dataset: Some(known),
                    statistics,
                    adjacency,
                },
                None,
            ) => StagedTable {
                dataset: open(&context.root, &known).await?,
                path: known.path,
                statistics,
                adjacency,
            },
            (before, appends) => appended(context, before, &appends.unwrap_or_default()).await?,
        };
        if let Some(updates) = self.updates {
            staged = updated(context, staged, updates).await?;
        }
        if let Some(deletes) = self.deletes {
            staged = deleted(context, staged, &deletes).await?;
        }
        Ok(staged)
    }
}
