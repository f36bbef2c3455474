//! Comparing more keys than memory holds: those of the commit and those of the graph before go to files in parts, and each part is
//! compared on its own.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use grism_core::{EntityId, Error, Result};

use super::cached_keys::raw_ids;
use super::compare::{Candidate, Rows};
use super::covered::covered;
use super::key::{KeyReader, RowKey};
use super::key_table::KeyTable;
use super::parted_keys::{KeyFile, PartedKeys};
use super::touched::PASSED_OVER;
use super::violation::taken;
use crate::all_rows::all_rows;

impl Rows<'_> {
    /// Compares the keys of the rows with each other and with all before.
    pub(super) async fn check_parts(&self, parts: u64) -> Result<()> {
        let own = self.own_parts(parts).await?;
        let before = self.parts_before(parts).await?;
        for (own, before) in own.into_iter().zip(before) {
            let mut keys = KeyTable::default();
            for entry in own.entries() {
                let (key, id) = entry?;
                if keys.insert_new(key, id).is_some() {
                    return Err(self.taken_by(id).await?);
                }
            }
            for entry in before.entries() {
                let (key, id) = entry?;
                if keys.get(key).is_some_and(|own| own != id) {
                    let table = EntityId::from_raw(id).table();
                    let candidate = vec![Candidate { key, id }];
                    self.check_candidates(BTreeMap::from([(table, candidate)]))
                        .await?;
                }
            }
        }
        Ok(())
    }

    async fn own_parts(&self, parts: u64) -> Result<Vec<KeyFile>> {
        let mut keys = PartedKeys::try_new(parts)?;
        let visit = self.touched.visit(self.after, |rows| {
            for (key, id) in rows.reader.read(&rows.batch)?.into_iter().zip(&rows.ids) {
                if let RowKey::Is(key) = key
                    && *id != PASSED_OVER
                {
                    keys.push(key, *id)?;
                }
            }
            Ok(())
        });
        visit.await?;
        keys.finish()
    }

    async fn parts_before(&self, parts: u64) -> Result<Vec<KeyFile>> {
        let mut keys = PartedKeys::try_new(parts)?;
        for table in covered(self.before, self.constraint) {
            let reader = KeyReader::new(self.constraint, table);
            if reader.property_columns().any(|column| column.is_none()) {
                // No row has all values.
                continue;
            }
            let mut batches = all_rows(self.before, table.id, &reader.columns());
            while let Some(batch) = batches.try_next().await? {
                let ids = raw_ids(&batch)?.values();
                for (key, id) in reader.read(&batch)?.into_iter().zip(ids) {
                    if let RowKey::Is(key) = key
                        && !self.touched.contains(*id)
                    {
                        keys.push(key, *id)?;
                    }
                }
            }
        }
        keys.finish()
    }

    /// The error for a row of the commit that has the key of another one of it.
    async fn taken_by(&self, wanted: u64) -> Result<Error> {
        let mut error = Error::internal("a row of a commit was read once");
        let visit = self.touched.visit(self.after, |rows| {
            if let Some(row) = rows.ids.iter().position(|id| *id == wanted) {
                error = taken(self.constraint, &rows.reader.row(&rows.batch, row)?);
            }
            Ok(())
        });
        visit.await?;
        Ok(error)
    }
}
