//! Visits the parts of a query.

use grism_core::with_stack;

use super::{
    Clause, ClauseKind, Expr, ExprKind, IsPredicate, MapProjectionItem, PathElement,
    PathElementKind, PathPattern, Pattern, ProcedureTarget, Projection, ProjectionItemKind, Query,
    RemoveItemKind, SetItem, SetItemKind, SingleQuery,
};

/// Called for the parts of a query. Each method goes on into the part's own parts, unless it is overridden.
pub(crate) trait Visitor<'a> {
    fn visit_query(&mut self, query: &'a Query) {
        walk_query(self, query);
    }

    fn visit_clause(&mut self, clause: &'a Clause) {
        walk_clause(self, clause);
    }

    fn visit_element(&mut self, element: &'a PathElement) {
        walk_element(self, element);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        walk_expr(self, expression);
    }

    fn visit_path(&mut self, path: &'a PathPattern) {
        for element in &path.elements {
            self.visit_element(element);
        }
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        for path in &pattern.paths {
            self.visit_path(path);
        }
    }

    fn visit_single_query(&mut self, query: &'a SingleQuery) {
        for clause in &query.clauses {
            self.visit_clause(clause);
        }
    }

    fn visit_projection(&mut self, projection: &'a Projection) {
        for item in &projection.items {
            if let ProjectionItemKind::Expression { expression, .. } = &item.kind {
                self.visit_expr(expression);
            }
        }
        let order = projection.order_by.iter().map(|item| &item.expression);
        let bounds = projection.skip.iter().chain(&projection.limit);
        order.chain(bounds).for_each(|part| self.visit_expr(part));
    }
}

/// Visits the branches of a query.
pub(crate) fn walk_query<'a, V: Visitor<'a> + ?Sized>(visitor: &mut V, query: &'a Query) {
    for branch in query.branches() {
        visitor.visit_single_query(branch);
    }
}

/// Visits the parts of a clause.
pub(crate) fn walk_clause<'a, V: Visitor<'a> + ?Sized>(visitor: &mut V, clause: &'a Clause) {
    match &clause.kind {
        ClauseKind::Match(matched) => {
            visitor.visit_pattern(&matched.pattern);
            visit_all(visitor, &matched.predicate);
        }
        ClauseKind::Unwind(unwind) => visitor.visit_expr(&unwind.expression),
        ClauseKind::With(with) => {
            visitor.visit_projection(&with.projection);
            visit_all(visitor, &with.predicate);
        }
        ClauseKind::Return(projection) => visitor.visit_projection(projection),
        ClauseKind::Call(call) => {
            let ProcedureTarget { arguments, .. } = &call.target;
            visit_all(visitor, arguments.iter().flatten());
            let yields = call.yields.iter();
            visit_all(visitor, yields.filter_map(|own| own.predicate.as_ref()));
        }
        ClauseKind::Subquery(subquery) => {
            visitor.visit_query(&subquery.query);
            let batches = subquery.transactions.iter();
            visit_all(visitor, batches.filter_map(|own| own.rows.as_ref()));
        }
        ClauseKind::LoadRows(load) => visitor.visit_expr(&load.source),
        ClauseKind::Create(pattern) => visitor.visit_pattern(pattern),
        ClauseKind::Merge(merge) => {
            visitor.visit_path(&merge.path);
            for action in &merge.actions {
                walk_set_items(visitor, &action.items);
            }
        }
        ClauseKind::Set(items) => walk_set_items(visitor, items),
        ClauseKind::Remove(items) => {
            for item in items {
                if let RemoveItemKind::Property(target) = &item.kind {
                    visitor.visit_expr(target);
                }
            }
        }
        ClauseKind::Delete(delete) => visit_all(visitor, &delete.expressions),
        ClauseKind::Foreach(foreach) => {
            visitor.visit_expr(&foreach.list);
            for clause in &foreach.clauses {
                visitor.visit_clause(clause);
            }
        }
    }
}

fn walk_set_items<'a, V: Visitor<'a> + ?Sized>(visitor: &mut V, items: &'a [SetItem]) {
    for item in items {
        match &item.kind {
            SetItemKind::Property { target, value } => {
                visitor.visit_expr(target);
                visitor.visit_expr(value);
            }
            SetItemKind::ReplaceProperties { value, .. }
            | SetItemKind::MergeProperties { value, .. } => visitor.visit_expr(value),
            SetItemKind::Labels { .. } => {}
        }
    }
}

