//! Expressions: names become columns, properties and functions; everything is typed.

use grism_core::Result;
use grism_logical::{BinaryOperator, LogicalExpr};

use super::{Binder, hint};
use crate::syntax::{CaseExpression, Expr, ExprKind, Name};

impl Binder<'_> {
    pub(super) fn expression(&mut self, expression: &Expr) -> Result<LogicalExpr> {
        let span = expression.span;
        match &expression.kind {
            ExprKind::Literal(literal) => {
                Ok(LogicalExpr::Literal(self.literal(literal, span, false)?))
            }
            ExprKind::Variable(name) => self.variable(name),
            ExprKind::Parameter(name) => match self.parameters.get(name) {
                Some(value) => Ok(LogicalExpr::Literal(value.clone())),
                None => {
                    let hint = hint(name, self.parameters.keys().map(String::as_str));
                    Err(self
                        .source
                        .invalid(format!("the parameter `${name}` has no value{hint}"), span)
                        .with_code("ParameterMissing:MissingParameter"))
                }
            },
            ExprKind::Parenthesized(inner) => self.expression(inner),
            ExprKind::List(items) => {
                let items = items
                    .iter()
                    .map(|item| self.expression(item))
                    .collect::<Result<Vec<_>>>()?;
                // A list of constants is a constant, so that a list of several types is refused in one place.
                let list = grism_logical::optimizer::fold_expression(LogicalExpr::List(items));
                self.type_of(&list, expression)?;
                Ok(list)
            }
            ExprKind::Map(entries) => {
                let mut bound: Vec<(String, LogicalExpr)> = Vec::new();
                for entry in entries {
                    let key = entry.key.text.clone();
                    if bound.iter().any(|(own, _)| own == &key) {
                        return Err(self
                            .source
                            .invalid(format!("the key `{key}` stands twice"), entry.key.span));
                    }
                    bound.push((key, self.expression(&entry.value)?));
                }
                Ok(LogicalExpr::Map(bound))
            }
            ExprKind::Prefix { operator, operand } => self.prefix(*operator, operand, expression),
            ExprKind::Chain { first, rest } => self.chain(first, rest, expression),
            ExprKind::Is {
                operand,
                negated,
                predicate,
            } => self.is_predicate(operand, *negated, predicate),
            ExprKind::Property { base, key } => self.property_of(base, key),
            ExprKind::Index { base, index } => self.index(base, index, expression),
            ExprKind::Slice { base, lower, upper } => {
                let base = Box::new(self.expression(base)?);
                let lower = lower
                    .as_deref()
                    .map(|bound| self.expression(bound))
                    .transpose()?
                    .map(Box::new);
                let upper = upper
                    .as_deref()
                    .map(|bound| self.expression(bound))
                    .transpose()?
                    .map(Box::new);
                self.typed(LogicalExpr::Slice { base, lower, upper }, expression)
            }
            ExprKind::Function(call) => self.function(call, expression),
            ExprKind::Case(case) => self.case(case, expression),
            ExprKind::Subquery(subquery) => self.subquery(subquery),
            ExprKind::Pattern(path) => self.pattern_predicate(path),
            ExprKind::MapProjection(projection) => self.map_projection(projection),
            ExprKind::ListComprehension(comprehension) => {
                self.list_comprehension(comprehension, expression)
            }
            ExprKind::PatternComprehension(comprehension) => {
                self.pattern_comprehension(comprehension, span)
            }
            ExprKind::Reduce(reduce) => self.reduce(reduce, expression),
            ExprKind::Quantified(quantified) => self.quantified(quantified, expression),
        }
    }

    /// Checks the types of an expression that was just built.
    pub(super) fn typed(&self, bound: LogicalExpr, place: &Expr) -> Result<LogicalExpr> {
        self.type_of(&bound, place)?;
        Ok(bound)
    }

    pub(super) fn variable(&mut self, name: &Name) -> Result<LogicalExpr> {
        let text = name.text.as_str();
        if let Some(lambda) = self.lambda(text) {
            return Ok(LogicalExpr::Column(lambda.column.clone()));
        }
        if let Some((_, expression)) = self.aliases.iter().find(|(alias, _)| alias == text) {
            return Ok(expression.clone());
        }
        match self.scope.find(text) {
            Some(variable) => Ok(LogicalExpr::Column(variable.column.clone())),
            None => {
                let known = self
                    .scope
                    .names()
                    .chain(self.aliases.iter().map(|(alias, _)| alias.as_str()));
                let message = format!("unknown variable `{text}`{}", hint(text, known));
                Err(self
                    .source
                    .invalid(message, name.span)
                    .with_code("SyntaxError:UndefinedVariable"))
            }
        }
    }

    fn case(&mut self, case: &CaseExpression, place: &Expr) -> Result<LogicalExpr> {
        let operand = case
            .operand
            .as_deref()
            .map(|operand| self.expression(operand))
            .transpose()?;
        let mut branches = Vec::new();
        for alternative in &case.alternatives {
            let then = self.expression(&alternative.then)?;
            for when in &alternative.when {
                let bound = self.expression(when)?;
                let condition = match &operand {
                    Some(operand) => operand.clone().binary(BinaryOperator::Equal, bound),
                    None => bound,
                };
                branches.push((condition, then.clone()));
            }
        }
        let otherwise = case
            .otherwise
            .as_deref()
            .map(|other| self.expression(other))
            .transpose()?
            .map(Box::new);
        self.typed(
            LogicalExpr::Case {
                branches,
                otherwise,
            },
            place,
        )
    }
}
