//! `CountExpandExec`: how many edges or incidences an entity has, from the lengths of its lists.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, UInt64Array};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{EntityId, IncidenceSegment, Result, SOURCE_ROLE, TARGET_ROLE, TableId, Type};
use grism_logical::{Column, CountExpand, CountedHop, Direction, LogicalPlan, SharedPlan};
use serde::{Deserialize, Serialize};

use super::expansion::IncidenceReader;
use super::segment_groups::by_segments;
use crate::batch::id_column;
use crate::{
    ExecutionContextTrait, OperatorRun, PhysicalSchema, RecordBatchStream, Unary, UnaryExec,
};

/// Counts the edges or incidences of an entity without making a row for each.
///
/// Output: input columns, then the count; 0 for a null entity. Works on any split of its input. Holds one batch and the
/// incidence lists it has met.
#[derive(Debug, Serialize, Deserialize)]
pub struct CountExpandExec {
    expand: CountExpand,
}

impl CountExpandExec {
    /// Runs `expand`, whose logical input counts for nothing.
    #[must_use]
    pub fn new(expand: &CountExpand) -> Self {
        Self {
            expand: CountExpand {
                // The physical input stands beside it.
                input: SharedPlan::new(LogicalPlan::Unit),
                ..expand.clone()
            },
        }
    }

    /// The lists that are counted.
    fn lists(&self) -> Vec<CountedList> {
        let list = |table: TableId, index: usize, role: &str, skip_loops: bool| CountedList {
            table,
            index,
            role: role.to_owned(),
            skip_loops,
        };
        let of = |table: TableId| match &self.expand.hop {
            CountedHop::Edges(Direction::Out) => vec![list(table, 0, SOURCE_ROLE, false)],
            CountedHop::Edges(Direction::In) => vec![list(table, 1, TARGET_ROLE, false)],
            // A self-loop stands in both lists, and counts once.
            CountedHop::Edges(Direction::Both) => vec![
                list(table, 0, SOURCE_ROLE, false),
                list(table, 1, TARGET_ROLE, true),
            ],
            CountedHop::Roles(roles) => {
                let numbered = roles.iter().enumerate();
                numbered
                    .map(|(index, role)| list(table, index, role, false))
                    .collect()
            }
        };
        self.expand
            .tables
            .iter()
            .flat_map(|table| of(*table))
            .collect()
    }
}

/// One list of each entity.
struct CountedList {
    table: TableId,
    /// Which of the operator's lists of this table.
    index: usize,
    role: String,
    skip_loops: bool,
}

#[typetag::serde]
impl Unary for CountExpandExec {
    fn name(&self) -> &'static str {
        "CountExpandExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(input.with([Column::new(&self.expand.count, Type::Int64)]))
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        Some(format!(
            "the lists of {} rows are counted: filter the rows before",
            run.first_input()
        ))
    }

    fn describe(&self) -> String {
        self.expand.describe()
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let input = own.run_input(&context)?;
        let snapshot = Arc::clone(&context.query().snapshot);
        let lists = self.lists();
        let mut reader = IncidenceReader::new(&context);
        let looks_inside = |list: &CountedList| list.skip_loops;
        if self.expand.restrict.is_none()
            && self.expand.except.is_empty()
            && !lists.iter().any(looks_inside)
        {
            reader = reader.of_lengths();
        }
        let mut input = if reader.reads_lengths() {
            input
        } else {
            let roles = lists.iter().map(|list| (list.table, list.role.as_str()));
            by_segments(input, &self.expand.from, roles, &context)
        };
        // A type without the role has no list of it.
        let known = |list: &CountedList| {
            let table = snapshot.schema().table(list.table).ok();
            table
                .and_then(|table| table.hyperedge_type()?.role(&list.role))
                .is_some()
        };
        let lists: Vec<CountedList> = lists.into_iter().filter(known).collect();
        let (expand, schema) = (self.expand.clone(), Arc::clone(own.schema().arrow()));
        let counted = async_stream::try_stream! {
            while let Some(batch) = input.try_next().await? {
                let ids = id_column(&batch, &expand.from)?;
                let except = expand
                    .except
                    .iter()
                    .map(|column| id_column(&batch, column))
                    .collect::<Result<Vec<UInt64Array>>>()?;
                let mut counts = vec![0i64; ids.len()];
                let mut left_out = Vec::new();
                reader.begin_batch(&ids);
                for list in &lists {
                    reader.load(list.table, list.index, &list.role, &ids).await?;
                    for (row, count) in counts.iter_mut().enumerate() {
                        // What is to differ from null is none.
                        if ids.is_null(row) || except.iter().any(|column| column.is_null(row)) {
                            continue;
                        }
                        let member = ids.value(row);
                        let Some((segment, local)) = reader.segment(list.table, list.index, member) else { continue };
                        left_out.clear();
                        for column in &except {
                            // Two columns may hold one hyperedge.
                            if !left_out.contains(&column.value(row)) {
                                left_out.push(column.value(row));
                            }
                        }
                        *count += count_of(segment, local, member, list, &expand, &left_out);
                    }
                }
                let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
                columns.push(Arc::new(Int64Array::from(counts)));
                yield RecordBatch::try_new(Arc::clone(&schema), columns)?;
            }
        };
        Ok(counted.boxed())
    }
}

/// How many entries of a member's list count.
fn count_of(
    segment: &IncidenceSegment,
    local: usize,
    member: u64,
    list: &CountedList,
    expand: &CountExpand,
    except: &[u64],
) -> i64 {
    let range = segment.range(local);
    let counts = |place: usize| {
        if segment.opposites.is_empty() {
            return true;
        }
        let other = segment.opposites.at(place);
        let allowed =
            |tables: &grism_core::Tables| tables.contains(&EntityId::from_raw(other).table());
        !(list.skip_loops && other == member) && expand.restrict.as_ref().is_none_or(allowed)
    };
    let all = if list.skip_loops || expand.restrict.is_some() {
        range.clone().filter(|place| counts(*place)).count()
    } else {
        range.len()
    };
    // A member's hyperedges ascend; in a role that is bound many times one may stand there more than once.
    let own = &segment.hyperedges;
    let left_out: usize = except
        .iter()
        .map(|hyperedge| {
            let first = own.lower_bound(range.clone(), *hyperedge);
            (first..range.end)
                .take_while(|place| own.at(*place) == *hyperedge)
                .filter(|place| counts(*place))
                .count()
        })
        .sum();
    all as i64 - left_out as i64
}
