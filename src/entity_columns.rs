//! Which columns of a result are entities: their rows are structs like a map that a query makes, and mean more.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use grism_core::{Result, Type};
use grism_functions::ID;
use grism_logical::{LogicalExpr, LogicalPlan, UnaryOperator};

/// The key in a field's metadata whose value is `node` or `hyperedge` where the column holds such entities.
pub const ENTITY_METADATA: &str = "grism.entity";

/// The columns that hold entities, and of what kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EntityColumns(BTreeMap<String, &'static str>);

impl EntityColumns {
    /// Those of a bound plan, whose last step makes values of the entities among its columns.
    ///
    /// # Errors
    /// Those of type inference.
    pub(crate) fn of(plan: &LogicalPlan) -> Result<Self> {
        let LogicalPlan::Project { input, expressions } = plan else {
            return Ok(Self::default());
        };
        let columns = input.schema()?;
        let kind = |expression: &LogicalExpr| match &columns.find(made_of(expression)?)?.ty {
            Type::Node(_) => Some("node"),
            Type::Hyperedge(_) => Some("hyperedge"),
            _ => None,
        };
        let named = expressions.iter();
        Ok(Self(
            named
                .filter_map(|own| Some((own.name.clone(), kind(&own.expression)?)))
                .collect(),
        ))
    }

    /// The schema with what is known of its columns as metadata.
    pub(crate) fn marked(&self, schema: &SchemaRef) -> SchemaRef {
        if self.0.is_empty() {
            return Arc::clone(schema);
        }
        let fields = schema.fields().iter();
        let fields: Vec<_> = fields
            .map(|field| match self.0.get(field.name()) {
                Some(kind) => {
                    let metadata =
                        HashMap::from([(ENTITY_METADATA.to_owned(), (*kind).to_owned())]);
                    Arc::new(field.as_ref().clone().with_metadata(metadata))
                }
                None => Arc::clone(field),
            })
            .collect();
        Arc::new(Schema::new(fields))
    }
}

/// The column of the entity whose id, labels or type, and properties the expression puts into a map; the binder makes such
/// a map for each entity of a result.
fn made_of(expression: &LogicalExpr) -> Option<&str> {
    let LogicalExpr::Case {
        branches,
        otherwise: None,
    } = expression
    else {
        return None;
    };
    let [(LogicalExpr::Unary { operator, operand }, LogicalExpr::Map(entries))] = &branches[..]
    else {
        return None;
    };
    let keys = entries.iter().map(|own| own.name.as_str());
    let is_entity = *operator == UnaryOperator::IsNotNull
        && (keys.clone().eq(["id", "labels", "properties"])
            || keys.eq(["id", "type", "properties"]));
    let LogicalExpr::Column(column) = operand.as_ref() else {
        return None;
    };
    let of_column = |id: &LogicalExpr| {
        matches!(id, LogicalExpr::Function { function, arguments }
            if function.is(&ID) && arguments[..] == [LogicalExpr::Column(column.clone())])
    };
    (is_entity && of_column(&entries[0].expression)).then_some(column)
}

#[cfg(test)]
mod tests {
    use crate::{Graph, QueryOptions};

    use super::*;

    /// What the columns of a query's result are, by name.
    async fn kinds(query: &str) -> BTreeMap<String, String> {
        let graph = Graph::in_memory();
        let options = QueryOptions::default();
        let made = "CREATE (:Person {id: 1, labels: 'x'})-[:KNOWS]->(:Person {id: 2})";
        graph.execute(made, &options).await.unwrap();
        let result = graph.execute(query, &options).await.unwrap();
        let schema = result.arrow_schema();
        let fields = schema.fields().iter();
        let kinds = fields.filter_map(|field| {
            let kind = field.metadata().get(ENTITY_METADATA)?;
            Some((field.name().clone(), kind.clone()))
        });
        kinds.collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn columns_of_entities_are_marked_and_maps_that_look_like_them_are_not() {
        let found = kinds(
            "MATCH (a)-[k:KNOWS]->(b) RETURN a, k, b.id AS id, \
             {id: a.id, labels: ['Person'], properties: {}} AS like, [a] AS list",
        );
        let wanted = [("a", "node"), ("k", "hyperedge")];
        let wanted = wanted.map(|(name, kind)| (name.to_owned(), kind.to_owned()));
        assert_eq!(found.await, BTreeMap::from(wanted));
    }
}
