//! Functions of a program that give back entities which they were given.

use std::sync::Arc;

use arrow::array::ArrayRef;
use grism::{
    Engine, Graph, QueryOptions, Result, Type, UserFunction, UserParameter, UserSignature, Value,
};
use serde::{Deserialize, Serialize};

use crate::language::answer_with;

/// `my.of(all, place)`: an entity of a list; the hyperedge with the id 7 where the place is negative.
#[derive(Debug, Serialize, Deserialize)]
struct Of {
    signature: UserSignature,
}

impl Of {
    fn new() -> Self {
        let node = Type::Node([].into());
        let parameters = vec![
            UserParameter::new("all", node.clone().list()),
            UserParameter::new("place", Type::Int64),
        ];
        Self {
            signature: UserSignature::new("my.of", parameters, node),
        }
    }
}

#[typetag::serde]
impl UserFunction for Of {
    fn signature(&self) -> &UserSignature {
        &self.signature
    }

    fn evaluate(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let list = self.signature.parameters[0].column_type();
        let pick = |row: usize| -> Result<Value> {
            let place = Value::from_array(&arguments[1], row)?;
            let all = Value::from_typed(&arguments[0], row, &list)?;
            Ok(match (all, place) {
                (_, Value::Int64(..0)) => Value::hyperedge(7),
                // By its id alone: what it holds comes from the graph.
                (Value::List(all), Value::Int64(place)) => {
                    let id = all.get(place as usize).and_then(Value::entity_id);
                    id.map_or(Value::Null, Value::node)
                }
                _ => Value::Null,
            })
        };
        let values = (0..rows).map(pick).collect::<Result<Vec<_>>>()?;
        Value::column(&values, &self.signature.column_type().to_arrow())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_of_the_arguments_comes_back_and_no_other_one() {
    let graph = Graph::in_memory();
    graph.register_function(Arc::new(Of::new())).unwrap();
    let create = "CREATE (:N {i: 1})-[:TO]->(:N {i: 2})";
    graph
        .execute(create, &QueryOptions::default())
        .await
        .unwrap();
    for engine in [Engine::Local, Engine::Staged] {
        let options = QueryOptions {
            engine,
            ..QueryOptions::default()
        };
        let all = "MATCH (n:N) WITH n ORDER BY n.i WITH collect(n) AS all ";
        let query =
            format!("{all} UNWIND [0, 1, 2] AS p RETURN p, my.of(all, p).i AS i ORDER BY p");
        assert_eq!(
            answer_with(&graph, &query, &options).await,
            "0 | 1\n1 | 2\n2 | null\n"
        );
        let query = format!("{all} WITH my.of(all, 0) AS n MATCH (n)-[:TO]->(m) RETURN m.i");
        assert_eq!(answer_with(&graph, &query, &options).await, "2\n");
        let query = format!("{all} RETURN my.of(all, -1)");
        let answer = answer_with(&graph, &query, &options).await;
        assert!(
            answer.contains("the hyperedge with the id 7, which is not among those"),
            "{answer}"
        );
    }
}
