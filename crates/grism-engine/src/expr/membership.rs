//! `IN`: a list that many rows are looked up in is hashed once.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{
    Array, ArrayData, BooleanArray, Int64Array, ListArray, StringArray, UInt64Array,
};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{FastSet, Result, Type, Value, encode_any, equal_values, key_of_any};
use grism_functions::{Operand, computed_rows};
use grism_logical::{BinaryOperator, LogicOperator};

use super::compare::compare;
use super::indexed::Indexed;
use super::logic::combine;
use super::node::{Kind, Node, OwnExpr, children, evaluate, evaluate_indexed};

/// Lists up to this length are compared element by element.
const SHORT: usize = 16;
/// Constant lists up to this length are compared by one pass of a kernel for each element.
const SHORT_CONSTANT: usize = 32;

/// Whether a list holds a value.
#[derive(Debug, Default)]
pub(super) struct In {
    cache: MembershipCache,
}

impl In {
    /// `needle IN list`.
    pub(super) fn node(needle: Node, list: Node) -> Node {
        OwnExpr::node(Self::default(), vec![needle, list], DataType::Boolean)
    }
}

impl Kind for In {
    fn name(&self) -> &'static str {
        "IN"
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [needle, list] = children(nodes)?;
        let (needle, list) = (evaluate(needle, batch)?, evaluate_indexed(list, batch)?);
        is_in(&needle, &list, batch.num_rows(), &self.cache)
    }
}

/// The lists hashed last, which stay the same from batch to batch where they are constant or shared.
#[derive(Debug, Default)]
struct MembershipCache(Mutex<Option<Hashed>>);

type Hashed = (ArrayData, Vec<Option<Arc<Members>>>);

impl MembershipCache {
    /// What is known of these lists so far.
    fn take(&self, lists: &ArrayData, count: usize) -> Vec<Option<Arc<Members>>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*held {
            Some((own, known)) if own.ptr_eq(lists) => known.clone(),
            _ => vec![None; count],
        }
    }

    fn put(&self, lists: ArrayData, known: Vec<Option<Arc<Members>>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((lists, known));
    }
}

/// `needle IN list`.
fn is_in(
    needle: &Operand,
    list: &Indexed,
    rows: usize,
    cache: &MembershipCache,
) -> Result<Operand> {
    let both_single = needle.is_scalar() && list.is_scalar();
    let count = if both_single { 1 } else { rows };
    let answer = |flags: BooleanArray| {
        if both_single {
            Operand::scalar(Arc::new(flags))
        } else {
            Operand::column(Arc::new(flags))
        }
    };
    let Some(lists) = list.values.as_any().downcast_ref::<ListArray>() else {
        return Ok(answer(BooleanArray::new_null(count)));
    };
    let dynamic = Type::Any.to_arrow();
    if list.is_scalar()
        && !lists.is_null(0)
        && lists.value_length(0) as usize <= SHORT_CONSTANT
        && lists.values().data_type() != &dynamic
    {
        return one_pass_each(needle, lists, rows);
    }
    let mut wanted = vec![0u32; lists.len()];
    for row in 0..count {
        wanted[list.at(row)] += 1;
    }
    let data = lists.to_data();
    let mut known = cache.take(&data, lists.len());
    let mut changed = false;
    for (place, wanted) in wanted.iter().enumerate() {
        let pays = *wanted > 1 && lists.value_length(place) as usize > SHORT;
        if pays && lists.is_valid(place) && known[place].is_none() {
            known[place] = Some(Arc::new(Members::of(lists, place)?));
            changed = true;
        }
    }
    let needles = Needles::of(needle);
    let mut flags = Vec::with_capacity(count);
    for row in 0..count {
        let place = list.at(row);
        flags.push(if lists.is_null(place) {
            None
        } else if let Some(members) = &known[place] {
            needles.within(members, needle, row)?
        } else {
            contains(lists, place, &needle.value(row)?)?
        });
    }
    if changed {
        cache.put(data, known);
    }
    Ok(answer(flags.into()))
}

/// A short list of constants: one pass of the equality kernel for each.
fn one_pass_each(needle: &Operand, lists: &ListArray, rows: usize) -> Result<Operand> {
    let none = Operand::scalar(Arc::new(BooleanArray::from(vec![false])));
    let items = lists.value(0);
    if items.is_empty() && !needle.is_scalar() {
        let count = computed_rows(&[needle], rows);
        return Ok(Operand::column(Arc::new(BooleanArray::from(vec![
            false;
            count
        ]))));
    }
    (0..items.len()).try_fold(none, |found, place| {
        let item = Operand::scalar(items.slice(place, 1));
        let equal = compare(BinaryOperator::Equal, needle, &item, rows)?;
        combine(LogicOperator::Or, &found, &equal, rows)
    })
}

/// Element by element.
fn contains(lists: &ListArray, place: usize, wanted: &Value) -> Result<Option<bool>> {
    let items = lists.value(place);
    let mut known = Some(false);
    for item in 0..items.len() {
        match equal_values(&Value::from_array(&items, item)?, wanted) {
            Some(true) => return Ok(Some(true)),
            None => known = None,
            Some(false) => {}
        }
    }
    Ok(known)
}

/// The elements of one list, by hash.
#[derive(Debug)]
struct Members {
    elements: Elements,
    has_null: bool,
    is_empty: bool,
}

