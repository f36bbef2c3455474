//! `grism tck-server`: the adapter through which the openCypher TCK's runner talks to Grism, JSON lines on standard
//! input and output.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use grism::{
    Engine, Error, ErrorKind, Graph, QueryOptions, Result, RuntimeConfig, StageSetting,
    TableBatches, TableFunction, TableSignature, Type, UserParameter, Value,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::arguments::TckServer;

/// Answers requests until the input ends.
pub(crate) async fn serve(arguments: TckServer) -> Result<()> {
    let mut server = Server {
        graph: Graph::in_memory(),
        // Several servers may be given one directory.
        lance: arguments
            .lance
            .map(|directory| directory.join(std::process::id().to_string())),
        graphs: 0,
        options: QueryOptions {
            engine: Engine::from_name(&arguments.engine)?,
            runtime: RuntimeConfig::default().with_threads(arguments.threads),
            ..QueryOptions::default()
        },
    };
    if let Some(partitions) = arguments.partitions {
        server.options.set(StageSetting::Partitions(partitions))?;
    }
    loop {
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line)? == 0 {
            return Ok(());
        }
        let answer = match serde_json::from_str(&line) {
            Ok(request) => server.answer(&request).await,
            Err(error) => Err(Error::invalid_data(error.to_string())),
        };
        let answer = answer.unwrap_or_else(|error| json!({ "error": error_of(&error) }));
        let mut output = std::io::stdout().lock();
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
}

struct Server {
    graph: Graph,
    /// The directory that Lance graphs are made in; `None` keeps graphs in memory.
    lance: Option<PathBuf>,
    graphs: usize,
    options: QueryOptions,
}

impl Server {
    async fn answer(&mut self, request: &Json) -> Result<Json> {
        match request["op"].as_str() {
            Some("reset") => {
                self.graph = match &self.lance {
                    None => Graph::in_memory(),
                    Some(directory) => {
                        let old = directory.join(self.graphs.to_string());
                        if old.exists() {
                            std::fs::remove_dir_all(old)?;
                        }
                        self.graphs += 1;
                        let path = directory.join(self.graphs.to_string());
                        Graph::open(&path.to_string_lossy(), true).await?
                    }
                };
                Ok(json!({ "ok": true }))
            }
            Some("run") => self.run(request).await,
            Some("procedure") => {
                let procedure = KnownRows::of(request)?;
                self.graph.register_table_function(Arc::new(procedure))?;
                Ok(json!({ "ok": true }))
            }
            _ => Err(Error::invalid_data("an unknown operation")),
        }
    }

    async fn run(&mut self, request: &Json) -> Result<Json> {
        let text = request["query"].as_str().unwrap_or_default();
        let mut options = self.options.clone();
        options.parameters.clear();
        for (name, value) in request["params"].as_object().into_iter().flatten() {
            options.parameters.insert(name.clone(), value_of(value));
        }
        let result = self.graph.execute(text, &options).await?;
        let columns: Vec<(String, Type)> = result
            .schema()
            .columns()
            .columns
            .iter()
            .map(|column| (column.name.clone(), column.ty.clone()))
            .collect();
        let mut rows = Vec::new();
        for batch in result.collect().await? {
            for row in 0..batch.num_rows() {
                let cells = columns
                    .iter()
                    .zip(batch.columns())
                    .map(|((_, ty), column)| Ok(json_of(&Value::from_typed(column, row, ty)?)))
                    .collect::<Result<Vec<_>>>()?;
                rows.push(cells);
            }
        }
        let names: Vec<&String> = columns.iter().map(|(name, _)| name).collect();
        Ok(json!({ "columns": names, "rows": rows, "side_effects": null }))
    }
}

fn error_of(error: &Error) -> Json {
    let phase = if error.is_of_text() {
        "compile"
    } else {
        "runtime"
    };
    json!({
        "message": error.to_string(),
        "phase": phase,
        "code": error.code(),
        "unsupported": error.kind() == ErrorKind::Unsupported,
    })
}

/// A procedure of a scenario: a table of arguments and columns, of which a call gives the rows with its arguments.
#[derive(Debug, Serialize, Deserialize)]
struct KnownRows {
    signature: TableSignature,
    rows: Vec<Vec<Value>>,
}

impl KnownRows {
    /// `name(argument :: TYPE?, …) :: (column :: TYPE?, …)`, with its rows.
    fn of(request: &Json) -> Result<Self> {
        let signature = request["signature"].as_str().unwrap_or_default();
        let wrong = || Error::invalid_data(format!("the signature `{signature}` cannot be read"));
        let (name, rest) = signature.split_once('(').ok_or_else(wrong)?;
        let (arguments, rest) = rest.split_once(')').ok_or_else(wrong)?;
        let columns = rest
            .trim()
            .trim_start_matches("::")
            .trim()
            .trim_start_matches('(')
            .trim_end_matches(')');
        let rows = request["rows"].as_array().into_iter().flatten();
        Ok(Self {
            signature: TableSignature::new(name.trim(), columns_of(arguments), columns_of(columns)),
            rows: rows
                .map(|row| row.as_array().into_iter().flatten().map(value_of).collect())
                .collect(),
        })
    }
}

