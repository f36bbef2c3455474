//! List comprehensions.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, UInt32Array, new_empty_array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;
use datafusion_physical_expr::expressions::Column;
use grism_core::{Error, ErrorKind, Result, Type};
use grism_functions::{
    Budget, Operand, SharedValues, concat_columns, mean_bytes, offsets_of, taken_bytes,
};
use grism_logical::LogicalExpr;

use super::inner::{Inner, compile_list};
use super::lists::{Elements, Lists};
use crate::PhysicalSchema;
use crate::expr::column::SharedColumn;
use crate::expr::compile::compile_as;
use crate::expr::constant::Constant;
use crate::expr::indexed::Indexed;
use crate::expr::node::{Kind, Node, OwnExpr, children, evaluate, evaluate_indexed};
use crate::expr::once::Once;

/// A list comprehension.
#[derive(Debug)]
pub(in crate::expr) struct Transform {
    inner: Inner,
    predicate: Option<Node>,
    projection: Option<Node>,
    data_type: DataType,
}

impl Transform {
    pub(in crate::expr) fn compile(
        list: &LogicalExpr,
        variable: &str,
        predicate: Option<&LogicalExpr>,
        projection: Option<&LogicalExpr>,
        input: &PhysicalSchema,
        ty: &Type,
    ) -> Result<Node> {
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
        let kind = Self {
            predicate: predicate
                .map(|part| compile_as(part, &inner.schema, &Type::Bool))
                .transpose()?,
            projection: projection
                .map(|part| compile_as(part, &inner.schema, element))
                .transpose()?,
            inner,
            data_type: result.to_arrow(),
        };
        Ok(OwnExpr::node(kind, vec![list], result.to_arrow()))
    }

    /// How many elements the lists within lists will hold that are going to be built here; 0 where that shows only once
    /// they are built.
    fn innermost_elements(&self, batch: &RecordBatch, lists: &Lists) -> Result<usize> {
        let projection = self.projection.as_ref();
        let Some((nested, nodes)) = projection.and_then(OwnExpr::of::<Self>) else {
            return Ok(0);
        };
        let [list] = children(nodes)?;
        let is_at_hand = list.downcast_ref::<Column>().is_some()
            || OwnExpr::of::<SharedColumn>(list).is_some()
            || OwnExpr::of::<Constant>(list).is_some()
            || OwnExpr::of::<Once>(list).is_some();
        if nested.predicate.is_some() || !is_at_hand {
            return Ok(0);
        }
        let mut total = 0usize;
        lists.for_each_part(|elements| {
            let inner = self
                .inner
                .batch(batch, &elements.rows, vec![elements.items])?;
            let own = Lists::of(list, &inner)?;
            let count: usize = (0..own.rows).map(|row| own.length(row)).sum();
            total = total.saturating_add(count.max(nested.innermost_elements(&inner, &own)?));
            check_count(total)
        })?;
        Ok(total)
    }

    /// Hands what becomes of some elements to `take`: the rows of those that pass, and the results. Where they are too
    /// much at once, half of them is tried.
    fn part(
        &self,
        batch: &RecordBatch,
        elements: Elements,
        take: &mut dyn FnMut(&UInt32Array, Indexed) -> Result<()>,
    ) -> Result<()> {
        let mark = Budget::current().mark();
        match self.transformed(batch, &elements) {
            Ok((rows, items)) => {
                Budget::current().release_to(mark, 0);
                take(&rows, items)
            }
            Err(error)
                if error.kind() == ErrorKind::ResourceExhausted && elements.rows.len() > 1 =>
            {
                Budget::current().release_to(mark, 0);
                let (all, half) = (elements.rows.len(), elements.rows.len() / 2);
                self.part(batch, elements.slice(0, half), take)?;
                self.part(batch, elements.slice(half, all - half), take)
            }
            Err(error) => Err(error),
        }
    }

    fn transformed(
        &self,
        batch: &RecordBatch,
        elements: &Elements,
    ) -> Result<(UInt32Array, Indexed)> {
        let (mut rows, mut items) = (elements.rows.clone(), Arc::clone(&elements.items));
        if let Some(predicate) = &self.predicate {
            let inner = self.inner.batch(batch, &rows, vec![Arc::clone(&items)])?;
            let flags = evaluate(predicate, &inner)?.into_column(inner.num_rows())?;
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
                let inner = self.inner.batch(batch, &rows, vec![items])?;
                evaluate_indexed(projection, &inner)?
            }
            _ => Indexed::of(Operand::column(items)),
        };
        Ok((rows, items))
    }
}

impl Kind for Transform {
    fn name(&self) -> &'static str {
        "transform"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let DataType::List(field) = &self.data_type else {
            return Err(Error::internal("a comprehension is a list"));
        };
        let [list] = children(nodes)?;
        let lists = Lists::of(list, batch)?;
        let mut lengths: Vec<usize> = (0..lists.rows).map(|row| lists.length(row)).collect();
        if self.predicate.is_none() {
            // Every element stays, so that the size is known before anything is built.
            offsets_of(&lengths, &Budget::current())?;
            let innermost = self.innermost_elements(batch, &lists)?;
            let total: usize = lengths.iter().sum();
            let width = field.data_type().primitive_width().unwrap_or(1);
            // Only asked for: pieces are counted as they are built.
            let mark = Budget::current().mark();
            Budget::current().reserve(innermost.max(total.saturating_mul(width)))?;
            Budget::current().release_to(mark, 0);
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
                Budget::current().reserve(bytes)?;
                pieces.push((items, kept.len()));
                Ok(())
            })
        })?;
        let values = joined(pieces, field.data_type(), &Budget::current())?;
        let list = ListArray::try_new(
            Arc::new(Field::new_list_field(field.data_type().clone(), true)),
            offsets_of(&lengths, &Budget::current())?,
            values,
            Some(lists.nulls()),
        )?;
        Ok(Operand::column(Arc::new(list)))
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
