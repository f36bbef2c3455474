//! What the command takes.

mod command;
mod functions;
mod graph;
mod load;
mod maintain;
mod query;
mod settings;

pub(crate) use command::{Arguments, Command, TckServer};
pub(crate) use functions::FunctionArguments;
pub(crate) use graph::{GraphArguments, pair};
pub(crate) use load::{BadRows, Conflict, Load, Missing};
pub(crate) use maintain::{Check, Export, History, Import, Optimize, Vacuum};
pub(crate) use query::{Explain, Format, Query, Schema, Shell};
pub(crate) use settings::Settings;
