//! `reduce`.

use arrow::array::{Array, UInt32Array, new_null_array};
use arrow::compute::{interleave, take};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result, Type};
use grism_functions::{Budget, Operand, mean_bytes, take_rows, taken_bytes};
use grism_logical::LogicalExpr;

use super::inner::{Inner, compile_list};
use super::lists::Lists;
use crate::PhysicalSchema;
use crate::expr::compile::compile_as;
use crate::expr::node::{Kind, Node, OwnExpr, children, evaluate};
use crate::expr::schema_inference::infer_expr_type;

/// `reduce`: all rows take their first element, then all their second, and so on.
#[derive(Debug)]
pub(in crate::expr) struct Reduce {
    inner: Inner,
    step: Node,
    data_type: DataType,
}

impl Reduce {
    pub(in crate::expr) fn compile(
        accumulator: &str,
        initial: &LogicalExpr,
        variable: &str,
        list: &LogicalExpr,
        step: &LogicalExpr,
        ty: &Type,
        input: &PhysicalSchema,
    ) -> Result<Node> {
        let (list, item) = compile_list(list, input)?;
        let inner = Inner::new(&[step], &[(accumulator, ty), (variable, &item)], input)?;
        let found = infer_expr_type(step, &inner.schema)?;
        if &ty.unify(&found) != ty {
            return Err(Error::internal("reduce() widens its value at every step"));
        }
        let initial = compile_as(initial, input, ty)?;
        let kind = Self {
            step: compile_as(step, &inner.schema, ty)?,
            inner,
            data_type: ty.to_arrow(),
        };
        Ok(OwnExpr::node(kind, vec![initial, list], ty.to_arrow()))
    }
}

impl Kind for Reduce {
    fn name(&self) -> &'static str {
        "reduce"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [initial, list] = children(nodes)?;
        let lists = Lists::of(list, batch)?;
        let mut value = evaluate(initial, batch)?
            .cast(&self.data_type)?
            .into_column(batch.num_rows())?;
        let longest = (0..lists.rows).map(|row| lists.length(row)).max();
        let mark = Budget::current().mark();
        for position in 0..longest.unwrap_or(0) {
            let rows: Vec<u32> = (0..lists.rows as u32)
                .filter(|row| lists.length(*row as usize) > position)
                .collect();
            let places: Vec<u32> = rows
                .iter()
                .map(|row| (lists.start(*row as usize) + position) as u32)
                .collect();
            let elements = lists.elements(rows, places)?;
            Budget::current().reserve(taken_bytes(&value, &elements.rows))?;
            let current = take_rows(&value, &elements.rows)?;
            let inner = self
                .inner
                .batch(batch, &elements.rows, vec![current, elements.items])?;
            let next = evaluate(&self.step, &inner)?
                .cast(&self.data_type)?
                .into_column(inner.num_rows())?;
            value = if next.len() == value.len() {
                next
            } else {
                let mut sources: Vec<(usize, usize)> =
                    (0..value.len()).map(|row| (0, row)).collect();
                for (at, row) in elements.rows.values().iter().enumerate() {
                    sources[*row as usize] = (1, at);
                }
                interleave(&[&value, &next], &sources)?
            };
            // The value before is given up for the next one.
            let kept = value.len().saturating_mul(mean_bytes(&value));
            Budget::current().release_to(mark, kept);
        }
        let valid = lists.nulls();
        if valid.null_count() > 0 {
            // What is reduced over null is null.
            let rows: UInt32Array = (0..value.len())
                .map(|row| valid.is_valid(row).then_some(row as u32))
                .collect();
            value = if self.data_type == DataType::Null {
                new_null_array(&self.data_type, value.len())
            } else {
                take(&value, &rows, None)?
            };
        }
        Ok(Operand::column(value))
    }
}
