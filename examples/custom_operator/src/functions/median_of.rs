//! `example.median`: an aggregate of numbers.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::Float64Type;
use grism_core::{Result, Type, Value};
use grism_functions::{Collected, UserAccumulator, UserAggregate, UserParameter, UserSignature};
use serde::{Deserialize, Serialize};

use crate::{GroupFunction, Median};

/// The median of the numbers of a group; null for a group without numbers. It holds them all.
#[derive(Debug, Serialize, Deserialize)]
pub struct MedianOf {
    signature: UserSignature,
}

impl Default for MedianOf {
    fn default() -> Self {
        let parameters = vec![UserParameter::new("number", Type::Float64)];
        let signature = UserSignature::new("example.median", parameters, Type::Float64);
        Self {
            signature: signature.with_description("The number in the middle."),
        }
    }
}

#[typetag::serde]
impl UserAggregate for MedianOf {
    fn signature(&self) -> &UserSignature {
        &self.signature
    }

    fn state(&self) -> Option<Vec<Type>> {
        Some(Collected::state_types(&self.signature.parameters))
    }

    fn accumulator(&self) -> Result<Box<dyn UserAccumulator>> {
        let parameters = &self.signature.parameters;
        Ok(Box::new(Collected::new(parameters, Arc::new(median))))
    }
}

fn median(columns: &[ArrayRef], _: usize) -> Result<Value> {
    let numbers = columns[0].as_primitive::<Float64Type>();
    let mut sorted: Vec<f64> = numbers.iter().flatten().collect();
    if sorted.is_empty() {
        return Ok(Value::Null);
    }
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(Value::Float64(Median.of_floats(&sorted)))
}
