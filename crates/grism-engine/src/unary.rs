//! `UnaryExec` and `Unary`: the skeleton of every operator of one input.

use std::fmt::Debug;
use std::sync::Arc;

use grism_core::{Error, GraphStatistics, Result};
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use crate::{
    ExecutionContextTrait, InputRequirement, OperatorRun, Phases, PhysicalOperator, PhysicalSchema,
    PlanProperties, RecordBatchStream, Resources, SubplanRuns, run,
};

/// What an operator of one input does, without the input.
///
/// [`UnaryExec`] holds the input and the columns of the output, and is the operator that planners see. What is left to say here is
/// what is special; each method has the meaning of the one of [`PhysicalOperator`] that has its name. An operator without an input
/// is a [`Leaf`](crate::Leaf), one of two inputs a [`Binary`](crate::Binary); one of more implements that trait itself.
#[typetag::serde(tag = "unary")]
pub trait Unary: Send + Sync + Debug + 'static {
    /// The operator's name in plans.
    fn name(&self) -> &'static str;

    /// The columns it outputs over an input of these columns.
    ///
    /// # Errors
    /// `InvalidQuery` for an input that it does not take.
    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema>;

    /// What it outputs over an input of these properties: by default any number of rows for each one, in any order.
    fn properties(&self, own: &UnaryExec, input: &PlanProperties) -> PlanProperties {
        PlanProperties::row_by_row(input, own.schema())
    }

    /// About how many rows it outputs.
    fn estimated_rows(&self, _own: &UnaryExec, inputs: &[f64], _facts: Facts<'_>) -> f64 {
        inputs.first().copied().unwrap_or(1.0)
    }

    /// How a query would spend less time in it.
    fn advice(&self, _run: &OperatorRun<'_>) -> Option<String> {
        None
    }

    /// What it requires of its input: by default nothing, as an operator may that looks at each row alone.
    fn required_input(&self) -> InputRequirement {
        InputRequirement::any()
    }

    /// What the process must have that runs it.
    fn required_resources(&self) -> Resources {
        Resources::default()
    }

    /// The operator as two that stand on both sides of an exchange.
    ///
    /// # Errors
    /// `Internal` for an operator that does not fit its input.
    fn phases(&self, _own: &UnaryExec) -> Result<Option<Phases>> {
        Ok(None)
    }

    /// The plan that it runs within itself.
    fn subplan(&self) -> Option<&Arc<dyn PhysicalOperator>> {
        None
    }

    /// How often the plan within it runs.
    fn subplan_runs(&self) -> SubplanRuns {
        SubplanRuns::ForAllRows
    }

    /// The same with another plan within it.
    ///
    /// # Errors
    /// `Internal` for an operator that has no subplan.
    fn with_new_subplan(&self, _subplan: Arc<dyn PhysicalOperator>) -> Result<Arc<dyn Unary>> {
        Err(Error::internal(format!("{} has no subplan", self.name())))
    }

    /// The operator in one line.
    fn describe(&self) -> String;

    /// Starts the operator `own`, which does this; [`UnaryExec::run_input`] starts its input.
    ///
    /// # Errors
    /// What can be told before the first batch.
    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream>;
}

/// An operator of one input: the input, the columns of the output, and what is done.
#[derive(Debug, Serialize, Deserialize)]
pub struct UnaryExec {
    input: Arc<dyn PhysicalOperator>,
    schema: PhysicalSchema,
    unary: Arc<dyn Unary>,
}

impl UnaryExec {
    /// The operator that does `unary` to the rows of `input`.
    ///
    /// # Errors
    /// Those of [`Unary::schema`].
    pub fn over(
        input: Arc<dyn PhysicalOperator>,
        unary: impl Unary,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Self::over_only(vec![input], unary)
    }

    /// As [`Self::over`], for whoever is given a list of inputs.
    ///
    /// # Errors
    /// Those of [`Unary::schema`]; `InvalidQuery` where the list does not have one input.
    pub fn over_only(
        inputs: Vec<Arc<dyn PhysicalOperator>>,
        unary: impl Unary,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let [input] = <[_; 1]>::try_from(inputs).map_err(|inputs| {
            let (name, given) = (unary.name(), inputs.len());
            Error::invalid_query(format!("{name} takes one input, and was given {given}"))
        })?;
        let schema = unary.schema(input.schema())?;
        Ok(Arc::new(Self {
            input,
            schema,
            unary: Arc::new(unary),
        }))
    }

    /// The input.
    #[must_use]
    pub fn input(&self) -> &Arc<dyn PhysicalOperator> {
        &self.input
    }

    /// The columns of the output.
    #[must_use]
    pub fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    /// The rows of the input.
    ///
    /// # Errors
    /// Those of [`run`].
    pub fn run_input(&self, context: &Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        run(&self.input, context)
    }
}

