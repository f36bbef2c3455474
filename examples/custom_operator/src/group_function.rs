//! `GroupFunction`: what is computed of the numbers of a group.

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

/// A function of the numbers of a group, of which there is at least one, in ascending order.
#[typetag::serde(tag = "function")]
pub trait GroupFunction: Send + Sync + Debug {
    /// What plans call it.
    fn name(&self) -> &'static str;

    /// Its value for integers.
    fn of_integers(&self, sorted: &[i64]) -> f64;

    /// Its value for floats; NaN comes last.
    fn of_floats(&self, sorted: &[f64]) -> f64;
}

/// The number in the middle, or the mean of the two that are.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Median;

#[typetag::serde]
impl GroupFunction for Median {
    fn name(&self) -> &'static str {
        "median"
    }

    fn of_integers(&self, sorted: &[i64]) -> f64 {
        let (lower, upper) = middle(sorted);
        (i128::from(lower) + i128::from(upper)) as f64 / 2.0
    }

    fn of_floats(&self, sorted: &[f64]) -> f64 {
        let (lower, upper) = middle(sorted);
        // The sum of two large numbers may not be a number any more.
        lower / 2.0 + upper / 2.0
    }
}

fn middle<T: Copy>(sorted: &[T]) -> (T, T) {
    (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

/// The difference of the largest number and the smallest one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Spread;

#[typetag::serde]
impl GroupFunction for Spread {
    fn name(&self) -> &'static str {
        "spread"
    }

    fn of_integers(&self, sorted: &[i64]) -> f64 {
        let (first, last) = (sorted[0], sorted[sorted.len() - 1]);
        (i128::from(last) - i128::from(first)) as f64
    }

    fn of_floats(&self, sorted: &[f64]) -> f64 {
        sorted[sorted.len() - 1] - sorted[0]
    }
}
