//! `TableCallExec`: the rows of functions that the user registered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Array, UInt32Array};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, MemoryReservation, Result, Value};
use grism_functions::{GivenEntities, TableSignature, fitting};
use grism_logical::{LogicalPlan, SharedPlan, TableCall};
use serde::{Deserialize, Serialize};

use super::counted_rows::CountedRows;
use crate::batch::{batch_of, take_columns};
use crate::{
    ExecutionContextTrait, ExprEvaluator, PhysicalSchema, RecordBatchStream, Unary, UnaryExec,
};

/// How long rows wait for more of them before they go on.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// Calls a function of rows for each row of the input.
///
/// Output: input columns, then the wanted ones of the function; the rows of one call follow each other. A function without
/// columns is called for what it does: the input's rows go on as they are. Works on any split of its input. Holds what the
/// function made and is not handed on yet: a batch of it, or of the query.
#[derive(Debug, Serialize, Deserialize)]
pub struct TableCallExec {
    call: TableCall,
}

impl TableCallExec {
    /// Runs `call`, whose logical input counts for nothing.
    #[must_use]
    pub fn new(call: &TableCall) -> Self {
        Self {
            call: TableCall {
                // The physical input stands beside it.
                input: SharedPlan::new(LogicalPlan::Unit),
                ..call.clone()
            },
        }
    }
}

#[typetag::serde]
impl Unary for TableCallExec {
    fn name(&self) -> &'static str {
        "TableCallExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(input.with(self.call.output()))
    }

    fn describe(&self) -> String {
        self.call.describe()
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let arguments = self.call.arguments.iter();
        let arguments =
            arguments.map(|argument| ExprEvaluator::try_new(argument, own.input().schema()));
        let arguments = arguments.collect::<Result<Vec<_>>>()?;
        let function = Arc::clone(&self.call.function);
        let places = self.call.places();
        let schema = Arc::clone(own.schema().arrow());
        let batch_rows = context.query().config.batch_rows.max(1);
        let cancellation = context.query().cancellation.clone();
        let memory = context.memory_manager();
        let mut held = MemoryReservation::try_new(Arc::clone(&memory), 0)?;
        let mut input = own.run_input(&context)?;
        let found = async_stream::try_stream! {
            let form = Form::of(function.signature(), places);
            while let Some(batch) = input.try_next().await? {
                let columns = arguments.iter().map(|argument| argument.evaluate(&batch));
                let columns = columns.collect::<Result<Vec<_>>>()?;
                let mut made = Made::default();
                for row in 0..batch.num_rows() {
                    cancellation.check()?;
                    let values = columns.iter().zip(&arguments).map(|(column, argument)| {
                        Value::from_typed(column.as_ref(), row, argument.value_type())
                    });
                    let values = fitted(function.signature(), values.collect::<Result<_>>()?)?;
                    let given = form.holds_entities.then(|| values.clone());
                    for piece in CountedRows::call(&function, values)? {
                        cancellation.check()?;
                        let mut piece = form.checked(piece?)?;
                        if let Some(given) = &given {
                            piece = form.of_given(&piece, given)?;
                        }
                        for first in (0..piece.num_rows()).step_by(batch_rows) {
                            let piece = piece.slice(first, batch_rows.min(piece.num_rows() - first));
                            held.try_grow(bytes_of(&piece)?)?;
                            made.add(row as u32, piece);
                            if made.is_due(batch_rows) {
                                yield made.take().beside(&batch, &schema, &form)?;
                                held = MemoryReservation::try_new(Arc::clone(&memory), 0)?;
                            }
                        }
                    }
                }
                if form.columns.is_empty() {
                    yield batch;
                } else if !made.rows.is_empty() {
                    yield made.take().beside(&batch, &schema, &form)?;
                }
                held = MemoryReservation::try_new(Arc::clone(&memory), 0)?;
            }
        };
        Ok(found.boxed())
    }
}

/// The values as the parameters want them.
fn fitted(signature: &TableSignature, values: Vec<Value>) -> Result<Vec<Value>> {
    let place = || {
        let shown: Vec<String> = values.iter().map(ToString::to_string).collect();
        format!("for ({})", shown.join(", "))
    };
    let fitted = values.iter().zip(&signature.parameters);
    let fitted = fitted.map(|(value, parameter)| {
        fitting(value.clone(), &parameter.ty).ok_or_else(|| {
            let message = format!(
                "`{}()` needs {} as `{}`, not {}, {}",
                signature.name,
                parameter.ty,
                parameter.name,
                value.type_name(),
                place()
            );
            Error::invalid_query(message).with_code("TypeError:InvalidArgumentType")
        })
    });
    fitted.collect()
}

