//! Calls of functions that the user registered.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, ArrayRef};
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Meter, Result};
use grism_functions::{Operand, Stability, UserFunction, computed_rows};
use grism_logical::LogicalExpr;

use super::compile::compile_as;
use super::node::{Kind, Node, OwnExpr, evaluate_all};
use crate::PhysicalSchema;

/// A call of a user's function, over arguments of the types that it takes.
pub(super) struct UserCall {
    function: Arc<dyn UserFunction>,
}

impl UserCall {
    pub(super) fn compile(
        function: &Arc<dyn UserFunction>,
        arguments: &[LogicalExpr],
        input: &PhysicalSchema,
    ) -> Result<Node> {
        let signature = function.signature();
        let nodes = arguments
            .iter()
            .zip(&signature.parameters)
            .map(|(argument, parameter)| compile_as(argument, input, &parameter.ty));
        let nodes = nodes.collect::<Result<_>>()?;
        let kind = Self {
            function: Arc::clone(function),
        };
        Ok(OwnExpr::node(kind, nodes, signature.returns.to_arrow()))
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
        let wanted = signature.returns.to_arrow();
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

impl Kind for UserCall {
    fn name(&self) -> &'static str {
        "user_function"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let arguments = evaluate_all(nodes, batch)?;
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
        Ok(if rows == batch.num_rows() {
            Operand::column(found)
        } else {
            Operand::scalar(found)
        })
    }
}

impl fmt::Debug for UserCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.function.signature().name)
    }
}