/// Visits the parts of an element of a path.
pub(crate) fn walk_element<'a, V: Visitor<'a> + ?Sized>(visitor: &mut V, element: &'a PathElement) {
    match &element.kind {
        PathElementKind::Node(node) => {
            visit_all(visitor, &node.properties);
            visit_all(visitor, &node.predicate);
        }
        PathElementKind::Relationship(step) => {
            visit_all(visitor, &step.properties);
            visit_all(visitor, &step.predicate);
        }
        PathElementKind::Group(group) => {
            visitor.visit_path(&group.path);
            visit_all(visitor, &group.predicate);
        }
        PathElementKind::Shortest { path, .. } => visitor.visit_path(path),
    }
}

/// Visits the parts of an expression.
pub(crate) fn walk_expr<'a, V: Visitor<'a> + ?Sized>(visitor: &mut V, expression: &'a Expr) {
    with_stack(|| walk_parts(visitor, expression));
}

fn walk_parts<'a, V: Visitor<'a> + ?Sized>(visitor: &mut V, expression: &'a Expr) {
    match &expression.kind {
        ExprKind::Literal(_) | ExprKind::Variable(_) | ExprKind::Parameter(_) => {}
        ExprKind::Parenthesized(inner) => visitor.visit_expr(inner),
        ExprKind::List(items) => visit_all(visitor, items),
        ExprKind::Map(entries) => visit_all(visitor, entries.iter().map(|entry| &entry.value)),
        ExprKind::Prefix { operand, .. } => visitor.visit_expr(operand),
        ExprKind::Chain { first, rest } => {
            visitor.visit_expr(first);
            visit_all(visitor, rest.iter().map(|link| &link.operand));
        }
        ExprKind::Is {
            operand, predicate, ..
        } => {
            let (IsPredicate::Null | IsPredicate::Labels(_)) = predicate;
            visitor.visit_expr(operand);
        }
        ExprKind::Property { base, .. } => visitor.visit_expr(base),
        ExprKind::Index { base, index } => {
            visitor.visit_expr(base);
            visitor.visit_expr(index);
        }
        ExprKind::Slice { base, lower, upper } => {
            visitor.visit_expr(base);
            visit_all(visitor, lower.iter().chain(upper).map(|bound| &**bound));
        }
        ExprKind::Function(call) => visit_all(visitor, &call.arguments),
        ExprKind::Case(case) => {
            visit_all(visitor, case.operand.as_deref());
            for alternative in &case.alternatives {
                visit_all(visitor, &alternative.when);
                visitor.visit_expr(&alternative.then);
            }
            visit_all(visitor, case.otherwise.as_deref());
        }
        ExprKind::MapProjection(projection) => {
            visitor.visit_expr(&projection.base);
            for item in &projection.items {
                if let MapProjectionItem::Entry(entry) = item {
                    visitor.visit_expr(&entry.value);
                }
            }
        }
        ExprKind::ListComprehension(comprehension) => {
            visitor.visit_expr(&comprehension.list);
            visit_all(visitor, comprehension.predicate.as_deref());
            visit_all(visitor, comprehension.projection.as_deref());
        }
        ExprKind::PatternComprehension(comprehension) => {
            visitor.visit_path(&comprehension.pattern);
            visit_all(visitor, &comprehension.predicate);
            visitor.visit_expr(&comprehension.projection);
        }
        ExprKind::Quantified(quantified) => {
            visitor.visit_expr(&quantified.list);
            visitor.visit_expr(&quantified.predicate);
        }
        ExprKind::Reduce(reduce) => {
            visitor.visit_expr(&reduce.initial);
            visitor.visit_expr(&reduce.list);
            visitor.visit_expr(&reduce.step);
        }
        ExprKind::Subquery(subquery) => visitor.visit_query(&subquery.query),
        ExprKind::Pattern(path) => visitor.visit_path(path),
    }
}

fn visit_all<'a, V: Visitor<'a> + ?Sized>(
    visitor: &mut V,
    expressions: impl IntoIterator<Item = &'a Expr>,
) {
    for expression in expressions {
        visitor.visit_expr(expression);
    }
}
