//! CALL of a procedure.

mod arguments;
mod bind;
mod find;
mod procedure;
mod search;

pub(super) use bind::{CalledFor, bind_call, called_for};

pub use find::procedures;
pub use procedure::Procedure;
