//! `Growth`: a column whose values grow, by which rows that were taken before are known.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, make_comparator};
use arrow::compute::SortOptions;
use arrow::datatypes::Float64Type;
use grism_core::{Error, Result, Type, Value};

use crate::import::arrow_column::normalized;
use crate::import::convert::Converted;
use crate::import::properties::required_column;
use crate::import::verdicts::Verdicts;

/// A growing column.
#[derive(Clone, Debug)]
pub(in crate::import) struct Growth {
    column: String,
    /// The greatest value that was taken before.
    before: Option<Value>,
    /// The greatest value, of the rows of this load too.
    greatest: Option<Value>,
}

impl Growth {
    /// A column of which everything up to `before` was taken; `None` is nothing.
    pub(in crate::import) fn new(column: &str, before: Option<Value>) -> Self {
        Self {
            column: column.to_owned(),
            greatest: before.clone(),
            before,
        }
    }

    /// The greatest value, where it is above the one before the load.
    pub(super) fn grown(self) -> Option<Value> {
        self.greatest
            .filter(|own| Some(own) != self.before.as_ref())
    }

    /// Says which rows of a batch were taken before, and which have no place in the order.
    ///
    /// # Errors
    /// `InvalidData` where the table has no such column, or its values have no order or another type than before.
    pub(in crate::import) fn check(
        &mut self,
        converted: &Converted,
        verdicts: &mut Verdicts,
    ) -> Result<()> {
        let column = &self.column;
        let mut known = converted.properties.iter();
        let (ty, values) = match known.find(|(name, ..)| name == column) {
            Some((_, ty, values)) => (ty.clone(), Arc::clone(values)),
            None => normalized(column, required_column(&converted.batch, column)?)?,
        };
        self.check_type(&ty)?;
        let before = self.compare_with(&values, self.before.as_ref())?;
        let within = make_comparator(&values, &values, SortOptions::default())?;
        let mut greatest: Option<usize> = None;
        for row in 0..values.len() {
            if has_no_order(&values, row) {
                let reason = format!("`{column}`, by which rows are known to be new, has no value");
                verdicts.wrong(row, column, reason);
            } else if before
                .as_ref()
                .is_some_and(|before| before(row, 0) != Ordering::Greater)
            {
                verdicts.known(row);
            } else if greatest.is_none_or(|own| within(row, own) == Ordering::Greater) {
                greatest = Some(row);
            }
        }
        let Some(greatest) = greatest else {
            return Ok(());
        };
        let own = self.compare_with(&values, self.greatest.as_ref())?;
        if own.is_none_or(|own| own(greatest, 0) == Ordering::Greater) {
            self.greatest = Some(Value::from_array(&values, greatest)?);
        }
        Ok(())
    }

    fn check_type(&self, ty: &Type) -> Result<()> {
        let is_ordered = matches!(
            ty,
            Type::Null
                | Type::Int64
                | Type::Float64
                | Type::String
                | Type::Date
                | Type::LocalTime
                | Type::LocalDateTime
                | Type::DateTime
        );
        if is_ordered {
            return Ok(());
        }
        Err(Error::invalid_data(format!(
            "`{}` holds {ty}; rows are known to be new by numbers, texts or times",
            self.column
        )))
    }

    /// What compares the values of rows with one value, at place 0.
    fn compare_with(
        &self,
        values: &ArrayRef,
        value: Option<&Value>,
    ) -> Result<Option<arrow::array::DynComparator>> {
        let Some(value) = value else {
            return Ok(None);
        };
        let own = value.to_array(1)?;
        if own.data_type() != values.data_type() {
            if values.null_count() == values.len() || values.data_type().is_null() {
                return Ok(None);
            }
            return Err(Error::invalid_data(format!(
                "`{}` held {} in rows that were taken before, and holds {} now; name its type in `types`",
                self.column,
                value.type_of(),
                Type::from_arrow(values.data_type())?
            )));
        }
        let compare = make_comparator(values, &own, SortOptions::default())?;
        Ok(Some(compare))
    }
}

/// Whether a value is null or no number.
fn has_no_order(values: &ArrayRef, row: usize) -> bool {
    values.data_type().is_null()
        || values.is_null(row)
        || values
            .as_primitive_opt::<Float64Type>()
            .is_some_and(|floats| floats.value(row).is_nan())
}
