//! `Extension`: a node that a crate outside Grism brings.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use grism_core::Result;
use serde::{Deserialize, Serialize};

use super::SharedPlan;
use crate::PlanSchema;

/// What the logical plan needs to know of a node of another crate; how it runs is the engine's `ExtensionNode`.
#[typetag::serde(tag = "extension")]
pub trait LogicalExtension: Any + Debug + Send + Sync {
    /// The node in one line.
    fn describe(&self) -> String;

    /// The columns that it outputs over inputs of these columns.
    ///
    /// # Errors
    /// `InvalidQuery` for inputs that it does not take.
    fn schema(&self, inputs: &[PlanSchema]) -> Result<PlanSchema>;
}

/// A node of another crate over its inputs, all of whose columns it may read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Extension {
    /// What it reads, in its own order.
    pub inputs: Vec<SharedPlan>,
    /// What it does.
    pub node: Arc<dyn LogicalExtension>,
}

impl Extension {
    /// The columns of the output.
    ///
    /// # Errors
    /// Those of the node, and of its inputs.
    pub fn schema(&self) -> Result<PlanSchema> {
        let inputs = self.inputs.iter().map(|input| input.schema().cloned());
        self.node.schema(&inputs.collect::<Result<Vec<_>>>()?)
    }
}

impl PartialEq for Extension {
    /// Two nodes are the same where they are one: what they do is theirs alone to know.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.node, &other.node) && self.inputs == other.inputs
    }
}
