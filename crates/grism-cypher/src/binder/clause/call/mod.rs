//! CALL of a procedure.

mod arguments;
mod bind;
mod find;
mod procedure;
mod search;

pub(super) use bind::{bind_call, stands_alone};

pub use find::procedures;
pub use procedure::{Procedure, ProcedureColumn, Procedures};
