//! The schema of an operator's output: Grism's columns and the Arrow schema they stand for.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use grism_core::{Error, Result};
use grism_functions::shared_type;
use grism_logical::{Column, PlanSchema};
use serde::{Deserialize, Serialize};

/// Columns by name and type, and as Arrow has them. A copy shares both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "PlanSchema", into = "PlanSchema")]
pub struct PhysicalSchema {
    columns: Arc<PlanSchema>,
    arrow: SchemaRef,
}

impl PhysicalSchema {
    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &PlanSchema {
        &self.columns
    }

    /// The Arrow schema.
    #[must_use]
    pub fn arrow(&self) -> &SchemaRef {
        &self.arrow
    }

    /// The position of the column `name`.
    ///
    /// # Errors
    /// `Internal` where there is none: planners name only columns that exist.
    pub fn index_of(&self, name: &str) -> Result<usize> {
        self.columns
            .columns
            .iter()
            .position(|column| column.name == name)
            .ok_or_else(|| Error::internal(format!("the column `{name}` is not in the input")))
    }

    /// Whether a column holds each different value once, its rows naming it by number.
    #[must_use]
    pub fn has_shared(&self) -> bool {
        self.columns.columns.iter().any(|column| column.shared)
    }

    /// The schema with every column plain.
    #[must_use]
    pub fn flat(&self) -> Self {
        let columns = self.columns.columns.iter();
        let plain = columns.map(|column| Column::new(&column.name, column.ty.clone()));
        PlanSchema::new(plain.collect()).into()
    }

    /// The schema with `columns` put behind, or in place of those of the same name.
    #[must_use]
    pub fn with(&self, columns: impl IntoIterator<Item = Column>) -> Self {
        let mut all = PlanSchema::clone(&self.columns);
        columns.into_iter().for_each(|column| all.put(column));
        Self::from(all)
    }
}

impl From<PlanSchema> for PhysicalSchema {
    fn from(columns: PlanSchema) -> Self {
        let fields: Vec<Field> = columns
            .columns
            .iter()
            .map(|column| {
                let plain = column.ty.to_arrow();
                let data_type = if column.shared {
                    shared_type(plain)
                } else {
                    plain
                };
                Field::new(&column.name, data_type, true)
            })
            .collect();
        Self {
            columns: Arc::new(columns),
            arrow: Arc::new(Schema::new(fields)),
        }
    }
}

impl From<PhysicalSchema> for PlanSchema {
    fn from(schema: PhysicalSchema) -> Self {
        Arc::unwrap_or_clone(schema.columns)
    }
}
