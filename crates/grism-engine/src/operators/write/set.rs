//! What SET and REMOVE change.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use grism_core::{Error, Result, Value};
use grism_logical::{LabelChange, LogicalPlan, PropertiesMode, SetItem};

use super::clause_rows::{ClauseBatch, ClauseRows};
use super::order::reads_graph;
use super::row_sources::RowSet;
use super::writer::Writer;

impl Writer<'_> {
    /// Applies the items of one clause: all values, of every row, are computed over the graph as it was before it. Of two
    /// values for one property the last one counts.
    pub(super) async fn set(
        &mut self,
        plan: &LogicalPlan,
        items: &[SetItem],
        rows: &ClauseRows,
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let computed = self.evaluate_in_order(plan, rows).await?;
        self.apply(items, &computed).await
    }

    /// Applies the items of MERGE's ON MATCH SET. MERGE takes one row after the other, so that a row that meets an entity
    /// again finds what the row before it set; what rows set of different entities is computed together.
    pub(super) async fn set_in_turn(
        &mut self,
        plan: &LogicalPlan,
        items: &[SetItem],
        rows: &ClauseRows,
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let computed = self.evaluate_in_order(plan, rows).await?;
        let turns = if reads_graph(plan) {
            turns(items, &computed)?
        } else {
            HashMap::new()
        };
        if turns.is_empty() {
            return self.apply(items, &computed).await;
        }
        let mut first = RowSet::new();
        first.insert_range(0..computed.len() as u64);
        let mut later: Vec<Vec<u32>> = Vec::new();
        let waiting: RowSet = turns.keys().copied().collect();
        for (place, row) in waiting.iter().enumerate() {
            first.remove(row);
            let turn = turns.get(&row).copied().unwrap_or_default();
            if later.len() < turn {
                later.resize(turn, Vec::new());
            }
            later[turn - 1].push(place as u32);
        }
        self.apply(items, &computed.filtered(Arc::new(first)))
            .await?;
        drop(computed);
        let waiting = rows.filtered(Arc::new(waiting)).concat()?;
        for places in later {
            let rows = waiting.rows(&places)?.into_rows();
            let computed = self.evaluate_in_order(plan, &rows).await?;
            self.apply(items, &computed).await?;
        }
        Ok(())
    }

    async fn apply(&mut self, items: &[SetItem], computed: &ClauseRows) -> Result<()> {
        for batch in computed.batches() {
            let batch = batch?;
            for row in 0..batch.len() {
                for item in items {
                    self.set_item(item, &batch, row).await?;
                }
            }
        }
        Ok(())
    }

    async fn set_item(&mut self, item: &SetItem, rows: &ClauseBatch, row: usize) -> Result<()> {
        let target = rows.value(target(item), row)?;
        let Some(id) = target.entity_id() else {
            if target.is_null() {
                return Ok(());
            }
            return Err(Error::invalid_data(format!(
                "SET needs a node or a hyperedge, not {}",
                target.type_name()
            ))
            .with_code("TypeError:InvalidArgumentType"));
        };
        match item {
            SetItem::Property { key, value, .. } => {
                let value = rows.value(&value.0, row)?;
                self.target.set_property(id, key, value)
            }
            SetItem::Properties { value, mode, .. } => match rows.value(&value.0, row)? {
                Value::Map(entries) => self.set_properties(*mode, id, &entries),
                Value::Null => self.set_properties(*mode, id, &BTreeMap::new()),
                other => Err(Error::invalid_data(format!(
                    "properties are a map, not {}",
                    other.type_name()
                ))
                .with_code("TypeError:InvalidArgumentType")),
            },
            SetItem::Labels { labels, change, .. } => match change {
                LabelChange::Add => self.target.add_labels(id, labels).await,
                LabelChange::Remove => self.target.remove_labels(id, labels).await,
            },
        }
    }

    fn set_properties(
        &mut self,
        mode: PropertiesMode,
        id: u64,
        entries: &BTreeMap<String, Value>,
    ) -> Result<()> {
        match mode {
            PropertiesMode::Merge => self.target.merge_properties(id, entries),
            PropertiesMode::Replace => self.target.replace_properties(id, entries),
        }
    }
}

/// The rows that meet an entity again, by their numbers: how many rows before them they must wait for.
fn turns(items: &[SetItem], computed: &ClauseRows) -> Result<HashMap<u64, usize>> {
    let mut known = RowSet::new();
    // Of entities that are met again, and of those alone.
    let mut met: HashMap<u64, usize> = HashMap::new();
    let mut turns = HashMap::new();
    let mut number = 0;
    for batch in computed.batches() {
        let batch = batch?;
        for row in 0..batch.len() {
            let mut ids = Vec::new();
            for item in items {
                ids.extend(batch.value(target(item), row)?.entity_id());
            }
            let again = ids.iter().filter(|id| known.contains(**id));
            let turn = again
                .map(|id| met.get(id).copied().unwrap_or_default() + 1)
                .max()
                .unwrap_or_default();
            if turn > 0 {
                turns.insert(number, turn);
                met.extend(ids.iter().map(|id| (*id, turn)));
            }
            known.extend(ids);
            number += 1;
        }
    }
    Ok(turns)
}

/// The column of the entity that an item changes.
fn target(item: &SetItem) -> &str {
    match item {
        SetItem::Property { entity, .. }
        | SetItem::Properties { entity, .. }
        | SetItem::Labels { entity, .. } => &entity.0,
    }
}
