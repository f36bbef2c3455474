//! Aggregates that the user registered, for DataFusion's hash aggregate.

use std::hash::{Hash, Hasher};
use std::mem::size_of_val;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::buffer::NullBuffer;
use arrow::compute::filter;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{DataFusionError, Result, ScalarValue};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use grism_core::{Error, ErrorKind, Type, Value};
use grism_functions::{Nulls, UserAccumulator, UserAggregate, UserParameter, fitting};

use super::distinct_rows::DistinctRows;

/// The aggregate, and whether rows with equal arguments count once: then a key of them follows the arguments.
pub(super) fn user_aggregate(
    function: &Arc<dyn UserAggregate>,
    counted: Counted,
) -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(UserUdaf {
        function: Arc::clone(function),
        counted,
        signature: Signature::variadic_any(Volatility::Volatile),
    }))
}

/// Which rows of a group count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Counted {
    /// Every row.
    Every,
    /// One of those with equal arguments.
    Different,
}

#[derive(Debug)]
struct UserUdaf {
    function: Arc<dyn UserAggregate>,
    counted: Counted,
    signature: Signature,
}

impl PartialEq for UserUdaf {
    /// A plan is made with one set of functions, so that the name of a function tells which it is.
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.counted == other.counted
    }
}

impl Eq for UserUdaf {}

impl Hash for UserUdaf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
        self.counted.hash(state);
    }
}

impl AggregateUDFImpl for UserUdaf {
    fn name(&self) -> &str {
        &self.function.signature().name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.function.signature().returns.to_arrow())
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let group = Group {
            inner: self.function.accumulator().map_err(external)?,
            function: Arc::clone(&self.function),
        };
        Ok(match self.counted {
            Counted::Every => Box::new(group),
            Counted::Different => {
                let types = arguments.expr_fields.iter();
                let types = types.map(|field| field.data_type().clone());
                Box::new(DistinctGroup {
                    group,
                    rows: DistinctRows::new(types.collect()),
                })
            }
        })
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let types = match self.counted {
            Counted::Different => {
                let inputs = arguments.input_fields.iter();
                DistinctRows::state_types(inputs.map(|field| field.data_type()))
            }
            Counted::Every => {
                let types = self.function.state().unwrap_or_default();
                types.iter().map(Type::to_arrow).collect()
            }
        };
        let fields = types.into_iter().enumerate().map(|(place, ty)| {
            let name = format_state_name(arguments.name, &place.to_string());
            Arc::new(Field::new(name, ty, true))
        });
        Ok(fields.collect())
    }
}

/// One group.
#[derive(Debug)]
struct Group {
    function: Arc<dyn UserAggregate>,
    inner: Box<dyn UserAccumulator>,
}

impl Group {
    /// Adds rows, of which those with a null are left out where the function wants that.
    fn update(&mut self, arguments: &[ArrayRef]) -> grism_core::Result<()> {
        let rows = arguments.first().map_or(0, |argument| argument.len());
        let signature = self.function.signature();
        // Without arguments a column of constants says how many rows there are.
        let count = arguments.len().min(signature.parameters.len());
        let (kept, rows) = match self.function.nulls() {
            Nulls::Passed => (arguments[..count].to_vec(), rows),
            Nulls::Skipped => without_nulls(&arguments[..count], rows)?,
        };
        if rows == 0 {
            return Ok(());
        }
        let typed = kept.iter().zip(&signature.parameters);
        let typed =
            typed.map(|(column, parameter)| typed_column(&signature.name, column, parameter));
        let typed = typed.collect::<grism_core::Result<Vec<_>>>()?;
        self.inner.update(&typed, rows)
    }

    fn finish(&mut self) -> grism_core::Result<ScalarValue> {
        let value = self.inner.finish()?;
        let signature = self.function.signature();
        let (name, returns) = (&signature.name, &signature.returns);
        let found = value.type_name();
        let value = fitting(value, returns).ok_or_else(|| {
            Error::invalid_data(format!(
                "`{name}()` gave {found} for a group where it returns {returns}"
            ))
        })?;
        let column = Value::column(&[value], &returns.to_arrow())?;
        scalar(&column)
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

impl Accumulator for Group {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.update(values).map_err(external)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge(states).map_err(external)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        if self.function.state().is_none() {
            let name = &self.function.signature().name;
            return Err(external(Error::new(
                ErrorKind::ResourceExhausted,
                format!(
                    "the groups of `{name}()` do not fit into memory, and it has no merge, so that they cannot be \
                     written to disk: raise the memory limit, or give it a merge"
                ),
            )));
        }
        let state = self.inner.state().map_err(external)?;
        state
            .iter()
            .map(|part| scalar(part).map_err(external))
            .collect()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.finish().map_err(external)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.bytes()
    }
}

/// One group whose rows with equal arguments count once; it adds them when it is whole.
#[derive(Debug)]
struct DistinctGroup {
    group: Group,
    rows: DistinctRows,
}

impl Accumulator for DistinctGroup {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.rows.add(values).map_err(external)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.rows.merge(states).map_err(external)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let state = self.rows.state().map_err(external)?;
        state
            .iter()
            .map(|part| scalar(part).map_err(external))
            .collect()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let columns = self.rows.columns().map_err(external)?;
        let arguments = &columns[..columns.len().saturating_sub(1)];
        let found = self
            .group
            .update(arguments)
            .and_then(|()| self.group.finish());
        found.map_err(external)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.rows.bytes() + self.group.inner.bytes()
    }
}

fn scalar(column: &ArrayRef) -> grism_core::Result<ScalarValue> {
    ScalarValue::try_from_array(column, 0).map_err(super::from_datafusion)
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