#[typetag::serde]
impl PhysicalOperator for UnaryExec {
    fn name(&self) -> &'static str {
        self.unary.name()
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
        self.unary.properties(self, &inputs[0])
    }

    fn estimated_rows(&self, inputs: &[f64], facts: Facts<'_>) -> f64 {
        self.unary.estimated_rows(self, inputs, facts)
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        self.unary.advice(run)
    }

    fn required_inputs(&self) -> Vec<InputRequirement> {
        vec![self.unary.required_input()]
    }

    fn required_resources(&self) -> Resources {
        self.unary.required_resources()
    }

    fn phases(&self) -> Result<Option<Phases>> {
        self.unary.phases(self)
    }

    fn subplan(&self) -> Option<&Arc<dyn PhysicalOperator>> {
        self.unary.subplan()
    }

    fn subplan_runs(&self) -> SubplanRuns {
        self.unary.subplan_runs()
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let [input] = <[_; 1]>::try_from(children).map_err(|children| {
            Error::internal(format!("one child expected, not {}", children.len()))
        })?;
        let schema = match input.schema() == self.input.schema() {
            true => self.schema.clone(),
            false => self.unary.schema(input.schema())?,
        };
        Ok(Arc::new(Self {
            input,
            schema,
            unary: Arc::clone(&self.unary),
        }))
    }

    fn with_new_subplan(
        &self,
        subplan: Arc<dyn PhysicalOperator>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let unary = self.unary.with_new_subplan(subplan)?;
        Ok(Arc::new(Self {
            input: Arc::clone(&self.input),
            schema: unary.schema(self.input.schema())?,
            unary,
        }))
    }

    fn describe(&self) -> String {
        self.unary.describe()
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        self.unary.execute(self, context)
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;
    use grism_core::Type;
    use grism_logical::{Column, PlanSchema};

    use super::*;
    use crate::operators::EmptyExec;
    use crate::{Leaf, OperatorCaps, RequiredDistribution};

    /// Adds a column that the input must not have.
    #[derive(Debug, Serialize, Deserialize)]
    struct Added(String);

    #[typetag::serde]
    impl Unary for Added {
        fn name(&self) -> &'static str {
            "AddedExec"
        }

        fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
            match input.columns().contains(&self.0) {
                true => Err(Error::invalid_query("there already")),
                false => Ok(input.with([Column::new(&self.0, Type::Int64)])),
            }
        }

        fn describe(&self) -> String {
            format!("Added({})", self.0)
        }

        fn execute(
            &self,
            own: &UnaryExec,
            context: Arc<dyn ExecutionContextTrait>,
        ) -> Result<RecordBatchStream> {
            Ok(Box::pin(own.run_input(&context)?.map_ok(|batch| batch)))
        }
    }

    fn leaf(columns: &[&str]) -> Arc<dyn PhysicalOperator> {
        let columns = columns.iter().map(|name| Column::new(*name, Type::Int64));
        let schema = PlanSchema::new(columns.collect());
        EmptyExec::new(schema.into()).into_operator()
    }

    fn names(operator: &Arc<dyn PhysicalOperator>) -> Vec<&str> {
        operator.schema().columns().names().collect()
    }

    #[test]
    fn what_follows_from_the_input_is_the_skeletons() {
        let added = UnaryExec::over(leaf(&["a"]), Added("b".to_owned())).unwrap();
        assert_eq!((added.name(), names(&added)), ("AddedExec", vec!["a", "b"]));
        assert_eq!(
            added.required_inputs()[0].distribution,
            RequiredDistribution::Any
        );
        let caps = OperatorCaps {
            streaming: true,
            blocking: false,
            parallel_safe: true,
        };
        assert_eq!(added.capabilities(), caps);
        let over_another = added.over_inputs(vec![leaf(&["c", "d"])]).unwrap();
        assert_eq!(names(&over_another), ["c", "d", "b"]);
        assert!(added.over_inputs(vec![leaf(&["b"])]).is_err());
        for inputs in [vec![], vec![leaf(&["a"]), leaf(&["a"])]] {
            assert!(added.over_inputs(inputs.clone()).is_err());
            assert!(UnaryExec::over_only(inputs, Added("b".to_owned())).is_err());
        }
        assert!(added.with_new_subplan(leaf(&[])).is_err());
    }

    #[test]
    fn a_leaf_stays_itself_and_takes_no_input() {
        let own = leaf(&["a"]);
        assert!(Arc::ptr_eq(&own, &own.over_inputs(Vec::new()).unwrap()));
        assert!(own.over_inputs(vec![leaf(&["a"])]).is_err());
    }
}
