//! FOREACH and subqueries that write: their clauses run for each row, or for all rows at once where that gives the same.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array, new_null_array};
use arrow::compute::take;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism_core::{Error, Result, on_stack};
use grism_logical::{Column, LogicalExpr, LogicalPlan, PlanSchema, Rows, SharedPlan};

use super::clause_binder::{ClauseBinder, ClauseRange, NestedClause, NestedRows};
use super::clause_rows::ClauseRows;
use super::clauses::Clauses;
use crate::PhysicalSchema;

/// The rows behind a nested query, and what is bound there.
type Returned<B> = (ClauseRows, <B as ClauseBinder>::Bound);

impl<B: ClauseBinder> Clauses<'_, B> {
    /// Runs a nested query on the rows so far: the rows afterwards, and what is bound.
    pub(super) async fn nested(
        &mut self,
        nested: &NestedClause<B::Query, B::Bound>,
        rows: ClauseRows,
        state: B::Bound,
    ) -> Result<Returned<B>> {
        let mut inner = Vec::new();
        for bound in &nested.bound {
            inner.push(self.imported(bound, &rows).await?);
        }
        if nested.returns {
            return self.nested_rows(nested, rows, &inner, state).await;
        }
        // Where the query is planned over no rows, its clauses are planned too.
        let at_a_time = match self.writer.plans_only() {
            true => NestedRows::All,
            false => nested.rows,
        };
        if nested.is_foreach {
            // The list is read for all rows before anything is written.
            let range = |clauses| ClauseRange {
                query: &nested.query,
                branch: 0,
                clauses,
            };
            let end = self.binder.clauses(&nested.query, 0);
            let (first, own) = (inner.swap_remove(0), nested.bound[0].clone());
            let unwound = self.clauses(range(0..end.min(1)), first, own);
            let (elements, own) = on_stack(unwound).await?;
            for piece in pieces(&elements, at_a_time) {
                let run = self.clauses(range(end.min(1)..end), piece?, own.clone());
                on_stack(run).await?;
            }
        } else {
            for piece in branch_pieces(&inner, at_a_time) {
                self.nested_branches(nested, piece?).await?;
            }
        }
        Ok((rows, state))
    }

    /// The rows with the columns that a branch of a nested query sees.
    async fn imported(&self, bound: &B::Bound, rows: &ClauseRows) -> Result<ClauseRows> {
        let columns = self.binder.columns(bound);
        let names: Vec<String> = columns.names().map(str::to_owned).collect();
        if rows.schema.names().eq(names.iter().map(String::as_str)) {
            return Ok(rows.clone());
        }
        let plan = LogicalPlan::Argument(rows.schema.clone()).keep_columns(&names)?;
        self.writer.evaluate_in_order(&plan, rows).await
    }

    /// Runs every branch of a nested query on its rows: what each leaves, and what is bound there.
    async fn nested_branches(
        &mut self,
        nested: &NestedClause<B::Query, B::Bound>,
        rows: Vec<ClauseRows>,
    ) -> Result<Vec<Returned<B>>> {
        let mut returned = Vec::new();
        for (branch, rows) in rows.into_iter().enumerate() {
            let clauses = ClauseRange::all(&*self.binder, &nested.query, branch);
            let run = self.clauses(clauses, rows, nested.bound[branch].clone());
            returned.push(on_stack(run).await?);
        }
        Ok(returned)
    }

    /// What a nested query returns for some rows of the outer query, and what it binds.
    async fn returned(
        &mut self,
        nested: &NestedClause<B::Query, B::Bound>,
        rows: Vec<ClauseRows>,
    ) -> Result<Returned<B>> {
        let mut returned = self.nested_branches(nested, rows).await?;
        if returned.len() == 1 {
            return Ok(returned.swap_remove(0));
        }
        // The branches return the same variables, each in columns of its own.
        let mut branches = Vec::new();
        for (rows, bound) in &returned {
            let variables = self.binder.variables(bound).into_iter();
            let expressions =
                variables.map(|(name, column)| LogicalExpr::column(&column).named(name));
            let named = LogicalPlan::Project {
                input: SharedPlan::new(LogicalPlan::Argument(rows.schema.clone())),
                expressions: expressions.collect(),
            };
            branches.push(self.writer.evaluate_in_order(&named, rows).await?);
        }
        let united = self.united(&nested.query, branches).await?;
        let (_, bound) = returned.swap_remove(0);
        let columns = united.schema.names().zip(self.binder.variables(&bound));
        let expressions =
            columns.map(|(name, (_, column))| LogicalExpr::column(name).named(column));
        let renamed = LogicalPlan::Project {
            input: SharedPlan::new(LogicalPlan::Argument(united.schema.clone())),
            expressions: expressions.collect(),
        };
        Ok((
            self.writer.evaluate_in_order(&renamed, &united).await?,
            bound,
        ))
    }

    /// Runs a nested query that returns rows, for one row after the other: each row with what is returned for it.
    async fn nested_rows(
        &mut self,
        nested: &NestedClause<B::Query, B::Bound>,
        rows: ClauseRows,
        inner: &[ClauseRows],
        state: B::Bound,
    ) -> Result<Returned<B>> {
        let mut made: Option<(PlanSchema, B::Bound)> = None;
        let mut answers: Vec<(RecordBatch, Option<ClauseRows>)> = Vec::new();
        for (outer, inner) in
            pieces(&rows, NestedRows::One).zip(branch_pieces(inner, NestedRows::One))
        {
            let outer = outer?.concat()?.batch;
            let (found, bound) = self.returned(nested, inner?).await?;
            self.binder.check_returned(&state, &bound)?;
            made = Some(match made {
                None => (found.schema.clone(), bound),
                // A later row may find or make entities of tables that an earlier one did not know.
                Some((known, bound)) => (unified(&known, &found.schema)?, bound),
            });
            if !found.is_empty() || nested.optional {
                answers.push((outer, Some(found).filter(|found| !found.is_empty())));
            }
        }
        let Some((returned, bound)) = made else {
            // Without rows the types of what would be returned are not known.
            let none = inner
                .iter()
                .map(|rows| ClauseRows::none(rows.schema.clone()));
            let (found, bound) = self.returned(nested, none.collect()).await?;
            self.binder.check_returned(&state, &bound)?;
            let schema = joined(&rows.schema, &found.schema);
            let state = self.binder.with_returned(state, bound, &schema);
            return Ok((ClauseRows::none(schema), state));
        };
        let schema = joined(&rows.schema, &returned);
        let physical = PhysicalSchema::from(schema.clone());
        let mut output = self.writer.buffer();
        for (outer, found) in answers {
            match found {
                Some(found) => {
                    for batch in found.batches() {
                        let batch = batch?.converted(&returned)?;
                        let mut columns = repeated(&outer, batch.num_rows())?;
                        columns.extend(batch.columns().iter().cloned());
                        output.push(with_rows(&physical, columns, batch.num_rows())?)?;
                    }
                }
                None => {
                    let mut columns = outer.columns().to_vec();
                    for column in &returned.columns {
                        columns.push(new_null_array(&column.ty.to_arrow(), 1));
                    }
                    output.push(with_rows(&physical, columns, 1)?)?;
                }
            }
        }
        let state = self.binder.with_returned(state, bound, &schema);
        Ok((output.finish(schema)?, state))
    }
}

