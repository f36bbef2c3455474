//! `CountExpandExec`: how many edges or incidences an entity has, from the lengths of its lists.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, UInt64Array};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{EntityId, IncidenceSegment, Result, Type};
use grism_logical::{Column, CountExpand, CountedHop, LogicalPlan, SharedPlan};
use serde::{Deserialize, Serialize};

use super::expansion::IncidenceReader;
use super::member_lists::MemberLists;
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

    /// The roles of the lists that are counted, and the number of the one in which self-loops do not count.
    fn roles(&self) -> (Vec<String>, Option<usize>) {
        match &self.expand.hop {
            CountedHop::Edges(direction) => {
                let (roles, without_loops) = direction.roles();
                let roles = roles.iter().map(|role| (*role).to_owned());
                (roles.collect(), without_loops)
            }
            CountedHop::Roles(roles) => (roles.clone(), None),
        }
    }
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
        let (roles, without_loops) = self.roles();
        let mut lists = MemberLists::new(&snapshot, &self.expand.tables, &roles)?;
        let mut reader = IncidenceReader::new(&context);
        if self.expand.restrict.is_none()
            && self.expand.except.is_empty()
            && without_loops.is_none()
        {
            reader = reader.of_lengths();
        }
        let mut input = if reader.reads_lengths() {
            input
        } else {
            let all = lists.all().iter();
            let all = all.map(|list| (list.table, list.name.as_str()));
            by_segments(input, &self.expand.from, all, &context)
        };
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
                let (mut left_out, mut own_lists) = (Vec::new(), Vec::new());
                lists.load(&mut reader, &ids).await?;
                for (row, count) in counts.iter_mut().enumerate() {
                    // Nothing is known to differ from null.
                    if ids.is_null(row) || except.iter().any(|column| column.is_null(row)) {
                        continue;
                    }
                    let member = ids.value(row);
                    left_out.clear();
                    for column in &except {
                        // Two columns may hold one hyperedge.
                        if !left_out.contains(&column.value(row)) {
                            left_out.push(column.value(row));
                        }
                    }
                    lists.of_member(member, &mut own_lists);
                    for number in &own_lists {
                        let number = *number as usize;
                        let list = &lists.all()[number];
                        let Some((segment, local)) = reader.segment(number, member) else { continue };
                        let skips_loops = without_loops == Some(list.role);
                        *count += count_of(segment, local, member, skips_loops, &expand, &left_out);
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
    skip_loops: bool,
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
        !(skip_loops && other == member) && expand.restrict.as_ref().is_none_or(allowed)
    };
    let all = if skip_loops || expand.restrict.is_some() {
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
