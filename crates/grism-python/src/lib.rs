//! `grism_ray._native`: the extension behind the Python package. Thin wrappers, no logic.
//!
//! As a library it is what an extension module with operators of its own starts from: see [`install`].

mod batch_stream;
mod batches;
#[cfg(feature = "ray")]
mod bundle;
mod caller;
mod command;
mod convert;
#[cfg(feature = "ray")]
mod distributed;
mod error;
mod explain;
mod failure;
mod frame;
mod graph;
mod graph_loads;
mod history;
mod json;
mod load;
mod load_many;
mod module;
mod option_names;
mod pickle;
mod progress;
mod python_value;
mod query_options;
mod runtime;
mod transaction;
mod user_function;
#[cfg(feature = "ray")]
mod worker;

pub use error::to_python;
pub use frame::Frame;
pub use module::install;
pub use user_function::NativeFunction;
