//! Queries whose clauses are plans already.

use grism_core::{Error, Result, Type, Value};
use grism_logical::{
    Created, CreatedEntity, DeleteMode, LogicalExpr, LogicalPlan, MergeWrite, NamedExpr,
    PlanSchema, SetItem, SharedPlan, Write, WriteKind,
};

use crate::operators::write::{
    BoundClause, ClauseBinder, ClausePlace, GraphState, NestedClause, NestedRows,
};

/// A clause that is bound on top of the columns before it.
pub(super) type BoundStep = BoundClause<&'static [Step], PlanSchema>;

/// A clause; it is a type of its own, since the queries within it are clauses again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step(pub(super) fn(PlanSchema) -> BoundStep);

pub(super) struct Steps;

impl ClauseBinder for Steps {
    type Query = &'static [Step];
    type Bound = PlanSchema;

    fn restart(&mut self) {}

    fn begin(&mut self) {}

    fn binds_again(&mut self, _: &Error, _: &GraphState) -> bool {
        false
    }

    fn is_settled(&self) -> bool {
        true
    }

    fn check(&self, _: &Self::Query, _: &GraphState) -> Result<()> {
        Ok(())
    }

    fn branches(&self, _: &Self::Query) -> usize {
        1
    }

    fn is_distinct_union(&self, _: &Self::Query) -> bool {
        false
    }

    fn clauses(&self, query: &Self::Query, _: usize) -> usize {
        query.len()
    }

    fn returns(&self, _: &Self::Query, _: usize) -> bool {
        true
    }

    fn transactions(&self, query: &Self::Query) -> Result<Option<usize>> {
        let mut steps = query.iter();
        Ok(steps.position(|step| {
            matches!((step.0)(PlanSchema::default()), BoundClause::Nested(nested)
                if nested.transaction_rows.is_some())
        }))
    }

    fn bind(
        &mut self,
        place: ClausePlace<'_, Self::Query>,
        bound: &PlanSchema,
        _: &GraphState,
    ) -> Result<BoundClause<Self::Query, PlanSchema>> {
        let step = place.query[place.clause].0;
        Ok(step(bound.clone()))
    }

    fn results(&mut self, rows: &LogicalPlan, _: &GraphState) -> Result<LogicalPlan> {
        Ok(rows.clone())
    }

    fn columns<'b>(&self, bound: &'b PlanSchema) -> &'b PlanSchema {
        bound
    }

    fn variables(&self, bound: &PlanSchema) -> Vec<(String, String)> {
        let names = bound.names().map(str::to_owned);
        names.map(|name| (name.clone(), name)).collect()
    }

    fn with_columns(&self, _: PlanSchema, columns: &PlanSchema) -> PlanSchema {
        columns.clone()
    }

    fn check_returned(&self, _: &PlanSchema, _: &PlanSchema) -> Result<()> {
        Ok(())
    }

    fn with_returned(&self, _: PlanSchema, _: PlanSchema, columns: &PlanSchema) -> PlanSchema {
        columns.clone()
    }
}

pub(super) fn plan(plan: LogicalPlan) -> BoundStep {
    let bound = plan.schema().unwrap();
    let plan = Box::new(plan);
    BoundClause::Plan { plan, bound }
}

/// `UNWIND [1, 2, 2] AS x`.
pub(super) fn unwind(columns: PlanSchema) -> BoundStep {
    let items = [1, 2, 2].map(Value::Int64).to_vec();
    plan(LogicalPlan::Unwind {
        input: SharedPlan::new(LogicalPlan::Argument(columns)),
        expression: LogicalExpr::Literal(Value::List(items)),
        variable: "x".to_owned(),
    })
}

pub(super) fn person(properties: Option<&str>) -> Created {
    Created {
        entities: vec![CreatedEntity {
            column: "p".to_owned(),
            labels: vec!["Person".to_owned()],
            hyperedge_type: None,
            properties: properties.map(str::to_owned),
        }],
        ..Created::default()
    }
}

pub(super) fn write(input: LogicalPlan, kind: WriteKind) -> BoundStep {
    plan(LogicalPlan::Write(Write {
        input: SharedPlan::new(input),
        kind,
    }))
}

/// `CREATE (p:Person)`.
pub(super) fn create(columns: PlanSchema) -> BoundStep {
    write(
        LogicalPlan::Argument(columns),
        WriteKind::Create(person(None)),
    )
}

/// `DETACH DELETE p`.
pub(super) fn detach_delete(columns: PlanSchema) -> BoundStep {
    let kind = WriteKind::Delete {
        targets: vec![("p".to_owned(), Type::Node([].into()))],
        mode: DeleteMode::Detach,
    };
    write(LogicalPlan::Argument(columns), kind)
}

/// `SET x.x = x`, of what is no entity.
pub(super) fn set_of_value(columns: PlanSchema) -> BoundStep {
    let value = ("x".to_owned(), Type::Int64);
    let item = SetItem::Property {
        entity: value.clone(),
        key: "x".to_owned(),
        value,
    };
    write(LogicalPlan::Argument(columns), WriteKind::Set(vec![item]))
}

/// `SET p.x = x`.
pub(super) fn set(columns: PlanSchema) -> BoundStep {
    let item = SetItem::Property {
        entity: ("p".to_owned(), Type::Node([].into())),
        key: "x".to_owned(),
        value: ("x".to_owned(), Type::Int64),
    };
    write(LogicalPlan::Argument(columns), WriteKind::Set(vec![item]))
}

/// `MERGE (p:Person {x: x})`, where nothing is found.
pub(super) fn merge(columns: PlanSchema) -> BoundStep {
    let mut expressions: Vec<NamedExpr> = columns.names().map(NamedExpr::column).collect();
    let map = LogicalExpr::Map(vec![NamedExpr::column("x")]);
    let map = map.convert(&Type::Map(vec![("x".to_owned(), Type::Int64)]), &Type::Any);
    expressions.push(map.named("map"));
    let literal = |value, name: &str| LogicalExpr::Literal(value).named(name);
    expressions.push(literal(Value::Bool(false), "found"));
    expressions.push(literal(Value::Null, "p"));
    let merge = MergeWrite {
        created: person(Some("map")),
        found: "found".to_owned(),
        keys: vec![("map".to_owned(), Type::Any)],
        variables: vec![("p".to_owned(), Type::Null)],
        on_create: None,
        on_match: None,
    };
    let input = LogicalPlan::Project {
        input: SharedPlan::new(LogicalPlan::Argument(columns)),
        expressions,
    };
    write(input, WriteKind::Merge(Box::new(merge)))
}

pub(super) fn nested(
    columns: PlanSchema,
    steps: &'static [Step],
    transaction_rows: Option<usize>,
) -> BoundStep {
    BoundClause::Nested(Box::new(NestedClause {
        query: steps,
        bound: vec![columns],
        is_foreach: false,
        rows: NestedRows::One,
        returns: false,
        optional: false,
        transaction_rows,
    }))
}

pub(super) const CREATE_AND_SET: &[Step] = &[Step(create), Step(set)];

/// `CALL (*) { CREATE (p:Person) SET p.x = x }`.
pub(super) fn call(columns: PlanSchema) -> BoundStep {
    nested(columns, CREATE_AND_SET, None)
}

/// The same, `IN TRANSACTIONS OF 2 ROWS`.
pub(super) fn call_in_transactions(columns: PlanSchema) -> BoundStep {
    nested(columns, CREATE_AND_SET, Some(2))
}
