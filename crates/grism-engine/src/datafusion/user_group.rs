//! One group of an aggregate that the user registered.

use std::mem::size_of_val;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::buffer::NullBuffer;
use arrow::compute::filter;
use arrow::datatypes::DataType;
use datafusion_common::{DataFusionError, Result, ScalarValue};
use datafusion_expr::Accumulator;
use grism_core::{Error, ErrorKind, Meter, Type, Value};
use grism_functions::{Nulls, UserAccumulator, UserAggregate, UserParameter, fitting};

use super::distinct_rows::DistinctRows;
use crate::CancellationHandle;

/// Which rows of a group count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Counted {
    /// Every row.
    Every,
    /// One of those with equal arguments.
    Different,
}

/// What groups are made of.
#[derive(Clone, Debug)]
pub(super) struct GroupForm {
    /// What the user registered.
    pub(super) function: Arc<dyn UserAggregate>,
    /// Where only different rows count, a key of them follows the arguments.
    pub(super) counted: Counted,
    /// Stops the groups with their query.
    pub(super) cancellation: CancellationHandle,
}

impl GroupForm {
    /// The types of a state, for arguments of these types.
    pub(super) fn state_types(&self, arguments: &[DataType]) -> Vec<DataType> {
        match self.counted {
            Counted::Different => DistinctRows::state_types(arguments.iter()),
            Counted::Every => {
                let types = self.function.state().unwrap_or_default();
                types.iter().map(Type::to_arrow).collect()
            }
        }
    }

    /// A group without rows, of arguments of these types.
    pub(super) fn group(&self, types: &[DataType]) -> grism_core::Result<Group> {
        let inner = self.function.accumulator()?;
        Ok(Group {
            function: Arc::clone(&self.function),
            inner,
            different: match self.counted {
                Counted::Every => None,
                Counted::Different => Some(DistinctRows::new(types.to_vec())),
            },
            cancellation: self.cancellation.clone(),
        })
    }
}

/// Rows that a group takes before it is asked whether the query goes on, at first: more where they are quick.
const FIRST_ROWS: usize = 8;

/// How long the rows between two such questions take, about.
const BETWEEN_CHECKS: Duration = Duration::from_millis(10);

/// One group.
#[derive(Debug)]
pub(super) struct Group {
    function: Arc<dyn UserAggregate>,
    inner: Box<dyn UserAccumulator>,
    /// The rows of which those with equal arguments count once; they are added when the group is whole.
    different: Option<DistinctRows>,
    cancellation: CancellationHandle,
}

impl Group {
    /// Takes rows.
    pub(super) fn update(&mut self, arguments: &[ArrayRef]) -> grism_core::Result<()> {
        match &mut self.different {
            Some(rows) => rows.add(arguments),
            None => self.add(arguments),
        }
    }

    /// Adds rows, of which those with a null are left out where the function wants that.
    fn add(&mut self, arguments: &[ArrayRef]) -> grism_core::Result<()> {
        let rows = arguments.first().map_or(0, |argument| argument.len());
        let signature = self.function.signature();
        // Without arguments a column of constants says how many rows there are.
        let count = arguments.len().min(signature.parameters.len());
        let (kept, rows) = match self.function.nulls() {
            Nulls::Passed => (arguments[..count].to_vec(), rows),
            Nulls::Skipped => without_nulls(&arguments[..count], rows)?,
        };
        let typed = kept.iter().zip(&signature.parameters);
        let typed =
            typed.map(|(column, parameter)| typed_column(&signature.name, column, parameter));
        let typed = typed.collect::<grism_core::Result<Vec<_>>>()?;
        let (mut first, mut piece) = (0, FIRST_ROWS);
        while first < rows {
            self.cancellation.check()?;
            let begun = Instant::now();
            let length = piece.min(rows - first);
            let columns = typed.iter().map(|column| column.slice(first, length));
            let updated = self.inner.update(&columns.collect::<Vec<_>>(), length);
            let time = begun.elapsed();
            if let Some(meter) = Meter::active() {
                meter.called(&signature.name, length, time);
            }
            updated?;
            first += length;
            if time < BETWEEN_CHECKS {
                piece *= 4;
            }
        }
        Ok(())
    }

