//! `RenameExec`: the same columns under other names, without touching the data.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, GraphStatistics, Result};
use grism_logical::{Column, PlanSchema};
use serde::{Deserialize, Serialize};

use crate::batch::batch_of;
use crate::operators::children::only_child;
use crate::operators::names::comma_separated;
use crate::{
    ExecutionContextTrait, InputRequirement, PhysicalOperator, PhysicalSchema, PlanProperties,
    RecordBatchStream, run,
};

/// Gives every column a name, by position. Order and partitioning are the input's.
#[derive(Debug, Serialize, Deserialize)]
pub struct RenameExec {
    input: Arc<dyn PhysicalOperator>,
    schema: PhysicalSchema,
}

impl RenameExec {
    /// Names the columns of `input`.
    ///
    /// # Errors
    /// `Internal` for a wrong number of names.
    pub fn try_new(input: Arc<dyn PhysicalOperator>, names: &[String]) -> Result<Self> {
        let columns = &input.schema().columns().columns;
        if names.len() != columns.len() {
            return Err(Error::internal(format!(
                "{} names for {} columns",
                names.len(),
                columns.len()
            )));
        }
        let columns = names
            .iter()
            .zip(columns)
            .map(|(name, column)| Column {
                name: name.clone(),
                ..column.clone()
            })
            .collect();
        let schema = PlanSchema::new(columns).into();
        Ok(Self { input, schema })
    }
}

#[typetag::serde]
impl PhysicalOperator for RenameExec {
    fn name(&self) -> &'static str {
        "RenameExec"
    }

    fn schema(&self) -> &PhysicalSchema {
        &self.schema
    }

    fn properties(
        &self,
        inputs: &[PlanProperties],
        _statistics: &GraphStatistics,
    ) -> PlanProperties {
        PlanProperties::renamed(&inputs[0], |column| {
            let place = self.input.schema().index_of(column).ok()?;
            let own = self.schema.columns().columns.get(place)?;
            Some(own.name.clone())
        })
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
        let names: Vec<String> = self.schema.columns().names().map(str::to_owned).collect();
        Ok(Arc::new(Self::try_new(only_child(children)?, &names)?))
    }

    fn describe(&self) -> String {
        format!(
            "Rename({})",
            comma_separated(self.schema.columns().names().map(str::to_owned))
        )
    }

    fn execute(&self, context: Arc<dyn ExecutionContextTrait>) -> Result<RecordBatchStream> {
        let schema = Arc::clone(self.schema.arrow());
        let renamed = run(&self.input, &context)?.and_then(move |batch| {
            std::future::ready(batch_of(
                &schema,
                batch.columns().to_vec(),
                batch.num_rows(),
            ))
        });
        Ok(renamed.boxed())
    }
}
