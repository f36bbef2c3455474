//! `ExprEvaluator`: a compiled expression and its type.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, UInt32Array, new_empty_array};
use arrow::compute::{filter, take_record_batch};
use arrow::record_batch::RecordBatch;
use grism_core::{Result, Type};
use grism_functions::{Budget, Operand};
use grism_logical::LogicalExpr;

use super::compile::{compile, compile_as};
use super::indexed::Indexed;
use super::node::{Node, evaluate, evaluate_indexed};
use crate::{CancellationHandle, MemoryManager, PhysicalSchema, QueryContext};

/// An expression compiled against the schema of its input.
#[derive(Debug)]
pub struct ExprEvaluator {
    root: Node,
    ty: Type,
    expression: LogicalExpr,
    input: PhysicalSchema,
    memory: Option<Arc<dyn MemoryManager>>,
    cancellation: Option<CancellationHandle>,
}

impl ExprEvaluator {
    /// Compiles `expression`.
    ///
    /// # Errors
    /// `InvalidQuery` for a type error; `Internal` for a column that is not there.
    pub fn try_new(expression: &LogicalExpr, input: &PhysicalSchema) -> Result<Self> {
        let (root, ty) = compile(expression, input)?;
        Ok(Self {
            root,
            ty,
            expression: expression.clone(),
            input: input.clone(),
            memory: None,
            cancellation: None,
        })
    }

    /// For a query: large values are counted by its memory while they are built, and an evaluation ends where it has to stop.
    #[must_use]
    pub fn for_query(mut self, query: &QueryContext) -> Self {
        self.memory = Some(Arc::clone(&query.memory));
        self.cancellation = Some(query.cancellation.clone());
        self
    }

    /// The type of the values.
    #[must_use]
    pub fn value_type(&self) -> &Type {
        &self.ty
    }

    /// The value of the expression for every row of `batch`. Over no rows nothing is evaluated.
    ///
    /// # Errors
    /// `InvalidData` for integer overflow, division by zero and the like; `ResourceExhausted` where the values do not
    /// fit into memory or into one column: fewer rows may.
    pub fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        let data_type = self.ty.to_arrow();
        if batch.num_rows() == 0 {
            return Ok(new_empty_array(&data_type));
        }
        self.within(|| {
            evaluate(&self.root, batch)?
                .cast(&data_type)?
                .into_column(batch.num_rows())
        })
    }

    /// The value for every row of `batch`, not copied for each row where values are shared or constant.
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub(crate) fn evaluate_indexed(&self, batch: &RecordBatch) -> Result<Indexed> {
        let data_type = self.ty.to_arrow();
        if batch.num_rows() == 0 {
            return Ok(Indexed::of(Operand::column(new_empty_array(&data_type))));
        }
        let found = self.within(|| evaluate_indexed(&self.root, batch))?;
        if found.values.data_type() == &data_type {
            return Ok(found);
        }
        let values = Operand::column(Arc::clone(&found.values)).cast(&data_type)?;
        Ok(found.with_values(values.into_array()))
    }

    /// The rows of `batch` for which a boolean expression is true; null is not true.
    ///
    /// The conjuncts of a conjunction are evaluated in their order, each for the rows that those before let through.
    ///
    /// # Errors
    /// As [`Self::evaluate`]; `InvalidQuery` where a value is no boolean.
    pub fn evaluate_predicate(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        if batch.num_rows() == 0 {
            return Ok(BooleanArray::new_null(0));
        }
        match self.truth(&self.root, batch) {
            Ok(flags) => Ok(flags),
            // Perhaps for a row that an earlier conjunct drops.
            Err(error) => {
                let conjuncts = self.expression.clone().conjuncts();
                if conjuncts.len() < 2 {
                    return Err(error);
                }
                self.one_after_the_other(&conjuncts, batch)
            }
        }
    }

    fn one_after_the_other(
        &self,
        conjuncts: &[LogicalExpr],
        batch: &RecordBatch,
    ) -> Result<BooleanArray> {
        let mut left: ArrayRef = Arc::new((0..batch.num_rows() as u32).collect::<UInt32Array>());
        let mut remaining = batch.clone();
        for conjunct in conjuncts {
            if remaining.num_rows() == 0 {
                break;
            }
            let node = compile_as(conjunct, &self.input, &Type::Bool)?;
            let flags = self.truth(&node, &remaining)?;
            left = filter(&left, &flags)?;
            let rows = Operand::column(Arc::clone(&left));
            remaining = take_record_batch(batch, rows.as_array::<UInt32Array>()?)?;
        }
        let mut kept = vec![false; batch.num_rows()];
        for row in Operand::column(left).as_array::<UInt32Array>()?.values() {
            kept[*row as usize] = true;
        }
        Ok(kept.into())
    }

    fn truth(&self, node: &Node, batch: &RecordBatch) -> Result<BooleanArray> {
        let flags = self.within(|| evaluate(node, batch)?.into_column(batch.num_rows()))?;
        Operand::column(flags).booleans()
    }

    /// What `compute` gives, with the memory and the end of the query.
    fn within<T>(&self, compute: impl FnOnce() -> T) -> T {
        Budget::within(self.memory.clone(), self.cancellation.clone(), compute)
    }
}
