//! Which rows of a piece of a table pass the condition of a scan, and the batches of them.

use arrow::array::{ArrayRef, BooleanArray, UInt32Array};
use arrow::compute::{and, filter_record_batch, take};
use arrow::record_batch::RecordBatch;
use grism_core::{Comparison, Result, ScanRequest, Table};

use crate::columns::{id_array, named_batch, passing_rows, scan_names};
use crate::value_lookups::ValueLookups;

/// Rows of a piece of a table that follow each other.
pub(crate) struct Piece<'a> {
    pub(crate) table: &'a Table,
    /// The offset of the first one.
    pub(crate) first: u64,
    pub(crate) rows: usize,
}

/// Those of them that pass.
pub(crate) enum Selection {
    All,
    Flagged(BooleanArray),
    /// By their places in the piece, ascending.
    Few(Vec<u32>),
}

impl Piece<'_> {
    /// The rows that pass `predicate`, given the columns that it compares, by their names.
    ///
    /// # Errors
    /// `Internal` where a value is not of its column's type.
    pub(crate) fn select(
        &self,
        predicate: &[Comparison],
        compared: &RecordBatch,
        lookups: &ValueLookups,
    ) -> Result<Selection> {
        if predicate.is_empty() {
            return Ok(Selection::All);
        }
        let candidates = predicate.iter().find_map(|comparison| {
            let column = compared.column_by_name(&comparison.column)?;
            lookups.candidates((self.table.id, self.first), comparison, column)
        });
        if let Some(candidates) = candidates {
            if candidates.is_empty() {
                return Ok(Selection::Few(candidates));
            }
            let places = UInt32Array::from(candidates.clone());
            let columns = compared.columns().iter();
            let columns = columns.map(|column| take(column, &places, None));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let found = RecordBatch::try_new(compared.schema(), columns)?;
            let passing = passing_rows(&found, predicate, self.table)?;
            let passing = candidates
                .into_iter()
                .zip(passing.iter())
                .filter(|(_, passes)| *passes == Some(true));
            return Ok(Selection::Few(passing.map(|(place, _)| place).collect()));
        }
        Ok(Selection::of(passing_rows(
            compared, predicate, self.table,
        )?))
    }

    /// The selected rows with `columns`, those that `request` asks for, in batches of at most the rows it wants.
    ///
    /// # Errors
    /// Those of Arrow.
    pub(crate) fn batches(
        &self,
        request: &ScanRequest,
        columns: Vec<ArrayRef>,
        selection: &Selection,
    ) -> Result<Vec<RecordBatch>> {
        let names = scan_names(&request.columns);
        let table = self.table.id;
        let batch = if let Selection::Few(places) = selection {
            let offsets = places.iter().map(|place| self.first + u64::from(*place));
            let mut found = vec![id_array(table, offsets)];
            let rows = UInt32Array::from(places.clone());
            for column in &columns {
                found.push(take(column, &rows, None)?);
            }
            named_batch(&names, found, places.len())?
        } else {
            let offsets = self.first..self.first + self.rows as u64;
            let mut all = vec![id_array(table, offsets)];
            all.extend(columns);
            let all = named_batch(&names, all, self.rows)?;
            match selection {
                Selection::Flagged(flags) => filter_record_batch(&all, flags)?,
                Selection::All | Selection::Few(_) => all,
            }
        };
        let step = request.batch_rows.max(1);
        let starts = (0..batch.num_rows()).step_by(step);
        let slice = |start: usize| batch.slice(start, step.min(batch.num_rows() - start));
        Ok(starts.map(slice).collect())
    }
}

impl Selection {
    fn of(passing: BooleanArray) -> Self {
        let count = passing.true_count();
        if count == passing.len() {
            Self::All
        } else if count < passing.len() / 8 {
            let places = (0..).zip(passing.iter());
            let places = places.filter(|(_, passes)| *passes == Some(true));
            Self::Few(places.map(|(place, _)| place).collect())
        } else {
            Self::Flagged(passing)
        }
    }

    /// Those of the rows for which `keep` holds too, by their places.
    ///
    /// # Errors
    /// Those of Arrow.
    pub(crate) fn and(self, rows: usize, keep: impl Fn(u32) -> bool) -> Result<Self> {
        let kept = || BooleanArray::from_iter((0..rows as u32).map(|place| Some(keep(place))));
        Ok(match self {
            Self::All => Self::of(kept()),
            Self::Flagged(flags) => Self::of(and(&flags, &kept())?),
            Self::Few(mut places) => {
                places.retain(|place| keep(*place));
                Self::Few(places)
            }
        })
    }

    /// Whether no row is selected.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Few(places) => places.is_empty(),
            Self::All | Self::Flagged(_) => false,
        }
    }
}
