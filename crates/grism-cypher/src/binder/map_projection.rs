//! Map projections: a map out of properties, variables and expressions.

use grism_core::{Result, Type};
use grism_logical::{LogicalExpr, ScalarFunction, UnaryOperator};
use open_cypher::{Span, ast};

use super::Binder;

impl Binder<'_> {
    /// `base {.key, .*, variable, key: expression}`.
    pub(super) fn map_projection(
        &mut self,
        projection: &ast::MapProjection,
        span: Span,
    ) -> Result<LogicalExpr> {
        use ast::MapProjectionItemKind as Item;
        let base = self.expression(&projection.base)?;
        let ty = self.type_of(&base, &projection.base)?;
        let mut all = None;
        let mut entries: Vec<(String, LogicalExpr)> = Vec::new();
        let put =
            |entries: &mut Vec<(String, LogicalExpr)>, key: &str, value: LogicalExpr| match entries
                .iter_mut()
                .find(|(own, _)| own == key)
            {
                Some(own) => own.1 = value,
                None => entries.push((key.to_owned(), value)),
            };
        for item in &projection.items {
            match &item.kind {
                Item::Property(key) => {
                    let value = self.property_of_bound(base.clone(), &ty, key)?;
                    put(&mut entries, &key.kind.text, value);
                }
                Item::Variable(name) => {
                    let value = self.variable(name)?;
                    put(&mut entries, &name.kind.text, value);
                }
                Item::Entry(entry) => {
                    let value = self.expression(&entry.value)?;
                    put(&mut entries, &entry.key.kind.text, value);
                }
                Item::AllProperties => all = Some(item.span),
                _ => return Err(self.source.unsupported("this map projection", item.span)),
            }
        }
        let map = LogicalExpr::Map(entries);
        let map = match all {
            None => map,
            Some(_) => {
                let properties = match &ty {
                    Type::Map(_) => {
                        LogicalExpr::call(ScalarFunction::Properties, vec![base.clone()])
                    }
                    _ => self.dynamic_function(
                        ScalarFunction::Properties,
                        base.clone(),
                        &ty,
                        Vec::new(),
                    ),
                };
                LogicalExpr::call(ScalarFunction::Merge, vec![properties, map])
            }
        };
        let _ = span;
        // What is projected of null is null.
        Ok(LogicalExpr::Case {
            branches: vec![(base.unary(UnaryOperator::IsNotNull), map)],
            otherwise: None,
        })
    }
}
