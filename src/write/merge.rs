//! What MERGE finds or makes.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, UInt32Array};
use arrow::compute::take;
use grism_core::{Error, Result, Type, Value, cast_column, encode_any};
use grism_cypher::{BoundWrite, MergeWrite};
use grism_logical::Column;

use super::found::{Found, row_order, with_passed_through};
use super::{ROW, Writer};

impl Writer<'_> {
    pub(super) async fn merge(
        &mut self,
        write: &BoundWrite,
        merge: &MergeWrite,
        rows: Found,
        before: &[String],
    ) -> Result<Found> {
        let numbers: Int64Array = (0..rows.batch.num_rows() as i64).collect();
        let numbered = rows.with(vec![(
            Column::new(ROW, Type::Int64),
            Arc::new(numbers) as ArrayRef,
        )])?;
        let plan = with_passed_through(&write.plan, &numbered)?;
        let searched = self.evaluate(&plan).await?;
        check_merge_keys(merge, &searched)?;
        // What an apply did not find stands behind what it did: rows go back to their order.
        let order = row_order(&searched)?;
        let searched = searched.rows(&order)?;
        let count = searched.batch.num_rows();
        let mut first_of: HashMap<Vec<u8>, usize> = HashMap::new();
        let (mut create, mut same) = (vec![false; count], vec![None; count]);
        let mut found = vec![false; count];
        for row in 0..count {
            if searched.value(&merge.found, row)? == Value::Bool(true) {
                found[row] = true;
                continue;
            }
            let key = merge_key(merge, &searched, row)?;
            match first_of.get(&key) {
                Some(first) => same[row] = Some(*first),
                None => {
                    first_of.insert(key, row);
                    create[row] = true;
                }
            }
        }
        let made = self
            .create(&merge.created, &searched, Some(&create))
            .await?;
        // A row that looked for the same as one before it gets what that one created.
        let places: UInt32Array = (0..count)
            .map(|row| Some(same[row].unwrap_or(row) as u32))
            .collect();
        let mut columns = Vec::new();
        for (column, array) in made {
            let array = take(&array, &places, None)?;
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
            let sources: Vec<(usize, usize)> = (0..count)
                .map(|row| (usize::from(!found[row]), row))
                .collect();
            let both = arrow::compute::interleave(&[old.as_ref(), new.as_ref()], &sources)?;
            columns.push((Column::new(name, wide), both));
        }
        let mut names = before.to_vec();
        names.extend(merge.variables.iter().map(|(name, _)| name.clone()));
        let all = searched.with(columns)?.keep(&names)?;
        let picked = |flag: &dyn Fn(usize) -> bool| -> Vec<u32> {
            (0..count)
                .filter(|row| flag(*row))
                .map(|row| row as u32)
                .collect()
        };
        if let Some((plan, items)) = &merge.on_create {
            let rows = all.rows(&picked(&|row| create[row]))?;
            self.set(plan, items, &rows).await?;
        }
        if let Some((plan, items)) = &merge.on_match {
            let rows = all.rows(&picked(&|row| !create[row]))?;
            self.set(plan, items, &rows).await?;
        }
        Ok(all)
    }
}

/// A property that is null is found nowhere, and cannot be created either.
fn check_merge_keys(merge: &MergeWrite, rows: &Found) -> Result<()> {
    let entities = merge.created.entities.iter();
    let properties = entities
        .filter_map(|entity| entity.properties.as_ref())
        .chain(
            merge
                .created
                .edges
                .iter()
                .filter_map(|edge| edge.properties.as_ref()),
        );
    for column in properties {
        for row in 0..rows.batch.num_rows() {
            if let Value::Map(entries) = rows.value(column, row)?
                && let Some((key, _)) = entries.iter().find(|(_, value)| value.is_null())
            {
                return Err(Error::invalid_query(format!(
                    "MERGE cannot look for the property `{key}`, which is null"
                ))
                .with_code("SemanticError:MergeReadOwnWrites"));
            }
        }
    }
    Ok(())
}

/// What a row of a MERGE looks for, as bytes.
fn merge_key(merge: &MergeWrite, rows: &Found, row: usize) -> Result<Vec<u8>> {
    let undirected = merge.created.edges.iter().find(|edge| edge.undirected);
    let mut values = Vec::new();
    for (column, _) in &merge.keys {
        values.push((column, rows.value(column, row)?));
    }
    if let Some(edge) = undirected {
        // An edge in either direction: the ends have no order.
        let ends: Vec<usize> = values
            .iter()
            .enumerate()
            .filter(|(_, (column, _))| **column == edge.source || **column == edge.target)
            .map(|(place, _)| place)
            .collect();
        if let [first, second] = ends[..]
            && values[first].1.entity_id() > values[second].1.entity_id()
        {
            let (a, b) = (values[first].1.clone(), values[second].1.clone());
            values[first].1 = b;
            values[second].1 = a;
        }
    }
    let list = Value::List(values.into_iter().map(|(_, value)| value).collect());
    grism_core::key_of_any(&encode_any(&list))
}
