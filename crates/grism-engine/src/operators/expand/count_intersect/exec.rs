//! `CountIntersectExec`: how many ways there are in which edges from several nodes meet.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, UInt64Array};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{Result, Type};
use grism_logical::{Column, CountIntersect, LogicalPlan, SharedPlan};
use serde::{Deserialize, Serialize};

use super::meeting_count::{MeetingCount, MeetingRow};
use crate::batch::id_column;
use crate::operators::expand::edge_lists::EdgeLists;
use crate::{
    ExecutionContextTrait, OperatorRun, PhysicalSchema, RecordBatchStream, Unary, UnaryExec,
};

/// Counts the ways in which edges from the nodes of a row meet at one node, and makes no row for any.
///
/// ```text
/// a ──► c ◄── b      rows (a, b), the count over every c
/// ```
///
/// Output: input columns, then the count; 0 where a node is null. Works on any split of its input. Holds one batch, the
/// incidence lists it has met, and for each step but one a number for each node up to the largest neighbour met, which it
/// reserves memory for.
#[derive(Debug, Serialize, Deserialize)]
pub struct CountIntersectExec {
    count: CountIntersect,
}

impl CountIntersectExec {
    /// Runs `count`, whose logical input counts for nothing.
    #[must_use]
    pub fn new(count: &CountIntersect) -> Self {
        Self {
            count: CountIntersect {
                // The physical input stands beside it.
                input: SharedPlan::new(LogicalPlan::Unit),
                ..count.clone()
            },
        }
    }
}

#[typetag::serde]
impl Unary for CountIntersectExec {
    fn name(&self) -> &'static str {
        "CountIntersectExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(input.with([Column::new(&self.count.count, Type::Int64)]))
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        Some(format!(
            "the edges of {} rows are compared: filter the rows before",
            run.first_input()
        ))
    }

    fn describe(&self) -> String {
        self.count.describe()
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let mut input = own.run_input(&context)?;
        let steps = self.count.steps.iter();
        let lists = steps.map(|step| EdgeLists::new(&context, &step.tables));
        let (memory, lists) = (context.memory_manager(), lists.collect());
        let mut meeting = MeetingCount::new(self.count.clone(), lists, &memory);
        let cancellation = context.query().cancellation.clone();
        let schema = Arc::clone(own.schema().arrow());
        let counted = async_stream::try_stream! {
            while let Some(batch) = input.try_next().await? {
                let from = StepColumns::of(&batch, &meeting.count)?;
                for (place, ids) in from.ids.iter().enumerate() {
                    let direction = meeting.count.steps[place].direction;
                    meeting.lists[place].load(direction, ids).await?;
                }
                let through = from.most_changing();
                let mut counts = Vec::with_capacity(batch.num_rows());
                let (mut nodes, mut except) = (Vec::new(), vec![Vec::new(); from.ids.len()]);
                for row in 0..batch.num_rows() {
                    if row % ROWS_BETWEEN_LOOKS == 0 {
                        cancellation.check()?;
                    }
                    let count = match from.row(row, &mut nodes, &mut except) {
                        true => meeting.of(&MeetingRow { from: &nodes, except: &except }, through)?,
                        false => 0,
                    };
                    counts.push(count);
                }
                let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
                columns.push(Arc::new(Int64Array::from(counts)));
                yield RecordBatch::try_new(Arc::clone(&schema), columns)?;
            }
        };
        Ok(counted.boxed())
    }
}

/// Rows that are counted between two looks at whether the query is cancelled.
const ROWS_BETWEEN_LOOKS: usize = 256;

/// The columns that the steps read.
struct StepColumns {
    ids: Vec<UInt64Array>,
    except: Vec<Vec<UInt64Array>>,
}

impl StepColumns {
    fn of(batch: &RecordBatch, count: &CountIntersect) -> Result<Self> {
        let steps = count.steps.iter();
        let except = |columns: &[String]| -> Result<Vec<UInt64Array>> {
            columns
                .iter()
                .map(|column| id_column(batch, column))
                .collect()
        };
        Ok(Self {
            ids: steps
                .clone()
                .map(|step| id_column(batch, &step.from))
                .collect::<Result<_>>()?,
            except: steps
                .map(|step| except(&step.except))
                .collect::<Result<_>>()?,
        })
    }

    /// The step whose node changes most often from row to row: its edges are gone through, and those of the others stay
    /// counted.
    fn most_changing(&self) -> usize {
        let changes = |ids: &UInt64Array| {
            ids.values()
                .windows(2)
                .filter(|two| two[0] != two[1])
                .count()
        };
        let changes = self.ids.iter().map(changes).enumerate();
        changes
            .max_by_key(|(_, changes)| *changes)
            .map_or(0, |(step, _)| step)
    }

    /// Takes what stands in a row; `false` where a value is null, which nothing meets and nothing differs from.
    fn row(&self, row: usize, nodes: &mut Vec<u64>, except: &mut [Vec<u64>]) -> bool {
        nodes.clear();
        nodes.extend(self.ids.iter().map(|ids| ids.value(row)));
        let mut is_null = self.ids.iter().any(|ids| ids.is_null(row));
        for (edges, columns) in except.iter_mut().zip(&self.except) {
            edges.clear();
            edges.extend(columns.iter().map(|column| column.value(row)));
            is_null |= columns.iter().any(|column| column.is_null(row));
        }
        !is_null
    }
}
