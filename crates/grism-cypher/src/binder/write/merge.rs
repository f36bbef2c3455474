//! MERGE: what is looked for, and what is made or changed.

use std::sync::Arc;

use grism_core::{Result, Value};
use grism_logical::{Apply, ApplyKind, LogicalExpr, LogicalPlan};

use crate::binder::Binder;
use crate::syntax::{MergeClause, MergeTrigger, PathElementKind, Pattern};

use super::{MergeWrite, WriteKind};

impl Binder<'_> {
    pub(super) fn merge(&mut self, merge: &MergeClause) -> Result<WriteKind> {
        let pattern = Pattern {
            paths: vec![merge.path.clone()],
            span: merge.path.span,
        };
        let before = self.scope.clone();
        // A pattern that only names what is bound has nothing to merge.
        if let [element] = &merge.path.elements[..]
            && let PathElementKind::Node(node) = &element.kind
            && let Some(name) = &node.variable
            && before.find(&name.text).is_some()
        {
            return Err(self
                .source
                .invalid(
                    format!("the variable `{}` is bound already", name.text),
                    name.span,
                )
                .with_code("SyntaxError:VariableAlreadyBound"));
        }
        // What would be created; its property maps are columns of the rows from here on.
        let created = self.create(&pattern.paths, true)?;
        self.flush_pending()?;
        let after = std::mem::replace(&mut self.scope, before.clone());
        let outer = std::mem::replace(&mut self.plan, LogicalPlan::Unit);
        let outer_schema = outer.schema()?;
        let mut inner = Binder::new(self.query);
        inner.plan = LogicalPlan::Argument(outer_schema.clone());
        inner.scope = before.clone();
        inner.counter = self.counter;
        inner.match_pattern(&pattern, None)?;
        let found = inner.internal_name("found");
        let input = Arc::new(std::mem::replace(&mut inner.plan, LogicalPlan::Unit));
        inner.plan = crate::binder::with_column(
            input,
            LogicalExpr::Literal(Value::Bool(true)),
            found.clone(),
        )?;
        let mut variables = Vec::new();
        let mut names: Vec<String> = outer_schema.names().map(str::to_owned).collect();
        for variable in &inner.scope.variables {
            if before.find(&variable.name).is_none() {
                names.push(variable.column.clone());
                variables.push((variable.column.clone(), variable.ty.clone()));
            }
        }
        names.push(found.clone());
        self.counter = inner.counter;
        let subplan = std::mem::replace(&mut inner.plan, LogicalPlan::Unit).keep_columns(&names)?;
        self.plan = LogicalPlan::Apply(Apply {
            input: Arc::new(outer),
            subplan: Arc::new(subplan),
            kind: ApplyKind::Optional,
        });
        let mut keys = Vec::new();
        let schema = self.plan.schema()?;
        let mut key = |column: &String| {
            if let Some(own) = schema
                .find(column)
                .filter(|_| outer_schema.contains(column))
            {
                let entry = (column.clone(), own.ty.clone());
                if !keys.contains(&entry) {
                    keys.push(entry);
                }
            }
        };
        for entity in &created.entities {
            entity.properties.iter().for_each(&mut key);
        }
        for edge in &created.edges {
            edge.properties.iter().for_each(&mut key);
            key(&edge.source);
            key(&edge.target);
        }
        for incidence in &created.incidences {
            key(&incidence.hyperedge);
            key(&incidence.member);
        }
        self.scope = after;
        // What is set is bound over the variables, those of the pattern too: what the search computed beside is gone.
        let mut rows = grism_logical::PlanSchema::default();
        for variable in &inner.scope.variables {
            rows.put(grism_logical::Column::new(
                &variable.column,
                variable.ty.clone(),
            ));
        }
        for action in &merge.actions {
            self.note_set_keys(&action.items)?;
        }
        let (mut on_create, mut on_match) = (None, None);
        for (trigger, slot) in [
            (MergeTrigger::Create, &mut on_create),
            (MergeTrigger::Match, &mut on_match),
        ] {
            let mut setter = Binder::new(self.query);
            setter.plan = LogicalPlan::Argument(rows.clone());
            setter.scope = inner.scope.clone();
            setter.counter = self.counter;
            setter.setting.clone_from(&self.setting);
            let mut items = Vec::new();
            for action in merge
                .actions
                .iter()
                .filter(|action| action.trigger == trigger)
            {
                items.extend(setter.set(&action.items)?);
            }
            setter.flush_pending()?;
            self.counter = setter.counter;
            if !items.is_empty() {
                *slot = Some((setter.plan, items));
            }
        }
        Ok(WriteKind::Merge(Box::new(MergeWrite {
            created,
            found,
            keys,
            variables,
            on_create,
            on_match,
        })))
    }
}
