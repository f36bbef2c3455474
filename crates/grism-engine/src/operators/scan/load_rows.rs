//! `LoadRowsExec`: rows of files and of tables outside the graph, read for each row.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt32Array};
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt};
use grism_core::{CsvFile, Error, Result, RowFile, RowOrigin, Type, Value};
use grism_logical::optimizer::Facts;
use grism_logical::{CsvRecord, LoadRows, LogicalPlan, RowForm, SharedPlan};
use serde::{Deserialize, Serialize};

use crate::batch::take_columns;
use crate::{
    ExecutionContextTrait, ExprEvaluator, OperatorRun, PhysicalSchema, RecordBatchStream, Unary,
    UnaryExec,
};

/// Reads a file or a table for each row of the input, through the storage.
///
/// Output: input columns, then the record or row, in the order of the source. Works on any split of its input. Holds a piece
/// of the source. A relative path is one of the directory in which the query was planned.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoadRowsExec {
    load: LoadRows,
    /// The directory of relative paths.
    directory: String,
}

impl LoadRowsExec {
    /// Runs `load`, whose logical input counts for nothing.
    ///
    /// # Errors
    /// `Unavailable` where the working directory is gone.
    pub fn try_new(load: &LoadRows) -> Result<Self> {
        let directory = std::env::current_dir()?.to_string_lossy().into_owned();
        Ok(Self {
            load: LoadRows {
                // The physical input stands beside it.
                input: SharedPlan::new(LogicalPlan::Unit),
                ..load.clone()
            },
            directory,
        })
    }

    /// What a value of the source names.
    fn origin(&self, source: Value) -> Result<RowOrigin> {
        let what = match &self.load.form {
            RowForm::Csv { .. } => "LOAD CSV reads from a path or URI",
            RowForm::Named(_) if matches!(source, Value::List(_)) => {
                "UNWIND reads from a list; LOAD FROM reads from a table, a path, a URI or the name of a table"
            }
            RowForm::Named(_) => {
                "LOAD FROM reads from a table, a path, a URI or the name of a table"
            }
            RowForm::Parameter(name) => return Ok(RowOrigin::Parameter(name.clone())),
        };
        let Value::String(name) = source else {
            return Err(Error::invalid_query(format!(
                "{what}, which is a text, not {}",
                source.type_name()
            )));
        };
        let path = if name.contains("://") || name.starts_with("file:") {
            name.clone()
        } else {
            let path = std::path::Path::new(&self.directory).join(&name);
            path.to_string_lossy().into_owned()
        };
        Ok(match &self.load.form {
            RowForm::Csv { delimiter, .. } => RowOrigin::Records(CsvFile {
                path,
                delimiter: *delimiter,
            }),
            RowForm::Named(options) => RowOrigin::Named(RowFile {
                name,
                path,
                options: options.clone(),
            }),
            RowForm::Parameter(name) => RowOrigin::Parameter(name.clone()),
        })
    }
}

#[typetag::serde]
impl Unary for LoadRowsExec {
    fn name(&self) -> &'static str {
        "LoadRowsExec"
    }

    fn schema(&self, input: &PhysicalSchema) -> Result<PhysicalSchema> {
        Ok(input.with([self.load.column()]))
    }

    fn estimated_rows(&self, _own: &UnaryExec, inputs: &[f64], _facts: Facts<'_>) -> f64 {
        inputs[0] * 1000.0
    }

    fn advice(&self, run: &OperatorRun<'_>) -> Option<String> {
        Some(format!(
            "{} rows are read from outside: load what is asked often into the graph",
            run.metrics.rows
        ))
    }

    fn describe(&self) -> String {
        self.load.describe()
    }

    fn execute(
        &self,
        own: &UnaryExec,
        context: Arc<dyn ExecutionContextTrait>,
    ) -> Result<RecordBatchStream> {
        let evaluator = ExprEvaluator::try_new(&self.load.source, own.input().schema())?;
        let (reader, schema) = (self.clone(), Arc::clone(own.schema().arrow()));
        let storage = context.storage();
        let batch_rows = context.query().config.batch_rows;
        let cancellation = context.query().cancellation.clone();
        let mut input = own.run_input(&context)?;
        let loaded = async_stream::try_stream! {
            while let Some(batch) = input.try_next().await? {
                let sources = evaluator.evaluate(&batch)?;
                for row in 0..batch.num_rows() {
                    let source = Value::from_typed(sources.as_ref(), row, evaluator.value_type())?;
                    let origin = reader.origin(source)?;
                    let mut pieces = storage.rows(&origin).await?;
                    let mut names = Names::of(&reader.load.form, &origin);
                    while let Some(piece) = pieces.try_next().await? {
                        for first in (names.read_header(&piece)?..piece.num_rows()).step_by(batch_rows) {
                            cancellation.check()?;
                            let records = piece.slice(first, batch_rows.min(piece.num_rows() - first));
                            let same_row = UInt32Array::from(vec![row as u32; records.num_rows()]);
                            let mut columns = take_columns(&batch, &same_row)?;
                            columns.push(names.values(&records)?);
                            yield RecordBatch::try_new(Arc::clone(&schema), columns)?;
                        }
                    }
                    names.check()?;
                }
            }
        };
        Ok(loaded.boxed())
    }
}

