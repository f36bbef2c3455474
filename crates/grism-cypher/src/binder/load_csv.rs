//! LOAD CSV: the records of a file, row by row.

use std::sync::Arc;

use grism_core::{Result, Type};
use grism_logical::{CsvRecord, LoadCsv, LogicalPlan};

use super::Binder;
use super::scope::column_for;
use crate::syntax::LoadCsvClause;

impl Binder<'_> {
    pub(super) fn load_csv(&mut self, clause: &LoadCsvClause) -> Result<()> {
        let name = &clause.variable.text;
        if self.scope.find(name).is_some() {
            let message = format!("the variable `{name}` is bound already");
            return Err(self
                .source
                .invalid(message, clause.variable.span)
                .with_code("SyntaxError:VariableAlreadyBound"));
        }
        let delimiter = match &clause.terminator {
            None => b',',
            Some((text, _)) if text == "\\t" => b'\t',
            Some((text, span)) => match text.as_bytes() {
                [character]
                    if character.is_ascii() && !matches!(character, b'"' | b'\n' | b'\r') =>
                {
                    *character
                }
                _ => {
                    let message = "FIELDTERMINATOR is one ASCII character, and neither a quote nor an end of line";
                    return Err(self.source.invalid(message, *span));
                }
            },
        };
        let source = self.expression(&clause.source)?;
        self.flush_pending()?;
        match self.type_of(&source, &clause.source)? {
            Type::String | Type::Any => {}
            other => {
                let message =
                    format!("LOAD CSV reads from a path or URI, which is a text, not {other}");
                return Err(self
                    .source
                    .invalid(message, clause.source.span)
                    .with_code("SyntaxError:InvalidArgumentType"));
            }
        }
        let load = LoadCsv {
            input: Arc::new(std::mem::replace(&mut self.plan, LogicalPlan::Unit)),
            source,
            delimiter,
            record: match clause.headers {
                true => CsvRecord::Map,
                false => CsvRecord::List,
            },
            variable: column_for(name),
        };
        let column = load.column();
        self.plan = LogicalPlan::LoadCsv(load);
        self.scope.put(name, &column.name, column.ty);
        Ok(())
    }
}
