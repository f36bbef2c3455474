//! Comprehensions and quantifiers: expressions that are evaluated for each element of a list.

use grism_core::{Result, Type};
use grism_logical::{LogicalExpr, UnaryOperator};

use super::bind::{bind_expression, bind_predicate};
use super::binder::ExpressionBinder;
use super::lambda::{list_of, with_lambda};
use super::needs::Pending;
use super::subquery::collected;
use crate::binder::clause::{UnwoundList, comprehension_subplan, list_subplan};
use crate::syntax::{
    Expr, ExprKind, ListComprehension, Name, PatternComprehension, Quantified, Span, Visitor,
    walk_expr,
};

/// `[variable IN list WHERE predicate | projection]`.
pub(super) fn bind_list_comprehension(
    binder: &mut ExpressionBinder<'_, '_>,
    comprehension: &ListComprehension,
    place: &Expr,
) -> Result<LogicalExpr> {
    let parts = || {
        let predicate = comprehension.predicate.as_deref();
        (predicate, comprehension.projection.as_deref())
    };
    if parts().0.is_some_and(asks_the_graph) || parts().1.is_some_and(asks_the_graph) {
        return as_subplan(
            binder,
            &comprehension.list,
            &comprehension.variable,
            parts().0,
            parts().1,
            place.span,
        );
    }
    let (list, item) = list_of(binder, &comprehension.list)?;
    let (list, variable, (predicate, projection)) = with_lambda(
        binder,
        list,
        item,
        &comprehension.variable,
        place.span,
        &mut |binder| {
            let predicate = comprehension
                .predicate
                .as_deref()
                .map(|predicate| bind_predicate(binder, predicate))
                .transpose()?;
            let projection = comprehension
                .projection
                .as_deref()
                .map(|projection| bind_expression(binder, projection))
                .transpose()?;
            Ok((predicate.map(Box::new), projection.map(Box::new)))
        },
    )?;
    Ok(LogicalExpr::Transform {
        list: Box::new(list),
        variable,
        predicate,
        projection,
    })
}

/// `all`, `any`, `none` and `single` of a list.
pub(super) fn bind_quantified(
    binder: &mut ExpressionBinder<'_, '_>,
    quantified: &Quantified,
    place: &Expr,
) -> Result<LogicalExpr> {
    let quantifier = quantified.quantifier;
    if asks_the_graph(&quantified.predicate) {
        // Whether it holds for each element, as a list of its own.
        let answers = as_subplan(
            binder,
            &quantified.list,
            &quantified.variable,
            None,
            Some(&quantified.predicate),
            place.span,
        )?;
        let variable = binder.notes.fresh("element");
        return Ok(LogicalExpr::Quantified {
            quantifier,
            list: Box::new(answers),
            predicate: Box::new(LogicalExpr::column(&variable)),
            variable,
        });
    }
    let (list, item) = list_of(binder, &quantified.list)?;
    let (list, variable, predicate) = with_lambda(
        binder,
        list,
        item,
        &quantified.variable,
        place.span,
        &mut |binder| bind_predicate(binder, &quantified.predicate),
    )?;
    Ok(LogicalExpr::Quantified {
        quantifier,
        list: Box::new(list),
        variable,
        predicate: Box::new(predicate),
    })
}

/// A comprehension whose parts look for patterns: a subplan that unwinds the list and collects what becomes of it.
fn as_subplan(
    binder: &mut ExpressionBinder<'_, '_>,
    list: &Expr,
    variable: &Name,
    predicate: Option<&Expr>,
    projection: Option<&Expr>,
    span: Span,
) -> Result<LogicalExpr> {
    if !binder.lambdas.is_empty() {
        return Err(binder.unsupported("a pattern within nested comprehensions", span));
    }
    let (bound, item) = list_of(binder, list)?;
    let ty = binder.type_of(&bound, list)?;
    let bound = match item {
        Type::Any => bound.convert(&ty, &Type::Any.list()),
        _ => bound,
    };
    let columns = bound.columns();
    if columns.iter().any(|own| binder.needs.is_aggregate(own)) {
        let what = "a pattern over an aggregated list; use WITH first";
        return Err(binder.unsupported(what, span));
    }
    let column = binder.notes.fresh("list");
    binder.needs.pend(Pending::Column(bound.named(&column)));
    let unwound = UnwoundList {
        column: &column,
        variable,
        item,
        predicate,
        projection,
    };
    let columns = binder.outer_columns()?;
    let (subplan, made) = list_subplan(
        binder.context,
        binder.notes,
        binder.input.scope,
        columns,
        unwound,
    )?;
    let collected = collected(binder, subplan, made);
    Ok(LogicalExpr::Case {
        branches: vec![(
            LogicalExpr::Column(column).unary(UnaryOperator::IsNotNull),
            collected,
        )],
        otherwise: None,
    })
}

/// `[(a)-->(b) WHERE … | …]`: a list of what each match makes.
pub(super) fn bind_pattern_comprehension(
    binder: &mut ExpressionBinder<'_, '_>,
    comprehension: &PatternComprehension,
) -> Result<LogicalExpr> {
    let columns = binder.outer_columns()?;
    let (subplan, column) = comprehension_subplan(
        binder.context,
        binder.notes,
        binder.input.scope,
        columns,
        comprehension,
    )?;
    Ok(collected(binder, subplan, column))
}

/// Whether a pattern or a subquery stands in the expression.
pub(crate) fn asks_the_graph(expression: &Expr) -> bool {
    struct Finder(bool);
    impl<'ast> Visitor<'ast> for Finder {
        fn visit_expr(&mut self, expression: &'ast Expr) {
            self.0 |= matches!(
                expression.kind,
                ExprKind::Pattern(_) | ExprKind::PatternComprehension(_) | ExprKind::Subquery(_)
            );
            walk_expr(self, expression);
        }
    }
    let mut finder = Finder(false);
    finder.visit_expr(expression);
    finder.0
}
