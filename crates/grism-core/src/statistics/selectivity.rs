//! What share of its rows a comparison of a property is expected to leave of a table.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{GraphStatistics, PropertyStatistics};
use crate::temporal::NANOS_PER_DAY;
use crate::{ComparisonOperator, GraphSchema, TableId, Value, order_values};

/// The least share that a range is expected to leave: values need not lie evenly between their bounds.
const LEAST_RANGE: f64 = 0.001;

impl GraphStatistics {
    /// The share of the rows of `tables` that a comparison of `property` with a value is expected to leave, above 0 and at
    /// most 1; `value` is `None` where it is not known before the query runs.
    ///
    /// `None` where the statistics do not tell.
    #[must_use]
    pub fn selectivity(
        &self,
        schema: &GraphSchema,
        tables: &[TableId],
        property: &str,
        operator: ComparisonOperator,
        value: Option<&Value>,
    ) -> Option<f64> {
        let (mut passing, mut total) = (0.0, 0.0);
        let nothing = PropertyStatistics::default();
        for id in tables {
            let Some(table) = self.tables.get(id).filter(|table| table.rows > 0) else {
                continue;
            };
            let has_property = schema
                .table(*id)
                .is_ok_and(|table| table.property(property).is_some());
            let own = if has_property {
                table.properties.get(property)?
            } else {
                &nothing
            };
            passing += own.passing(table.rows, operator, value)?;
            total += table.rows as f64;
        }
        let least = match operator {
            ComparisonOperator::Less
            | ComparisonOperator::LessOrEqual
            | ComparisonOperator::Greater
            | ComparisonOperator::GreaterOrEqual => LEAST_RANGE,
            _ => 1.0 / total,
        };
        (total > 0.0).then(|| (passing / total).clamp(least, 1.0))
    }
}

/// The share of the rows that all of several comparisons of one entity's properties are expected to leave, of which each
/// leaves the share that stands with its property and operator.
///
/// The bounds of one property make a range. Properties are seldom independent (a city tells the country), so that the
/// product of the shares is too small: of the four smallest the first counts in full, the next by its square root, the
/// next by its fourth root, and so on ("exponential backoff", of SQL Server's cardinality estimator since 2014).
#[must_use]
pub fn share_of_all(comparisons: &[(&str, ComparisonOperator, f64)]) -> f64 {
    let (mut lower, mut upper) = (BTreeMap::new(), BTreeMap::new());
    let mut shares = Vec::new();
    for (property, operator, share) in comparisons {
        let side = match operator {
            ComparisonOperator::Greater | ComparisonOperator::GreaterOrEqual => &mut lower,
            ComparisonOperator::Less | ComparisonOperator::LessOrEqual => &mut upper,
            _ => {
                shares.push(*share);
                continue;
            }
        };
        let least = side.entry(*property).or_insert(*share);
        *least = share.min(*least);
    }
    for (property, share) in lower {
        shares.push(match upper.remove(property) {
            Some(other) => (share + other - 1.0).max(LEAST_RANGE),
            None => share,
        });
    }
    shares.extend(upper.into_values());
    shares.sort_unstable_by(f64::total_cmp);
    let powers = [1.0, 0.5, 0.25, 0.125];
    let counted = shares.iter().zip(powers);
    counted.map(|(share, power)| share.powf(power)).product()
}

impl PropertyStatistics {
    /// How many of `rows` rows are expected to pass.
    fn passing(
        &self,
        rows: u64,
        operator: ComparisonOperator,
        value: Option<&Value>,
    ) -> Option<f64> {
        let values = self.values as f64;
        match operator {
            ComparisonOperator::IsNull => Some(rows.saturating_sub(self.values) as f64),
            ComparisonOperator::IsNotNull => Some(values),
            _ if self.values == 0 => Some(0.0),
            ComparisonOperator::Equal => self.equal(value),
            ComparisonOperator::NotEqual => Some(values - self.equal(value)?),
            ComparisonOperator::Less | ComparisonOperator::LessOrEqual => {
                Some(values * self.share_below(value?)?)
            }
            ComparisonOperator::Greater | ComparisonOperator::GreaterOrEqual => {
                Some(values * (1.0 - self.share_below(value?)?))
            }
        }
    }

    fn equal(&self, value: Option<&Value>) -> Option<f64> {
        let different = self.distinct_values()?;
        let lies = |bound: &Option<Value>, order: Ordering| {
            let pair = value.zip(bound.as_ref());
            pair.is_some_and(|(value, bound)| order_values(value, bound) == Some(order))
        };
        if lies(&self.least, Ordering::Less) || lies(&self.greatest, Ordering::Greater) {
            return Some(0.0);
        }
        Some(self.values as f64 / different)
    }

