//! `ScoreExec`: a score of each row, computed where there is a graphics card.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::compute::kernels::arity::unary;
use arrow::datatypes::{DataType, Float64Type};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, GraphStatistics, Result, Type};
use grism_engine::{
    ExecutionContextTrait, ExtensionNode, InputRequirement, PhysicalOperator, PhysicalSchema,
    PlanProperties, RecordBatchStream, Resources, run,
};
use grism_logical::{Column, PlanSchema};
use serde::{Deserialize, Serialize};

use crate::grouped::known_column;

/// The logistic function of a column of numbers, which stands for a model that runs on a graphics card.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScoreNode {
    /// The column of numbers; the score of null is null.
    pub column: String,
    /// How steep the function is.
    pub weight: f64,
    /// The column of the score.
    pub name: String,
}

impl ScoreNode {
    /// The columns of the output: those of the input, then the score.
    fn output(&self, input: &PlanSchema) -> Result<PlanSchema> {
        match &known_column(input, &self.column)?.ty {
            Type::Int64 | Type::Float64 | Type::Null => {}
            other => {
                return Err(Error::invalid_query(format!(
                    "score takes numbers of one type, and `{}` is {other}; convert it, as by toFloat()",
                    self.column
                )));
            }
        }
        if input.contains(&self.name) {
            return Err(Error::invalid_query(format!(
                "there is a column `{}` already",
                self.name
            )));
        }
        let mut output = input.clone();
        output.put(Column::new(&self.name, Type::Float64));
        Ok(output)
    }
}

#[typetag::serde]
impl ExtensionNode for ScoreNode {
    fn describe(&self) -> String {
        format!("Score({} AS {})", self.column, self.name)
    }

    fn schema(&self, inputs: &[PlanSchema]) -> Result<PlanSchema> {
        match inputs {
            [input] => self.output(input),
            _ => Err(Error::invalid_query("Score takes one input")),
        }
    }

    fn operator(
        &self,
        inputs: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(Arc::new(ScoreExec::try_new(inputs, self.clone())?))
    }
}

/// Computes a [`ScoreNode`], on a worker that has a `gpu`.
///
/// Output: the rows of the input, each with its score. Streaming; holds one batch.
#[derive(Debug, Serialize, Deserialize)]
pub struct ScoreExec {
    input: Arc<dyn PhysicalOperator>,
    node: ScoreNode,
    schema: PhysicalSchema,
}

impl ScoreExec {
    /// Scores the rows of the only input.
    ///
    /// # Errors
    /// `InvalidQuery` for columns that the node does not take, and for another number of inputs.
    pub fn try_new(inputs: Vec<Arc<dyn PhysicalOperator>>, node: ScoreNode) -> Result<Self> {
        let [input] = <[_; 1]>::try_from(inputs)
            .map_err(|_| Error::invalid_query("Score takes one input"))?;
        let schema = node.output(input.schema().columns())?.into();
        Ok(Self {
            input,
            node,
            schema,
        })
    }
}

#[typetag::serde]
impl PhysicalOperator for ScoreExec {
    fn name(&self) -> &'static str {
        "ScoreExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.input]
    }

    fn properties(
        &self,
        inputs: &[PlanProperties],
        _statistics: &GraphStatistics,
    ) -> PlanProperties {
        PlanProperties::filtered(&inputs[0], &self.schema)
    }

    fn required_inputs(&self) -> Vec<InputRequirement> {
        vec![InputRequirement::any()]
    }

    fn required_resources(&self) -> Resources {
        Resources::one("gpu")
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(Arc::new(Self::try_new(children, self.node.clone())?))
    }

    fn describe(&self) -> String {
        self.node.describe()
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let place = self.input.schema().index_of(&self.node.column)?;
        let (weight, schema) = (self.node.weight, Arc::clone(self.schema.arrow()));
        let scored = move |batch: RecordBatch| {
            let numbers = cast(batch.column(place), &DataType::Float64)?;
            let scores = scores(&numbers, weight);
            let columns = batch.columns().iter().cloned().chain([scores]).collect();
            Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
        };
        let input = run(&self.input, &context)?;
        Ok(input
            .and_then(move |batch| std::future::ready(scored(batch)))
            .boxed())
    }
}

fn scores(numbers: &ArrayRef, weight: f64) -> ArrayRef {
    let logistic = |number: f64| 1.0 / (1.0 + (-weight * number).exp());
    Arc::new(unary::<_, _, Float64Type>(
        numbers.as_primitive::<Float64Type>(),
        logistic,
    ))
}
