//! `UnionExec`: the rows of all inputs.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, GraphStatistics, Result};
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use crate::batch::batch_of;
use crate::{
    Distribution, ExecutionContextTrait, InputRequirement, PhysicalOperator, PhysicalSchema,
    PlanProperties, RecordBatchStream, RequiredDistribution, run,
};

/// Puts out the rows of its inputs, one input after the other; duplicates stay.
///
/// The inputs have the same columns in the same order, shared in all of them or in none. What a column of ids is of may
/// differ: the union's schema says what it is of in all.
#[derive(Debug, Serialize, Deserialize)]
pub struct UnionExec {
    inputs: Vec<Arc<dyn PhysicalOperator>>,
    schema: PhysicalSchema,
}

impl UnionExec {
    /// Unites `inputs` under `schema`.
    #[must_use]
    pub fn new(inputs: Vec<Arc<dyn PhysicalOperator>>, schema: PhysicalSchema) -> Self {
        Self { inputs, schema }
    }
}

#[typetag::serde]
impl PhysicalOperator for UnionExec {
    fn name(&self) -> &'static str {
        "UnionExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn properties(
        &self,
        inputs: &[PlanProperties],
        _statistics: &GraphStatistics,
    ) -> PlanProperties {
        let distributions = inputs.iter().map(|input| &input.distribution);
        let distribution = if distributions
            .clone()
            .all(|own| *own == Distribution::OnePiece)
        {
            Distribution::OnePiece
        } else if distributions.clone().all(Distribution::is_at_one_place) {
            Distribution::Single
        } else {
            Distribution::Split
        };
        PlanProperties::of(distribution).with_rows(inputs.iter().map(|input| input.rows).sum())
    }

    fn estimated_rows(&self, inputs: &[f64], _facts: Facts<'_>) -> f64 {
        inputs.iter().sum()
    }

    fn required_inputs(&self) -> Vec<InputRequirement> {
        let requirement = InputRequirement::of(
            RequiredDistribution::Disjoint,
            "the other branches are split",
        );
        vec![requirement; self.inputs.len()]
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        self.inputs.iter().collect()
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        if children.len() != self.inputs.len() {
            return Err(Error::internal(
                "a union was given another number of inputs",
            ));
        }
        Ok(Arc::new(Self::new(children, self.schema.clone())))
    }

    fn describe(&self) -> String {
        "Union".to_owned()
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let schema = Arc::clone(self.schema.arrow());
        let inputs = self.inputs.clone();
        let united = async_stream::try_stream! {
            for input in inputs {
                let mut stream = run(&input, &context)?;
                while let Some(batch) = stream.try_next().await? {
                    let columns = batch.columns().to_vec();
                    yield batch_of(&schema, columns, batch.num_rows())?;
                }
            }
        };
        Ok(united.boxed())
    }
}
