//! The `grism` command: what it takes, what it does, and what it shows.
//!
//! It is a library too, so that the Python package can be the command: then functions in Python are at hand.

mod arguments;
mod exit_code;
mod functions;
mod interrupt;
mod load;
mod maintain;
mod output;
mod parameter;
mod query;
mod run;
mod shell;
mod tck;

pub use functions::FunctionSource;
pub use run::run;
