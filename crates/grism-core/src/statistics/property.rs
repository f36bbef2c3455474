//! What a snapshot knows about one property of a table.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::DistinctSketch;
use crate::{Type, Value, order_values};

/// What is known of the values of a property.
///
/// Only their number is known where they are not [described](Self::describes). Where the rest is not exact, values were
/// changed or deleted since it was gathered: then it holds for all values that there are, and for some that there were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PropertyStatistics {
    /// Rows that have a value; it is null in all others. Always exact.
    pub values: u64,
    /// No value is below it; NaN, which has no order, does not count. Of long texts, the first 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<Value>,
    /// No value is above it. Of long texts, the least text above all that begin with the same 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greatest: Option<Value>,
    /// How many different values there are; `None` where there are no values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<DistinctSketch>,
    /// Whether the rest is what reading all values gives.
    #[serde(default = "super::exact", skip_serializing_if = "super::is_true")]
    pub is_exact: bool,
}

impl Default for PropertyStatistics {
    /// Those of no values.
    fn default() -> Self {
        Self {
            values: 0,
            least: None,
            greatest: None,
            distinct: None,
            is_exact: true,
        }
    }
}

impl PropertyStatistics {
    /// Whether more than the number of values of a type is known.
    #[must_use]
    pub const fn describes(ty: &Type) -> bool {
        matches!(
            ty,
            Type::Bool
                | Type::Int64
                | Type::Float64
                | Type::String
                | Type::Bytes
                | Type::Date
                | Type::LocalTime
                | Type::LocalDateTime
                | Type::DateTime
        )
    }

    /// Adds what is known of further values of the same type.
    pub fn merge(&mut self, other: &Self) {
        if other.values == 0 {
            return;
        }
        if self.values == 0 {
            *self = other.clone();
            return;
        }
        self.values += other.values;
        self.is_exact &= other.is_exact;
        self.least = farther(self.least.take(), other.least.as_ref(), Ordering::Less);
        self.greatest = farther(
            self.greatest.take(),
            other.greatest.as_ref(),
            Ordering::Greater,
        );
        match (&mut self.distinct, &other.distinct) {
            (Some(own), Some(other)) => own.merge(other),
            (own, _) => *own = None,
        }
    }

    /// Notes that some values are there no more.
    pub fn remove(&mut self, values: u64) {
        self.values = self.values.saturating_sub(values);
        if self.values == 0 {
            *self = Self::default();
        } else if values > 0 && self.distinct.is_some() {
            self.is_exact = false;
        }
    }

    /// Keeps the number of values alone.
    pub fn forget_values(&mut self) {
        *self = Self {
            values: self.values,
            ..Self::default()
        };
    }

    /// About how many different values there are; `None` where that is not known.
    #[must_use]
    pub fn distinct_values(&self) -> Option<f64> {
        if self.values == 0 {
            return Some(0.0);
        }
        let estimate = self.distinct.as_ref()?.estimate();
        Some(estimate.clamp(1.0, self.values as f64))
    }
}

/// The bound that lies farther to the side `order`.
fn farther(own: Option<Value>, other: Option<&Value>, order: Ordering) -> Option<Value> {
    match (own, other) {
        (Some(own), Some(other)) if order_values(other, &own) == Some(order) => Some(other.clone()),
        (Some(own), _) => Some(own),
        (None, other) => other.cloned(),
    }
}
