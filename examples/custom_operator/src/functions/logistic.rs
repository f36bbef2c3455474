//! `example.logistic`: a function of a number.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::kernels::arity::unary;
use arrow::datatypes::Float64Type;
use grism_core::{Result, Type};
use grism_functions::{UserFunction, UserParameter, UserSignature};
use serde::{Deserialize, Serialize};

/// The logistic function; null of null.
#[derive(Debug, Serialize, Deserialize)]
pub struct Logistic {
    signature: UserSignature,
}

impl Default for Logistic {
    fn default() -> Self {
        let parameters = vec![UserParameter::new("number", Type::Float64)];
        let signature = UserSignature::new("example.logistic", parameters, Type::Float64);
        Self {
            signature: signature.with_description("The logistic function."),
        }
    }
}

#[typetag::serde]
impl UserFunction for Logistic {
    fn signature(&self) -> &UserSignature {
        &self.signature
    }

    fn evaluate(&self, arguments: &[ArrayRef], _: usize) -> Result<ArrayRef> {
        let numbers = arguments[0].as_primitive::<Float64Type>();
        let logistic = |number: f64| 1.0 / (1.0 + (-number).exp());
        Ok(Arc::new(unary::<_, _, Float64Type>(numbers, logistic)))
    }
}
