//! Equality and order of single values, as Cypher has them.

use std::cmp::Ordering;

use super::Value;

/// Equality; `None` where a null makes it unknown. Numbers are equal by value, values of unlike types never.
#[must_use]
pub fn equal_values(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::List(a), Value::List(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            all(a.iter().zip(b).map(|(a, b)| equal_values(a, b)))
        }
        (Value::Map(a), Value::Map(b)) => {
            if !a.keys().eq(b.keys()) {
                return Some(false);
            }
            all(a.values().zip(b.values()).map(|(a, b)| equal_values(a, b)))
        }
        (Value::Int64(a), Value::Float64(b)) | (Value::Float64(b), Value::Int64(a)) => {
            Some(compare_integer_float(*a, *b) == Some(Ordering::Equal))
        }
        (Value::Node(a), Value::Node(b)) => Some(a.id == b.id),
        (Value::Hyperedge(a), Value::Hyperedge(b)) => Some(a.id == b.id),
        // An id says which of both it is of: no node has the id of a hyperedge.
        (Value::Node(a), Value::Hyperedge(b)) | (Value::Hyperedge(b), Value::Node(a)) => {
            Some(a.id == b.id)
        }
        (Value::Incidence(a), Value::Incidence(b)) => {
            Some((a.hyperedge.id, &a.role, a.position) == (b.hyperedge.id, &b.role, b.position))
        }
        (Value::Path(a), Value::Path(b)) => {
            if a.nodes.len() != b.nodes.len() {
                return Some(false);
            }
            let steps = a.relationships.iter().zip(&b.relationships);
            all(a
                .nodes
                .iter()
                .zip(&b.nodes)
                .chain(steps)
                .map(|(a, b)| equal_values(a, b)))
        }
        (Value::DateTime(a), Value::DateTime(b)) => Some(a.utc() == b.utc()),
        (Value::Time(a), Value::Time(b)) => Some(a.utc_nanos() == b.utc_nanos()),
        (a, b) => Some(a == b),
    }
}

/// The conjunction of facts that may be unknown.
fn all(facts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = Some(true);
    for fact in facts {
        match fact {
            Some(false) => return Some(false),
            None => known = None,
            Some(true) => {}
        }
    }
    known
}

/// Compares by value, without the rounding that a cast of a large integer would bring; `None` for NaN.
#[must_use]
pub fn compare_integer_float(integer: i64, float: f64) -> Option<Ordering> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        None
    } else if float >= LIMIT {
        Some(Ordering::Less)
    } else if float < -LIMIT {
        Some(Ordering::Greater)
    } else {
        let whole = float.trunc();
        let order = integer.cmp(&(whole as i64));
        Some(order.then_with(|| 0.0.partial_cmp(&(float - whole)).unwrap_or(Ordering::Equal)))
    }
}

/// The order of `<`; `None` where the values have none: unlike types, nulls, NaN, maps and entities.
#[must_use]
pub fn order_values(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int64(a), Value::Int64(b)) => Some(a.cmp(b)),
        (Value::Float64(a), Value::Float64(b)) => a.partial_cmp(b),
        (Value::Int64(a), Value::Float64(b)) => compare_integer_float(*a, *b),
        (Value::Float64(a), Value::Int64(b)) => {
            compare_integer_float(*b, *a).map(Ordering::reverse)
        }
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) | (Value::LocalTime(a), Value::LocalTime(b)) => {
            Some(a.cmp(b))
        }
        (Value::LocalDateTime(a), Value::LocalDateTime(b)) => Some(a.cmp(b)),
        (Value::DateTime(a), Value::DateTime(b)) => Some(a.utc().cmp(&b.utc())),
        (Value::Time(a), Value::Time(b)) => Some(a.utc_nanos().cmp(&b.utc_nanos())),
        (Value::List(a), Value::List(b)) => {
            for (a, b) in a.iter().zip(b) {
                match order_values(a, b)? {
                    Ordering::Equal => {}
                    unequal => return Some(unequal),
                }
            }
            Some(a.len().cmp(&b.len()))
        }
        _ => None,
    }
}

/// The order of ORDER BY, which any two values have: maps, nodes, hyperedges, lists, paths, temporal values, texts,
/// booleans, numbers, NaN, null.
#[must_use]
pub fn total_order(left: &Value, right: &Value) -> Ordering {
    super::any::key_of(left).cmp(&super::any::key_of(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_integers_are_compared_with_floats_by_value() {
        let large = (1i64 << 53) + 1;
        let order = compare_integer_float;
        assert_eq!(order(large, (1u64 << 53) as f64), Some(Ordering::Greater));
        assert_eq!(order(i64::MAX, i64::MAX as f64), Some(Ordering::Less));
        assert_eq!(order(-1, -1.5), Some(Ordering::Greater));
        assert_eq!(order(1, 1.5), Some(Ordering::Less));
        assert_eq!(order(1, f64::NAN), None);
    }

    #[test]
    fn a_null_within_a_list_makes_equality_unknown() {
        let list = |values: &[Value]| Value::List(values.to_vec());
        let (one, two, null) = (Value::Int64(1), Value::Int64(2), Value::Null);
        let unknown = equal_values(
            &list(&[one.clone(), null.clone()]),
            &list(&[one.clone(), two.clone()]),
        );
        assert_eq!(unknown, None);
        let different = equal_values(&list(&[one.clone(), null]), &list(&[two, one]));
        assert_eq!(different, Some(false));
    }
}
