//! Names and scopes: the variables that a clause can name, and the tables that label expressions allow.
//!
//! Input: syntax and the schema. Output: a [`Scope`], columns' names, tables; unknown labels are warned of.

mod hint;
mod labels;
mod named_labels;
mod scope;
#[cfg(test)]
mod tests;
mod variables;

pub(crate) use hint::{hint, unknown_variable};
pub(crate) use labels::{
    found_tables, labelled_tables, step_names, type_names, typed_tables, unlabelled_tables,
    warn_of_unknown_types,
};
pub(crate) use named_labels::NamedLabels;
pub(crate) use scope::column_for;
pub(crate) use variables::{split_conjunction, variables_of};

pub use scope::{Scope, Variable};
