//! The lists of all rows, whose elements are laid end to end.

use arrow::array::{Array, ArrayRef, ListArray, UInt32Array};
use arrow::buffer::NullBuffer;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result};
use grism_functions::take_rows;

use crate::expr::indexed::Indexed;
use crate::expr::node::{Node, evaluate_indexed};

/// Elements that a part is evaluated over at once.
const ELEMENTS_AT_ONCE: usize = 1 << 16;

/// The lists of all rows, whose elements are laid end to end.
pub(super) struct Lists {
    pub(super) indexed: Indexed,
    pub(super) lists: ListArray,
    /// How many rows there are.
    pub(super) rows: usize,
}

/// Some elements, and the rows they belong to.
pub(super) struct Elements {
    pub(super) rows: UInt32Array,
    pub(super) items: ArrayRef,
}

impl Elements {
    pub(super) fn slice(&self, start: usize, length: usize) -> Self {
        Self {
            rows: self.rows.slice(start, length),
            items: self.items.slice(start, length),
        }
    }
}

impl Lists {
    pub(super) fn of(node: &Node, batch: &RecordBatch) -> Result<Self> {
        let indexed = evaluate_indexed(node, batch)?;
        let lists = indexed
            .values
            .as_any()
            .downcast_ref::<ListArray>()
            .cloned()
            .ok_or_else(|| Error::internal("a list column"))?;
        Ok(Self {
            indexed,
            lists,
            rows: batch.num_rows(),
        })
    }

    pub(super) fn is_null(&self, row: usize) -> bool {
        self.lists.is_null(self.indexed.at(row))
    }

    pub(super) fn length(&self, row: usize) -> usize {
        let list = self.indexed.at(row);
        if self.lists.is_null(list) {
            return 0;
        }
        self.lists.value_length(list) as usize
    }

    /// Where the elements of a row's list start among all.
    pub(super) fn start(&self, row: usize) -> usize {
        self.lists.value_offsets()[self.indexed.at(row)] as usize
    }

    pub(super) fn nulls(&self) -> NullBuffer {
        (0..self.rows).map(|row| !self.is_null(row)).collect()
    }

    pub(super) fn elements(&self, rows: Vec<u32>, places: Vec<u32>) -> Result<Elements> {
        Ok(Elements {
            rows: rows.into(),
            items: take_rows(self.lists.values(), &UInt32Array::from(places))?,
        })
    }

    /// Hands all elements to `visit`, so many at once.
    pub(super) fn for_each_part(
        &self,
        mut visit: impl FnMut(Elements) -> Result<()>,
    ) -> Result<()> {
        let (mut rows, mut places) = (Vec::new(), Vec::new());
        for row in 0..self.rows {
            let (mut place, mut left) = (self.start(row), self.length(row));
            while left > 0 {
                let taken = left.min(ELEMENTS_AT_ONCE - rows.len());
                rows.extend(std::iter::repeat_n(row as u32, taken));
                places.extend(place as u32..(place + taken) as u32);
                place += taken;
                left -= taken;
                if rows.len() == ELEMENTS_AT_ONCE {
                    let part =
                        self.elements(std::mem::take(&mut rows), std::mem::take(&mut places))?;
                    visit(part)?;
                }
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        visit(self.elements(rows, places)?)
    }
}