/// What a batch of the source holds, and what a row of it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RecordForm {
    /// Lists of texts, as they are.
    List,
    /// Lists of texts, with the names of the first one.
    Map,
    /// Maps, as they are.
    Row,
}

/// What the fields of a file are called.
struct Names {
    record: RecordForm,
    path: String,
    /// From the first record; `None` before it was read, and where the fields have no names.
    header: Option<Vec<String>>,
}

impl Names {
    fn of(form: &RowForm, origin: &RowOrigin) -> Self {
        let record = match form {
            RowForm::Csv { record, .. } => match record {
                CsvRecord::List => RecordForm::List,
                CsvRecord::Map => RecordForm::Map,
            },
            RowForm::Named(_) | RowForm::Parameter(_) => RecordForm::Row,
        };
        let path = match origin {
            RowOrigin::Records(file) => file.path.clone(),
            RowOrigin::Named(_) | RowOrigin::Parameter(_) => String::new(),
        };
        Self {
            record,
            path,
            header: None,
        }
    }

    /// Takes the names from the first record of the file; how many records of the piece that uses up.
    fn read_header(&mut self, piece: &RecordBatch) -> Result<usize> {
        if self.record != RecordForm::Map || self.header.is_some() || piece.num_rows() == 0 {
            return Ok(0);
        }
        let fields = fields_of(piece)?.value(0);
        let mut names: Vec<String> = Vec::with_capacity(fields.len());
        for name in fields.as_string::<i32>() {
            let name = name.unwrap_or_default().trim().to_owned();
            if names.contains(&name) {
                return Err(self.broken(&format!("the header names the column `{name}` twice")));
            }
            names.push(name);
        }
        self.header = Some(names);
        Ok(1)
    }

    /// Fails at the end of a file without the header it should have.
    fn check(&self) -> Result<()> {
        match (self.record, &self.header) {
            (RecordForm::Map, None) => {
                Err(self.broken("the file is empty: a header line was expected"))
            }
            _ => Ok(()),
        }
    }

    /// The column of these records.
    fn values(&self, records: &RecordBatch) -> Result<ArrayRef> {
        if self.record == RecordForm::Row {
            return Ok(Arc::clone(records.column(0)));
        }
        let fields = fields_of(records)?;
        let Some(names) = &self.header else {
            return Ok(Arc::new(fields.clone()));
        };
        let mut maps = Vec::with_capacity(records.num_rows());
        for row in 0..records.num_rows() {
            let fields = fields.value(row);
            if fields.len() != names.len() {
                let line = records.column(1).as_primitive::<UInt64Type>().value(row);
                return Err(self.broken(&format!(
                    "line {line}: {} values, and the file has {} columns",
                    fields.len(),
                    names.len()
                )));
            }
            let values = fields.as_string::<i32>().iter().map(|field| match field {
                Some(text) => Value::String(text.to_owned()),
                None => Value::Null,
            });
            let map: BTreeMap<String, Value> = names.iter().cloned().zip(values).collect();
            maps.push(Value::Map(map));
        }
        Value::column(&maps, &Type::Any.to_arrow())
    }

    fn broken(&self, message: &str) -> Error {
        Error::invalid_data(format!("{}: {message}", self.path))
    }
}

fn fields_of(records: &RecordBatch) -> Result<&ListArray> {
    records
        .column(0)
        .as_list_opt::<i32>()
        .ok_or_else(|| Error::internal("the records of a CSV file are lists"))
}
