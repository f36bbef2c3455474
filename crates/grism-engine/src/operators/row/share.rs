//! `ShareExec`: large values held once, before an operator that repeats rows.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, Result};
use grism_functions::{SharedValues, may_be_large};
use grism_logical::{Column, PlanSchema};
use serde::{Deserialize, Serialize};

use crate::{
    ExecutionContextTrait, PhysicalOperator, PhysicalSchema, PlanProperties, RecordBatchStream,
    Unary, UnaryExec,
};

/// Makes the columns of lists, maps and dynamically typed values share them: the operator above copies numbers.
///
/// Rows, order and partitioning are the input's, and nothing is copied. Holds one batch.
#[derive(Debug, Serialize, Deserialize)]
pub struct ShareExec;

impl ShareExec {
    /// `input` with its large values shared; itself where it has none that are not shared yet.
    ///
    /// # Errors
    /// None of its own: any input can be shared.
    pub fn over(input: Arc<dyn PhysicalOperator>) -> Result<Arc<dyn PhysicalOperator>> {
        match input.schema().columns().columns.iter().any(pays) {
            true => UnaryExec::over(input, Self),
            false => Ok(input),
        }
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
impl Unary for ShareExec {
    fn name(&self) -> &'static str {
        "ShareExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(Self::schema_over(input))
    }

    fn properties(&self, own: &UnaryExec, input: &PlanProperties) -> PlanProperties {
        PlanProperties::filtered(input, own.schema())
    }

    fn describe(&self) -> String {
        "Share".to_owned()
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let schema = Arc::clone(own.schema().arrow());
        let columns = own.input().schema().columns().columns.iter();
        let pays: Vec<bool> = columns.map(pays).collect();
        let shared = own.run_input(&context)?.and_then(move |batch| {
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
