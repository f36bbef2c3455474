//! `RepeatExec`: paths of a pattern that is repeated, and the shortest of them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, LargeBinaryArray, ListArray, StringArray, StructArray,
    UInt32Array, UInt64Array, new_empty_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism_core::{Error, Result, Type, Value, batch_bytes, compact_slices, decode_any};
use grism_logical::optimizer::Facts;
use grism_logical::{Column, ListHop, LogicalPlan, Repeat, SharedPlan};
use serde::{Deserialize, Serialize};

use super::expansion::paths_advice;
use super::levels::{LevelsSearch, search_levels};
use super::path_rows::PathRows;
use super::path_search::{Hops, NextHop, PathQuery, Paths, search_paths};
use crate::batch::{batch_of, id_column, take_columns};
use crate::{
    ArgumentContext, ExecutionContextTrait, OperatorRun, PhysicalOperator, PhysicalSchema,
    RecordBatchStream, Unary, UnaryExec, run,
};

/// Follows a pattern from an entity again and again, level by level: the repetition is a plan of its own, which runs
/// once a level for the last entities of all partial paths.
///
/// ```text
/// partial paths ──► repetition ──► rows: which path they go on from, where they lead, what they take and collect
///       ▲                                   │
///       └── those that take nothing twice ──┘
/// ```
///
/// Output: input columns, a list for each collected column, the last entity. A null start gives no row. Works on any
/// split of its input; scans within the repetition read everything. Holds the partial paths of some rows of a batch,
/// which it reserves memory for, and the repetition's rows.
#[derive(Debug, Serialize, Deserialize)]
pub struct RepeatExec {
    hop: Arc<dyn PhysicalOperator>,
    /// The column of the partial path's number, which the repetition hands through.
    row: String,
    repeat: Repeat,
}

impl RepeatExec {
    /// Runs `hop`, whose argument is the input with the start and the column `row`.
    #[must_use]
    pub fn new(hop: Arc<dyn PhysicalOperator>, row: String, repeat: &Repeat) -> Self {
        Self {
            hop,
            row,
            repeat: Repeat {
                // The physical plans stand beside it.
                input: SharedPlan::new(LogicalPlan::Unit),
                hop: SharedPlan::new(LogicalPlan::Unit),
                ..repeat.clone()
            },
        }
    }
}

#[typetag::serde]
impl Unary for RepeatExec {
    fn name(&self) -> &'static str {
        "RepeatExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(input.with(self.repeat.columns(self.hop.schema().columns())))
    }

    fn estimated_rows(&self, _own: &UnaryExec, inputs: &[f64], _facts: Facts<'_>) -> f64 {
        let growth = (inputs[1] / inputs[0].max(1.0)).max(1.0);
        inputs[0] * growth.powi(self.repeat.most.unwrap_or(4).min(8) as i32)
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        Some(paths_advice(run, self.repeat.most, "repetitions"))
    }

    fn subplan(&self) -> Option<&Arc<dyn PhysicalOperator>> {
        Some(&self.hop)
    }

    fn with_new_subplan(&self, hop: Arc<dyn PhysicalOperator>) -> Result<Arc<dyn Unary>> {
        Ok(Arc::new(Self::new(hop, self.row.clone(), &self.repeat)))
    }

    fn describe(&self) -> String {
        self.repeat.describe()
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let input = own.run_input(&context)?;
        let argument = own.input().schema().with([
            Column::new(&self.repeat.start, self.repeat.start_type.clone()),
            Column::new(&self.row, Type::Int64),
        ]);
        let hops = PatternHops {
            context: Arc::clone(&context),
            hop: Arc::clone(&self.hop),
            row: self.row.clone(),
            repeat: self.repeat.clone(),
            argument,
            schema: own.schema().clone(),
            batch: RecordBatch::new_empty(Arc::clone(own.input().schema().arrow())),
            batches: Vec::new(),
            bytes: 0,
            steps: Vec::new(),
            used: Vec::new(),
            roles: HashMap::new(),
        };
        let query = PathQuery {
            from: self.repeat.from.clone(),
            target: self.repeat.target.clone(),
            least: self.repeat.least,
            most: self.repeat.most,
            search: self.repeat.search,
            mode: self.repeat.mode,
            prunable: self.repeat.prunable,
            directed: self
                .repeat
                .lists
                .as_deref()
                .is_some_and(ListHop::lead_one_way),
            restrict: self.repeat.restrict.clone(),
        };
        if let Some(ways) = &self.repeat.lists {
            let length = self.repeat.length.as_ref();
            let search = LevelsSearch {
                query,
                ways: ways.clone(),
                length_of_hop: length.map_or(0, |length| length.of_one),
                rows: PathRows::of_ends(own.schema(), length.is_some()),
                hops,
            };
            return Ok(search_levels(input, search, &context));
        }
        Ok(search_paths(input, query, hops, &context))
    }
}

