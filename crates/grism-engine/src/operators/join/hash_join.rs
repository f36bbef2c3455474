//! `HashJoinExec`: rows of two inputs with equal keys.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use grism_core::Result;
use grism_logical::JoinKind;
use grism_logical::optimizer::Facts;
use serde::{Deserialize, Serialize};

use crate::batch::batch_of;
use crate::datafusion::hash_join;
use crate::operators::names::comma_separated;
use crate::{
    Binary, BinaryExec, Distribution, ExecutionContextTrait, InputRequirement, OperatorRun,
    PhysicalSchema, PlanProperties, RecordBatchStream, RequiredDistribution, run,
};

/// Joins rows whose key columns are equal and not null. Output: left columns, then right columns; or, of a semi join, the
/// right rows that have a partner, of an anti join those that have none.
///
/// The left input is held in memory, under the limit; order is the right input's. Both inputs must be partitioned by
/// their keys, or the left one be whole everywhere.
#[derive(Debug, Serialize, Deserialize)]
pub struct HashJoinExec {
    on: Vec<(String, String)>,
    kind: JoinKind,
}

impl HashJoinExec {
    /// Joins on pairs of a left and a right column.
    #[must_use]
    pub fn new(on: Vec<(String, String)>, kind: JoinKind) -> Self {
        Self { on, kind }
    }
}

#[typetag::serde]
impl Binary for HashJoinExec {
    fn name(&self) -> &'static str {
        "HashJoinExec"
    }

    fn schema(&self, left: &PhysicalSchema, right: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(match self.kind {
            JoinKind::Inner => left.with(right.columns().columns.clone()),
            JoinKind::Semi | JoinKind::Anti => right.clone(),
        })
    }

    fn properties(&self, left: &PlanProperties, right: &PlanProperties) -> PlanProperties {
        let (left, right) = (&left.distribution, &right.distribution);
        let follows_right = *left == Distribution::Replicated || self.kind != JoinKind::Inner;
        let spread = if follows_right { right } else { left };
        PlanProperties::of(left.joined(right, spread)).blocking()
    }

    fn estimated_rows(&self, left: f64, right: f64, _facts: Facts<'_>) -> f64 {
        match self.kind {
            JoinKind::Inner => left.max(right),
            // The right rows that have a partner, or that have none.
            JoinKind::Semi | JoinKind::Anti => right,
        }
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        Some(format!(
            "{} rows are held in memory and {} looked up in them: filter either side before the join",
            run.first_input(),
            run.input_rows.get(1).copied().unwrap_or_default()
        ))
    }

    fn required_inputs(&self) -> [InputRequirement; 2] {
        let (left, right) = self.on.iter().cloned().unzip();
        let meets = |keys| {
            let reason = "rows with equal join keys meet";
            InputRequirement::of(RequiredDistribution::Hash(keys), reason)
        };
        [meets(left), meets(right)]
    }

    fn alternatives(&self) -> Vec<[InputRequirement; 2]> {
        let whole = InputRequirement::of(
            RequiredDistribution::Replicated,
            "the build side is needed whole",
        );
        let probe = InputRequirement::of(RequiredDistribution::Disjoint, "");
        vec![[whole, probe], self.required_inputs()]
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

    fn execute(
        &self,
        own: &BinaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let (left, right) = (own.left().schema(), own.right().schema());
        let on = self
            .on
            .iter()
            .map(|(a, b)| Ok((left.index_of(a)?, right.index_of(b)?)))
            .collect::<Result<Vec<_>>>()?;
        let joined = hash_join(
            self.kind,
            (left.arrow(), run(own.left(), &context)?),
            (right.arrow(), run(own.right(), &context)?),
            &on,
            context.query().task()?,
        )?;
        let schema = Arc::clone(own.schema().arrow());
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
