//! LOAD CSV: the records of a file, row by row.

use std::sync::Arc;

use grism_core::{Result, Type};
use grism_logical::{CsvRecord, LoadCsv, LogicalPlan};

use super::rows::Rows;
use crate::binder::expression::{ExpressionBinder, ExpressionInput, Needs, bind_expression};
use crate::binder::names::column_for;
use crate::binder::{Notes, QueryContext};
use crate::source::Source;
use crate::syntax::{LoadCsvClause, Span};

pub(super) fn load_csv(
    context: QueryContext<'_>,
    notes: &mut Notes,
    rows: Rows,
    clause: &LoadCsvClause,
) -> Result<Rows> {
    let name = &clause.variable.text;
    if rows.scope.find(name).is_some() {
        let message = format!("the variable `{name}` is bound already");
        return Err(context
            .source
            .invalid(message, clause.variable.span)
            .with_code("SyntaxError:VariableAlreadyBound"));
    }
    let delimiter = match &clause.terminator {
        Some((text, span)) => delimiter(context.source, text, *span)?,
        None => b',',
    };
    let (columns, mut needs) = (rows.plan.schema()?, Needs::default());
    let input = ExpressionInput::new(&rows.scope, &columns);
    let mut binder = ExpressionBinder::new(context, notes, input, &mut needs);
    let source = bind_expression(&mut binder, &clause.source)?;
    match binder.type_of(&source, &clause.source)? {
        Type::String | Type::Any => {}
        other => {
            let message =
                format!("LOAD CSV reads from a path or URI, which is a text, not {other}");
            return Err(context
                .source
                .invalid(message, clause.source.span)
                .with_code("SyntaxError:InvalidArgumentType"));
        }
    }
    let rows = rows.with_needs(&mut needs)?;
    let load = LoadCsv {
        input: Arc::new(rows.plan),
        source,
        delimiter,
        record: match clause.headers {
            true => CsvRecord::Map,
            false => CsvRecord::List,
        },
        variable: column_for(name),
    };
    let column = load.column();
    let mut scope = rows.scope;
    scope.put(name, &column.name, column.ty);
    Ok(Rows::new(LogicalPlan::LoadCsv(load), scope))
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