/// The rows one by one, or all of them.
fn pieces(
    rows: &ClauseRows,
    at_a_time: NestedRows,
) -> Box<dyn Iterator<Item = Result<ClauseRows>> + Send> {
    if at_a_time == NestedRows::All {
        return Box::new(std::iter::once(Ok(rows.clone())));
    }
    let schema = rows.schema.clone();
    Box::new(rows.batches().flat_map(move |batch| {
        let schema = schema.clone();
        let rows: Vec<Result<ClauseRows>> = match batch {
            Ok(batch) => (0..batch.len())
                .map(|row| {
                    let row = batch.batch.slice(row, 1);
                    Ok(ClauseRows::new(schema.clone(), Rows::new(vec![row])))
                })
                .collect(),
            Err(error) => vec![Err(error)],
        };
        rows
    }))
}

/// The rows of each branch, one row of each at a time, or all of them.
fn branch_pieces(
    branches: &[ClauseRows],
    at_a_time: NestedRows,
) -> impl Iterator<Item = Result<Vec<ClauseRows>>> + Send {
    let mut branches: Vec<_> = branches
        .iter()
        .map(|rows| pieces(rows, at_a_time))
        .collect();
    std::iter::from_fn(move || branches.iter_mut().map(Iterator::next).collect())
        .map(|pieces: Vec<Result<ClauseRows>>| pieces.into_iter().collect())
}

/// The one row of `outer`, so many times.
fn repeated(outer: &RecordBatch, rows: usize) -> Result<Vec<ArrayRef>> {
    let places = UInt32Array::from(vec![0; rows]);
    let columns = outer.columns().iter();
    columns
        .map(|column| Ok(take(column, &places, None)?))
        .collect()
}

fn with_rows(schema: &PhysicalSchema, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(Arc::clone(schema.arrow()), columns, &options)?;
    Ok(batch)
}

/// Columns that hold the values of both, which have the same names.
pub(super) fn unified(first: &PlanSchema, second: &PlanSchema) -> Result<PlanSchema> {
    let mut schema = first.clone();
    for column in &mut schema.columns {
        let other = second
            .find(&column.name)
            .ok_or_else(|| Error::internal("a subquery returns the same columns for each row"))?;
        column.ty = column.ty.unify(&other.ty);
    }
    Ok(schema)
}

fn joined(outer: &PlanSchema, returned: &PlanSchema) -> PlanSchema {
    let mut schema = outer.clone();
    for column in &returned.columns {
        schema.put(Column::new(&column.name, column.ty.clone()));
    }
    schema
}
