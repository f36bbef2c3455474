//! What SET, REMOVE and DELETE change.

use std::collections::{BTreeMap, HashSet};

use grism_core::{Error, Result, Type, Value};
use grism_cypher::SetItem;
use grism_logical::LogicalPlan;

use super::Writer;
use super::found::Found;

impl Writer<'_> {
    /// Applies SET items. Where a value hangs on stored properties and an entity stands in several rows, the rows are
    /// taken one wave after the other, so that each sees what the one before it set.
    pub(super) async fn set(
        &mut self,
        plan: &LogicalPlan,
        items: &[SetItem],
        rows: &Found,
    ) -> Result<()> {
        if rows.batch.num_rows() == 0 {
            return Ok(());
        }
        let reads = items
            .iter()
            .any(|item| matches!(item, SetItem::Property { reads: true, .. }));
        if items.len() > 1 && reads {
            // Each item sees what the one before it set.
            for item in items {
                Box::pin(self.set(plan, std::slice::from_ref(item), rows)).await?;
            }
            return Ok(());
        }
        let waves = if reads {
            self.waves(plan, items, rows).await?
        } else {
            vec![(0..rows.batch.num_rows() as u32).collect()]
        };
        for wave in waves {
            let part = rows.rows(&wave)?;
            let computed = self.evaluate(&plan.with_rows(&part.leaf())?).await?;
            for row in 0..computed.batch.num_rows() {
                for item in items {
                    self.set_item(item, &computed, row).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn waves(
        &self,
        plan: &LogicalPlan,
        items: &[SetItem],
        rows: &Found,
    ) -> Result<Vec<Vec<u32>>> {
        let computed = self.evaluate(&plan.with_rows(&rows.leaf())?).await?;
        let mut waves: Vec<(HashSet<u64>, Vec<u32>)> = Vec::new();
        for row in 0..computed.batch.num_rows() {
            let mut ids = Vec::new();
            for item in items {
                if let SetItem::Property { entity, .. } = item {
                    ids.extend(computed.value(&entity.0, row)?.entity_id());
                }
            }
            let last_with = waves
                .iter()
                .rposition(|(known, _)| ids.iter().any(|id| known.contains(id)));
            let wave = last_with.map_or(0, |last| last + 1);
            if wave == waves.len() {
                waves.push((HashSet::new(), Vec::new()));
            }
            waves[wave].0.extend(ids);
            waves[wave].1.push(row as u32);
        }
        Ok(waves.into_iter().map(|(_, rows)| rows).collect())
    }

    pub(super) async fn set_item(
        &mut self,
        item: &SetItem,
        rows: &Found,
        row: usize,
    ) -> Result<()> {
        let entity = match item {
            SetItem::Property { entity, .. }
            | SetItem::Properties { entity, .. }
            | SetItem::Labels { entity, .. } => &entity.0,
        };
        let target = rows.value(entity, row)?;
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
                self.transaction.set_property(id, key, value)
            }
            SetItem::Properties { value, merge, .. } => match rows.value(&value.0, row)? {
                Value::Map(entries) => self.transaction.set_properties(id, &entries, *merge),
                Value::Null if *merge => Ok(()),
                Value::Null => self.transaction.set_properties(id, &BTreeMap::new(), false),
                other => Err(Error::invalid_data(format!(
                    "properties are a map, not {}",
                    other.type_name()
                ))
                .with_code("TypeError:InvalidArgumentType")),
            },
            SetItem::Labels { labels, remove, .. } => {
                self.transaction.set_labels(id, labels, *remove).await
            }
        }
    }

    pub(super) async fn delete(
        &mut self,
        targets: &[(String, Type)],
        detach: bool,
        rows: &Found,
    ) -> Result<()> {
        let mut ids = Vec::new();
        let mut incidences = Vec::new();
        for row in 0..rows.batch.num_rows() {
            for (column, _) in targets {
                collect_targets(rows.value(column, row)?, &mut ids, &mut incidences)?;
            }
        }
        // From the last position on, so that those before keep theirs.
        incidences.sort_unstable();
        incidences.dedup();
        for (hyperedge, role, position) in incidences.into_iter().rev() {
            self.transaction.unbind(hyperedge, &role, position).await?;
        }
        self.transaction.delete(&ids, detach).await
    }
}

fn collect_targets(
    value: Value,
    ids: &mut Vec<u64>,
    incidences: &mut Vec<(u64, String, usize)>,
) -> Result<()> {
    match value {
        Value::Null => {}
        Value::Node(node) => ids.push(node.id),
        Value::Hyperedge(hyperedge) => ids.push(hyperedge.id),
        Value::Incidence(incidence) => incidences.push((
            incidence.hyperedge.id,
            incidence.role.clone(),
            incidence.position as usize,
        )),
        Value::Path(path) => {
            for part in path.nodes.into_iter().chain(path.relationships) {
                collect_targets(part, ids, incidences)?;
            }
        }
        other => {
            return Err(
                Error::invalid_data(format!("{} cannot be deleted", other.type_name()))
                    .with_code("TypeError:InvalidArgumentType"),
            );
        }
    }
    Ok(())
}
