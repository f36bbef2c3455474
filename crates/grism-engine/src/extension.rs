//! `ExtensionNode`: an operator of another crate, as it gets into a plan.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use grism_core::{Error, Result};
use grism_logical::{Extension, LogicalExtension, LogicalPlan, PlanSchema, SharedPlan};
use serde::{Deserialize, Serialize};

use crate::PhysicalOperator;
use crate::operators::FlattenExec;

/// A node of a logical plan that a crate outside Grism brings, together with the operator that runs it.
///
/// The optimizer leaves the node where it is, and gives it all columns of its inputs. Where its rows are needed, and how they
/// move, follows from the operator alone: planners place it as they place Grism's own.
#[typetag::serde(tag = "node")]
pub trait ExtensionNode: Any + Send + Sync + Debug {
    /// The node in one line, for plans.
    fn describe(&self) -> String;

    /// The columns that it outputs over inputs of these columns.
    ///
    /// # Errors
    /// `InvalidQuery` for inputs that it does not take.
    fn schema(&self, inputs: &[PlanSchema]) -> Result<PlanSchema>;

    /// The operator that computes it over these inputs, whose columns are those that `schema` got, and plain.
    ///
    /// # Errors
    /// `InvalidQuery` for inputs that it does not take.
    fn operator(&self, inputs: Vec<Arc<dyn PhysicalOperator>>)
    -> Result<Arc<dyn PhysicalOperator>>;
}

/// The plan whose root is `node` over `inputs`.
///
/// # Errors
/// Those of [`ExtensionNode::schema`].
pub fn extension_over(
    inputs: Vec<LogicalPlan>,
    node: Arc<dyn ExtensionNode>,
) -> Result<LogicalPlan> {
    let plan = LogicalPlan::Extension(Extension {
        inputs: inputs.into_iter().map(SharedPlan::new).collect(),
        node: Arc::new(PlannedNode(node)),
    });
    plan.schema()?;
    Ok(plan)
}

/// What the logical plan, which does not know operators, holds of a node.
#[derive(Debug, Serialize, Deserialize)]
struct PlannedNode(Arc<dyn ExtensionNode>);

#[typetag::serde]
impl LogicalExtension for PlannedNode {
    fn describe(&self) -> String {
        self.0.describe()
    }

    fn schema(&self, inputs: &[PlanSchema]) -> Result<PlanSchema> {
        self.0.schema(inputs)
    }
}

/// The operator of an extension over the operators of its inputs.
///
/// # Errors
/// Those of [`ExtensionNode::operator`]; `Unsupported` for a node that [`extension_over`] did not make, and for an operator with
/// other columns than its node has.
pub(crate) fn extension_operator(
    extension: &Extension,
    inputs: Vec<Arc<dyn PhysicalOperator>>,
) -> Result<Arc<dyn PhysicalOperator>> {
    let node: &dyn Any = extension.node.as_ref();
    let Some(PlannedNode(node)) = node.downcast_ref() else {
        let name = extension.node.describe();
        return Err(Error::unsupported(format!(
            "{name} has no operator: a node gets into a plan by `extension_over`"
        )));
    };
    let inputs = inputs.into_iter().map(FlattenExec::over);
    let inputs = inputs.collect::<Result<Vec<_>>>()?;
    let columns = inputs.iter().map(|input| input.schema().columns().clone());
    let columns = node.schema(&columns.collect::<Vec<_>>())?;
    let operator = node.operator(inputs)?;
    let own = operator.schema().columns();
    if *own != columns {
        let list = |schema: &PlanSchema| {
            let columns = schema.columns.iter();
            let columns = columns.map(|column| format!("{} {}", column.name, column.ty));
            columns.collect::<Vec<_>>().join(", ")
        };
        return Err(Error::unsupported(format!(
            "{} outputs the columns [{}], and its node in the logical plan says [{}]: they must be the same",
            operator.describe(),
            list(own),
            list(&columns)
        )));
    }
    Ok(operator)
}
