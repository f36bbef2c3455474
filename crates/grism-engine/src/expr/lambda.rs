//! Expressions with a part that is evaluated for each element of a list: comprehensions, quantifiers, reduce().
//!
//! The elements of all rows' lists are laid end to end, beside the columns of the rows they belong to, and the part is
//! evaluated over many of them at once.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, ListArray, UInt32Array, new_empty_array, new_null_array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{interleave, take};
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::{Error, ErrorKind, Result, Type};
use grism_logical::{Column, LogicalExpr, PlanSchema, Quantifier};

use super::budget::{Budget, Rows};
use super::indexed::Indexed;
use super::list::offsets_of;
use super::node::Node;
use super::operand::Operand;
use super::schema_inference::infer_expr_type;
use crate::PhysicalSchema;
use crate::shared::{
    SharedValues, concat_columns, may_be_large, mean_bytes, take_rows, taken_bytes,
};

/// Elements that a part is evaluated over at once.
const ELEMENTS_AT_ONCE: usize = 1 << 16;

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

    fn batch(
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

/// The lists of all rows, whose elements are laid end to end.
struct Lists {
    indexed: Indexed,
    lists: ListArray,
    /// How many rows there are.
    rows: usize,
}

/// Some elements, and the rows they belong to.
struct Elements {
    rows: UInt32Array,
    items: ArrayRef,
}

impl Elements {
    fn slice(&self, start: usize, length: usize) -> Self {
        Self {
            rows: self.rows.slice(start, length),
            items: self.items.slice(start, length),
        }
    }
}

impl Lists {
    fn of(node: &Node, batch: Rows<'_>) -> Result<Self> {
        let indexed = node.evaluate_indexed(batch)?;
        let lists = indexed
            .values
            .as_any()
            .downcast_ref::<ListArray>()
            .cloned()
            .ok_or_else(|| Error::internal("a list column"))?;
        Ok(Self {
            indexed,
            lists,
            rows: batch.num_rows(),
        })
    }

    fn is_null(&self, row: usize) -> bool {
        self.lists.is_null(self.indexed.at(row))
    }

    fn length(&self, row: usize) -> usize {
        let list = self.indexed.at(row);
        if self.lists.is_null(list) {
            return 0;
        }
        self.lists.value_length(list) as usize
    }

    /// Where the elements of a row's list start among all.
    fn start(&self, row: usize) -> usize {
        self.lists.value_offsets()[self.indexed.at(row)] as usize
    }

    fn nulls(&self) -> NullBuffer {
        (0..self.rows).map(|row| !self.is_null(row)).collect()
    }

    fn elements(&self, rows: Vec<u32>, places: Vec<u32>) -> Result<Elements> {
        Ok(Elements {
            rows: rows.into(),
            items: take_rows(self.lists.values(), &UInt32Array::from(places))?,
        })
    }

    /// Hands all elements to `visit`, so many at once.
    fn for_each_part(&self, mut visit: impl FnMut(Elements) -> Result<()>) -> Result<()> {
        let (mut rows, mut places) = (Vec::new(), Vec::new());
        for row in 0..self.rows {
            let (mut place, mut left) = (self.start(row), self.length(row));
            while left > 0 {
                let taken = left.min(ELEMENTS_AT_ONCE - rows.len());
                rows.extend(std::iter::repeat_n(row as u32, taken));
                places.extend(place as u32..(place + taken) as u32);
                place += taken;
                left -= taken;
                if rows.len() == ELEMENTS_AT_ONCE {
                    let part =
                        self.elements(std::mem::take(&mut rows), std::mem::take(&mut places))?;
                    visit(part)?;
                }
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        visit(self.elements(rows, places)?)
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

    pub(super) fn evaluate(&self, batch: Rows<'_>) -> Result<Operand> {
        let DataType::List(field) = &self.data_type else {
            return Err(Error::internal("a comprehension is a list"));
        };
        let lists = Lists::of(&self.list, batch)?;
        let mut lengths: Vec<usize> = (0..lists.rows).map(|row| lists.length(row)).collect();
        if self.predicate.is_none() {
            // Every element stays, so that the size is known before anything is built.
            offsets_of(&lengths, batch.budget())?;
            let innermost = self.innermost_elements(batch, &lists)?;
            let total: usize = lengths.iter().sum();
            let width = field.data_type().primitive_width().unwrap_or(1);
            // Only asked for: pieces are counted as they are built.
            let mark = batch.budget().mark();
            batch
                .budget()
                .reserve(innermost.max(total.saturating_mul(width)))?;
            batch.budget().release_to(mark, 0);
        } else {
            lengths.fill(0);
        }
        let mut pieces = Vec::new();
        lists.for_each_part(|elements| {
            self.part(batch, elements, &mut |kept, items| {
                if self.predicate.is_some() {
                    for row in kept.values() {
                        lengths[*row as usize] += 1;
                    }
                }
                let bytes = items.held_rows().saturating_mul(mean_bytes(&items.values));
                batch.budget().reserve(bytes)?;
                pieces.push((items, kept.len()));
                Ok(())
            })
        })?;
        let values = joined(pieces, field.data_type(), batch.budget())?;
        let list = ListArray::try_new(
            Arc::new(Field::new_list_field(field.data_type().clone(), true)),
            offsets_of(&lengths, batch.budget())?,
            values,
            Some(lists.nulls()),
        )?;
        Ok(Operand::column(Arc::new(list)))
    }

    /// How many elements the lists within lists will hold that are going to be built here; 0 where that shows only once
    /// they are built.
    fn innermost_elements(&self, batch: Rows<'_>, lists: &Lists) -> Result<usize> {
        let Some(Node::Transform(nested)) = self.projection.as_deref() else {
            return Ok(0);
        };
        let is_at_hand = matches!(
            *nested.list,
            Node::Column(_) | Node::SharedColumn(_) | Node::Constant(_) | Node::Once(_)
        );
        if nested.predicate.is_some() || !is_at_hand {
            return Ok(0);
        }
        let mut total = 0usize;
        lists.for_each_part(|elements| {
            let inner = self
                .inner
                .batch(&batch, &elements.rows, vec![elements.items])?;
            let inner = batch.over(&inner);
            let own = Lists::of(&nested.list, inner)?;
            let count: usize = (0..own.rows).map(|row| own.length(row)).sum();
            total = total.saturating_add(count.max(nested.innermost_elements(inner, &own)?));
            check_count(total)
        })?;
        Ok(total)
    }

    /// Hands what becomes of some elements to `take`: the rows of those that pass, and the results. Where they are too
    /// much at once, half of them is tried.
    fn part(
        &self,
        batch: Rows<'_>,
        elements: Elements,
        take: &mut dyn FnMut(&UInt32Array, Indexed) -> Result<()>,
    ) -> Result<()> {
        let mark = batch.budget().mark();
        match self.transformed(batch, &elements) {
            Ok((rows, items)) => {
                batch.budget().release_to(mark, 0);
                take(&rows, items)
            }
            Err(error)
                if error.kind() == ErrorKind::ResourceExhausted && elements.rows.len() > 1 =>
            {
                batch.budget().release_to(mark, 0);
                let (all, half) = (elements.rows.len(), elements.rows.len() / 2);
                self.part(batch, elements.slice(0, half), take)?;
                self.part(batch, elements.slice(half, all - half), take)
            }
            Err(error) => Err(error),
        }
    }

    fn transformed(&self, batch: Rows<'_>, elements: &Elements) -> Result<(UInt32Array, Indexed)> {
        let (mut rows, mut items) = (elements.rows.clone(), Arc::clone(&elements.items));
        if let Some(predicate) = &self.predicate {
            let inner = self.inner.batch(&batch, &rows, vec![Arc::clone(&items)])?;
            let flags = predicate
                .evaluate(batch.over(&inner))?
                .into_column(inner.num_rows())?;
            let flags = Operand::column(flags).booleans()?;
            let kept: UInt32Array = (0..items.len())
                .filter(|at| flags.is_valid(*at) && flags.value(*at))
                .map(|at| Some(at as u32))
                .collect();
            items = take(&items, &kept, None)?;
            let kept_rows = Operand::column(take(&rows, &kept, None)?);
            rows = kept_rows.as_array::<UInt32Array>()?.clone();
        }
        let items = match &self.projection {
            Some(projection) if !rows.is_empty() => {
                let inner = self.inner.batch(&batch, &rows, vec![items])?;
                projection.evaluate_indexed(batch.over(&inner))?
            }
            _ => Indexed::of(Operand::column(items)),
        };
        Ok((rows, items))
    }
}

/// The elements of all pieces, which have so many rows, end to end. What rows share is copied only once it is known that
/// all of it fits.
fn joined(
    pieces: Vec<(Indexed, usize)>,
    data_type: &DataType,
    budget: &Budget,
) -> Result<ArrayRef> {
    let mut bytes = 0usize;
    let mut plain = Vec::with_capacity(pieces.len());
    for (items, rows) in pieces.into_iter().filter(|(_, rows)| *rows > 0) {
        let piece = items.into_shared(rows);
        bytes = bytes.saturating_add(match &piece {
            Ok(shared) => taken_bytes(&shared.values, &shared.keys),
            Err(own) => own.len().saturating_mul(mean_bytes(own)),
        });
        plain.push(piece);
    }
    check_elements(&plain)?;
    budget.reserve(bytes)?;
    let plain = plain
        .into_iter()
        .map(|piece| match piece {
            Ok(shared) => Ok(take(&shared.values, &shared.keys, None)?),
            Err(own) => Ok(own),
        })
        .map(|piece: Result<ArrayRef>| Ok(Operand::column(piece?).cast(data_type)?.into_array()))
        .collect::<Result<Vec<_>>>()?;
    if plain.is_empty() {
        return Ok(new_empty_array(data_type));
    }
    concat_columns(&plain)
}

/// Fails where the pieces, lists themselves, hold more elements together than 32-bit offsets reach.
fn check_elements(pieces: &[std::result::Result<SharedValues, ArrayRef>]) -> Result<()> {
    let mut total = 0usize;
    for piece in pieces {
        let values = match piece {
            Ok(shared) => &shared.values,
            Err(own) => own,
        };
        let Some(lists) = values.as_any().downcast_ref::<ListArray>() else {
            return Ok(());
        };
        total += match piece {
            Ok(shared) => {
                let keys = shared.keys.values().iter();
                keys.map(|key| lists.value_length(*key as usize) as usize)
                    .sum()
            }
            Err(_) => lists.values().len(),
        };
    }
    check_count(total)
}

fn check_count(elements: usize) -> Result<()> {
    if i32::try_from(elements).is_ok() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::ResourceExhausted,
        format!("lists of {elements} elements together do not fit into one column"),
    ))
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

    pub(super) fn evaluate(&self, batch: Rows<'_>) -> Result<Operand> {
        let lists = Lists::of(&self.list, batch)?;
        let mut counts = vec![Counts::default(); lists.rows];
        let counted = lists.for_each_part(|elements| self.count(batch, elements, &mut counts));
        if let Err(error) = counted {
            if error.kind() == ErrorKind::ResourceExhausted {
                return Err(error);
            }
            // Perhaps for an element behind the one that settles the answer.
            counts.fill(Counts::default());
            self.one_after_the_other(batch, &lists, &mut counts)?;
        }
        let answers: BooleanArray = counts
            .iter()
            .enumerate()
            .map(|(row, counts)| {
                if lists.is_null(row) {
                    return None;
                }
                counts.answer(self.quantifier)
            })
            .collect();
        Ok(Operand::column(Arc::new(answers)))
    }

    /// Adds what the predicate says of some elements.
    fn count(&self, batch: Rows<'_>, elements: Elements, counts: &mut [Counts]) -> Result<()> {
        let mark = batch.budget().mark();
        let inner = self
            .inner
            .batch(&batch, &elements.rows, vec![elements.items])?;
        let flags = self
            .predicate
            .evaluate(batch.over(&inner))?
            .into_column(inner.num_rows())?;
        batch.budget().release_to(mark, 0);
        let flags = Operand::column(flags).booleans()?;
        for (element, row) in elements.rows.values().iter().enumerate() {
            let counts = &mut counts[*row as usize];
            match flags.is_valid(element).then(|| flags.value(element)) {
                Some(true) => counts.yes += 1,
                Some(false) => counts.no += 1,
                None => counts.unknown += 1,
            }
        }
        Ok(())
    }

    /// The first elements of all rows, then the second ones of those that are not settled, and so on.
    fn one_after_the_other(
        &self,
        batch: Rows<'_>,
        lists: &Lists,
        counts: &mut [Counts],
    ) -> Result<()> {
        let mut open: Vec<u32> = (0..lists.rows as u32).collect();
        for position in 0.. {
            open.retain(|row| {
                let row = *row as usize;
                position < lists.length(row) && !counts[row].is_settled(self.quantifier)
            });
            if open.is_empty() {
                break;
            }
            let places = open
                .iter()
                .map(|row| (lists.start(*row as usize) + position) as u32)
                .collect();
            let elements = lists.elements(open.clone(), places)?;
            self.count(batch, elements, counts)?;
        }
        Ok(())
    }
}

/// How often a predicate is true, false and unknown in one list.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    yes: u32,
    no: u32,
    unknown: u32,
}

impl Counts {
    /// Whether no further element changes the answer.
    fn is_settled(self, quantifier: Quantifier) -> bool {
        match quantifier {
            Quantifier::All => self.no > 0,
            Quantifier::Any | Quantifier::None => self.yes > 0,
            Quantifier::Single => self.yes > 1,
        }
    }

    fn answer(self, quantifier: Quantifier) -> Option<bool> {
        let sure = self.unknown == 0;
        match quantifier {
            Quantifier::All if self.no > 0 => Some(false),
            Quantifier::All => sure.then_some(true),
            Quantifier::Any if self.yes > 0 => Some(true),
            Quantifier::Any => sure.then_some(false),
            Quantifier::None if self.yes > 0 => Some(false),
            Quantifier::None => sure.then_some(true),
            Quantifier::Single if self.yes > 1 => Some(false),
            Quantifier::Single => sure.then_some(self.yes == 1),
        }
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

    pub(super) fn evaluate(&self, batch: Rows<'_>) -> Result<Operand> {
        let lists = Lists::of(&self.list, batch)?;
        let mut value = self
            .initial
            .evaluate(batch)?
            .cast(&self.data_type)?
            .into_column(batch.num_rows())?;
        let longest = (0..lists.rows).map(|row| lists.length(row)).max();
        let mark = batch.budget().mark();
        for position in 0..longest.unwrap_or(0) {
            let rows: Vec<u32> = (0..lists.rows as u32)
                .filter(|row| lists.length(*row as usize) > position)
                .collect();
            let places: Vec<u32> = rows
                .iter()
                .map(|row| (lists.start(*row as usize) + position) as u32)
                .collect();
            let elements = lists.elements(rows, places)?;
            let current = take_rows(&value, &elements.rows)?;
            let inner = self
                .inner
                .batch(&batch, &elements.rows, vec![current, elements.items])?;
            let next = self
                .step
                .evaluate(batch.over(&inner))?
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
            batch.budget().release_to(mark, kept);
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
