//! `range()`: integers at one distance from each other.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Int64Type};
use grism_core::{Error, ErrorKind, Result, Type};

use super::parts::offsets_of;
use crate::{
    Accepts, Budget, Call, Category, Example, Function, Kernel, Operand, Parameter, Returns,
    computed_rows,
};

pub(super) const FUNCTIONS: &[&Function] = &[&RANGE];

/// Integers from one to another.
pub static RANGE: Function = Function {
    name: "range",
    category: Category::Lists,
    parameters: &[
        Parameter::new("start", Accepts::INTEGER),
        Parameter::new("end", Accepts::INTEGER),
        Parameter::optional("step", Accepts::INTEGER),
    ],
    returns: Returns::Fixed(|| Type::Int64.list()),
    kernel: Kernel::Columns(ranges),
    description: "The integers from `start` to `end`, both included, with an optional step that may be negative.",
    examples: &[
        Example::new("range(1, 10, 3)", "[1, 4, 7, 10]"),
        Example::new("range(2, 0, -1)", "[2, 1, 0]"),
    ],
    ..Function::BASE
};

/// More elements than this are refused in one list, before memory is asked for.
const MOST_ELEMENTS: u64 = 1 << 28;

/// After how many elements it is asked whether the query has to stop.
const ELEMENTS_BETWEEN_CHECKS: u64 = 1 << 16;

/// The numbers of a range, none of which is held.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    start: i64,
    step: i64,
    count: u64,
}

impl Steps {
    /// The numbers from `start` to `end`, both included.
    ///
    /// # Errors
    /// `InvalidData` for a step of 0.
    fn try_new(start: i64, end: i64, step: i64) -> Result<Self> {
        if step == 0 {
            return Err(Error::invalid_data("range(): the step cannot be 0")
                .with_code("ArgumentError:NumberOutOfRange"));
        }
        let distance = i128::from(end) - i128::from(start);
        let goes_away = distance.signum() * i128::from(step).signum() < 0;
        let count = match goes_away {
            true => 0,
            false => distance / i128::from(step) + 1,
        };
        // All integers there are would be one more than the largest count.
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        Ok(Self { start, step, count })
    }

    /// The range of a row, where `bounds` are columns of its start, its end and, perhaps, its step; `None` where one is null.
    ///
    /// # Errors
    /// `InvalidData` for a step of 0; `Internal` for columns that hold no integers.
    pub fn of_row(bounds: &[ArrayRef], row: usize) -> Result<Option<Self>> {
        let mut numbers = [0, 0, 1];
        for (number, column) in numbers.iter_mut().zip(bounds) {
            if column.data_type() == &DataType::Null || column.is_null(row) {
                return Ok(None);
            }
            let column = column.as_primitive_opt::<Int64Type>();
            *number = column
                .ok_or_else(|| Error::internal("a range of another type"))?
                .value(row);
        }
        let [start, end, step] = numbers;
        Self::try_new(start, end, step).map(Some)
    }

    /// How many numbers there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The number at a place. None but the last may be near enough to the end of the integers to overflow.
    pub fn at(&self, place: u64) -> i64 {
        let distance = (place as i64).wrapping_mul(self.step);
        self.start.wrapping_add(distance)
    }
}

/// `range(…)` as lists.
fn ranges(call: &Call<'_>) -> Result<Operand> {
    let DataType::List(field) = call.data_type else {
        return Err(Error::internal("a range of another type"));
    };
    let inputs = call.inputs();
    let count = computed_rows(&inputs, call.rows);
    let bounds = call
        .arguments
        .iter()
        .map(|bound| bound.clone().into_column(count))
        .collect::<Result<Vec<_>>>()?;
    let ranges = (0..count)
        .map(|row| Steps::of_row(&bounds, row))
        .collect::<Result<Vec<_>>>()?;
    let length = |range: &Option<Steps>| range.as_ref().map_or(0, Steps::count);
    if let Some(count) = ranges.iter().map(length).find(|own| *own > MOST_ELEMENTS) {
        return Err(Error::new(
            ErrorKind::ResourceExhausted,
            format!("range() of {count} elements: at most {MOST_ELEMENTS} are allowed"),
        ));
    }
    let lengths: Vec<usize> = ranges.iter().map(|own| length(own) as usize).collect();
    let offsets = offsets_of(&lengths, call.budget)?;
    let total = lengths.iter().sum::<usize>();
    call.budget.reserve(total.saturating_mul(8))?;
    let mut numbers = Vec::with_capacity(total);
    for range in ranges.iter().flatten() {
        let mut place = 0;
        while place < range.count() {
            Budget::check_current()?;
            let end = range.count().min(place + ELEMENTS_BETWEEN_CHECKS);
            numbers.extend((place..end).map(|place| range.at(place)));
            place = end;
        }
    }
    let nulls: NullBuffer = ranges.iter().map(Option::is_some).collect();
    let list = ListArray::try_new(
        Arc::clone(field),
        offsets,
        Arc::new(Int64Array::from(numbers)),
        Some(nulls),
    )?;
    Ok(Operand::over(&inputs, Arc::new(list)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(start: i64, end: i64, step: i64) -> Vec<i64> {
        let steps = Steps::try_new(start, end, step).unwrap();
        (0..steps.count()).map(|place| steps.at(place)).collect()
    }

    #[test]
    fn ranges_end_at_the_last_number_that_is_within() {
        assert_eq!(numbers(1, 6, 2), [1, 3, 5]);
        assert_eq!(numbers(3, 1, -1), [3, 2, 1]);
        assert_eq!(numbers(3, 1, 1), Vec::<i64>::new());
        assert_eq!(
            numbers(i64::MIN, i64::MAX, i64::MAX),
            [i64::MIN, -1, i64::MAX - 1]
        );
        assert!(Steps::try_new(1, 2, 0).is_err());
    }

    #[test]
    fn a_range_over_all_integers_has_its_first_numbers() {
        let all = Steps::try_new(i64::MIN, i64::MAX, 1).unwrap();
        assert_eq!(all.at(2), i64::MIN + 2);
        assert_eq!(all.count(), u64::MAX);
    }
}
