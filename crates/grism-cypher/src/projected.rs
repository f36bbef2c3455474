//! What a projection lists, by its text: what comes after it may repeat an expression of the list, and means its column.

use grism_core::with_stack;

use crate::aggregates::aggregates;
use crate::source::Source;
use crate::syntax::{
    Expr, ExprKind, MapProjectionItem, Name, PathElement, PathElementKind, Projection,
    ProjectionItemKind, Span, Visitor, walk_element, walk_expr,
};

/// The expressions of a projection, and what their columns are called.
pub(crate) struct Projected<'a> {
    source: Source<'a>,
    items: Vec<ProjectedItem>,
}

struct ProjectedItem {
    text: String,
    name: String,
    expression: Expr,
    /// The names that it reads.
    reads: Vec<String>,
}

impl<'a> Projected<'a> {
    pub(crate) fn new(source: Source<'a>, projection: &Projection) -> Self {
        let items = projection.items.iter().filter_map(|item| match &item.kind {
            ProjectionItemKind::Wildcard => None,
            ProjectionItemKind::Expression { expression, alias } => Some(ProjectedItem {
                text: text_of(source, expression),
                name: column_name(source, expression, alias.as_ref()),
                expression: expression.clone(),
                reads: names_in(expression),
            }),
        });
        Self {
            source,
            items: items.collect(),
        }
    }

    /// The expression with what it repeats of the projection replaced by the variables of the columns.
    pub(crate) fn replaced(&self, expression: &Expr) -> Expr {
        let mut replaced = expression.clone();
        self.replace(&mut replaced, &mut Vec::new());
        replaced
    }

    fn replace(&self, expression: &mut Expr, locals: &mut Vec<String>) {
        let span = expression.bare().span;
        if let Some(name) = self.item(span, locals) {
            expression.kind = variable(name, expression.span);
            return;
        }
        self.replace_prefix(expression, locals);
        within(expression, locals, &mut |part, locals| {
            with_stack(|| self.replace(part, locals));
        });
    }

    /// The expression with the variables of the columns replaced by the expressions that they hold: what it means before the
    /// projection.
    pub(crate) fn expanded(&self, expression: &Expr) -> Expr {
        let mut expanded = expression.clone();
        self.expand(&mut expanded, &mut Vec::new());
        expanded
    }

    fn expand(&self, expression: &mut Expr, locals: &mut Vec<String>) {
        if let ExprKind::Variable(name) = &expression.kind {
            let is_local = locals.contains(&name.text);
            let mut items = self.items.iter();
            let item = items.find(|item| !is_local && item.name == name.text);
            if let Some(item) = item {
                expression.kind = ExprKind::Parenthesized(Box::new(item.expression.clone()));
            }
            return;
        }
        within(expression, locals, &mut |part, locals| {
            with_stack(|| self.expand(part, locals));
        });
    }

    /// `a + b` at the start of `a + b + c`. Within what aggregates, only what stands alone is grouped by.
    fn replace_prefix(&self, expression: &mut Expr, locals: &[String]) {
        if aggregates(expression) {
            return;
        }
        let ExprKind::Chain { first, rest } = &mut expression.kind else {
            return;
        };
        if rest.iter().any(|link| link.operator.is_comparison()) {
            return;
        }
        for count in (1..rest.len()).rev() {
            let span = first.span.to(rest[count - 1].operand.span);
            if let Some(name) = self.item(span, locals) {
                first.kind = variable(name, span);
                rest.drain(..count);
                return;
            }
        }
    }

    /// The column of the item that is written at `span`, and that reads nothing that is bound within an expression.
    fn item(&self, span: Span, locals: &[String]) -> Option<&str> {
        let text = normal(self.source.slice(span));
        let mut items = self.items.iter();
        let item = items.find(|item| item.text == text)?;
        let reads_local = item.reads.iter().any(|name| locals.contains(name));
        (!reads_local).then_some(item.name.as_str())
    }
}

/// Changes the parts of an expression, with the names that it binds for them among the locals.
fn within(
    expression: &mut Expr,
    locals: &mut Vec<String>,
    change: &mut dyn FnMut(&mut Expr, &mut Vec<String>),
) {
    let own: Vec<String> = expression
        .bound_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let outer = locals.len();
    locals.extend(own);
    for part in expression.children_mut() {
        change(part, locals);
    }
    locals.truncate(outer);
}

fn variable(name: &str, span: Span) -> ExprKind {
    ExprKind::Variable(Name {
        text: name.to_owned(),
        span,
    })
}

/// What the column of an item is called: by its alias, its variable, or its text.
pub(crate) fn column_name(source: Source<'_>, expression: &Expr, alias: Option<&Name>) -> String {
    match (alias, &expression.kind) {
        (Some(name), _) | (None, ExprKind::Variable(name)) => name.text.clone(),
        _ => source.slice(expression.span).to_owned(),
    }
}

/// The text of an expression, which is the same for all ways of spacing it and putting it in parentheses.
pub(crate) fn text_of(source: Source<'_>, expression: &Expr) -> String {
    normal(source.slice(expression.bare().span))
}

/// A text without the white space that separates no words.
fn normal(text: &str) -> String {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut shown = String::with_capacity(text.len());
    let (mut quote, mut space) = (None, false);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if quote.is_none() && letter.is_whitespace() {
            space = true;
            continue;
        }
        if space && is_word(letter) && shown.ends_with(is_word) {
            shown.push(' ');
        }
        space = false;
        shown.push(letter);
        match quote {
            Some(own) if own == letter => quote = None,
            Some('\'' | '"') if letter == '\\' => shown.extend(letters.next()),
            None if "'\"`".contains(letter) => quote = Some(letter),
            _ => {}
        }
    }
    shown
}

/// All names that an expression mentions as variables, those of its patterns and subqueries too.
pub(crate) fn names_in(expression: &Expr) -> Vec<String> {
    struct Names(Vec<String>);
    impl<'ast> Visitor<'ast> for Names {
        fn visit_element(&mut self, element: &'ast PathElement) {
            let variable = match &element.kind {
                PathElementKind::Node(node) => node.variable.as_ref(),
                PathElementKind::Relationship(step) => step.variable.as_ref(),
                _ => None,
            };
            self.0.extend(variable.map(|name| name.text.clone()));
            walk_element(self, element);
        }

        fn visit_expr(&mut self, expression: &'ast Expr) {
            match &expression.kind {
                ExprKind::Variable(name) => self.0.push(name.text.clone()),
                ExprKind::MapProjection(projection) => {
                    for item in &projection.items {
                        if let MapProjectionItem::Variable(name) = item {
                            self.0.push(name.text.clone());
                        }
                    }
                }
                _ => {}
            }
            walk_expr(self, expression);
        }
    }
    let mut names = Names(Vec::new());
    names.visit_expr(expression);
    names.0
}
