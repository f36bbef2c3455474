//! The one trait every operator implements.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use grism_core::{BatchStream, Error, GraphStatistics, Result, with_stack};
use grism_logical::optimizer::Facts;

use crate::deep_stream::deep_stream;
use crate::metrics::metered_stream;
use crate::{
    Exchange, ExecutionContextTrait, InputRequirement, OperatorRun, Phases, PhysicalSchema,
    PlanProperties, Resources, StageInput,
};

/// Batches of one schema, as they come.
pub type RecordBatchStream = BatchStream;

/// How often the plan within an operator runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubplanRuns {
    /// For many rows of the input at once.
    ForAllRows,
    /// For each row of the input alone.
    ForEachRow,
}

/// A physical operator: a node of a plan that turns the streams of its children into its own.
///
/// An operator holds what to compute and never what was computed, so one operator may run many times at once.
///
/// An operator of no input, one or two is better written as a [`Leaf`](crate::Leaf), a [`Unary`](crate::Unary) or a
/// [`Binary`](crate::Binary), which leave the inputs and what follows from them to a skeleton.
#[typetag::serde(tag = "operator")]
pub trait PhysicalOperator: Any + Send + Sync + Debug {
    /// The operator's name in plans.
    fn name(&self) -> &'static str;

    /// The columns it outputs.
    fn schema(&self) -> &PhysicalSchema;

    /// The inputs, in order; by default none.
    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        Vec::new()
    }

    /// What it outputs over inputs of these properties, over a graph of these statistics.
    fn properties(&self, inputs: &[PlanProperties], statistics: &GraphStatistics)
    -> PlanProperties;

    /// About how many rows it outputs over inputs of so many rows, for EXPLAIN. Behind the inputs stands the plan within the
    /// operator, with its rows for all rows of the first input together; a leaf is told the rows of its argument.
    ///
    /// By default as many as it is told first.
    fn estimated_rows(&self, inputs: &[f64], _facts: Facts<'_>) -> f64 {
        inputs.first().copied().unwrap_or(1.0)
    }

    /// How a query would spend less time in this operator, for the end of EXPLAIN ANALYZE; `None` where it has nothing to say of
    /// the run.
    fn advice(&self, _run: &OperatorRun<'_>) -> Option<String> {
        None
    }

    /// What it requires of each input, so that the outputs of several tasks together are the output over all rows. By default
    /// nothing of no input: an operator with inputs that leaves it so is refused.
    fn required_inputs(&self) -> Vec<InputRequirement> {
        Vec::new()
    }

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

    /// How often the plan within it runs.
    fn subplan_runs(&self) -> SubplanRuns {
        SubplanRuns::ForAllRows
    }

    /// The same operator over other inputs. Call [`over_inputs`](trait.PhysicalOperator.html#method.over_inputs) instead, which
    /// knows that a leaf stays as it is.
    ///
    /// # Errors
    /// `Internal` for a wrong number of inputs.
    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let (name, given) = (self.name(), children.len());
        Err(Error::internal(format!(
            "{name} has no inputs, and was given {given}"
        )))
    }

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

impl dyn PhysicalOperator {
    /// What EXPLAIN calls the kind of the operator.
    #[must_use]
    pub fn shown_name(&self) -> &'static str {
        let name = self.name();
        name.strip_suffix("Exec").unwrap_or(name)
    }

    /// The operator over other inputs; itself where it has none and is given none.
    ///
    /// # Errors
    /// `Internal` for a wrong number of inputs.
    pub fn over_inputs(
        self: &Arc<Self>,
        inputs: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        match inputs.is_empty() && self.children().is_empty() {
            true => Ok(Arc::clone(self)),
            false => self.with_new_children(inputs),
        }
    }
}

/// Runs `operator`: checks cancellation once a batch, drops empty batches, and reports to the operator's meter.
///
/// # Errors
/// Those of [`PhysicalOperator::execute`].
pub fn run(
    operator: &Arc<dyn PhysicalOperator>,
    context: &Arc<dyn ExecutionContextTrait>,
) -> Result<RecordBatchStream> {
    let query = context.query();
    query.cancellation.check()?;
    let start = || start(operator, context);
    match query.metrics.as_ref().and_then(|sink| sink.meter(operator)) {
        Some(meter) => metered_stream(operator, meter, query, start),
        None => start(),
    }
}

fn start(
    operator: &Arc<dyn PhysicalOperator>,
    context: &Arc<dyn ExecutionContextTrait>,
) -> Result<RecordBatchStream> {
    let cancellation = context.query().cancellation.clone();
    let stream = deep_stream(with_stack(|| operator.execute(Arc::clone(context)))?);
    let checked = stream.and_then(move |batch| {
        let checked = cancellation.check().map(|()| batch);
        async move { checked }
    });
    let full = checked.try_filter(|batch| std::future::ready(batch.num_rows() > 0));
    Ok(full.boxed())
}
