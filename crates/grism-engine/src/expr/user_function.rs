//! Calls of functions that the user registered.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Meter, Result, Type, Value};
use grism_functions::{
    Budget, GivenEntities, Operand, Stability, UserFunction, computed_rows, fitting,
};
use grism_logical::LogicalExpr;

use super::compile::{cast, compile};
use super::node::{Kind, Node, OwnExpr, evaluate_all};
use crate::PhysicalSchema;

/// A call of a user's function, over arguments of the types that it takes.
pub(super) struct UserCall {
    function: Arc<dyn UserFunction>,
    /// What is known of each argument.
    arguments: Vec<Argument>,
}

/// What is known of an argument before the query runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Argument {
    /// It has the type of its parameter.
    Typed,
    /// Whether its values have the type shows only while the query runs.
    Dynamic,
}

impl UserCall {
    pub(super) fn compile(
        function: &Arc<dyn UserFunction>,
        arguments: &[LogicalExpr],
        input: &PhysicalSchema,
    ) -> Result<Node> {
        let signature = function.signature();
        let compiled = arguments
            .iter()
            .zip(&signature.parameters)
            .map(|(argument, parameter)| {
                let (node, ty) = compile(argument, input)?;
                Ok(match (&ty, &parameter.ty) {
                    (Type::Any, wanted) if wanted != &Type::Any => (Argument::Dynamic, node),
                    _ => (Argument::Typed, cast(node, ty, &parameter.column_type())),
                })
            });
        let (arguments, nodes) = compiled.collect::<Result<(Vec<_>, Vec<_>)>>()?;
        let kind = Self {
            function: Arc::clone(function),
            arguments,
        };
        Ok(OwnExpr::node(
            kind,
            nodes,
            signature.column_type().to_arrow(),
        ))
    }

    /// The arguments, those too whose types are known only now.
    fn typed(&self, found: &[Operand]) -> Result<Vec<Operand>> {
        let signature = self.function.signature();
        let known = found.iter().zip(&self.arguments);
        let typed = known.zip(&signature.parameters);
        let typed = typed.map(|((argument, kind), parameter)| match kind {
            Argument::Typed => Ok(argument.clone()),
            Argument::Dynamic => {
                let place = |row: usize| match argument.is_scalar() {
                    true => String::new(),
                    false => shown(found, row),
                };
                let column = parameter.typed(&signature.name, argument.array(), &place)?;
                Ok(Operand::over(&[argument], column))
            }
        });
        typed.collect()
    }

    /// What the function gave, which must be as many values as there are rows, of the type it says.
    fn checked(&self, found: ArrayRef, rows: usize) -> Result<ArrayRef> {
        let signature = self.function.signature();
        let name = &signature.name;
        if found.len() != rows {
            return Err(Error::invalid_data(format!(
                "`{name}()` gave {} values for {rows} rows",
                found.len()
            )));
        }
        let wanted = signature.column_type().to_arrow();
        if found.data_type() == &wanted {
            return Ok(found);
        }
        Err(Error::invalid_data(format!(
            "`{name}()` gave a column of {} where it returns {}",
            found.data_type(),
            signature.returns
        )))
    }
}

impl UserCall {
    /// What the function gave, where entities are those of the arguments of their row and of the type that it returns.
    fn of_given(&self, found: ArrayRef, arguments: &[Operand]) -> Result<ArrayRef> {
        let signature = self.function.signature();
        let ty = signature.column_type();
        let mut values = Vec::with_capacity(found.len());
        for row in 0..found.len() {
            Budget::check_current()?;
            let value = Value::from_typed(&found, row, &ty)?;
            if value.is_null() {
                values.push(value);
                continue;
            }
            let given = arguments.iter().zip(&signature.parameters);
            let given = given.map(|(argument, parameter)| {
                let place = argument.at(row);
                Value::from_typed(argument.array(), place, &parameter.column_type())
            });
            let given = given.collect::<Result<Vec<_>>>()?;
            let value = GivenEntities::of(&given).resolved(&signature.name, value)?;
            let kind = value.type_name();
            values.push(fitting(value, &signature.returns).ok_or_else(|| {
                Error::invalid_data(format!(
                    "`{}()` gave {kind}{} where it returns {}",
                    signature.name,
                    shown(arguments, row),
                    signature.returns
                ))
            })?);
        }
        Value::column(&values, &ty.to_arrow())
    }
}

impl Kind for UserCall {
    fn name(&self) -> &'static str {
        "user_function"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let arguments = self.typed(&evaluate_all(nodes, batch)?)?;
        let inputs: Vec<&Operand> = arguments.iter().collect();
        // Without arguments, or with constant ones, a stable function is called for one row.
        let rows = match self.function.signature().stability {
            Stability::Stable => computed_rows(&inputs, batch.num_rows()),
            Stability::Volatile => batch.num_rows(),
        };
        let columns = arguments
            .iter()
            .map(|argument| argument.clone().into_column(rows))
            .collect::<Result<Vec<_>>>()?;
        let start = Instant::now();
        let found = self.function.evaluate(&columns, rows);
        if let Some(meter) = Meter::active() {
            meter.called(&self.function.signature().name, rows, start.elapsed());
        }
        let found = self.checked(found?, rows)?;
        let found = match self.function.signature().returns.may_hold_entity() {
            true => self.of_given(found, &arguments)?,
            false => found,
        };
        Ok(if rows == batch.num_rows() {
            Operand::column(found)
        } else {
            Operand::scalar(found)
        })
    }
}

/// The arguments of a row, as an error shows them.
fn shown(arguments: &[Operand], row: usize) -> String {
    let values = arguments.iter().map(|argument| {
        let array = argument.array();
        let value = match array.data_type() {
            DataType::LargeBinary => Value::from_typed(array, argument.at(row), &Type::Any),
            _ => argument.value(row),
        };
        value.map_or_else(|_| "…".to_owned(), |value| value.to_string())
    });
    format!(", for ({})", values.collect::<Vec<_>>().join(", "))
}

impl fmt::Debug for UserCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.function.signature().name)
    }
}