    /// The share of the values that lie below `value`, if they lie evenly between the least and the greatest.
    fn share_below(&self, value: &Value) -> Option<f64> {
        let (least, greatest) = (self.least.as_ref()?, self.greatest.as_ref()?);
        let order = order_values(value, least)?;
        let start = place(least)?;
        let (width, within) = (place(greatest)? - start, place(value)? - start);
        if !width.is_finite() || within.is_nan() {
            return None;
        }
        Some(match order {
            Ordering::Less => 0.0,
            _ if width > 0.0 => (within / width).min(1.0),
            Ordering::Equal => 0.5,
            Ordering::Greater => 1.0,
        })
    }
}

/// A number that has the order of the values of one type, and their distances.
fn place(value: &Value) -> Option<f64> {
    match value {
        Value::Int64(value) | Value::Date(value) | Value::LocalTime(value) => Some(*value as f64),
        Value::Float64(value) => Some(*value),
        Value::LocalDateTime(value) => {
            Some(value.days as f64 * NANOS_PER_DAY as f64 + value.nanos as f64)
        }
        Value::DateTime(value) => place(&Value::LocalDateTime(value.utc())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;
    use crate::{TableStatistics, Type};

    fn graph(
        columns: &[(&str, Type, ArrayRef)],
        rows: u64,
    ) -> (GraphSchema, GraphStatistics, TableId) {
        let mut schema = GraphSchema::default();
        let table = schema.ensure_node_table(&["A".to_owned()]).unwrap();
        let mut own = TableStatistics {
            rows,
            ..TableStatistics::default()
        };
        for (name, ty, column) in columns {
            schema.ensure_property(table, name, ty).unwrap();
            own.properties
                .entry((*name).to_owned())
                .or_default()
                .add_column(column);
        }
        let mut statistics = GraphStatistics::default();
        statistics.tables.insert(table, own);
        (schema, statistics, table)
    }

    #[test]
    fn shares_follow_from_counts_bounds_and_nulls() {
        let numbers = (0..100i64).map(|number| (number % 4 > 0).then_some(number));
        let x: ArrayRef = Arc::new(numbers.collect::<Int64Array>());
        let names = (0..100).map(|number| Some(format!("n{}", number % 10)));
        let name: ArrayRef = Arc::new(names.collect::<StringArray>());
        let columns = [("x", Type::Int64, x), ("name", Type::String, name)];
        let (schema, statistics, table) = graph(&columns, 100);
        let share = |property: &str, operator, value: Option<Value>| {
            statistics.selectivity(&schema, &[table], property, operator, value.as_ref())
        };
        use ComparisonOperator::{Equal, Greater, IsNotNull, IsNull, Less};
        assert_eq!(share("x", IsNull, None), Some(0.25));
        assert_eq!(share("x", IsNotNull, None), Some(0.75));
        assert_eq!(share("missing", IsNull, None), Some(1.0));
        assert_eq!(share("missing", Equal, None), Some(0.01));
        let close = |share: Option<f64>, wanted: f64| (share.unwrap() / wanted - 1.0).abs() < 0.2;
        assert!(close(share("name", Equal, None), 0.1));
        assert!(close(share("x", Equal, Some(Value::Int64(7))), 0.01));
        assert_eq!(share("x", Equal, Some(Value::Int64(100))), Some(0.01));
        assert!(close(share("x", Less, Some(Value::Int64(26))), 0.19));
        assert!(close(
            share("x", Greater, Some(Value::Float64(50.0))),
            0.375
        ));
        assert_eq!(
            share("x", Greater, Some(Value::Int64(1000))),
            Some(LEAST_RANGE)
        );
        assert_eq!(share("x", Less, None), None);
        assert_eq!(
            share("name", Less, Some(Value::String("n5".to_owned()))),
            None
        );
    }

    #[test]
    fn bounds_make_a_range_and_further_predicates_count_less() {
        use ComparisonOperator::{Equal, Greater, Less};
        let close = |share: f64, wanted: f64| (share - wanted).abs() < 1e-9;
        assert!(close(share_of_all(&[]), 1.0));
        assert!(close(
            share_of_all(&[("x", Greater, 0.7), ("x", Less, 0.5), ("x", Less, 0.9)]),
            0.2
        ));
        assert!(close(
            share_of_all(&[("x", Greater, 0.2), ("x", Less, 0.2)]),
            LEAST_RANGE
        ));
        assert!(close(
            share_of_all(&[("x", Equal, 0.25), ("y", Equal, 0.01), ("z", Less, 0.0625)]),
            0.01 * 0.25 * 0.25f64.powf(0.25)
        ));
    }

    #[test]
    fn what_was_not_counted_is_not_guessed() {
        let (mut schema, statistics, table) = graph(&[], 10);
        schema.ensure_property(table, "x", &Type::Int64).unwrap();
        let operator = ComparisonOperator::IsNull;
        assert_eq!(
            statistics.selectivity(&schema, &[table], "x", operator, None),
            None
        );
        assert_eq!(
            statistics.selectivity(&schema, &[], "x", operator, None),
            None
        );
    }
}
