//! The columns that a part of an expression is evaluated over.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{Error, Result, Type};
use grism_functions::{SharedValues, may_be_large, take_rows};
use grism_logical::{Column, LogicalExpr, PlanSchema};

use crate::PhysicalSchema;
use crate::batch::batch_of;
use crate::expr::compile::{cast, compile};
use crate::expr::node::Node;

/// The columns that a part of an expression is evaluated over: some of the input's, then what the expression binds.
#[derive(Debug)]
pub(super) struct Inner {
    outer: Vec<usize>,
    pub(super) schema: PhysicalSchema,
}

impl Inner {
    pub(super) fn new(
        parts: &[&LogicalExpr],
        bound: &[(&str, &Type)],
        input: &PhysicalSchema,
    ) -> Result<Self> {
        let mut columns = Vec::new();
        let mut outer = Vec::new();
        for part in parts {
            for name in part.columns() {
                let known = columns.iter().any(|own: &Column| own.name == name);
                if known || !input.columns().contains(&name) {
                    continue;
                }
                let index = input.index_of(&name)?;
                outer.push(index);
                let column = input.columns().columns[index].clone();
                // What all elements of a list have beside them is not copied for each.
                columns.push(if may_be_large(&column.ty) {
                    column.shared()
                } else {
                    column
                });
            }
        }
        for (name, ty) in bound {
            columns.push(Column::new(*name, (*ty).clone()));
        }
        Ok(Self {
            outer,
            schema: PlanSchema::new(columns).into(),
        })
    }

    pub(super) fn batch(
        &self,
        batch: &RecordBatch,
        rows: &UInt32Array,
        bound: Vec<ArrayRef>,
    ) -> Result<RecordBatch> {
        let mut columns = Vec::with_capacity(self.outer.len() + bound.len());
        for (index, column) in self.outer.iter().zip(&self.schema.columns().columns) {
            let outer = batch.column(*index);
            let is_plain = !matches!(outer.data_type(), DataType::Dictionary(..));
            columns.push(if column.shared && is_plain {
                SharedValues {
                    keys: rows.clone(),
                    values: Arc::clone(outer),
                }
                .into_column()?
            } else {
                take_rows(outer, rows)?
            });
        }
        columns.extend(bound);
        batch_of(self.schema.arrow(), columns, rows.len())
    }
}

/// The list of an expression, compiled, and the type of its elements.
pub(super) fn compile_list(list: &LogicalExpr, input: &PhysicalSchema) -> Result<(Node, Type)> {
    let (node, ty) = compile(list, input)?;
    match ty {
        Type::List(item) => Ok((node, *item)),
        Type::Any => Ok((cast(node, Type::Any, &Type::Any.list()), Type::Any)),
        Type::Null => Ok((cast(node, Type::Null, &Type::Null.list()), Type::Null)),
        other => Err(Error::invalid_query(format!(
            "a list is needed, not {other}"
        ))),
    }
}