/// A relationship: a binary edge, or an incidence by its hyperedge, role and position.
type Taken = (u64, u32, i64);

const NO_ROLE: u32 = u32::MAX;

/// Hops that a plan makes.
struct PatternHops {
    context: Arc<dyn ExecutionContextTrait>,
    hop: Arc<dyn PhysicalOperator>,
    row: String,
    repeat: Repeat,
    argument: PhysicalSchema,
    schema: PhysicalSchema,
    /// The input rows that paths start from.
    batch: RecordBatch,
    /// The rows of repetitions.
    batches: Vec<RecordBatch>,
    /// What they take in memory.
    bytes: usize,
    /// Of each repetition: its batch and its row there.
    steps: Vec<(u32, u32)>,
    /// What each repetition takes, as many things each.
    used: Vec<Taken>,
    /// The roles met so far, numbered.
    roles: HashMap<String, u32>,
}

impl Hops for PatternHops {
    /// The number of the repetition.
    type Step = u32;

    fn begin(&mut self, batch: &RecordBatch) -> Result<()> {
        self.batch = batch.clone();
        self.batches.clear();
        self.bytes = 0;
        self.steps.clear();
        self.used.clear();
        Ok(())
    }

    async fn next(&mut self, paths: &Paths<u32>, places: &[u32]) -> Result<Vec<NextHop<u32>>> {
        let rows: UInt32Array = places.iter().map(|path| Some(paths.row(*path))).collect();
        let starts: UInt64Array = places.iter().map(|path| Some(paths.node(*path))).collect();
        let numbers: Int64Array = (0..places.len() as i64).collect();
        let mut columns = take_columns(&self.batch, &rows)?;
        columns.push(Arc::new(starts));
        columns.push(Arc::new(numbers));
        let argument = RecordBatch::try_new(Arc::clone(self.argument.arrow()), columns)?;
        let inner: Arc<dyn ExecutionContextTrait> =
            Arc::new(ArgumentContext::new(Arc::clone(&self.context), argument));
        let mut stream = run(&self.hop, &inner)?;
        let mut hops = Vec::new();
        while let Some(made) = stream.try_next().await? {
            let number = made
                .column_by_name(&self.row)
                .and_then(|column| column.as_primitive_opt::<Int64Type>().cloned())
                .ok_or_else(|| Error::internal("a repetition lost the number of its path"))?;
            let ends = id_column(&made, &self.repeat.end)?;
            for row in 0..made.num_rows() {
                if ends.is_valid(row) {
                    hops.push(NextHop {
                        place: number.value(row) as usize,
                        to: ends.value(row),
                        step: self.steps.len() as u32,
                    });
                }
                self.steps.push((self.batches.len() as u32, row as u32));
            }
            self.take(&made)?;
            let made = compact_slices(made)?;
            self.bytes += batch_bytes(&made);
            self.batches.push(made);
        }
        hops.sort_by_key(|hop| hop.place);
        Ok(hops)
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn clash(&self, a: u32, b: u32) -> bool {
        let width = self.repeat.used.len();
        let of = |step: u32| &self.used[step as usize * width..][..width];
        of(a).iter().any(|taken| of(b).contains(taken))
    }

    fn output(
        &self,
        batch: &RecordBatch,
        paths: &Paths<u32>,
        found: &[u32],
    ) -> Result<RecordBatch> {
        let rows: UInt32Array = found.iter().map(|path| Some(paths.row(*path))).collect();
        let mut columns = take_columns(batch, &rows)?;
        let (mut places, mut lengths) = (Vec::new(), Vec::new());
        for path in found {
            let first = places.len();
            places.extend(paths.backwards(*path).map(|(step, _)| {
                let (batch, row) = self.steps[step as usize];
                (batch as usize, row as usize)
            }));
            places[first..].reverse();
            lengths.push(places.len() - first);
        }
        for collected in &self.repeat.collected {
            let field = self.schema.arrow().field_with_name(&collected.into)?;
            let DataType::List(item) = field.data_type() else {
                return Err(Error::internal("what is collected is no list"));
            };
            let pieces: Vec<&dyn Array> = self
                .batches
                .iter()
                .filter_map(|batch| batch.column_by_name(&collected.column))
                .map(AsRef::as_ref)
                .collect();
            let item_type = match collected.flatten {
                true => field.data_type(),
                false => item.data_type(),
            };
            let items = if places.is_empty() {
                new_empty_array(item_type)
            } else {
                interleave(&pieces, &places)?
            };
            let list = if collected.flatten {
                flattened(items.as_list::<i32>(), &lengths)
            } else {
                let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
                ListArray::try_new(Arc::clone(item), offsets, items, None)
            };
            columns.push(Arc::new(list?) as ArrayRef);
        }
        if let Some(length) = &self.repeat.length {
            let of_paths = lengths
                .iter()
                .map(|hops| *hops as i64 * length.of_one as i64);
            columns.push(Arc::new(Int64Array::from_iter_values(of_paths)));
        }
        let last: UInt64Array = found.iter().map(|path| Some(paths.node(*path))).collect();
        columns.push(Arc::new(last));
        batch_of(self.schema.arrow(), columns, found.len())
    }
}

impl PatternHops {
    fn role_number(&mut self, role: &str) -> u32 {
        let known = self.roles.len() as u32;
        match self.roles.get(role) {
            Some(number) => *number,
            None => {
                self.roles.insert(role.to_owned(), known);
                known
            }
        }
    }

