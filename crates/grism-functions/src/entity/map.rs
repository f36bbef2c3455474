//! Parts of the translation of map projections, of SET and of UNWIND.

use grism_core::{Type, Value};

use crate::call::first_and_second;
use crate::internal_name::internal_name;
use crate::{Accepts, Failure, Function, Kernel, Parameter, Passes, Returns};

pub(super) const FUNCTIONS: &[&Function] = &[&MERGE, &AS_LIST];

/// The entries of two maps; of a key in both the second one's.
pub static MERGE: Function = Function {
    name: internal_name!("merge"),
    parameters: &[
        Parameter::new("map", Accepts::ANYTHING),
        Parameter::new("more", Accepts::ANYTHING),
    ],
    returns: Returns::ANYTHING,
    passes: Passes::All,
    kernel: Kernel::Values(|arguments| match first_and_second(arguments) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::Map(mut entries), more) => {
            if let Some(Value::Map(more)) = more {
                entries.extend(more);
            }
            Ok(Value::Map(entries))
        }
        (other, _) => Err(MERGE.mismatch(&other)),
    }),
    written_as: Some("a map of properties"),
    ..Function::BASE
};

/// A list as it is, anything else as a list of itself.
pub static AS_LIST: Function = Function {
    name: internal_name!("asList"),
    parameters: &[Parameter::new("value", Accepts::ANYTHING)],
    returns: Returns::Fixed(|| Type::Any.list()),
    failure: Failure::Never,
    passes: Passes::First,
    kernel: Kernel::Values(|arguments| match first_and_second(arguments).0 {
        Value::Null => Ok(Value::Null),
        Value::List(items) => Ok(Value::List(items)),
        value => Ok(Value::List(vec![value])),
    }),
    written_as: Some("`UNWIND`"),
    ..Function::BASE
};
