//! What the tests of all phases share: a small graph to bind against, and reports of what becomes of texts.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use grism_core::{
    Cardinality, Error, GraphSchema, GraphStatistics, HyperedgeType, IndexDefinition, IndexKind,
    Result, Role, TableStatistics, Tables, Type, Value,
};
use grism_functions::{
    Functions, TableBatches, TableFunction, TableSignature, UserDefined, UserParameter,
};
use grism_logical::pattern::PatternOrder;
use grism_logical::{ApplyKind, LogicalExpr, LogicalPlan, NamedExpr, PlanSchema};
use serde::{Deserialize, Serialize};

use super::expression::Pending;
use super::names::Scope;
use super::{BindContext, ParameterTypes, Parameters};
use crate::query::Query;
use crate::warning::Warning;

/// A snapshot, and what else queries are bound against.
pub(super) struct Graph {
    pub(super) schema: Arc<GraphSchema>,
    statistics: Arc<GraphStatistics>,
    parameters: Parameters,
    functions: Functions,
    now: Value,
    tables: BTreeSet<String>,
}

/// A function of rows that is bound and not run.
#[derive(Debug, Serialize, Deserialize)]
struct Squares(TableSignature);

#[typetag::serde]
impl TableFunction for Squares {
    fn signature(&self) -> &TableSignature {
        &self.0
    }

    fn rows(&self, _: Vec<Value>) -> Result<TableBatches> {
        Ok(Box::new(std::iter::empty()))
    }
}

impl Graph {
    /// Nodes: `Person {name, age}`, `Person:Admin {name, age, level}`, `City {name, size}`, `Robot {name}` some of which got
    /// the label `Broken`, and nodes without a label. Edges: `KNOWS {since}`, `LIVES_IN`, and `FOLLOWS {since}`, which is
    /// declared. Hyperedges: `MEETING {topic}` with `organizer`, `attendee*` and `room?`, and `CLAIM` about a meeting.
    pub(super) fn new() -> Self {
        let mut schema = GraphSchema::default();
        let mut labelled = |labels: &[&str], properties: &[(&str, Type)]| {
            let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
            let table = schema.ensure_node_table(&labels).unwrap();
            for (name, ty) in properties {
                schema.ensure_property(table, name, ty).unwrap();
            }
            table
        };
        let (name, age) = (("name", Type::String), ("age", Type::Int64));
        labelled(&["Person"], &[name.clone(), age.clone()]);
        labelled(
            &["Person", "Admin"],
            &[name.clone(), age, ("level", Type::Any)],
        );
        labelled(&["City"], &[name.clone(), ("size", Type::Float64)]);
        let robot = labelled(&["Robot"], &[name]);
        labelled(&[], &[]);
        schema.change_labels(robot, &["Broken".to_owned()]).unwrap();
        for edge in ["KNOWS", "LIVES_IN"] {
            let table = schema.ensure_edge_table(edge).unwrap();
            if edge == "KNOWS" {
                schema
                    .ensure_property(table, "since", &Type::Int64)
                    .unwrap();
            }
        }
        let role = |name: &str, cardinality, member: &str| {
            Role::new(name, Some(member.to_owned()), cardinality)
        };
        let mut declare = |name: &str, roles: Vec<Role>, property: (&str, Type)| {
            let declared = HyperedgeType {
                name: name.to_owned(),
                roles,
                declared: true,
            };
            let table = schema.declare(declared).unwrap();
            schema
                .ensure_property(table, property.0, &property.1)
                .unwrap();
        };
        let meeting = vec![
            role("organizer", Cardinality::One, "Person"),
            role("attendee", Cardinality::Many, "Person"),
            role("room", Cardinality::Optional, "City"),
        ];
        declare("MEETING", meeting, ("topic", Type::String));
        let claim = vec![role("about", Cardinality::One, "MEETING")];
        declare("CLAIM", claim, ("weight", Type::Float64));
        let follows = HyperedgeType::binary_edge("FOLLOWS").roles;
        declare("FOLLOWS", follows, ("since", Type::Int64));
        schema
            .add_index(IndexDefinition {
                name: "names".to_owned(),
                label: "Person".to_owned(),
                property: "name".to_owned(),
                kind: IndexKind::FullText,
            })
            .unwrap();
        Self::of(schema)
    }

    fn of(schema: GraphSchema) -> Self {
        let mut statistics = GraphStatistics::default();
        for (index, table) in schema.tables().enumerate() {
            let rows = [100, 10, 20, 5, 1, 400, 100, 50, 30, 200][index % 10];
            let counts = TableStatistics {
                rows,
                ..TableStatistics::default()
            };
            statistics.tables.insert(table.id, counts);
        }
        let column = |name: &str| vec![UserParameter::new(name, Type::Int64)];
        let squares = TableSignature::new("math.square", column("of"), column("square"));
        let squares = UserDefined::Table(Arc::new(Squares(squares)));
        let mut functions = Functions::default();
        functions.register(squares).unwrap();
        let parameters = [
            ("one", Value::Int64(1)),
            (
                "map",
                Value::Map([("name".to_owned(), Value::String("Ada".to_owned()))].into()),
            ),
        ];
        Self {
            schema: Arc::new(schema),
            statistics: Arc::new(statistics),
            parameters: parameters
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            functions,
            now: Value::Int64(0),
            tables: BTreeSet::from(["table".to_owned()]),
        }
    }

