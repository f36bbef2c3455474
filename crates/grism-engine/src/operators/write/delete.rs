//! What DELETE deletes.

use arrow::array::{Array, AsArray};
use arrow::datatypes::UInt64Type;
use grism_core::{Error, OffsetSet, Result, Type, Value};
use grism_logical::DeleteMode;

use super::clause_rows::ClauseRows;
use super::writer::Writer;

/// What is deleted: raw ids of entities, and incidences.
#[derive(Default)]
struct Targets {
    ids: OffsetSet,
    incidences: Vec<(u64, String, usize)>,
}

impl Writer<'_> {
    pub(super) async fn delete(
        &mut self,
        targets: &[(String, Type)],
        mode: DeleteMode,
        rows: &ClauseRows,
    ) -> Result<()> {
        let mut deleted = Targets::default();
        for batch in rows.batches() {
            let batch = batch?;
            for (name, _) in targets {
                let (column, ty) = batch.column(name)?;
                if matches!(ty, Type::Node(_) | Type::Hyperedge(_))
                    && let Some(ids) = column.as_primitive_opt::<UInt64Type>()
                {
                    deleted.ids.extend(ids.iter().flatten());
                    continue;
                }
                for row in 0..column.len() {
                    deleted.add(Value::from_typed(column, row, ty)?)?;
                }
            }
        }
        let Targets {
            ids,
            mut incidences,
        } = deleted;
        // From the last position on, so that those before keep theirs.
        incidences.sort_unstable();
        incidences.dedup();
        for (hyperedge, role, position) in incidences.into_iter().rev() {
            self.target.unbind(hyperedge, &role, position).await?;
        }
        match mode {
            DeleteMode::Alone => self.target.delete(ids).await,
            DeleteMode::Detach => self.target.detach_delete(ids).await,
        }
    }
}

impl Targets {
    fn add(&mut self, value: Value) -> Result<()> {
        match value {
            Value::Null => {}
            Value::Node(node) => {
                self.ids.insert(node.id);
            }
            Value::Hyperedge(hyperedge) => {
                self.ids.insert(hyperedge.id);
            }
            Value::Incidence(incidence) => self.incidences.push((
                incidence.hyperedge.id,
                incidence.role.clone(),
                incidence.position as usize,
            )),
            Value::Path(path) => {
                for part in path.nodes.into_iter().chain(path.relationships) {
                    self.add(part)?;
                }
            }
            other => {
                return Err(Error::invalid_data(format!(
                    "{} cannot be deleted",
                    other.type_name()
                ))
                .with_code("TypeError:InvalidArgumentType"));
            }
        }
        Ok(())
    }
}
