//! LOAD CSV and LOAD FROM: the rows of a file or a table.

use grism_core::{Result, Type, Value};
use grism_logical::{CsvRecord, LoadRows, LogicalExpr, LogicalPlan, RowForm, SharedPlan};

use super::rows::Rows;
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs, bind_expression};
use crate::binder::names::column_for;
use crate::binder::{Notes, QueryContext};
use crate::source::Source;
use crate::syntax::{ExprKind, LoadForm, LoadRowsClause, Span};

pub(super) fn load_rows(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    clause: &LoadRowsClause,
) -> Result<Rows> {
    let name = &clause.variable.text;
    if rows.scope.find(name).is_some() {
        let message = format!("the variable `{name}` is bound already");
        return Err(context
            .source
            .invalid(message, clause.variable.span)
            .with_code("SyntaxError:VariableAlreadyBound"));
    }
    let form = match &clause.form {
        LoadForm::Csv {
            headers,
            terminator,
        } => RowForm::Csv {
            delimiter: match terminator {
                Some((text, span)) => delimiter(context.source, text, *span)?,
                None => b',',
            },
            record: match headers {
                true => CsvRecord::Map,
                false => CsvRecord::List,
            },
        },
        LoadForm::Rows(options) => match table_parameter(context, clause) {
            Some(name) if options.is_empty() => RowForm::Parameter(name.to_owned()),
            Some(name) => {
                let message = format!("options are of files, and `${name}` is a table");
                return Err(context.source.invalid(message, clause.source.span));
            }
            None => RowForm::Named(options.clone()),
        },
    };
    if matches!(form, RowForm::Parameter(_)) {
        let name = LogicalExpr::Literal(Value::Null);
        return Ok(loaded(rows, name, form, clause));
    }
    let (columns, mut needs) = (rows.plan.schema()?, Needs::default());
    let input = ExpressionInput::new(&rows.scope, &columns);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    let source = bind_expression(&mut binder, &clause.source)?;
    match binder.type_of(&source, &clause.source)? {
        Type::String | Type::Any => {}
        other => {
            let message = format!(
                "{}, which is a text, not {other}",
                what_is_read(&form, &other)
            );
            return Err(context
                .source
                .invalid(message, clause.source.span)
                .with_code("SyntaxError:InvalidArgumentType"));
        }
    }
    let rows = rows.with_needs(&mut needs)?;
    Ok(loaded(rows, source, form, clause))
}

/// The rows with those that are read for each of them.
fn loaded(rows: Rows, source: LogicalExpr, form: RowForm, clause: &LoadRowsClause) -> Rows {
    let name = &clause.variable.text;
    let load = LoadRows {
        input: SharedPlan::new(rows.plan),
        source,
        form,
        variable: column_for(name),
    };
    let column = load.column();
    let mut scope = rows.scope;
    scope.put(name, &column.name, column.ty);
    Rows::new(LogicalPlan::LoadRows(load), scope)
}

/// The parameter that is the source, where its value is a table.
fn table_parameter<'a>(context: QueryContext<'_>, clause: &'a LoadRowsClause) -> Option<&'a str> {
    match &clause.source.kind {
        ExprKind::Parameter(name) if context.bind.tables.contains(name) => Some(name),
        _ => None,
    }
}

/// What is read from, for a message about a source of type `ty`.
fn what_is_read(form: &RowForm, ty: &Type) -> &'static str {
    match (form, ty) {
        (RowForm::Csv { .. }, _) => "LOAD CSV reads from a path or URI",
        (_, Type::List(_)) => {
            "UNWIND reads from a list; LOAD FROM reads from a table, a path, a URI or the name of a table"
        }
        _ => "LOAD FROM reads from a table, a path, a URI or the name of a table",
    }
}

/// The byte that a field terminator stands for.
fn delimiter(source: Source<'_>, text: &str, span: Span) -> Result<u8> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [character] if character.is_ascii() && !b"\"\r\n".contains(character) => Ok(*character),
        _ => {
            let message =
                "FIELDTERMINATOR is one ASCII character, and neither a quote nor an end of line";
            Err(source.invalid(message, span))
        }
    }
}
