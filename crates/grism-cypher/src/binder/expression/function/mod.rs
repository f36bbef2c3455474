//! Function calls: which functions there are, and how calls of each family are bound.

mod aggregate;
mod arity;
mod call;

pub(crate) use aggregate::user_argument;
pub(super) use call::bind_function;