    /// Takes in the groups whose states are the rows of these columns.
    pub(super) fn merge(&mut self, states: &[ArrayRef]) -> grism_core::Result<()> {
        self.cancellation.check()?;
        match &mut self.different {
            Some(rows) => rows.merge(states),
            None => self.inner.merge(states),
        }
    }

    /// The state, a row of each of its columns.
    pub(super) fn state(&mut self) -> grism_core::Result<Vec<ArrayRef>> {
        if let Some(rows) = &self.different {
            return rows.state();
        }
        if self.function.state().is_none() {
            let name = &self.function.signature().name;
            return Err(Error::new(
                ErrorKind::ResourceExhausted,
                format!(
                    "the groups of `{name}()` do not fit into memory, and it has no merge, so that they cannot be \
                     written to disk: raise the memory limit, or give it a merge"
                ),
            ));
        }
        self.inner.state()
    }

    /// The value, a row of a column.
    pub(super) fn finish(&mut self) -> grism_core::Result<ArrayRef> {
        self.cancellation.check()?;
        if let Some(rows) = self.different.take() {
            let columns = rows.columns()?;
            self.add(&columns[..columns.len().saturating_sub(1)])?;
        }
        let value = self.inner.finish()?;
        let signature = self.function.signature();
        let (name, returns) = (&signature.name, &signature.returns);
        let found = value.type_name();
        let value = fitting(value, returns).ok_or_else(|| {
            Error::invalid_data(format!(
                "`{name}()` gave {found} for a group where it returns {returns}"
            ))
        })?;
        Value::column(&[value], &returns.to_arrow())
    }

    /// Bytes held, about.
    pub(super) fn bytes(&self) -> usize {
        let different = self.different.as_ref().map_or(0, DistinctRows::bytes);
        size_of_val(self) + self.inner.bytes() + different
    }
}

impl Accumulator for Group {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.update(values).map_err(external)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.merge(states).map_err(external)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let state = Self::state(self).map_err(external)?;
        let parts = state.iter();
        parts
            .map(|part| ScalarValue::try_from_array(part, 0))
            .collect()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let value = self.finish().map_err(external)?;
        ScalarValue::try_from_array(&value, 0)
    }

    fn size(&self) -> usize {
        self.bytes()
    }
}

/// The argument as a column of the parameter's type: what is typed only at run time is looked at now.
fn typed_column(
    name: &str,
    column: &ArrayRef,
    parameter: &UserParameter,
) -> grism_core::Result<ArrayRef> {
    let wanted = parameter.ty.to_arrow();
    if column.data_type() == &wanted {
        return Ok(Arc::clone(column));
    }
    let place = |row: usize| match Value::from_typed(column, row, &Type::Any) {
        Ok(value) => format!(": {value}"),
        Err(_) => String::new(),
    };
    parameter.typed(name, column, &place)
}

/// The rows without a null in any of the columns, and how many they are.
fn without_nulls(columns: &[ArrayRef], rows: usize) -> grism_core::Result<(Vec<ArrayRef>, usize)> {
    let known = columns
        .iter()
        .fold(None, |known: Option<NullBuffer>, column| {
            NullBuffer::union(known.as_ref(), column.logical_nulls().as_ref())
        });
    let Some(known) = known.filter(|known| known.null_count() > 0) else {
        return Ok((columns.to_vec(), rows));
    };
    let kept = rows - known.null_count();
    let known = BooleanArray::new(known.into_inner(), None);
    let columns = columns.iter().map(|column| Ok(filter(column, &known)?));
    Ok((columns.collect::<grism_core::Result<_>>()?, kept))
}

/// An error within DataFusion.
pub(super) fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
