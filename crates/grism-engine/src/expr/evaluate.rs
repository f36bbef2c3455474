//! Evaluates a compiled expression over a batch.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, UInt32Array};
use arrow::datatypes::DataType;
use grism_core::{Error, Result, Type, with_stack};
use grism_functions::{Budget, Call, Operand, SharedValues, map_ids, map_rows, mean_bytes};

use super::indexed::Indexed;
use super::node::Node;
use super::rows::Rows;
use super::{arithmetic, case, compare, list, logic, lookup, membership, text};

impl Node {
    /// The values for every row of `batch`, which has one at least.
    pub(super) fn evaluate(&self, batch: Rows<'_>) -> Result<Operand> {
        with_stack(|| self.evaluate_node(batch))
    }

    fn evaluate_node(&self, batch: Rows<'_>) -> Result<Operand> {
        let rows = batch.num_rows();
        match self {
            Self::Constant(operand) => Ok(operand.clone()),
            Self::Column(index) => Ok(Operand::column(Arc::clone(batch.column(*index)))),
            Self::SharedColumn(_) | Self::PerValue(_) => {
                self.evaluate_indexed(batch)?.into_operand()
            }
            Self::Once(once) => once.evaluate(batch),
            Self::Compare(operator, a, b) => {
                compare::compare(*operator, &a.evaluate(batch)?, &b.evaluate(batch)?, rows)
            }
            Self::Logic(logic) => logic.evaluate(batch),
            Self::Arithmetic(arithmetic) => arithmetic.evaluate(batch),
            Self::TextPredicate(operator, a, b) => {
                text::text_predicate(*operator, &a.evaluate(batch)?, &b.evaluate(batch)?, rows)
            }
            Self::Regex(a, b, compiled) => text::regex_match(
                &a.evaluate(batch)?,
                &b.evaluate(batch)?,
                rows,
                compiled.as_ref(),
            ),
            Self::In(a, b, cache) => membership::is_in(
                &a.evaluate(batch)?,
                &b.evaluate_indexed(batch)?,
                rows,
                cache,
            ),
            Self::Not(inner) => logic::negate(&inner.evaluate(batch)?),
            Self::Negate(inner) => arithmetic::negate(&inner.evaluate(batch)?),
            Self::IsNull(inner, negated) => Ok(logic::is_null(&inner.evaluate(batch)?, *negated)),
            Self::Choose {
                branches,
                data_type,
                stop_at_value,
            } => case::choose(branches, batch, data_type, *stop_at_value),
            Self::Function(function, arguments, data_type) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| argument.evaluate(batch))
                    .collect::<Result<Vec<_>>>()?;
                function.columns(&Call {
                    arguments: &arguments,
                    rows,
                    data_type,
                    budget: batch.budget(),
                })
            }
            Self::Get(base, key, data_type) => {
                let (base, key) = (base.evaluate_indexed(batch)?, key.evaluate(batch)?);
                lookup::get_rows(&base, &key, rows, data_type)
            }
            Self::Values(function, arguments, data_type) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| argument.evaluate(batch))
                    .collect::<Result<Vec<_>>>()?;
                let inputs: Vec<&Operand> = arguments.iter().collect();
                batch.budget().while_read(&inputs, || {
                    map_rows(&inputs, rows, data_type, |values| function.value(values))
                })
            }
            Self::Dynamic(dynamic) => dynamic.evaluate(batch),
            Self::Cast(inner, from, to) => {
                let inner = inner.evaluate(batch)?;
                let array = cast_within(batch.budget(), inner.array(), from, to)?;
                Ok(Operand::over(&[&inner], array))
            }
            Self::Key(inner, ty) => {
                let inner = inner.evaluate(batch)?;
                let keys = batch
                    .budget()
                    .while_read(&[&inner], || grism_core::key_column(inner.array(), ty))?;
                Ok(Operand::over(&[&inner], keys))
            }
            Self::Transform(transform) => transform.evaluate(batch),
            Self::Quantified(quantified) => quantified.evaluate(batch),
            Self::Reduce(reduce) => reduce.evaluate(batch),
            Self::List(items, data_type) => {
                let items = items
                    .iter()
                    .map(|item| item.evaluate(batch))
                    .collect::<Result<Vec<_>>>()?;
                list::make_list(&items, batch, data_type)
            }
            Self::Map(entries, data_type) => {
                let DataType::Struct(fields) = data_type else {
                    return Err(Error::internal("a map of another type"));
                };
                let entries = entries
                    .iter()
                    .map(|entry| entry.evaluate(batch))
                    .collect::<Result<Vec<_>>>()?;
                list::make_map(&entries, rows, fields)
            }
            Self::Field(base, key) => list::field(&base.evaluate(batch)?, key, rows),
            Self::Index(base, index, data_type) => list::index(
                &base.evaluate_indexed(batch)?,
                &index.evaluate(batch)?,
                rows,
                data_type,
            ),
            Self::Slice(base, lower, upper, data_type) => {
                let bound = |bound: &Option<Box<Node>>| {
                    bound
                        .as_ref()
                        .map(|bound| bound.evaluate(batch))
                        .transpose()
                };
                let (lower, upper) = (bound(lower)?, bound(upper)?);
                list::slice(
                    &base.evaluate_indexed(batch)?,
                    lower.as_ref(),
                    upper.as_ref(),
                    batch,
                    data_type,
                )
            }
            Self::TableIn(entity, tables) => {
                let entity = entity.evaluate(batch)?;
                let flags: BooleanArray =
                    map_ids(&entity, |id| id.map(|id| tables.contains(&id.table())))?
                        .into_iter()
                        .collect();
                Ok(Operand::over(&[&entity], Arc::new(flags)))
            }
            Self::TableLookup {
                entity,
                places,
                values,
            } => {
                let entity = entity.evaluate(batch)?;
                let indices: UInt32Array = map_ids(&entity, |id| {
                    id.and_then(|id| places.get(&id.table()).copied())
                })?
                .into_iter()
                .collect();
                Ok(Operand::over(
                    &[&entity],
                    arrow::compute::take(values, &indices, None)?,
                ))
            }
        }
    }

    /// The values for every row of `batch`, not copied for each row where they are shared or constant.
    pub(super) fn evaluate_indexed(&self, batch: Rows<'_>) -> Result<Indexed> {
        match self {
            Self::SharedColumn(index) => SharedValues::of(batch.column(*index))?
                .map(Indexed::shared)
                .ok_or_else(|| Error::internal("a column that does not share its values")),
            Self::PerValue(inner) => inner.evaluate(batch),
            Self::Cast(inner, from, to) => {
                let inner = inner.evaluate_indexed(batch)?;
                let values = cast_within(batch.budget(), &inner.values, from, to)?;
                Ok(inner.with_values(values))
            }
            other => other.evaluate(batch).map(Indexed::of),
        }
    }
}

/// `array` as another type; what takes more bytes by that is counted.
fn cast_within(budget: &Budget, array: &ArrayRef, from: &Type, to: &Type) -> Result<ArrayRef> {
    if from != to && to.may_hold_any() {
        let bytes = array.len().saturating_mul(mean_bytes(array));
        budget.reserve(bytes.saturating_mul(2))?;
    }
    grism_core::cast_column(array, from, to)
}
