//! Steps of a pattern: which are binary edges and which are roles, and what that says of the entities at their ends.

use std::sync::Arc;

use grism_core::{Result, TableId, Tables, Type};

use super::pattern::{Entity, Step, StepKind};
use super::{Binder, hint};
use crate::syntax::Direction;

impl Binder<'_> {
    /// Decides for every step whether it is a binary edge or a role, and narrows the entities' tables on the way.
    pub(super) fn step_kinds(
        &mut self,
        entities: &mut [Entity],
        steps: &[Step<'_>],
    ) -> Result<Vec<StepKind>> {
        let mut kinds = Vec::new();
        for step in steps {
            let (forward, backward) = match step.pattern.direction {
                Direction::Right => (true, false),
                Direction::Left => (false, true),
                Direction::Either => (true, true),
            };
            let left = forward && self.has_roles(&entities[step.left], step)?;
            let right = backward && self.has_roles(&entities[step.right], step)?;
            kinds.push(match (left, right) {
                (false, false) => {
                    self.check_directed(step)?;
                    StepKind::Edge
                }
                (true, false) if step.length.is_some() => StepKind::Roles { reversed: false },
                (false, true) if step.length.is_some() => StepKind::Roles { reversed: true },
                (true, false) => StepKind::Role { reversed: false },
                (false, true) => StepKind::Role { reversed: true },
                (true, true) => {
                    let what = "a role step without direction between two hyperedges";
                    return Err(self.source.unsupported(what, step.span));
                }
            });
        }
        for (step, kind) in steps.iter().zip(&kinds) {
            // A step that may be left out says nothing of its ends.
            let may_be_none = step.length.is_some_and(|length| length.least == 0);
            if let StepKind::Role { reversed } | StepKind::Roles { reversed } = kind
                && !may_be_none
            {
                let hyperedge = if *reversed { step.right } else { step.left };
                let types = self.types_with_roles(&entities[hyperedge], &step.names);
                let own = entities[hyperedge]
                    .by_roles
                    .get_or_insert_with(|| types.clone());
                own.retain(|table| types.contains(table));
            }
        }
        for (step, kind) in steps.iter().zip(&kinds) {
            if let StepKind::Role { reversed } = kind {
                let (hyperedge, member) = if *reversed {
                    (step.right, step.left)
                } else {
                    (step.left, step.right)
                };
                let mut allowed: Vec<TableId> = Vec::new();
                for table in entities[hyperedge].by_roles.iter().flatten() {
                    let Some(hyperedge_type) = self.schema.table(*table)?.hyperedge_type() else {
                        continue;
                    };
                    let roles = hyperedge_type.roles.iter();
                    for role in roles
                        .filter(|role| step.names.is_empty() || step.names.contains(&role.name))
                    {
                        allowed.extend(self.schema.member_tables(role).iter());
                    }
                }
                allowed.sort_unstable();
                allowed.dedup();
                let own = entities[member]
                    .as_member
                    .get_or_insert_with(|| allowed.clone());
                own.retain(|table| allowed.contains(table));
            }
        }
        Ok(kinds)
    }

    /// Roles that are followed one after the other have a direction.
    fn check_directed(&self, step: &Step<'_>) -> Result<()> {
        let either_way = step.pattern.direction == Direction::Either;
        let is_role = |name: &String| {
            let mut types = self.schema.hyperedge_tables();
            types.any(|(_, ty)| ty.declared && ty.role(name).is_some())
                && self.schema.hyperedge_table(name).is_none()
        };
        if either_way && step.length.is_some() && step.names.iter().any(is_role) {
            let what = "role steps of variable length without direction";
            return Err(self.source.unsupported(what, step.span));
        }
        Ok(())
    }

    /// Whether `entity` is a hyperedge of which the step names a role.
    fn has_roles(&self, entity: &Entity, step: &Step<'_>) -> Result<bool> {
        let declared = |tables: &Tables| {
            !tables.is_empty()
                && tables.iter().all(|table| {
                    self.schema
                        .table(*table)
                        .ok()
                        .and_then(|table| table.hyperedge_type())
                        .is_some_and(|ty| ty.declared)
                })
        };
        let known = match (&entity.labelled, &entity.bound) {
            (Some(tables), _) => declared(tables),
            (None, Some(Type::Hyperedge(tables))) => declared(tables),
            _ => false,
        };
        let types = self.types_with_roles(entity, &step.names);
        if known {
            let is_edge_type = |name: &String| {
                self.schema
                    .hyperedge_table(name)
                    .is_some_and(|(_, ty)| ty.is_binary())
            };
            let anywhere = |name: &String| {
                let mut types = self.schema.hyperedge_tables();
                types.any(|(_, ty)| ty.declared && ty.role(name).is_some())
            };
            if step.length.is_some_and(|length| length.least == 0) {
                return Ok(step.names.iter().any(anywhere));
            }
            if types.is_empty() && !step.names.iter().any(is_edge_type) {
                let tables = entity
                    .labelled
                    .clone()
                    .or_else(|| entity.bound.as_ref().and_then(|ty| ty.tables().cloned()));
                let schema = Arc::clone(self.schema);
                let types = tables
                    .iter()
                    .flat_map(|tables| tables.iter())
                    .filter_map(|table| schema.table(*table).ok()?.hyperedge_type());
                let roles: Vec<&str> = types
                    .flat_map(|ty| ty.roles.iter().map(|role| role.name.as_str()))
                    .collect();
                let name = step.names.first().map(String::as_str).unwrap_or_default();
                let message = format!(
                    "`{}` has no role `{name}`{}; its roles are {}",
                    entity.label,
                    hint(name, roles.iter().copied()),
                    roles.join(", ")
                );
                let span = step
                    .pattern
                    .labels
                    .as_ref()
                    .map_or(step.span, |labels| labels.span);
                return Err(self.source.invalid(message, span));
            }
            return Ok(!types.is_empty());
        }
        // What may be a node as well may still be one of the types that have the role.
        if step.names.is_empty() || types.is_empty() {
            return Ok(false);
        }
        // An unlabelled variable takes its type from its roles, unless the name is a binary edge type as well.
        if step.names.iter().any(|name| {
            self.schema
                .hyperedge_table(name)
                .is_some_and(|(_, ty)| ty.is_binary())
        }) {
            let what = format!(
                "`{}`, which is both a role and a binary edge type, without a label beside it",
                step.names.join("|")
            );
            return Err(self.source.unsupported(what, step.span));
        }
        Ok(true)
    }

    /// The declared types that `entity` may have and that have at least one of the roles.
    fn types_with_roles(&self, entity: &Entity, roles: &[String]) -> Vec<TableId> {
        let bound = entity.bound.as_ref().and_then(|ty| ty.tables());
        self.schema
            .hyperedge_tables()
            .filter(|(table, ty)| {
                ty.declared
                    && entity
                        .labelled
                        .as_ref()
                        .is_none_or(|tables| tables.contains(&table.id))
                    && bound.is_none_or(|tables| tables.contains(&table.id))
                    && (roles.is_empty() || roles.iter().any(|role| ty.role(role).is_some()))
            })
            .map(|(table, _)| table.id)
            .collect()
    }

    pub(super) fn step_roles(&self, hyperedge: &Entity, names: &[String]) -> Vec<String> {
        if !names.is_empty() {
            return names.to_vec();
        }
        let mut roles: Vec<String> = Vec::new();
        let types = hyperedge
            .by_roles
            .iter()
            .flatten()
            .filter_map(|table| self.schema.table(*table).ok()?.hyperedge_type());
        for role in types.flat_map(|ty| &ty.roles) {
            if !roles.contains(&role.name) {
                roles.push(role.name.clone());
            }
        }
        roles
    }
}
