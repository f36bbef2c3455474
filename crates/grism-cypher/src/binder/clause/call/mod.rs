//! CALL of a procedure.

mod arguments;
mod bind;
mod procedure;
mod search;

pub(super) use bind::{CalledFor, bind_call, called_for};

pub use procedure::{Procedure, procedures};
