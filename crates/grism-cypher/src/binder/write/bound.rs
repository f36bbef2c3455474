//! What a clause that writes is bound to.

use grism_logical::Write;

use crate::binder::names::Scope;
use crate::warning::Warning;

/// A clause that writes.
#[derive(Clone, Debug)]
pub struct BoundWrite {
    /// What is written, and the plan that makes the columns it reads, on top of the rows before.
    pub write: Write,
    /// The variables after the clause; those it creates have no type until it ran.
    pub scope: Scope,
    /// Makes names of internal columns differ.
    pub counter: usize,
    /// What is odd about the clause.
    pub warnings: Vec<Warning>,
}
