//! `ComponentsExec`: the connected component of an entity.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Result, Type};
use grism_logical::{Column, Components, LogicalPlan, SharedPlan};
use serde::{Deserialize, Serialize};

use super::links::connected;
use crate::batch::id_column;
use crate::{
    ExecutionContextTrait, InputRequirement, OperatorRun, PhysicalSchema, RecordBatchStream,
    RequiredDistribution, Unary, UnaryExec,
};

/// Numbers the connected component of an entity, as [`Components`] says.
///
/// Output: input columns, then the number; null for a null entity. Runs at one place, and reads every incidence list that a
/// hop may follow once, on all threads of the query. Holds 4 bytes for each entity that may be connected, and the lists of
/// one segment.
#[derive(Debug, Serialize, Deserialize)]
pub struct ComponentsExec {
    components: Components,
}

impl ComponentsExec {
    /// Runs `components`, whose logical input counts for nothing.
    #[must_use]
    pub fn new(components: &Components) -> Self {
        Self {
            components: Components {
                // The physical input stands beside it.
                input: SharedPlan::new(LogicalPlan::Unit),
                ..components.clone()
            },
        }
    }
}

#[typetag::serde]
impl Unary for ComponentsExec {
    fn name(&self) -> &'static str {
        "ComponentsExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(input.with([Column::new(&self.components.component, Type::Int64)]))
    }

    fn advice(&self, _run: &OperatorRun<'_>) -> Option<String> {
        Some("every list that a hop may follow is read: name types and labels".to_owned())
    }

    fn required_input(&self) -> InputRequirement {
        InputRequirement::of(
            RequiredDistribution::Single,
            "components are found over all entities",
        )
    }

    fn describe(&self) -> String {
        self.components.describe()
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let mut input = own.run_input(&context)?;
        let schema = Arc::clone(own.schema().arrow());
        let components = self.components.clone();
        let numbered = async_stream::try_stream! {
            let sets = connected(&components.ways, &context).await?;
            while let Some(batch) = input.try_next().await? {
                let entities = id_column(&batch, &components.entity)?;
                let numbers = entities.iter().map(|entity| {
                    let entity = entity?;
                    Some(match sets.number(entity) {
                        Some(number) => i64::from(sets.root(number)),
                        // No list leads to it, so it is alone.
                        None => -1 - entity as i64,
                    })
                });
                let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
                columns.push(Arc::new(numbers.collect::<Int64Array>()));
                yield RecordBatch::try_new(Arc::clone(&schema), columns)?;
            }
        };
        Ok(numbered.boxed())
    }
}
