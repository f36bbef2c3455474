//! Functions that users register: of values, of groups, and of tables; and the set of functions that a query may call.

mod aggregate;
mod collected;
mod functions;
mod given;
mod scalar;
mod signature;
mod table;

pub use aggregate::{Nulls, UserAccumulator, UserAggregate};
pub use collected::Collected;
pub use functions::{Functions, UserDefined};
pub use given::GivenEntities;
pub use scalar::UserFunction;
pub use signature::{UserParameter, UserSignature, fitting};
pub use table::{TableBatches, TableFunction, TableSignature};