    pub(super) fn bind(&self) -> BindContext<'_> {
        BindContext {
            parameter_types: ParameterTypes::Known,
            may_hold_deleted: false,
            schema: &self.schema,
            statistics: &self.statistics,
            parameters: &self.parameters,
            tables: &self.tables,
            functions: &self.functions,
            now: &self.now,
            constant: &constant,
            order: PatternOrder::Cheapest,
        }
    }

    /// The tables of the label, or of the hyperedge type.
    pub(super) fn tables(&self, name: &str) -> Tables {
        match self.schema.hyperedge_table(name) {
            Some((table, _)) => [table.id].into(),
            None => self.schema.tables_with_label(name),
        }
    }

    /// The names of tables.
    pub(super) fn names(&self, tables: &[grism_core::TableId]) -> String {
        let names: Vec<String> = tables
            .iter()
            .map(|table| self.schema.table(*table).unwrap().display_name())
            .map(|name| {
                if name.is_empty() {
                    "()".to_owned()
                } else {
                    name
                }
            })
            .collect();
        names.join(", ")
    }

    /// A type, with the names of its tables.
    pub(super) fn type_text(&self, ty: &Type) -> String {
        match (ty, ty.tables()) {
            (Type::List(item), _) => format!("List<{}>", self.type_text(item)),
            (_, Some(tables)) => format!("{ty} of [{}]", self.names(tables)),
            (_, None) => ty.to_string(),
        }
    }

    /// Variables of every kind, as clauses before may have bound them, and the columns of their rows.
    pub(super) fn bound_before(&self) -> (Scope, PlanSchema) {
        let (mut scope, mut columns) = (Scope::default(), PlanSchema::default());
        let person = Type::Node(self.tables("Person"));
        for (name, ty) in [
            ("n", person.clone()),
            ("robot", Type::Node(self.tables("Robot"))),
            ("m", Type::Hyperedge(self.tables("MEETING"))),
            ("k", Type::Hyperedge(self.tables("KNOWS"))),
            ("i", Type::Incidence),
            ("x", self.schema.entity_type(self.schema.entity_tables())),
            ("v", Type::Any),
            ("nothing", Type::Null),
            ("s", Type::String),
            ("a", Type::Int64),
            ("ints", Type::Int64.list()),
            ("ns", person.list()),
            ("path", Type::Path),
        ] {
            scope.put(name, name, ty.clone());
            columns.put(grism_logical::Column::new(name, ty));
        }
        (scope, columns)
    }
}

/// The value of a constant; that of a clock is 0.
fn constant(expression: &LogicalExpr) -> Result<Value> {
    match grism_logical::optimizer::fold_expression(expression.clone()) {
        LogicalExpr::Literal(value) => Ok(value),
        _ => Ok(Value::Int64(0)),
    }
}

/// Every text, and below it what `become_text` makes of it as the query that `as_query` makes of it.
pub(crate) fn report(
    texts: &[&str],
    as_query: impl Fn(&str) -> String,
    become_text: impl Fn(&Query) -> Result<String>,
) -> String {
    let mut report = String::new();
    for text in texts {
        let outcome = Query::parse(&as_query(text)).and_then(|query| become_text(&query));
        let outcome = outcome.unwrap_or_else(|error| format!("{}\n", error_text(&error)));
        writeln!(report, "{text}\n{}", indented(outcome.trim_end())).unwrap();
    }
    report
}

/// The text, every line of it set in.
pub(super) fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| format!("    {line}\n"));
    lines.collect()
}

/// An error with its kind and code, and the piece of the text that it underlines.
pub(super) fn error_text(error: &Error) -> String {
    let kind = error.kind();
    let code = error.code().map(|code| format!(" {code}"));
    let piece = error.location().map(|place| {
        let line = place.text.chars().skip(place.column - 1);
        let piece: String = line.take(place.length).collect();
        format!(" at `{piece}`")
    });
    format!(
        "{}{}{}: {}",
        kind.as_str(),
        code.unwrap_or_default(),
        piece.unwrap_or_default(),
        error.message()
    )
}

/// Warnings, one a line.
pub(super) fn warnings_text(warnings: &[Warning]) -> String {
    let lines = warnings
        .iter()
        .map(|warning| format!("warning: {warning}\n"));
    lines.collect()
}

/// Columns that have to be made, one a line, with the plans of subqueries below them.
pub(super) fn pending_text(pending: &[Pending]) -> String {
    let mut text = String::new();
    for pending in pending {
        match pending {
            Pending::Column(NamedExpr { expression, name }) => {
                writeln!(text, "needs {name} = {expression}")
            }
            Pending::Hydrate(NamedExpr { expression, name }, depth) => {
                writeln!(
                    text,
                    "needs {name} = contents of {expression}, {depth} deep"
                )
            }
            Pending::Apply(plan, kind) => {
                let what = match kind {
                    ApplyKind::Mark(name) => format!("{name} = exists"),
                    ApplyKind::Count(name) => format!("{name} = count"),
                    ApplyKind::Collect { value, into } => format!("{into} = collected {value}"),
                    other => format!("{other:?}"),
                };
                writeln!(text, "needs {what}\n{}", plan_text(plan).trim_end())
            }
        }
        .unwrap();
    }
    text
}

/// A plan, set in.
pub(super) fn plan_text(plan: &LogicalPlan) -> String {
    indented(&plan.to_string())
}
