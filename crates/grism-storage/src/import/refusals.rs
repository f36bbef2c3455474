//! Rows that are not loaded: the first one ends the load, or all of them go to the reject file.

use grism_core::{Error, Result};

use super::options::{BadRow, LoadOptions, MissingMember};
use super::rejects::{RejectFile, RejectStart, Rejected};

/// Takes note of rows that are not loaded.
pub(super) struct Refusals {
    target: String,
    bad_rows: BadRow,
    missing: MissingMember,
    rejects: Option<RejectFile>,
    first_missing: Option<Rejected>,
    /// Rows that are not loaded.
    pub(super) count: u64,
}

impl Refusals {
    /// No rows yet.
    pub(super) fn new(target: &str, options: &LoadOptions, start: RejectStart) -> Self {
        let rejects = options.rejects.as_deref();
        Self {
            target: target.to_owned(),
            bad_rows: options.bad_rows,
            missing: options.missing,
            rejects: rejects.map(|path| RejectFile::new(path, start)),
            first_missing: None,
            count: 0,
        }
    }

    /// A row that is wrong in itself.
    ///
    /// # Errors
    /// `InvalidData` where no row may be wrong; those of the reject file.
    pub(super) fn wrong(&mut self, columns: &[String], row: &Rejected) -> Result<()> {
        self.count += 1;
        if self.bad_rows == BadRow::Error {
            return Err(Error::invalid_data(row.describe(&self.target)));
        }
        self.write(columns, row)
    }

    /// A row that binds what does not exist.
    ///
    /// # Errors
    /// Those of the reject file.
    pub(super) fn missing(&mut self, columns: &[String], row: Rejected) -> Result<()> {
        self.count += 1;
        if self.missing == MissingMember::Error {
            self.first_missing.get_or_insert(row);
            return Ok(());
        }
        self.write(columns, &row)
    }

    fn write(&mut self, columns: &[String], row: &Rejected) -> Result<()> {
        match &mut self.rejects {
            Some(rejects) => rejects.write(columns, row),
            None => Ok(()),
        }
    }

    /// Fails where rows bind what does not exist and none may.
    ///
    /// # Errors
    /// `InvalidData` with the first such row.
    pub(super) fn check(&self) -> Result<()> {
        let Some(first) = &self.first_missing else {
            return Ok(());
        };
        let (target, rows) = (&self.target, self.count);
        Err(Error::invalid_data(format!(
            "{target}: {rows} rows bind members that do not exist, the first of them: {}; load the nodes first, or \
             have such members created or such rows rejected",
            first.describe(target)
        )))
    }

    /// Writes what is left; how many rows the reject file got.
    ///
    /// # Errors
    /// Those of the reject file.
    pub(super) fn finish(&mut self) -> Result<u64> {
        let Some(rejects) = &mut self.rejects else {
            return Ok(0);
        };
        rejects.finish()?;
        Ok(rejects.rows())
    }
}