#[derive(Debug)]
enum Elements {
    Integers(FastSet<i64>),
    Ids(FastSet<u64>),
    Texts(FastSet<String>),
    /// Elements by key.
    Values {
        /// The keys of those that are equal just where their keys are.
        keys: FastSet<Vec<u8>>,
        /// These elements themselves, for needles that no key tells equal.
        plain: Vec<Value>,
        /// The others: with a null or NaN within, and of rare types.
        others: Vec<Value>,
    },
}

impl Members {
    fn of(lists: &ListArray, place: usize) -> Result<Self> {
        let items = lists.value(place);
        let any = items.as_any();
        let elements = if let Some(integers) = any.downcast_ref::<Int64Array>() {
            Elements::Integers(integers.iter().flatten().collect())
        } else if let Some(ids) = any.downcast_ref::<UInt64Array>() {
            Elements::Ids(ids.iter().flatten().collect())
        } else if let Some(texts) = any.downcast_ref::<StringArray>() {
            Elements::Texts(texts.iter().flatten().map(str::to_owned).collect())
        } else {
            let (mut keys, mut plain, mut others) = (FastSet::default(), Vec::new(), Vec::new());
            for item in 0..items.len() {
                let value = Value::from_array(&items, item)?;
                if hashable(&value) {
                    if keys.insert(key(&value)?) {
                        plain.push(value);
                    }
                } else if !value.is_null() {
                    others.push(value);
                }
            }
            Elements::Values {
                keys,
                plain,
                others,
            }
        };
        Ok(Self {
            elements,
            has_null: match items.data_type() {
                DataType::Null => !items.is_empty(),
                _ => items.null_count() > 0,
            },
            is_empty: items.is_empty(),
        })
    }

    /// Whether the list holds a value; `None` where a null makes that unknown.
    fn contains(&self, wanted: &Value) -> Result<Option<bool>> {
        if wanted.is_null() {
            return Ok(self.is_empty.then_some(false));
        }
        let mut unknown = self.has_null;
        let found = match (&self.elements, wanted) {
            (Elements::Integers(integers), Value::Int64(wanted)) => integers.contains(wanted),
            (Elements::Integers(integers), Value::Float64(wanted)) => {
                whole(*wanted).is_some_and(|wanted| integers.contains(&wanted))
            }
            (Elements::Ids(ids), wanted) => wanted.entity_id().is_some_and(|id| ids.contains(&id)),
            (Elements::Texts(texts), Value::String(wanted)) => texts.contains(wanted),
            (
                Elements::Values {
                    keys,
                    plain,
                    others,
                },
                wanted,
            ) => {
                let by_key = hashable(wanted);
                let mut found = by_key && keys.contains(&key(wanted)?);
                let compared = if by_key { &[][..] } else { &plain[..] };
                for own in compared.iter().chain(others) {
                    match equal_values(own, wanted) {
                        Some(true) => found = true,
                        None => unknown = true,
                        Some(false) => {}
                    }
                }
                found
            }
            _ => false,
        };
        Ok(answer(found, unknown))
    }
}

fn answer(found: bool, unknown: bool) -> Option<bool> {
    if found {
        Some(true)
    } else {
        (!unknown).then_some(false)
    }
}

/// The integer that is equal to a float.
fn whole(value: f64) -> Option<i64> {
    let fits = value.trunc() == value
        && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
    fits.then_some(value as i64)
}

/// Whether two such values are equal just where their keys are.
fn hashable(value: &Value) -> bool {
    match value {
        Value::Float64(value) => !value.is_nan(),
        Value::Bool(_)
        | Value::Int64(_)
        | Value::String(_)
        | Value::Bytes(_)
        | Value::Date(_)
        | Value::LocalTime(_)
        | Value::LocalDateTime(_)
        | Value::DateTime(_)
        | Value::Time(_) => true,
        Value::List(items) => items.iter().all(hashable),
        Value::Map(entries) => entries.values().all(hashable),
        _ => false,
    }
}

fn key(value: &Value) -> Result<Vec<u8>> {
    key_of_any(&encode_any(value))
}

/// The column of needles, where it has a type that sets hold as it is.
enum Needles<'a> {
    Integers(&'a Int64Array),
    Ids(&'a UInt64Array),
    Texts(&'a StringArray),
    Values,
}

impl<'a> Needles<'a> {
    fn of(needle: &'a Operand) -> Self {
        let any = needle.array().as_any();
        if let Some(integers) = any.downcast_ref() {
            Self::Integers(integers)
        } else if let Some(ids) = any.downcast_ref() {
            Self::Ids(ids)
        } else if let Some(texts) = any.downcast_ref() {
            Self::Texts(texts)
        } else {
            Self::Values
        }
    }

    fn within(&self, members: &Members, needle: &Operand, row: usize) -> Result<Option<bool>> {
        let at = needle.at(row);
        let found = match (self, &members.elements) {
            (Self::Integers(own), Elements::Integers(set)) if own.is_valid(at) => {
                set.contains(&own.value(at))
            }
            (Self::Ids(own), Elements::Ids(set)) if own.is_valid(at) => {
                set.contains(&own.value(at))
            }
            (Self::Texts(own), Elements::Texts(set)) if own.is_valid(at) => {
                set.contains(own.value(at))
            }
            _ => return members.contains(&needle.value(row)?),
        };
        Ok(answer(found, members.has_null))
    }
}
