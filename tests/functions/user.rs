//! Functions that a program registers with a graph.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::datatypes::Int64Type;
use grism::{
    Engine, Error, ErrorKind, Graph, QueryOptions, Result, Type, UserFunction, UserParameter,
    UserSignature,
};
use serde::{Deserialize, Serialize};

use crate::language::answer_with;

/// `my.times(number, factor)`: a product, where the number is not 13.
#[derive(Debug, Serialize, Deserialize)]
struct Times {
    signature: UserSignature,
}

impl Times {
    fn new() -> Self {
        let parameters = ["number", "factor"].map(|name| UserParameter::new(name, Type::Int64));
        let signature = UserSignature::new("my.times", parameters.into(), Type::Int64);
        Self {
            signature: signature.with_description("A product."),
        }
    }
}

#[typetag::serde]
impl UserFunction for Times {
    fn signature(&self) -> &UserSignature {
        &self.signature
    }

    fn evaluate(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let [numbers, factors] = [0, 1].map(|at| arguments[at].as_primitive::<Int64Type>());
        let product = |row: usize| match (numbers.is_valid(row), numbers.value(row)) {
            (false, _) => Ok(None),
            (true, 13) => Err(Error::invalid_data(format!("row {row}: 13 is unlucky"))),
            (true, number) => Ok(Some(number * factors.value(row))),
        };
        let products = (0..rows).map(product).collect::<Result<Int64Array>>()?;
        Ok(Arc::new(products))
    }
}

/// `my.wrong()`: values of another type than it says.
#[derive(Debug, Serialize, Deserialize)]
struct Wrong {
    signature: UserSignature,
}

#[typetag::serde]
impl UserFunction for Wrong {
    fn signature(&self) -> &UserSignature {
        &self.signature
    }

    fn evaluate(&self, _: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        Ok(Arc::new(StringArray::from(vec!["text"; rows])))
    }
}

fn graph() -> Graph {
    let graph = Graph::in_memory();
    graph.register_function(Arc::new(Times::new())).unwrap();
    let signature = UserSignature::new("my.wrong", Vec::new(), Type::Int64);
    graph
        .register_function(Arc::new(Wrong { signature }))
        .unwrap();
    graph
}

fn on(engine: Engine) -> QueryOptions {
    let mut options = QueryOptions {
        engine,
        ..QueryOptions::default()
    };
    options.runtime.threads = 1;
    options
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_of_the_user_is_called_locally_and_in_stages() {
    let graph = graph();
    for engine in [Engine::Local, Engine::Staged] {
        let options = on(engine);
        let query = "UNWIND [1, null, 3] AS x WITH x WHERE coalesce(My.Times(x, 2), 0) < 6
             RETURN x, my.times(x, 10) AS y ORDER BY x";
        assert_eq!(
            answer_with(&graph, query, &options).await,
            "1 | 10\nnull | null\n"
        );
        // Only the rows that a branch takes reach the function.
        let query = "UNWIND [13, 2] AS x RETURN CASE WHEN x = 13 THEN -1 ELSE my.times(x, 2) END";
        assert_eq!(answer_with(&graph, query, &options).await, "-1\n4\n");
        let query = "UNWIND [2, 13] AS x RETURN my.times(x, 2)";
        let answer = answer_with(&graph, query, &options).await;
        assert!(answer.contains("13 is unlucky"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_function_does_not_take_or_give_is_told() {
    let graph = graph();
    for (query, message) in [
        (
            "RETURN my.times('a', 1)",
            "`my.times()` needs Int64 as `number`, not String",
        ),
        (
            "RETURN my.times(1)",
            "`my.times()` takes 2 arguments, not 1",
        ),
        (
            "RETURN my.time(1, 2)",
            "unknown function `my.time`; did you mean `my.times`?",
        ),
        (
            "RETURN my.wrong()",
            "`my.wrong()` gave a column of Utf8 where it returns Int64",
        ),
    ] {
        let answer = answer_with(&graph, query, &on(Engine::Local)).await;
        assert!(answer.contains(message), "{query}: {answer}");
    }
    let name = |name: &str| {
        let signature = UserSignature::new(name, Vec::new(), Type::Int64);
        let error = graph.register_function(Arc::new(Wrong { signature }));
        error.unwrap_err().kind()
    };
    assert_eq!(name("size"), ErrorKind::InvalidQuery);
    assert_eq!(name("no name"), ErrorKind::InvalidQuery);
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_of_the_user_are_shown() {
    let shown = answer_with(&graph(), "SHOW FUNCTIONS", &on(Engine::Local)).await;
    let own = "my.times | scalar | User-defined | my.times(number :: Int64, factor :: Int64) :: Int64 | A product.";
    assert!(shown.lines().any(|line| line == own), "{shown}");
}
