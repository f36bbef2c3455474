//! The one trait every operator implements.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Instant;

use futures::{StreamExt, TryStreamExt};
use grism_core::{BatchStream, Error, GraphStatistics, Result, batch_bytes, with_stack};

use crate::deep_stream::deep_stream;
use crate::{
    Exchange, ExecutionContextTrait, InputRequirement, Phases, PhysicalSchema, PlanProperties,
    Resources, StageInput,
};

/// Batches of one schema, as they come.
pub type RecordBatchStream = BatchStream;

/// A physical operator: a node of a plan that turns the streams of its children into its own.
///
/// An operator holds what to compute and never what was computed, so one operator may run many times at once.
#[typetag::serde(tag = "operator")]
pub trait PhysicalOperator: Any + Send + Sync + Debug {
    /// The operator's name in plans.
    fn name(&self) -> &'static str;

    /// The columns it outputs.
    fn schema(&self) -> &PhysicalSchema;

    /// The inputs, in order.
    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>>;

    /// What it outputs over inputs of these properties, over a graph of these statistics.
    fn properties(&self, inputs: &[PlanProperties], statistics: &GraphStatistics)
    -> PlanProperties;

    /// What it requires of each input, so that the outputs of several tasks together are the output over all rows.
    fn required_inputs(&self) -> Vec<InputRequirement>;

    /// What the process must have that runs it, beside cores and memory: tasks that hold the operator go to workers that have
    /// it, and elsewhere it is refused.
    fn required_resources(&self) -> Resources {
        Resources::default()
    }

    /// The ways in which its inputs may be spread, the one that moves least first: by default there is only
    /// [`PhysicalOperator::required_inputs`].
    fn alternatives(&self) -> Vec<Vec<InputRequirement>> {
        vec![self.required_inputs()]
    }

    /// The operator as two that stand on both sides of an exchange; `None` where it cannot be split.
    ///
    /// # Errors
    /// `Internal` for an operator that does not fit its input.
    fn phases(&self) -> Result<Option<Phases>> {
        Ok(None)
    }

    /// How the outputs of its input reach it, where it is the border between two stages.
    fn exchange(&self) -> Option<&Exchange> {
        None
    }

    /// The input of its stage that it reads, where it reads one.
    fn stage_input(&self) -> Option<StageInput<'_>> {
        None
    }

    /// The plan that the operator runs within itself, from rows of its own.
    fn subplan(&self) -> Option<&Arc<dyn PhysicalOperator>> {
        None
    }

    /// The same operator over other inputs.
    ///
    /// # Errors
    /// `Internal` for a wrong number of inputs.
    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>>;

    /// The same operator with another plan within it.
    ///
    /// # Errors
    /// `Internal` for an operator that has no [`PhysicalOperator::subplan`].
    fn with_new_subplan(
        &self,
        _subplan: Arc<dyn PhysicalOperator>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Err(Error::internal(format!("{} has no subplan", self.name())))
    }

    /// The operator in one line.
    fn describe(&self) -> String;

    /// Starts the operator. Call [`run`] instead, which adds what every operator has in common.
    ///
    /// # Errors
    /// What can be told before the first batch; the rest comes through the stream.
    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream>;
}

/// What identifies an operator of a plan while the plan lives: its address.
#[must_use]
pub fn operator_key(operator: &Arc<dyn PhysicalOperator>) -> usize {
    Arc::as_ptr(operator).cast::<()>() as usize
}

/// Runs `operator`: checks cancellation once a batch, drops empty batches, and reports figures.
///
/// # Errors
/// Those of [`PhysicalOperator::execute`].
pub fn run(
    operator: &Arc<dyn PhysicalOperator>,
    context: &Arc<dyn ExecutionContextTrait>,
) -> Result<RecordBatchStream> {
    let cancellation = context.query().cancellation.clone();
    cancellation.check()?;
    let stream = deep_stream(with_stack(|| operator.execute(Arc::clone(context)))?);
    let checked = stream.and_then(move |batch| {
        let checked = cancellation.check().map(|()| batch);
        async move { checked }
    });
    let full = checked.try_filter(|batch| std::future::ready(batch.num_rows() > 0));
    let Some(sink) = context.metrics_sink() else {
        return Ok(full.boxed());
    };
    let key = operator_key(operator);
    let mut full = full.boxed();
    let timed = async_stream::stream! {
        loop {
            // The time between asking for a batch and getting it; waiting for inputs is part of it.
            let start = Instant::now();
            let Some(item) = full.next().await else {
                sink.record_batch(key, 0, 0, start.elapsed());
                break;
            };
            if let Ok(batch) = &item {
                sink.record_batch(key, batch.num_rows(), batch_bytes(batch), start.elapsed());
            }
            yield item;
        }
    };
    Ok(timed.boxed())
}
