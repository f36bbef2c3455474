//! `GroupedNode`: a function of the numbers of each group.

use std::sync::Arc;

use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Error, Result, Type, nearest};
use grism_engine::{
    ExecutionContextTrait, ExtensionNode, InputRequirement, MemoryReservation, PhysicalOperator,
    PhysicalSchema, PlanProperties, RecordBatchStream, RequiredDistribution, Unary, UnaryExec,
};
use grism_logical::{Column, PlanSchema};
use serde::{Deserialize, Serialize};

use crate::GroupFunction;
use crate::groups::grouped;

/// A [`GroupFunction`] of the numbers in a column, for each group of rows that are equal in the key columns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupedNode {
    /// The columns that rows are grouped by; without any there is one group.
    pub keys: Vec<String>,
    /// The column of numbers; null is left out.
    pub column: String,
    /// What is computed of them.
    pub function: Arc<dyn GroupFunction>,
    /// The column of the result.
    pub name: String,
}

impl GroupedNode {
    /// The columns of the output: the keys, then the result, which is null for a group without numbers.
    fn output(&self, input: &PlanSchema) -> Result<PlanSchema> {
        let mut output = PlanSchema::default();
        for key in &self.keys {
            let column = known_column(input, key)?;
            if !is_comparable(&column.ty) {
                return Err(Error::invalid_query(format!(
                    "`{key}` is {}, by which {} does not group; group by a value of one simple type",
                    column.ty,
                    self.function.name()
                )));
            }
            self.put(&mut output, Column::new(key, column.ty.clone()))?;
        }
        match &known_column(input, &self.column)?.ty {
            Type::Int64 | Type::Float64 | Type::Null => {}
            other => {
                return Err(Error::invalid_query(format!(
                    "{} takes numbers of one type, and `{}` is {other}; convert it, as by toFloat()",
                    self.function.name(),
                    self.column
                )));
            }
        }
        self.put(&mut output, Column::new(&self.name, Type::Float64))?;
        Ok(output)
    }

    fn put(&self, output: &mut PlanSchema, column: Column) -> Result<()> {
        if output.contains(&column.name) {
            return Err(Error::invalid_query(format!(
                "{} has two columns `{}`",
                self.function.name(),
                column.name
            )));
        }
        output.put(column);
        Ok(())
    }
}

/// The column called `name`.
pub(crate) fn known_column<'a>(input: &'a PlanSchema, name: &str) -> Result<&'a Column> {
    input.find(name).ok_or_else(|| {
        let hint = match nearest(name, input.names()) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => "; select() makes a column of a property".to_owned(),
        };
        Error::invalid_query(format!("there is no column `{name}`{hint}"))
    })
}

/// The bytes of the rows of a batch, which may be a slice of a larger one.
fn bytes_of(batch: &RecordBatch) -> Result<usize> {
    let columns = batch.columns().iter();
    let bytes = columns.map(|column| Ok(column.to_data().get_slice_memory_size()?));
    bytes.sum()
}

/// Whether equal values of a type have one form, but for floats.
fn is_comparable(ty: &Type) -> bool {
    let is_simple = matches!(
        ty,
        Type::Null
            | Type::Bool
            | Type::Int64
            | Type::Float64
            | Type::String
            | Type::Bytes
            | Type::Date
            | Type::LocalTime
            | Type::LocalDateTime
            | Type::DateTime
    );
    is_simple || ty.is_entity()
}

#[typetag::serde]
impl ExtensionNode for GroupedNode {
    fn describe(&self) -> String {
        let by = match self.keys.is_empty() {
            true => String::new(),
            false => format!(", by {}", self.keys.join(", ")),
        };
        format!("Grouped({}({}){by})", self.function.name(), self.column)
    }

    fn schema(&self, inputs: &[PlanSchema]) -> Result<PlanSchema> {
        match inputs {
            [input] => self.output(input),
            _ => Err(Error::invalid_query("Grouped takes one input")),
        }
    }

    fn operator(
        &self,
        inputs: Vec<Arc<dyn PhysicalOperator>>,
    ) -> Result<Arc<dyn PhysicalOperator>> {
        UnaryExec::over_only(inputs, self.clone())
    }
}

/// Output: the keys, then the result, in the order of the keys. Rows that are equal in the keys must be in one task. Blocking:
/// holds all rows of a task, within the memory limit.
#[typetag::serde]
impl Unary for GroupedNode {
    fn name(&self) -> &'static str {
        "GroupedExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(self.output(input.columns())?.into())
    }

    fn properties(&self, own: &UnaryExec, input: &PlanProperties) -> PlanProperties {
        PlanProperties::row_by_row(input, own.schema()).blocking()
    }

    fn required_input(&self) -> InputRequirement {
        let distribution = match self.keys.is_empty() {
            true => RequiredDistribution::Single,
            false => RequiredDistribution::Hash(self.keys.clone()),
        };
        let reason = format!("{} needs all rows of a group", self.function.name());
        InputRequirement::of(distribution, reason)
    }

    fn describe(&self) -> String {
        ExtensionNode::describe(self)
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let input = own.run_input(&context)?;
        let rows = own.input().schema().clone();
        let groups = self
            .clone()
            .groups(input, rows, own.schema().clone(), context);
        let batches = futures::stream::once(groups).map_ok(futures::stream::iter);
        Ok(batches.try_flatten().boxed())
    }
}

impl GroupedNode {
    /// The groups of all rows of the input.
    async fn groups(
        self,
        mut input: RecordBatchStream,
        input_schema: PhysicalSchema,
        schema: PhysicalSchema,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<Vec<Result<RecordBatch>>> {
        let mut held = MemoryReservation::try_new(context.memory_manager(), 0)?;
        let mut batches = Vec::new();
        while let Some(batch) = input.try_next().await? {
            // The rows themselves, and then once more as one batch.
            held.try_grow(2 * bytes_of(&batch)?)?;
            batches.push(batch);
        }
        let all = concat_batches(input_schema.arrow(), &batches)?;
        let column = |name: &String| Ok(Arc::clone(all.column(input_schema.index_of(name)?)));
        let keys = self.keys.iter().map(column).collect::<Result<Vec<_>>>()?;
        let values = column(&self.column)?;
        let cancellation = &context.query().cancellation;
        let function = self.function.as_ref();
        let (mut columns, results) = grouped(&keys, &values, function, || cancellation.check())?;
        columns.push(results);
        let groups = RecordBatch::try_new(Arc::clone(schema.arrow()), columns)?;
        let most = context.query().config.batch_rows.max(1);
        let starts = (0..groups.num_rows()).step_by(most);
        let slices = starts.map(|start| groups.slice(start, most.min(groups.num_rows() - start)));
        Ok(slices.map(Ok).collect())
    }
}
