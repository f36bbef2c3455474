//! `HashJoinExec`: rows of two inputs with equal keys.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, GraphStatistics, Result};
use grism_logical::JoinKind;
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use crate::batch::batch_of;
use crate::datafusion::hash_join;
use crate::operators::names::comma_separated;
use crate::{
    Distribution, ExecutionContextTrait, InputRequirement, OperatorRun, PhysicalOperator,
    PhysicalSchema, PlanProperties, RecordBatchStream, RequiredDistribution, run,
};

/// Joins rows whose key columns are equal and not null. Output: left columns, then right columns; or, of a semi join, the
/// right rows that have a partner, of an anti join those that have none.
///
/// The left input is held in memory, under the limit; order is the right input's. Both inputs must be partitioned by
/// their keys, or the left one be whole everywhere.
#[derive(Debug, Serialize, Deserialize)]
pub struct HashJoinExec {
    left: Arc<dyn PhysicalOperator>,
    right: Arc<dyn PhysicalOperator>,
    on: Vec<(String, String)>,
    kind: JoinKind,
    schema: PhysicalSchema,
}

impl HashJoinExec {
    /// Joins on pairs of a left and a right column.
    #[must_use]
    pub fn new(
        left: Arc<dyn PhysicalOperator>,
        right: Arc<dyn PhysicalOperator>,
        on: Vec<(String, String)>,
        kind: JoinKind,
    ) -> Self {
        let schema = match kind {
            JoinKind::Inner => left.schema().with(right.schema().columns().columns.clone()),
            JoinKind::Semi | JoinKind::Anti => right.schema().clone(),
        };
        Self {
            left,
            right,
            on,
            kind,
            schema,
        }
    }

    /// Which rows come out.
    #[must_use]
    pub fn kind(&self) -> JoinKind {
        self.kind
    }

    /// The pairs of key columns.
    #[must_use]
    pub fn on(&self) -> &[(String, String)] {
        &self.on
    }
}

#[typetag::serde]
impl PhysicalOperator for HashJoinExec {
    fn name(&self) -> &'static str {
        "HashJoinExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn properties(
        &self,
        inputs: &[PlanProperties],
        _statistics: &GraphStatistics,
    ) -> PlanProperties {
        let [left, right] = inputs else {
            return PlanProperties::of(Distribution::Single);
        };
        let (left, right) = (&left.distribution, &right.distribution);
        let distribution = if left.is_at_one_place() && right.is_at_one_place() {
            Distribution::Single
        } else if *left == Distribution::Replicated || self.kind != JoinKind::Inner {
            right.clone()
        } else {
            left.clone()
        };
        PlanProperties::of(distribution).blocking()
    }

    fn estimated_rows(&self, inputs: &[f64], _facts: Facts<'_>) -> f64 {
        match self.kind {
            JoinKind::Inner => inputs[0].max(inputs[1]),
            // The right rows that have a partner, or that have none.
            JoinKind::Semi | JoinKind::Anti => inputs[1],
        }
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        Some(format!(
            "{} rows are held in memory and {} looked up in them: filter either side before the join",
            run.first_input(),
            run.input_rows.get(1).copied().unwrap_or_default()
        ))
    }

    fn required_inputs(&self) -> Vec<InputRequirement> {
        let (left, right) = self.on.iter().cloned().unzip();
        let meets = |keys| {
            let reason = "rows with equal join keys meet";
            InputRequirement::of(RequiredDistribution::Hash(keys), reason)
        };
        vec![meets(left), meets(right)]
    }

    fn alternatives(&self) -> Vec<Vec<InputRequirement>> {
        let whole = InputRequirement::of(
            RequiredDistribution::Replicated,
            "the build side is needed whole",
        );
        let probe = InputRequirement::of(RequiredDistribution::Disjoint, "");
        vec![vec![whole, probe], self.required_inputs()]
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.left, &self.right]
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        let [left, right] = <[_; 2]>::try_from(children)
            .map_err(|_| Error::internal("a join was given another number of inputs"))?;
        Ok(Arc::new(Self::new(left, right, self.on.clone(), self.kind)))
    }

    fn describe(&self) -> String {
        let kind = match self.kind {
            JoinKind::Inner => "Hash",
            JoinKind::Semi => "Semi",
            JoinKind::Anti => "Anti",
        };
        format!(
            "{kind}Join({})",
            comma_separated(self.on.iter().map(|(a, b)| format!("{a} = {b}")))
        )
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let (left, right) = (self.left.schema(), self.right.schema());
        let on = self
            .on
            .iter()
            .map(|(a, b)| Ok((left.index_of(a)?, right.index_of(b)?)))
            .collect::<Result<Vec<_>>>()?;
        let joined = hash_join(
            self.kind,
            (left.arrow(), run(&self.left, &context)?),
            (right.arrow(), run(&self.right, &context)?),
            &on,
            context.query().task()?,
        )?;
        let schema = Arc::clone(self.schema.arrow());
        let named = joined.and_then(move |batch| {
            std::future::ready(batch_of(
                &schema,
                batch.columns().to_vec(),
                batch.num_rows(),
            ))
        });
        Ok(named.boxed())
    }
}