/// The columns of a function, and which of them are wanted.
struct Form {
    name: String,
    columns: Vec<(String, grism_core::Type)>,
    places: Vec<usize>,
    /// Whether an entity may stand in a wanted column.
    holds_entities: bool,
    /// The wanted columns.
    schema: SchemaRef,
}

impl Form {
    fn of(signature: &TableSignature, places: Vec<usize>) -> Self {
        let columns = signature.columns.iter();
        let columns: Vec<_> = columns
            .map(|column| (column.name.clone(), column.ty.clone()))
            .collect();
        let wanted = || places.iter().filter_map(|place| columns.get(*place));
        let holds_entities = wanted().any(|(_, ty)| ty.may_hold_entity());
        let fields =
            wanted().map(|(name, ty)| Field::new(name, ty.with_contents().to_arrow(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        Self {
            holds_entities,
            name: signature.name.clone(),
            columns,
            places,
            schema,
        }
    }

    /// The wanted columns of what the function made, which must have the columns that it says.
    fn checked(&self, made: RecordBatch) -> Result<RecordBatch> {
        if made.num_columns() != self.columns.len() {
            return Err(Error::invalid_data(format!(
                "`{}()` gave {} columns where it yields {}",
                self.name,
                made.num_columns(),
                self.columns.len()
            )));
        }
        for ((name, ty), column) in self.columns.iter().zip(made.columns()) {
            if column.data_type() != &ty.with_contents().to_arrow() {
                return Err(Error::invalid_data(format!(
                    "`{}()` gave a column of {} as `{name}` where it yields {ty}",
                    self.name,
                    column.data_type()
                )));
            }
        }
        let wanted = self
            .places
            .iter()
            .map(|place| Arc::clone(made.column(*place)));
        batch_of(&self.schema, wanted.collect(), made.num_rows())
    }
}

impl Form {
    /// The wanted columns, where entities are those of the arguments of the call and of the types that the function yields.
    fn of_given(&self, made: &RecordBatch, arguments: &[Value]) -> Result<RecordBatch> {
        let given = GivenEntities::of(arguments);
        let mut columns = made.columns().to_vec();
        for (place, column) in self.places.iter().zip(&mut columns) {
            let (name, ty) = &self.columns[*place];
            if !ty.may_hold_entity() {
                continue;
            }
            let stored = ty.with_contents();
            let values = (0..column.len()).map(|row| {
                let value = Value::from_typed(column.as_ref(), row, &stored)?;
                let value = given.resolved(&self.name, value)?;
                let kind = value.type_name();
                fitting(value, ty).ok_or_else(|| {
                    Error::invalid_data(format!(
                        "`{}()` gave {kind} as `{name}` where it yields {ty}",
                        self.name
                    ))
                })
            });
            let values = values.collect::<Result<Vec<_>>>()?;
            *column = Value::column(&values, &stored.to_arrow())?;
        }
        batch_of(&self.schema, columns, made.num_rows())
    }
}

/// What calls have made for the rows of a batch.
#[derive(Default)]
struct Made {
    pieces: Vec<RecordBatch>,
    /// The row of the batch that each row was made for.
    rows: Vec<u32>,
    /// When the first of them was made.
    since: Option<Instant>,
}

impl Made {
    fn add(&mut self, row: u32, piece: RecordBatch) {
        self.since.get_or_insert_with(Instant::now);
        self.rows.extend(std::iter::repeat_n(row, piece.num_rows()));
        self.pieces.push(piece);
    }

    /// Whether the rows are to go on: a batch is full, or they have waited.
    fn is_due(&self, batch_rows: usize) -> bool {
        self.rows.len() >= batch_rows
            || self
                .since
                .is_some_and(|since| since.elapsed() >= LONGEST_WAIT)
    }

    fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// The rows of `batch` that the pieces were made for, beside them.
    fn beside(self, batch: &RecordBatch, schema: &SchemaRef, form: &Form) -> Result<RecordBatch> {
        let rows = UInt32Array::from(self.rows);
        let mut columns = take_columns(batch, &rows)?;
        if !form.places.is_empty() {
            let made = concat_batches(&form.schema, &self.pieces)?;
            columns.extend(made.columns().iter().map(Arc::clone));
        }
        batch_of(schema, columns, rows.len())
    }
}

fn bytes_of(batch: &RecordBatch) -> Result<usize> {
    let columns = batch.columns().iter();
    let bytes = columns.map(|column| Ok(column.to_data().get_slice_memory_size()?));
    bytes.sum()
}
