//! What MERGE finds or makes.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, UInt64Array};
use arrow::compute::interleave;
use arrow::datatypes::UInt64Type;
use grism_core::{Result, cast_column};
use grism_logical::{Column, LogicalPlan, MergeWrite, PlanSchema};

use super::clause_rows::{ClauseBatch, ClauseRows};
use super::merge_rows::{MergeRows, merge_rows};
use super::order::sorted;
use super::row_sources::RowSet;
use super::writer::{OutputRows, Writer};

/// What later rows get of those that created it: by the number of the row, the ids of what the pattern creates.
type MadeIds = HashMap<u64, Vec<Option<u64>>>;

impl Writer<'_> {
    /// Searches for every row, then creates what was not found, once for all rows that look for the same.
    pub(super) async fn merge(
        &mut self,
        plan: &LogicalPlan,
        merge: &MergeWrite,
        rows: &ClauseRows,
        before: &[String],
        mut output_rows: OutputRows,
    ) -> Result<ClauseRows> {
        // What an apply did not find stands behind what it did: rows go back to their order.
        let searched = self.search(&sorted(plan, rows)?).await?;
        let sets = merge.on_create.is_some() || merge.on_match.is_some();
        if sets {
            output_rows = OutputRows::Kept;
        }
        let roles = merge_rows(merge, &searched, output_rows, self.memory())?;
        let mut names = before.to_vec();
        names.extend(merge.variables.iter().map(|(name, _)| name.clone()));
        let (mut output, mut made_ids) = (self.buffer(), MadeIds::new());
        let mut first = 0;
        for batch in searched.batches() {
            let batch = batch?;
            let numbers = first..first + batch.len() as u64;
            first = numbers.end;
            let create: Vec<bool> = numbers.clone().map(|row| roles.creates(row)).collect();
            let made = self
                .create_batch(&merge.created, &batch, Some(&create))
                .await?;
            if output_rows == OutputRows::Dropped {
                continue;
            }
            let made = shared(made, numbers.start, &roles, &mut made_ids)?;
            let columns = united(merge, &batch, made, numbers.start, &roles)?;
            output.push(batch.with(columns)?.keep(&names)?.batch)?;
        }
        let all = output.finish(self.merged_schema(merge, &searched, &names).await?)?;
        drop(searched);
        let created = Arc::new(roles.created);
        if let Some((plan, items)) = &merge.on_create {
            let rows = all.filtered(Arc::clone(&created));
            self.set(plan, items, &rows).await?;
        }
        if let Some((plan, items)) = &merge.on_match {
            let mut matched = RowSet::new();
            matched.insert_range(0..all.len() as u64);
            matched -= &*created;
            let rows = all.filtered(Arc::new(matched));
            self.set_in_turn(plan, items, &rows).await?;
        }
        Ok(all)
    }

    /// The columns of the rows behind a MERGE, whose types are known once all is made.
    async fn merged_schema(
        &mut self,
        merge: &MergeWrite,
        searched: &ClauseRows,
        names: &[String],
    ) -> Result<PlanSchema> {
        let none = ClauseBatch::none(&searched.schema)?;
        let made = self.create_batch(&merge.created, &none, None).await?;
        let columns = united(merge, &none, made, 0, &MergeRows::default())?;
        Ok(none.with(columns)?.keep(names)?.schema)
    }
}

/// Columns of ids that were created in a batch: a row that looked for the same as one before it gets what that one made.
fn shared(
    made: Vec<(Column, ArrayRef)>,
    first: u64,
    roles: &MergeRows,
    made_ids: &mut MadeIds,
) -> Result<Vec<(Column, ArrayRef)>> {
    if roles.followed.is_empty() {
        return Ok(made);
    }
    let mut columns: Vec<(Column, Option<Vec<Option<u64>>>)> = Vec::new();
    let mut kept = Vec::new();
    for (column, array) in made {
        let ids = array.as_primitive_opt::<UInt64Type>();
        columns.push((column, ids.map(|ids| ids.iter().collect())));
        kept.push(array);
    }
    let rows = kept.first().map_or(0, |array| array.len());
    for row in 0..rows {
        let number = first + row as u64;
        if roles.followed.contains(number) {
            let ids = columns
                .iter()
                .map(|(_, ids)| ids.as_ref().and_then(|ids| ids[row]));
            made_ids.insert(number, ids.collect());
        }
        let creator = roles.creator(number);
        let Some(found) = creator.and_then(|creator| made_ids.get(&creator)) else {
            continue;
        };
        for ((_, ids), found) in columns.iter_mut().zip(found) {
            if let Some(ids) = ids {
                ids[row] = *found;
            }
        }
    }
    Ok(columns
        .into_iter()
        .zip(kept)
        .map(|((column, ids), array)| match ids {
            Some(ids) => (column, Arc::new(UInt64Array::from(ids)) as ArrayRef),
            None => (column, array),
        })
        .collect())
}

/// The columns of a pattern's variables: what was found, or what was created.
fn united(
    merge: &MergeWrite,
    searched: &ClauseBatch,
    made: Vec<(Column, ArrayRef)>,
    first: u64,
    roles: &MergeRows,
) -> Result<Vec<(Column, ArrayRef)>> {
    let mut columns = Vec::new();
    for (column, array) in made {
        let known = merge
            .variables
            .iter()
            .find(|(name, _)| name == &column.name);
        let Some((name, ty)) = known else {
            continue;
        };
        let wide = ty.unify(&column.ty);
        let (old, old_type) = searched.column(name)?;
        let old = cast_column(old, old_type, &wide)?;
        let new = cast_column(&array, &column.ty, &wide)?;
        let sources: Vec<(usize, usize)> = (0..searched.len())
            .map(|row| (usize::from(!roles.is_found(first + row as u64)), row))
            .collect();
        let both = interleave(&[old.as_ref(), new.as_ref()], &sources)?;
        columns.push((Column::new(name, wide), both));
    }
    Ok(columns)
}
