//! `ProjectExec`: computed columns.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Result, Value};
use grism_functions::{SharedValues, may_be_large};
use grism_logical::{LogicalExpr, NamedExpr, PlanSchema};
use serde::{Deserialize, Serialize};

use super::parts::Parts;
use crate::batch::batch_of;
use crate::expr::schema_inference::build_project_schema;
use crate::operators::names::{comma_separated, shown};
use crate::{
    ExecutionContextTrait, ExprEvaluator, PhysicalSchema, PlanProperties, RecordBatchStream, Unary,
    UnaryExec,
};

/// What becomes of a large value that is computed once for many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Computed {
    /// Each row gets its own copy.
    Plain,
    /// Rows share it where it is the same for all.
    Constants,
    /// Rows share it, as they share what it is computed of.
    Shared,
}

/// A list or a map with fewer items is copied as fast as it is shared.
const FEW_ITEMS: usize = 8;

/// Computes exactly the given columns. Order and partitioning are the input's. Holds one batch.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProjectExec {
    expressions: Vec<NamedExpr>,
    computed: Computed,
}

impl ProjectExec {
    /// Computes each expression as the column of its name.
    #[must_use]
    pub fn new(expressions: Vec<NamedExpr>) -> Self {
        Self {
            expressions,
            computed: Computed::Plain,
        }
    }

    /// As [`Self::new`]; what is the same for all rows is shared, where it may be large.
    pub(crate) fn of_constants(expressions: Vec<NamedExpr>) -> Self {
        Self {
            expressions,
            computed: Computed::Constants,
        }
    }

    /// As [`Self::new`]; what is computed of one shared column, or of none, is shared as well, where it may be large.
    pub(crate) fn sharing(expressions: Vec<NamedExpr>) -> Self {
        Self {
            expressions,
            computed: Computed::Shared,
        }
    }

    /// Whether rows share the values of the expression, if they may be large.
    fn is_shared(&self, expression: &LogicalExpr, input: &PhysicalSchema) -> bool {
        match self.computed {
            Computed::Plain => false,
            Computed::Constants => is_large_constant(expression),
            Computed::Shared => {
                is_large_constant(expression) || reads_one_shared(expression, input)
            }
        }
    }

    /// Where each output column comes from, for those that are plain input columns: (input name, output name).
    fn renames(&self) -> impl Iterator<Item = (&str, &str)> {
        self.expressions
            .iter()
            .filter_map(|own| Some((own.source()?, own.name.as_str())))
    }
}

#[typetag::serde]
impl Unary for ProjectExec {
    fn name(&self) -> &'static str {
        "ProjectExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        let schema = build_project_schema(&self.expressions, input)?;
        if self.computed == Computed::Plain {
            return Ok(schema);
        }
        let columns = schema.columns().columns.iter().zip(&self.expressions);
        let columns = columns.map(|(column, own)| {
            match may_be_large(&column.ty) && self.is_shared(&own.expression, input) {
                true => column.clone().shared(),
                false => column.clone(),
            }
        });
        Ok(PlanSchema::new(columns.collect()).into())
    }

    fn properties(&self, _own: &UnaryExec, input: &PlanProperties) -> PlanProperties {
        PlanProperties::renamed(input, |column| {
            let mut renames = self.renames();
            let found = renames.find(|(source, _)| *source == column);
            found.map(|(_, name)| name.to_owned())
        })
    }

    fn describe(&self) -> String {
        let columns = self.expressions.iter().map(|own| {
            let (text, name) = (own.expression.to_string(), &own.name);
            if &text == name || shown(name).is_empty() {
                text
            } else {
                format!("{text} AS {name}")
            }
        });
        format!("Project({})", comma_separated(columns))
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let columns = self
            .expressions
            .iter()
            .zip(&own.schema().columns().columns)
            .map(|(computed, column)| match &computed.expression {
                // A column stays as it is, shared or not.
                LogicalExpr::Column(name) => {
                    own.input().schema().index_of(name).map(Projected::Column)
                }
                expression => {
                    let evaluator = ExprEvaluator::try_new(expression, own.input().schema())?;
                    let evaluator = Box::new(evaluator.for_query(context.query()));
                    Ok(match column.shared {
                        true => Projected::Shared(evaluator),
                        false => Projected::Computed(evaluator),
                    })
                }
            })
            .collect::<Result<Vec<_>>>()?;
        let schema = Arc::clone(own.schema().arrow());
        let mut input = own.run_input(&context)?;
        let projected = async_stream::try_stream! {
            while let Some(batch) = input.try_next().await? {
                let mut parts = Parts::of(batch);
                while let Some(part) = parts.next() {
                    match project(&columns, &schema, &part) {
                        Ok(projected) => yield projected,
                        Err(error) => parts.halve(part, error)?,
                    }
                }
            }
        };
        Ok(projected.boxed())
    }
}

/// How an output column is made.
enum Projected {
    /// The input column at this place.
    Column(usize),
    Computed(Box<ExprEvaluator>),
    /// Once for each value that rows share.
    Shared(Box<ExprEvaluator>),
}

/// Whether the expression has one value for all rows, which may have many items.
fn is_large_constant(expression: &LogicalExpr) -> bool {
    match expression {
        LogicalExpr::Literal(Value::List(items)) => items.len() >= FEW_ITEMS,
        LogicalExpr::Literal(Value::Map(entries)) => entries.len() >= FEW_ITEMS,
        LogicalExpr::Literal(_) => false,
        expression => expression.columns().is_empty() && !expression.is_volatile(),
    }
}

/// Whether the expression has one value for each value of one shared column.
pub(crate) fn reads_one_shared(expression: &LogicalExpr, input: &PhysicalSchema) -> bool {
    let columns = expression.columns();
    let shared = |name: &String| input.columns().find(name).is_some_and(|own| own.shared);
    columns.len() == 1 && columns.iter().all(shared) && !expression.is_volatile()
}

fn project(columns: &[Projected], schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = columns
        .iter()
        .map(|column| match column {
            Projected::Column(place) => Ok(Arc::clone(batch.column(*place))),
            Projected::Computed(evaluator) => evaluator.evaluate(batch),
            Projected::Shared(evaluator) => {
                let found = evaluator.evaluate_indexed(batch)?;
                match found.into_shared(batch.num_rows()) {
                    Ok(shared) => shared.into_column(),
                    Err(own) => SharedValues::of_rows(&own).into_column(),
                }
            }
        })
        .collect::<Result<Vec<_>>>()?;
    batch_of(schema, columns, batch.num_rows())
}
