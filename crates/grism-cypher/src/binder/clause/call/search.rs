//! CALL of the procedures that search vector and full-text indexes.

use std::sync::Arc;

use grism_core::{Error, IndexDefinition, IndexKind, Result, Tables, Type, Value};
use grism_functions::UserParameter;
use grism_logical::{IndexLookup, LogicalExpr, LogicalPlan, SharedPlan};

use super::procedure::{Found, Procedure, Source};
use crate::binder::clause::rows::{Rows, with_needs};
use crate::binder::expression::Needs;
use crate::binder::names::{column_for, hint};
use crate::binder::{Notes, QueryContext};
use crate::syntax::Span;

/// What a procedure searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SearchProcedure {
    name: &'static str,
    /// Whether it searches vectors, or texts; `None` searches either.
    of_vectors: Option<bool>,
    /// Whether it finds nodes, or hyperedges and binary edges; `None` finds what the index is of.
    finds_nodes: Option<bool>,
    /// What the column of the entity is called.
    column: &'static str,
}

const SEARCHES: [SearchProcedure; 5] = [
    SearchProcedure {
        name: "db.index.search",
        of_vectors: None,
        finds_nodes: None,
        column: "entity",
    },
    SearchProcedure {
        name: "db.index.vector.queryNodes",
        of_vectors: Some(true),
        finds_nodes: Some(true),
        column: "node",
    },
    SearchProcedure {
        name: "db.index.vector.queryHyperedges",
        of_vectors: Some(true),
        finds_nodes: Some(false),
        column: "hyperedge",
    },
    SearchProcedure {
        name: "db.index.fulltext.queryNodes",
        of_vectors: Some(false),
        finds_nodes: Some(true),
        column: "node",
    },
    SearchProcedure {
        name: "db.index.fulltext.queryHyperedges",
        of_vectors: Some(false),
        finds_nodes: Some(false),
        column: "hyperedge",
    },
];

const INDEX: &str = "indexName";
const COUNT: &str = "count";
const QUERY: &str = "query";
const SCORE: &str = "score";

/// The signatures of the procedures that search, for a call with `given` arguments: the count may be left out where texts
/// are searched.
pub(super) fn searches(given: Option<usize>) -> impl Iterator<Item = Procedure> {
    SEARCHES.into_iter().map(move |search| {
        let column = |name: &str, ty: Type| UserParameter::new(name, ty);
        let (index, count) = (column(INDEX, Type::String), column(COUNT, Type::Int64));
        let arguments = match search.of_vectors {
            Some(true) => vec![index, count, column(QUERY, Type::Any)],
            Some(false) if given == Some(2) => vec![index, column(QUERY, Type::String)],
            Some(false) => vec![index, column(QUERY, Type::String), count],
            None => vec![index, column(QUERY, Type::Any), count],
        };
        Procedure {
            name: search.name.to_owned(),
            arguments,
            columns: vec![
                column(search.column, Type::Any),
                column(SCORE, Type::Float64),
            ],
            description: match search.of_vectors {
                Some(true) => "The entities with the nearest vectors, by a vector index.",
                Some(false) => "The entities whose texts fit best, by a full-text index.",
                None => "The entities that fit best, by a vector or full-text index.",
            }
            .to_owned(),
            source: Source::Index,
        }
    })
}

/// The rows of a search.
pub(super) fn search(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: &Rows,
    needs: &mut Needs,
    found: &Found<'_>,
) -> Result<Rows> {
    let procedure = found.procedure;
    let own = SEARCHES.iter().find(|own| own.name == procedure.name);
    let search = own
        .copied()
        .ok_or_else(|| Error::internal("a search of no known name"))?;
    let index = searched_index(context, search, found.given.first(), found.span)?;
    let schema = context.schema();
    let (tables, entity_type) = match schema.hyperedge_table(&index.label) {
        Some((table, _)) => {
            let tables: Tables = [table.id].into();
            (Arc::clone(&tables), Type::Hyperedge(tables))
        }
        None => {
            let tables = schema.tables_with_label(&index.label);
            (Arc::clone(&tables), Type::Node(tables))
        }
    };
    let argument = |name: &str| {
        let mut arguments = procedure.arguments.iter();
        let place = arguments.position(|own| own.name == name)?;
        found.given.get(place).cloned()
    };
    let target = argument(QUERY).unwrap_or(LogicalExpr::Literal(Value::Null));
    let mut column = |name: &str| {
        let wanted = found.yields.iter().find(|(own, _)| own.name == name);
        match wanted {
            Some((_, variable)) => column_for(variable),
            None => notes.fresh(name),
        }
    };
    let (entity, score) = (column(search.column), column(SCORE));
    let plan = LogicalPlan::IndexLookup(IndexLookup {
        input: SharedPlan::new(with_needs(rows.plan.clone(), needs)?),
        index,
        tables,
        target,
        count: argument(COUNT),
        entity,
        entity_type: entity_type.clone(),
        score,
    });
    let mut scope = rows.scope.clone();
    for (column, variable) in &found.yields {
        let ty = match column.ty {
            Type::Any => entity_type.clone(),
            ref other => other.clone(),
        };
        scope.put(variable, &column_for(variable), ty);
    }
    Ok(Rows::new(plan, scope))
}

/// The index that a search names, which must be of its kind.
fn searched_index(
    context: QueryContext<'_>,
    search: SearchProcedure,
    name: Option<&LogicalExpr>,
    span: Span,
) -> Result<IndexDefinition> {
    let name = match name {
        Some(name) if name.columns().is_empty() => (context.bind.constant)(name)?,
        _ => Value::Null,
    };
    let Value::String(name) = &name else {
        let text = "the index is named by a text or a parameter, since the plan depends on it";
        return Err(context
            .source
            .invalid(text, span)
            .with_code("SyntaxError:InvalidArgumentType"));
    };
    let indexes = context.schema().indexes();
    let Some(index) = indexes.iter().find(|own| &own.name == name) else {
        let hint = hint(name, indexes.iter().map(|own| own.name.as_str()));
        let text = format!("there is no index `{name}`{hint}");
        return Err(context
            .source
            .invalid(text, span)
            .with_code("ProcedureError:IndexNotFound"));
    };
    let fits = match index.kind {
        IndexKind::Vector { .. } => search.of_vectors != Some(false),
        IndexKind::FullText => search.of_vectors != Some(true),
        IndexKind::Range => false,
    };
    let is_of_nodes = context.schema().hyperedge_table(&index.label).is_none();
    if fits && search.finds_nodes.is_none_or(|nodes| nodes == is_of_nodes) {
        return Ok(index.clone());
    }
    let text = format!(
        "`{}` cannot search the index `{name}`, which is {} of `{}`",
        search.name, index.kind, index.label
    );
    Err(context
        .source
        .invalid(text, span)
        .with_code("ProcedureError:IndexOfAnotherKind"))
}