    /// What relationships of both kinds take.
    fn taken_values(&mut self, values: &LargeBinaryArray) -> Result<Vec<Taken>> {
        let taken = values
            .iter()
            .flatten()
            .map(|value| match decode_any(value)? {
                Value::Incidence(incidence) => {
                    let role = self.role_number(&incidence.role);
                    Ok((incidence.hyperedge.id, role, incidence.position))
                }
                Value::Hyperedge(edge) => Ok((edge.id, NO_ROLE, 0)),
                _ => Err(Error::internal(
                    "a repetition takes what is no relationship",
                )),
            });
        taken.collect()
    }

    /// Notes what each row of `made` takes.
    fn take(&mut self, made: &RecordBatch) -> Result<()> {
        let lost = || Error::internal("a repetition lost what it takes");
        let mut columns = Vec::new();
        for name in self.repeat.used.clone() {
            let column = made.column_by_name(&name).ok_or_else(lost)?;
            if let Some(values) = column.as_binary_opt::<i64>() {
                columns.push(self.taken_values(values)?);
                continue;
            }
            let taken: Vec<Taken> = match column.as_any().downcast_ref::<StructArray>() {
                None => {
                    let edges = column.as_primitive_opt::<UInt64Type>().ok_or_else(lost)?;
                    let edges = edges.values().iter();
                    edges.map(|edge| (*edge, NO_ROLE, 0)).collect()
                }
                Some(incidences) => {
                    let part = |name: &str| incidences.column_by_name(name).ok_or_else(lost);
                    let hyperedges = part("hyperedge")?.as_primitive::<UInt64Type>();
                    let positions = part("position")?.as_primitive::<Int64Type>();
                    let roles: &StringArray = part("role")?.as_string();
                    (0..made.num_rows())
                        .map(|row| {
                            let role = self.role_number(roles.value(row));
                            (hyperedges.value(row), role, positions.value(row))
                        })
                        .collect()
                }
            };
            columns.push(taken);
        }
        for row in 0..made.num_rows() {
            self.used.extend(columns.iter().map(|column| column[row]));
        }
        Ok(())
    }
}

/// The elements of as many lists as `lengths` says, one after the other, as one list each.
fn flattened(
    lists: &ListArray,
    lengths: &[usize],
) -> std::result::Result<ListArray, arrow::error::ArrowError> {
    let DataType::List(field) = lists.data_type() else {
        return Err(arrow::error::ArrowError::SchemaError("not a list".into()));
    };
    let mut first = 0;
    let sums = lengths.iter().map(|length| {
        let own = first..first + length;
        first += length;
        own.map(|at| lists.value_length(at) as usize).sum::<usize>()
    });
    let offsets = OffsetBuffer::from_lengths(sums);
    let (start, end) = (lists.value_offsets()[0], lists.value_offsets()[lists.len()]);
    let values = lists.values().slice(start as usize, (end - start) as usize);
    ListArray::try_new(Arc::clone(field), offsets, values, None)
}
