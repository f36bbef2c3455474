//! `ScoreNode`: a score of each row, computed where there is a graphics card.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::compute::kernels::arity::unary;
use arrow::datatypes::{DataType, Float64Type};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, Result, Type};
use grism_engine::{
    ExecutionContextTrait, ExtensionNode, PhysicalOperator, PhysicalSchema, PlanProperties,
    RecordBatchStream, Resources, Unary, UnaryExec,
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
        UnaryExec::over_only(inputs, self.clone())
    }
}

/// Output: the rows of the input, each with its score, on a worker that has a `gpu`. Streaming; holds one batch.
#[typetag::serde]
impl Unary for ScoreNode {
    fn name(&self) -> &'static str {
        "ScoreExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(self.output(input.columns())?.into())
    }

    fn properties(&self, own: &UnaryExec, input: &PlanProperties) -> PlanProperties {
        PlanProperties::filtered(input, own.schema())
    }

    fn required_resources(&self) -> Resources {
        Resources::one("gpu")
    }

    fn describe(&self) -> String {
        ExtensionNode::describe(self)
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let place = own.input().schema().index_of(&self.column)?;
        let (weight, schema) = (self.weight, Arc::clone(own.schema().arrow()));
        let scored = move |batch: RecordBatch| {
            let numbers = cast(batch.column(place), &DataType::Float64)?;
            let scores = scores(&numbers, weight);
            let columns = batch.columns().iter().cloned().chain([scores]).collect();
            Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
        };
        let input = own.run_input(&context)?;
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
