//! Functions of rows that a program registers with a graph.

use std::sync::Arc;

use arrow::array::{Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use grism::{
    Engine, Error, ErrorKind, Graph, QueryOptions, Result, TableBatches, TableFunction,
    TableSignature, Type, UserParameter, Value,
};
use serde::{Deserialize, Serialize};

use crate::language::answer_with;

/// `my.multiples(of)`: the multiples of a number, without end.
#[derive(Debug, Serialize, Deserialize)]
struct Multiples {
    signature: TableSignature,
    /// Whether its columns are others than it says.
    is_wrong: bool,
}

impl Multiples {
    fn new(name: &str, is_wrong: bool) -> Self {
        let columns = vec![
            UserParameter::new("multiple", Type::Int64),
            UserParameter::new("text", Type::String),
        ];
        let of = vec![UserParameter::new("of", Type::Int64)];
        let signature = TableSignature::new(name, of, columns);
        Self {
            signature: signature.with_description("The multiples of a number."),
            is_wrong,
        }
    }
}

#[typetag::serde]
impl TableFunction for Multiples {
    fn signature(&self) -> &TableSignature {
        &self.signature
    }

    fn rows(&self, arguments: Vec<Value>) -> Result<TableBatches> {
        let of = match arguments[..] {
            [Value::Int64(of)] => of,
            _ => return Ok(Box::new(std::iter::empty())),
        };
        if of == 13 {
            return Err(Error::invalid_data("13 is unlucky"));
        }
        let text = if self.is_wrong {
            DataType::Int64
        } else {
            DataType::Utf8
        };
        let fields = vec![
            Field::new("multiple", DataType::Int64, true),
            Field::new("text", text, true),
        ];
        let schema = Arc::new(Schema::new(fields));
        let is_wrong = self.is_wrong;
        Ok(Box::new((0..).map(move |piece: i64| {
            let numbers = Int64Array::from_iter_values((1..=10).map(|own| of * (piece * 10 + own)));
            let texts = numbers.values().iter().map(|own| format!("{own}!"));
            let texts = StringArray::from_iter_values(texts);
            let columns: Vec<arrow::array::ArrayRef> = match is_wrong {
                true => vec![Arc::new(numbers.clone()), Arc::new(numbers)],
                false => vec![Arc::new(numbers), Arc::new(texts)],
            };
            Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
        })))
    }
}

fn graph() -> Graph {
    let graph = Graph::in_memory();
    for (name, is_wrong) in [("my.multiples", false), ("my.wrong", true)] {
        let function = Multiples::new(name, is_wrong);
        graph.register_table_function(Arc::new(function)).unwrap();
    }
    graph
}

fn on(engine: Engine) -> QueryOptions {
    QueryOptions {
        engine,
        ..QueryOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn call_takes_rows_of_the_user_as_far_as_they_are_needed() {
    let graph = graph();
    for engine in [Engine::Local, Engine::Staged] {
        for (query, expected) in [
            (
                "CALL my.multiples(7) YIELD multiple AS m, text RETURN m, text LIMIT 2",
                "7 | 7!\n14 | 14!\n",
            ),
            (
                "UNWIND [2, null, 3] AS x CALL (x) { CALL my.multiples(x) YIELD multiple AS m RETURN m LIMIT 2 }
                 RETURN x, m ORDER BY m, x",
                "2 | 2\n3 | 3\n2 | 4\n3 | 6\n",
            ),
            (
                "CALL My.Multiples(1) YIELD multiple WHERE multiple > 40 WITH multiple LIMIT 3 RETURN sum(multiple)",
                "126\n",
            ),
        ] {
            let answer = answer_with(&graph, query, &on(engine)).await;
            assert_eq!(answer, expected, "{query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_of_rows_does_not_take_or_give_is_told() {
    let graph = graph();
    for engine in [Engine::Local, Engine::Staged] {
        for (query, message) in [
            ("CALL my.multiples('a')", "`of` is Int64, not String"),
            ("CALL my.multiples(13)", "13 is unlucky"),
            (
                "UNWIND ['a', 1] AS x CALL my.multiples(x) YIELD text RETURN text",
                "`my.multiples()` needs Int64 as `of`, not String, for ('a')",
            ),
            (
                "CALL my.wrong(1)",
                "`my.wrong()` gave a column of Int64 as `text` where it yields String",
            ),
            (
                "RETURN my.multiples(1)",
                "`my.multiples()` gives rows, not a value",
            ),
            ("CALL size('a')", "gives a value, not rows"),
        ] {
            let answer = answer_with(&graph, query, &on(engine)).await;
            assert!(answer.contains(message), "{query}: {answer}");
        }
    }
    let column = |name: &str| UserParameter::new(name, Type::Int64);
    for (name, parameters, columns) in [
        ("db.mine", vec![], vec![column("a")]),
        ("range", vec![], vec![column("a")]),
        ("my.f", vec![column("a"), column("a")], vec![column("a")]),
        ("my.f", vec![], vec![column("a"), column("a")]),
        (
            "my.f",
            vec![column("a").optional(), column("b")],
            vec![column("a")],
        ),
    ] {
        let signature = TableSignature::new(name, parameters, columns);
        let function = Multiples {
            signature,
            is_wrong: false,
        };
        let error = graph.register_table_function(Arc::new(function));
        assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidQuery, "{name}");
    }
}
