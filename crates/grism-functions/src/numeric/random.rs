//! Random numbers and identifiers.

use std::sync::Arc;

use arrow::array::{Float64Array, StringArray};

use crate::{Category, Example, Failure, Function, Kernel, Operand, Returns, Stability};

pub(super) const FUNCTIONS: &[&Function] = &[&RAND, &RANDOM_UUID];

/// A random number.
pub static RAND: Function = Function {
    name: "rand",
    category: Category::Numbers,
    returns: Returns::FLOAT,
    failure: Failure::Never,
    stability: Stability::Volatile,
    kernel: Kernel::Columns(|call| {
        let numbers: Float64Array = (0..call.rows).map(|_| Some(random())).collect();
        Ok(Operand::column(Arc::new(numbers)))
    }),
    description: "A random number, 0 included and 1 not; another one for each row.",
    examples: &[Example::new("rand() < 1", "true")],
    ..Function::BASE
};

static RANDOM_UUID: Function = Function {
    name: "randomUUID",
    category: Category::Text,
    returns: Returns::TEXT,
    stability: Stability::Volatile,
    kernel: Kernel::Columns(|call| {
        let texts: StringArray = (0..call.rows).map(|_| Some(random_uuid())).collect();
        Ok(Operand::column(Arc::new(texts)))
    }),
    description: "A new universally unique identifier, as text.",
    examples: &[Example::new("size(randomUUID())", "36")],
    ..Function::BASE
};

/// Random bits, from the seed that the standard library gives every hasher.
fn random_bits() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}

/// A number from 0, included, to 1.
fn random() -> f64 {
    (random_bits() >> 11) as f64 / (1u64 << 53) as f64
}

/// A universally unique identifier of version 4 (RFC 9562).
fn random_uuid() -> String {
    let bits = u128::from(random_bits()) << 64 | u128::from(random_bits());
    uuid::Builder::from_random_bytes(bits.to_be_bytes())
        .into_uuid()
        .to_string()
}
