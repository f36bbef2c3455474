//! Expressions with a part that is evaluated for each element of a list: comprehensions, quantifiers, reduce().
//!
//! The elements of all rows' lists are laid end to end, beside the columns of the rows they belong to, and the part is
//! evaluated once over all of them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, ListArray, UInt32Array, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::{Error, Result, Type};
use grism_logical::{Column, LogicalExpr, PlanSchema, Quantifier};

use super::node::Node;
use super::operand::Operand;
use super::schema_inference::infer_expr_type;
use crate::PhysicalSchema;

/// The columns that a part of an expression is evaluated over: some of the input's, then what the expression binds.
#[derive(Debug)]
struct Inner {
    outer: Vec<usize>,
    schema: PhysicalSchema,
}

impl Inner {
    fn new(
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
                columns.push(input.columns().columns[index].clone());
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

    fn batch(
        &self,
        batch: &RecordBatch,
        rows: &UInt32Array,
        bound: Vec<ArrayRef>,
    ) -> Result<RecordBatch> {
        let mut columns = self
            .outer
            .iter()
            .map(|index| Ok(take(batch.column(*index), rows, None)?))
            .collect::<Result<Vec<_>>>()?;
        columns.extend(bound);
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(self.schema.arrow()),
            columns,
            &options,
        )?)
    }
}

/// The list of an expression, compiled, and the type of its elements.
fn compile_list(list: &LogicalExpr, input: &PhysicalSchema) -> Result<(Node, Type)> {
    let (node, ty) = Node::compile(list, input)?;
    match ty {
        Type::List(item) => Ok((node, *item)),
        Type::Any => Ok((node.cast(Type::Any, &Type::Any.list()), Type::Any)),
        Type::Null => Ok((node.cast(Type::Null, &Type::Null.list()), Type::Null)),
        other => Err(Error::invalid_query(format!(
            "a list is needed, not {other}"
        ))),
    }
}

/// Lists laid end to end.
struct Elements {
    lists: ListArray,
    /// The row of each element.
    rows: UInt32Array,
    items: ArrayRef,
}

impl Elements {
    fn of(node: &Node, batch: &RecordBatch) -> Result<Self> {
        let column = node.evaluate(batch)?.into_column(batch.num_rows())?;
        let lists = column
            .as_any()
            .downcast_ref::<ListArray>()
            .cloned()
            .ok_or_else(|| Error::internal("a list column"))?;
        let (mut rows, mut places) = (Vec::new(), Vec::new());
        for row in 0..lists.len() {
            if lists.is_null(row) {
                continue;
            }
            let offsets = lists.value_offsets();
            for place in offsets[row]..offsets[row + 1] {
                rows.push(row as u32);
                places.push(place as u32);
            }
        }
        let items = take(lists.values(), &UInt32Array::from(places), None)?;
        Ok(Self {
            lists,
            rows: rows.into(),
            items,
        })
    }

    fn list_of(&self, kept: &[u32], items: ArrayRef, data_type: &DataType) -> Result<Operand> {
        let DataType::List(field) = data_type else {
            return Err(Error::internal("a list of another type"));
        };
        let mut lengths = vec![0usize; self.lists.len()];
        for element in kept {
            lengths[self.rows.value(*element as usize) as usize] += 1;
        }
        let list = ListArray::try_new(
            Arc::new(Field::new_list_field(field.data_type().clone(), true)),
            OffsetBuffer::from_lengths(lengths),
            items,
            self.lists.nulls().cloned(),
        )?;
        Ok(Operand::column(Arc::new(list)))
    }
}

/// A list comprehension.
#[derive(Debug)]
pub(super) struct TransformNode {
    list: Box<Node>,
    inner: Inner,
    predicate: Option<Box<Node>>,
    projection: Option<Box<Node>>,
    data_type: DataType,
}

