//! `ShareExec`: large values held once, before an operator that repeats rows.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, GraphStatistics, Result};
use grism_functions::{SharedValues, may_be_large};
use grism_logical::{Column, PlanSchema};
use serde::{Deserialize, Serialize};

use crate::operators::children::only_child;
use crate::{
    ExecutionContextTrait, InputRequirement, PhysicalOperator, PhysicalSchema, PlanProperties,
    RecordBatchStream, run,
};

/// Makes the columns of lists, maps and dynamically typed values share them: the operator above copies numbers.
///
/// Rows, order and partitioning are the input's, and nothing is copied. Holds one batch.
#[derive(Debug, Serialize, Deserialize)]
pub struct ShareExec {
    input: Arc<dyn PhysicalOperator>,
    schema: PhysicalSchema,
}

impl ShareExec {
    /// `input` with its large values shared; itself where it has none that are not shared yet.
    #[must_use]
    pub fn over(input: Arc<dyn PhysicalOperator>) -> Arc<dyn PhysicalOperator> {
        let columns = &input.schema().columns().columns;
        if !columns.iter().any(pays) {
            return input;
        }
        Arc::new(Self::new(input))
    }

    fn new(input: Arc<dyn PhysicalOperator>) -> Self {
        let schema = Self::schema_over(input.schema());
        Self { input, schema }
    }

    /// The schema of what shares the large values of `schema`.
    pub(crate) fn schema_over(schema: &PhysicalSchema) -> PhysicalSchema {
        let columns = schema.columns().columns.iter();
        let shared = columns.map(|column| match pays(column) {
            true => column.clone().shared(),
            false => column.clone(),
        });
        PlanSchema::new(shared.collect()).into()
    }
}

fn pays(column: &Column) -> bool {
    !column.shared && may_be_large(&column.ty)
}

#[typetag::serde]
impl PhysicalOperator for ShareExec {
    fn name(&self) -> &'static str {
        "ShareExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn properties(
        &self,
        inputs: &[PlanProperties],
        _statistics: &GraphStatistics,
    ) -> PlanProperties {
        PlanProperties::filtered(&inputs[0], self.schema())
    }

    fn required_inputs(&self) -> Vec<InputRequirement> {
        vec![InputRequirement::any()]
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalOperator>> {
        vec![&self.input]
    }

    fn with_new_children(
        &self,
        children: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        Ok(Arc::new(Self::new(only_child(children)?)))
    }

    fn describe(&self) -> String {
        "Share".to_owned()
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let schema = Arc::clone(self.schema.arrow());
        let own = self.input.schema().columns().columns.iter();
        let pays: Vec<bool> = own.map(pays).collect();
        let shared = run(&self.input, &context)?.and_then(move |batch| {
            let columns = batch
                .columns()
                .iter()
                .zip(&pays)
                .map(|(column, pays)| match pays {
                    true => SharedValues::of_rows(column).into_column(),
                    false => Ok(Arc::clone(column)),
                })
                .collect::<Result<Vec<_>>>();
            let batch = columns.and_then(|columns| {
                RecordBatch::try_new(Arc::clone(&schema), columns).map_err(Error::from)
            });
            std::future::ready(batch)
        });
        Ok(shared.boxed())
    }
}
