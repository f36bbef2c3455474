//! `LimitExec`: some rows, after some others.

use std::sync::Arc;

use futures::StreamExt;
use grism_core::Result;
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use crate::{
    AcceptedPhase, Distribution, ExecutionContextTrait, InputRequirement, OrderedBy, Phases,
    PhysicalSchema, PlanProperties, RecordBatchStream, RequiredDistribution, Unary, UnaryExec,
};

/// Leaves out the first `skip` rows and puts out at most `fetch` of the others, then stops its input.
///
/// Columns and order are the input's; needs one partition. Holds one batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LimitExec {
    skip: usize,
    fetch: Option<usize>,
    /// The order that its input must have; empty for any.
    order: Vec<OrderedBy>,
    scope: LimitScope,
}

/// Which rows are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum LimitScope {
    /// All rows.
    Whole,
    /// Those of one task or thread, which are counted again with those of the others.
    EachTask,
}

/// The rows that a limit of one task outputs, as the limit of all tasks knows them.
pub(crate) fn first_rows(count: usize) -> String {
    format!("the first {count} rows of each task")
}

impl LimitExec {
    /// Leaves out `skip` rows and keeps `fetch` of the others, or all of them.
    #[must_use]
    pub fn new(skip: usize, fetch: Option<usize>) -> Self {
        Self {
            skip,
            fetch,
            order: Vec::new(),
            scope: LimitScope::Whole,
        }
    }

    /// Keeps the first `fetch` rows of an input that merges the first rows of several sorted runs.
    pub(crate) fn of_merged(fetch: usize, order: Vec<OrderedBy>) -> Self {
        Self {
            order,
            ..Self::new(0, Some(fetch))
        }
    }

    /// Rows that must come in for the output to be whole; `None` is all of them.
    fn reach(&self) -> Option<usize> {
        self.fetch.map(|fetch| fetch.saturating_add(self.skip))
    }
}

#[typetag::serde]
impl Unary for LimitExec {
    fn name(&self) -> &'static str {
        "LimitExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(input.clone())
    }

    fn properties(&self, own: &UnaryExec, input: &PlanProperties) -> PlanProperties {
        let input = PlanProperties::filtered(input, own.schema());
        let reach = self.fetch.map(|fetch| fetch as u64);
        let rows = input.rows.into_iter().chain(reach).min();
        match self.scope {
            LimitScope::Whole => PlanProperties {
                distribution: Distribution::Single,
                pending: None,
                ..input
            },
            LimitScope::EachTask => PlanProperties {
                pending: Some(first_rows(self.fetch.unwrap_or(usize::MAX))),
                ..input
            },
        }
        .with_rows(rows)
    }

    fn estimated_rows(&self, _own: &UnaryExec, inputs: &[f64], _facts: Facts<'_>) -> f64 {
        self.fetch
            .map_or(inputs[0], |fetch| inputs[0].min(fetch as f64))
    }

    fn required_input(&self) -> InputRequirement {
        let requirement = match (self.scope, self.reach()) {
            (LimitScope::EachTask, _) => InputRequirement::any(),
            (LimitScope::Whole, reach) => {
                let requirement = InputRequirement::of(
                    RequiredDistribution::Single,
                    "rows are counted at one place",
                );
                match reach {
                    Some(reach) => {
                        requirement.with_phase(AcceptedPhase::MayFinish(first_rows(reach)))
                    }
                    None => requirement,
                }
            }
        };
        requirement.ordered(self.order.clone())
    }

    fn phases(&self, own: &UnaryExec) -> Result<Option<Phases>> {
        if self.scope == LimitScope::EachTask {
            return Ok(None);
        }
        let input = Arc::clone(own.input());
        let local = match self.reach() {
            Some(reach) => {
                let each = Self {
                    scope: LimitScope::EachTask,
                    ..Self::new(0, Some(reach))
                };
                UnaryExec::over(input, each)?
            }
            None => input,
        };
        Ok(Some(Phases {
            between: self.required_input(),
            global: Some(UnaryExec::over(Arc::clone(&local), self.clone())?),
            local,
        }))
    }

    fn describe(&self) -> String {
        match (self.skip, self.fetch) {
            (0, Some(fetch)) => format!("Limit({fetch})"),
            (skip, Some(fetch)) => format!("Limit({fetch}, skip {skip})"),
            (skip, None) => format!("Skip({skip})"),
        }
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        if self.fetch == Some(0) {
            return Ok(futures::stream::empty().boxed());
        }
        let mut input = own.run_input(&context)?;
        let (mut skip, mut left) = (self.skip, self.fetch.unwrap_or(usize::MAX));
        let cut = async_stream::try_stream! {
            while left > 0 {
                let Some(batch) = input.next().await else { break };
                let batch = batch?;
                let dropped = skip.min(batch.num_rows());
                skip -= dropped;
                let kept = (batch.num_rows() - dropped).min(left);
                left -= kept;
                if kept > 0 {
                    yield batch.slice(dropped, kept);
                }
            }
        };
        Ok(cut.boxed())
    }
}
