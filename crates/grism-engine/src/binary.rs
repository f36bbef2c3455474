//! `BinaryExec` and `Binary`: the skeleton of every operator of two inputs.

use std::fmt::Debug;
use std::sync::Arc;

use grism_core::{Error, GraphStatistics, Result};
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use crate::{
    ExecutionContextTrait, InputRequirement, OperatorRun, PhysicalOperator, PhysicalSchema,
    PlanProperties, RecordBatchStream, Resources,
};

/// What an operator of two inputs does, without the inputs.
///
/// [`BinaryExec`] holds the inputs and the columns of the output, and is the operator that planners see; each method has the
/// meaning of the one of [`PhysicalOperator`] that has its name.
#[typetag::serde(tag = "binary")]
pub trait Binary: Send + Sync + Debug + 'static {
    /// The operator's name in plans.
    fn name(&self) -> &'static str;

    /// The columns it outputs over inputs of these columns.
    ///
    /// # Errors
    /// `InvalidQuery` for inputs that it does not take.
    fn schema(&self, left: &PhysicalSchema, right: &PhysicalSchema) -> Result<PhysicalSchema>;

    /// What it outputs over inputs of these properties.
    fn properties(&self, left: &PlanProperties, right: &PlanProperties) -> PlanProperties;

    /// About how many rows it outputs.
    fn estimated_rows(&self, left: f64, right: f64, facts: Facts<'_>) -> f64;

    /// How a query would spend less time in it.
    fn advice(&self, _run: &OperatorRun<'_>) -> Option<String> {
        None
    }

    /// What it requires of its inputs.
    fn required_inputs(&self) -> [InputRequirement; 2];

    /// The ways in which its inputs may be spread, the one that moves least first.
    fn alternatives(&self) -> Vec<[InputRequirement; 2]> {
        vec![self.required_inputs()]
    }

    /// What the process must have that runs it.
    fn required_resources(&self) -> Resources {
        Resources::default()
    }

    /// The operator in one line.
    fn describe(&self) -> String;

    /// Starts the operator `own`, which does this; [`run`](crate::run) starts an input.
    ///
    /// # Errors
    /// What can be told before the first batch.
    fn execute(
        &self,
        own: &BinaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream>;
}

/// An operator of two inputs: the inputs, the columns of the output, and what is done.
#[derive(Debug, Serialize, Deserialize)]
pub struct BinaryExec {
    left: Arc<dyn PhysicalOperator>,
    right: Arc<dyn PhysicalOperator>,
    schema: PhysicalSchema,
    binary: Arc<dyn Binary>,
}

impl BinaryExec {
    /// The operator that does `binary` to the rows of `left` and `right`.
    ///
    /// # Errors
    /// Those of [`Binary::schema`].
    pub fn over(
        left: Arc<dyn PhysicalOperator>,
        right: Arc<dyn PhysicalOperator>,
        binary: impl Binary,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Self::over_shared([left, right], Arc::new(binary))
    }

    fn over_shared(
        [left, right]: [Arc<dyn PhysicalOperator>; 2],
        binary: Arc<dyn Binary>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(Arc::new(Self {
            schema: binary.schema(left.schema(), right.schema())?,
            left,
            right,
            binary,
        }))
    }

    /// The left input.
    #[must_use]
    pub fn left(&self) -> &Arc<dyn PhysicalOperator> {
        &self.left
    }

    /// The right input.
    #[must_use]
    pub fn right(&self) -> &Arc<dyn PhysicalOperator> {
        &self.right
    }

    /// The columns of the output.
    #[must_use]
    pub fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }
}

#[typetag::serde]
impl PhysicalOperator for BinaryExec {
    fn name(&self) -> &'static str {
        self.binary.name()
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.left, &self.right]
    }

    fn properties(&self, inputs: &[PlanProperties], _: &GraphStatistics) -> PlanProperties {
        self.binary.properties(&inputs[0], &inputs[1])
    }

    fn estimated_rows(&self, inputs: &[f64], facts: Facts<'_>) -> f64 {
        self.binary.estimated_rows(inputs[0], inputs[1], facts)
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        self.binary.advice(run)
    }

    fn required_inputs(&self) -> Vec<InputRequirement> {
        self.binary.required_inputs().into()
    }

    fn alternatives(&self) -> Vec<Vec<InputRequirement>> {
        let alternatives = self.binary.alternatives().into_iter();
        alternatives.map(Vec::from).collect()
    }

    fn required_resources(&self) -> Resources {
        self.binary.required_resources()
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let inputs = <[_; 2]>::try_from(children).map_err(|children| {
            let (name, given) = (self.name(), children.len());
            Error::internal(format!("{name} takes two inputs, and was given {given}"))
        })?;
        Self::over_shared(inputs, Arc::clone(&self.binary))
    }

    fn describe(&self) -> String {
        self.binary.describe()
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        self.binary.execute(self, context)
    }
}

#[cfg(test)]
mod tests {
    use grism_core::Type;
    use grism_logical::{Column, PlanSchema};

    use super::*;
    use crate::Leaf;
    use crate::operators::{CrossJoinExec, EmptyExec};

    fn leaf(column: &str) -> Arc<dyn PhysicalOperator> {
        let columns = vec![Column::new(column, Type::Int64)];
        EmptyExec::new(PlanSchema::new(columns).into()).into_operator()
    }

    #[test]
    fn what_follows_from_the_inputs_is_the_skeletons() {
        let product = BinaryExec::over(leaf("a"), leaf("b"), CrossJoinExec).unwrap();
        assert_eq!(product.required_inputs().len(), product.children().len());
        let over_others = product.over_inputs(vec![leaf("c"), leaf("d")]).unwrap();
        assert_eq!(over_others.name(), "CrossJoinExec");
        assert!(over_others.schema().columns().names().eq(["c", "d"]));
        for count in [0, 1, 3] {
            let inputs = (0..count).map(|_| leaf("c")).collect();
            assert!(product.over_inputs(inputs).is_err());
        }
    }
}