impl TransformNode {
    pub(super) fn compile(
        list: &LogicalExpr,
        variable: &str,
        predicate: Option<&LogicalExpr>,
        projection: Option<&LogicalExpr>,
        input: &PhysicalSchema,
        ty: &Type,
    ) -> Result<Self> {
        let (list, item) = compile_list(list, input)?;
        let parts: Vec<&LogicalExpr> = predicate.into_iter().chain(projection).collect();
        let inner = Inner::new(&parts, &[(variable, &item)], input)?;
        let result = match ty {
            Type::List(_) => ty.clone(),
            _ => item.list(),
        };
        let Type::List(element) = &result else {
            return Err(Error::internal("a comprehension is a list"));
        };
        Ok(Self {
            list: Box::new(list),
            predicate: predicate
                .map(|part| Node::compile_as(part, &inner.schema, &Type::Bool))
                .transpose()?
                .map(Box::new),
            projection: projection
                .map(|part| Node::compile_as(part, &inner.schema, element))
                .transpose()?
                .map(Box::new),
            inner,
            data_type: result.to_arrow(),
        })
    }

    pub(super) fn evaluate(&self, batch: &RecordBatch) -> Result<Operand> {
        let elements = Elements::of(&self.list, batch)?;
        let mut items = Arc::clone(&elements.items);
        let mut kept: Vec<u32> = (0..items.len() as u32).collect();
        if let Some(predicate) = &self.predicate {
            let inner = self
                .inner
                .batch(batch, &elements.rows, vec![Arc::clone(&items)])?;
            let flags = predicate.evaluate(&inner)?.into_column(inner.num_rows())?;
            let flags = Operand::column(flags).booleans()?;
            kept.retain(|at| flags.is_valid(*at as usize) && flags.value(*at as usize));
            items = take(&items, &UInt32Array::from(kept.clone()), None)?;
        }
        if let Some(projection) = &self.projection {
            let kept = UInt32Array::from(kept.clone());
            let rows = take(&elements.rows, &kept, None)?;
            let rows = Operand::column(rows).as_array::<UInt32Array>()?.clone();
            let inner = self.inner.batch(batch, &rows, vec![items])?;
            items = projection.evaluate(&inner)?.into_column(inner.num_rows())?;
        }
        elements.list_of(&kept, items, &self.data_type)
    }
}

/// `all`, `any`, `none` and `single`.
#[derive(Debug)]
pub(super) struct QuantifiedNode {
    quantifier: Quantifier,
    list: Box<Node>,
    inner: Inner,
    predicate: Box<Node>,
}

impl QuantifiedNode {
    pub(super) fn compile(
        quantifier: Quantifier,
        list: &LogicalExpr,
        variable: &str,
        predicate: &LogicalExpr,
        input: &PhysicalSchema,
    ) -> Result<Self> {
        let (list, item) = compile_list(list, input)?;
        let inner = Inner::new(&[predicate], &[(variable, &item)], input)?;
        Ok(Self {
            quantifier,
            list: Box::new(list),
            predicate: Box::new(Node::compile_as(predicate, &inner.schema, &Type::Bool)?),
            inner,
        })
    }