fn columns_of(list: &str) -> Vec<UserParameter> {
    let columns = list.split(',').filter_map(|column| {
        let (name, ty) = column.split_once("::")?;
        let ty = match ty.trim().trim_end_matches('?').trim() {
            "INTEGER" => Type::Int64,
            "FLOAT" => Type::Float64,
            "STRING" => Type::String,
            "BOOLEAN" => Type::Bool,
            _ => Type::Any,
        };
        Some(UserParameter::new(name.trim(), ty))
    });
    columns.collect()
}

#[typetag::serde]
impl TableFunction for KnownRows {
    fn signature(&self) -> &TableSignature {
        &self.signature
    }

    fn rows(&self, arguments: Vec<Value>) -> Result<TableBatches> {
        let equal = |own: &Value, given: &Value| match (own, given) {
            (Value::Int64(own), Value::Float64(given)) => *own as f64 == *given,
            (own, given) => own == given,
        };
        let rows = self.rows.iter().filter(|row| {
            let mut pairs = row.iter().zip(&arguments);
            pairs.all(|(own, given)| equal(own, given))
        });
        let rows: Vec<&[Value]> = rows.map(|row| &row[arguments.len()..]).collect();
        let mut fields = Vec::new();
        let mut columns = Vec::new();
        for (place, column) in self.signature.columns.iter().enumerate() {
            let values = rows.iter().map(|row| match (&row[place], &column.ty) {
                (Value::Int64(value), Type::Float64) => Value::Float64(*value as f64),
                (value, _) => value.clone(),
            });
            let data_type = column.ty.to_arrow();
            columns.push(Value::column(&values.collect::<Vec<_>>(), &data_type)?);
            fields.push(Field::new(&column.name, data_type, true));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new_with_options(schema, columns, &options)?;
        Ok(Box::new(std::iter::once(Ok(batch))))
    }
}

fn value_of(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::Int64(integer),
            None => Value::Float64(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(value_of).collect()),
        Json::Object(entries) => {
            if let Some(float) = entries.get("$float").and_then(Json::as_str) {
                return Value::Float64(match float {
                    "NaN" => f64::NAN,
                    "Inf" => f64::INFINITY,
                    "-Inf" => f64::NEG_INFINITY,
                    text => text.parse().unwrap_or(f64::NAN),
                });
            }
            let entries = match entries.get("$map") {
                Some(Json::Object(map)) => map,
                _ => entries,
            };
            let entries = entries
                .iter()
                .map(|(key, value)| (key.clone(), value_of(value)));
            Value::Map(entries.collect())
        }
    }
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int64(value) => json!(value),
        Value::Float64(value) if value.is_nan() => json!({ "$float": "NaN" }),
        Value::Float64(value) if value.is_infinite() => {
            json!({ "$float": if *value > 0.0 { "Inf" } else { "-Inf" } })
        }
        Value::Float64(value) => json!({ "$float": format!("{value:?}") }),
        Value::String(text) => json!(text),
        Value::Bytes(bytes) => json!(format!("{bytes:?}")),
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Map(entries) => {
            entity_of(entries).unwrap_or_else(|| json!({ "$map": map_of(entries) }))
        }
        Value::Node(node) => {
            let contents = node.contents.clone().unwrap_or_default();
            json!({ "$node": {
                "id": node.id,
                "labels": contents.labels,
                "props": map_of(&contents.properties),
            } })
        }
        Value::Hyperedge(hyperedge) => {
            let contents = hyperedge.contents.clone().unwrap_or_default();
            let mut ends = contents
                .members
                .iter()
                .map(|(_, members)| members.first().and_then(Value::entity_id));
            json!({ "$rel": {
                "id": hyperedge.id,
                "type": contents.type_name,
                "start": ends.next().flatten(),
                "end": ends.next().flatten(),
                "props": map_of(&contents.properties),
            } })
        }
        Value::Incidence(incidence) => json!({ "$rel": {
            "id": format!("{}/{}/{}", incidence.hyperedge.id, incidence.role, incidence.position),
            "type": incidence.role,
            "start": incidence.hyperedge.id,
            "end": incidence.member.entity_id(),
            "props": {},
        } }),
        Value::Path(path) => json!({ "$path": {
            "nodes": path.nodes.iter().map(json_of).collect::<Vec<_>>(),
            "rels": path.relationships.iter().map(json_of).collect::<Vec<_>>(),
        } }),
        temporal => json!({ "$temporal": temporal.to_string() }),
    }
}

fn map_of(entries: &BTreeMap<String, Value>) -> BTreeMap<&String, Json> {
    entries
        .iter()
        .map(|(key, value)| (key, json_of(value)))
        .collect()
}

/// A statically typed entity, which stands in a result as a map of its parts.
fn entity_of(entries: &BTreeMap<String, Value>) -> Option<Json> {
    if entries.len() != 3 {
        return None;
    }
    let (Value::Int64(id), Value::Map(properties)) =
        (entries.get("id")?, entries.get("properties")?)
    else {
        return None;
    };
    let known: BTreeMap<&String, Json> = properties
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key, json_of(value)))
        .collect();
    match (entries.get("labels"), entries.get("type")) {
        (Some(labels), None) => {
            Some(json!({ "$node": { "id": id, "labels": json_of(labels), "props": known } }))
        }
        (None, Some(Value::String(name))) => Some(json!({ "$rel": {
            "id": id, "type": name, "start": null, "end": null, "props": known,
        } })),
        _ => None,
    }
}
