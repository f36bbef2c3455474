//! The least and the greatest float. DataFusion starts from the finite extremes, which loses infinities, and lets NaN
//! depend on the order of rows; here NaN is greater than any number, as in Cypher's order.

use std::sync::Arc;

use arrow::datatypes::Float64Type;
use datafusion_common::Result;
use datafusion_expr::AggregateUDF;

use super::fold::{Fold, folding};

/// Which float of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Extreme {
    Least,
    Greatest,
}

/// `min` or `max` of floats.
pub(super) fn float_extreme(extreme: Extreme) -> Arc<AggregateUDF> {
    folding(extreme)
}

impl Fold for Extreme {
    type Value = Float64Type;
    type State = Float64Type;

    fn name(&self) -> &'static str {
        match self {
            Self::Least => "grism_float_least",
            Self::Greatest => "grism_float_greatest",
        }
    }

    fn start(&self) -> f64 {
        match self {
            Self::Least => f64::NAN,
            Self::Greatest => f64::NEG_INFINITY,
        }
    }

    fn of_value(&self, value: f64) -> f64 {
        value
    }

    /// Of two zeros the negative one is less, so that which of them is found does not depend on the order of rows.
    fn both(&self, one: f64, other: f64) -> f64 {
        let order = match (other.is_nan(), one.is_nan()) {
            (false, false) => other.total_cmp(&one),
            (other, one) => other.cmp(&one),
        };
        let is_other = match self {
            Self::Least => order.is_lt(),
            Self::Greatest => order.is_gt(),
        };
        if is_other { other } else { one }
    }

    fn result(&self, state: f64) -> Result<f64> {
        Ok(state)
    }
}