    pub(super) fn evaluate(&self, batch: &RecordBatch) -> Result<Operand> {
        let elements = Elements::of(&self.list, batch)?;
        let items = vec![Arc::clone(&elements.items)];
        let inner = self.inner.batch(batch, &elements.rows, items)?;
        let flags = self
            .predicate
            .evaluate(&inner)?
            .into_column(inner.num_rows())?;
        let flags = Operand::column(flags).booleans()?;
        let rows = elements.lists.len();
        // How often the predicate is true, false and unknown in each row's list.
        let (mut yes, mut no, mut unknown) = (vec![0u32; rows], vec![0u32; rows], vec![0u32; rows]);
        for (element, row) in elements.rows.values().iter().enumerate() {
            let counts = match flags.is_valid(element).then(|| flags.value(element)) {
                Some(true) => &mut yes,
                Some(false) => &mut no,
                None => &mut unknown,
            };
            counts[*row as usize] += 1;
        }
        let answers: BooleanArray = (0..rows)
            .map(|row| {
                if elements.lists.is_null(row) {
                    return None;
                }
                let sure = unknown[row] == 0;
                match self.quantifier {
                    Quantifier::All if no[row] > 0 => Some(false),
                    Quantifier::All => sure.then_some(true),
                    Quantifier::Any if yes[row] > 0 => Some(true),
                    Quantifier::Any => sure.then_some(false),
                    Quantifier::None if yes[row] > 0 => Some(false),
                    Quantifier::None => sure.then_some(true),
                    Quantifier::Single if yes[row] > 1 => Some(false),
                    Quantifier::Single => sure.then_some(yes[row] == 1),
                }
            })
            .collect();
        Ok(Operand::column(Arc::new(answers)))
    }
}

/// `reduce`: all rows take their first element, then all their second, and so on.
#[derive(Debug)]
pub(super) struct ReduceNode {
    initial: Box<Node>,
    list: Box<Node>,
    inner: Inner,
    step: Box<Node>,
    data_type: DataType,
}

impl ReduceNode {
    pub(super) fn compile(
        accumulator: &str,
        initial: &LogicalExpr,
        variable: &str,
        list: &LogicalExpr,
        step: &LogicalExpr,
        ty: &Type,
        input: &PhysicalSchema,
    ) -> Result<Self> {
        let (list, item) = compile_list(list, input)?;
        let inner = Inner::new(&[step], &[(accumulator, ty), (variable, &item)], input)?;
        let found = infer_expr_type(step, &inner.schema)?;
        if &ty.unify(&found) != ty {
            return Err(Error::internal("reduce() widens its value at every step"));
        }
        Ok(Self {
            initial: Box::new(Node::compile_as(initial, input, ty)?),
            list: Box::new(list),
            step: Box::new(Node::compile_as(step, &inner.schema, ty)?),
            inner,
            data_type: ty.to_arrow(),
        })
    }

    pub(super) fn evaluate(&self, batch: &RecordBatch) -> Result<Operand> {
        let elements = Elements::of(&self.list, batch)?;
        let lists = &elements.lists;
        let mut value = self
            .initial
            .evaluate(batch)?
            .cast(&self.data_type)?
            .into_column(batch.num_rows())?;
        let length = |row: usize| {
            if lists.is_null(row) {
                0
            } else {
                lists.value_length(row) as usize
            }
        };
        let longest = (0..lists.len()).map(length).max().unwrap_or(0);
        // Where each row's elements start among all.
        let mut starts = vec![0u32; lists.len()];
        for row in 1..lists.len() {
            starts[row] = starts[row - 1] + length(row - 1) as u32;
        }
        for position in 0..longest {
            let rows: Vec<u32> = (0..lists.len() as u32)
                .filter(|row| length(*row as usize) > position)
                .collect();
            let places: Vec<u32> = rows
                .iter()
                .map(|row| starts[*row as usize] + position as u32)
                .collect();
            let active = UInt32Array::from(rows.clone());
            let items = take(&elements.items, &UInt32Array::from(places), None)?;
            let inner =
                self.inner
                    .batch(batch, &active, vec![take(&value, &active, None)?, items])?;
            let next = self
                .step
                .evaluate(&inner)?
                .cast(&self.data_type)?
                .into_column(inner.num_rows())?;
            let mut sources: Vec<(usize, usize)> = (0..value.len()).map(|row| (0, row)).collect();
            for (at, row) in rows.iter().enumerate() {
                sources[*row as usize] = (1, at);
            }
            value = interleave(&[&value, &next], &sources)?;
        }
        if lists.null_count() > 0 {
            // What is reduced over null is null.
            let valid: NullBuffer = (0..lists.len()).map(|row| lists.is_valid(row)).collect();
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
