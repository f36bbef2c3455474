//! Steps of a pattern: what each may stand for, and what that says of the entities at its ends.
//!
//! A step is a binary edge, or a role that leads from the hyperedge at one of its ends to the member at the other. Where its
//! type does not tell, it may be several of these: each choice of one for every step is planned by itself.

use std::sync::Arc;

use grism_core::{HyperedgeType, Result, TableId};

use super::pattern::{Entity, Step, StepKind};
use super::{Binder, hint};
use crate::syntax::{Direction, ExprKind};

/// More choices than this are refused, since each is a plan of its own.
const MOST_CHOICES: usize = 256;

/// What every step stands for, and the entities that this leaves.
pub(super) struct Choice {
    pub(super) kinds: Vec<StepKind>,
    pub(super) entities: Vec<Entity>,
}

impl Binder<'_> {
    /// The ways of taking each step for an edge or a role that the tables of the entities allow; one at least.
    pub(super) fn choices(
        &mut self,
        entities: &[Entity],
        steps: &[Step<'_>],
    ) -> Result<Vec<Choice>> {
        let mut choices = vec![Choice {
            kinds: Vec::new(),
            entities: entities.to_vec(),
        }];
        for step in steps {
            let options = self.step_options(entities, step)?;
            let mut longer = Vec::new();
            for choice in &choices {
                for kind in &options {
                    let mut entities = choice.entities.clone();
                    // A choice that leaves an entity no table finds nothing; one of the pattern stays all the same.
                    if self.narrow_ends(&mut entities, step, *kind)? || options.len() == 1 {
                        let mut kinds = choice.kinds.clone();
                        kinds.push(*kind);
                        longer.push(Choice { kinds, entities });
                    }
                }
            }
            if longer.is_empty() {
                let mut choice = choices.swap_remove(0);
                let kind = options.first().copied().unwrap_or(StepKind::Edge);
                self.narrow_ends(&mut choice.entities, step, kind)?;
                choice.kinds.push(kind);
                longer.push(choice);
            }
            if longer.len() > MOST_CHOICES {
                let what = "a pattern of so many steps without types that may be edges or roles";
                return Err(self.source.unsupported(what, step.span));
            }
            choices = longer;
        }
        Ok(choices)
    }

    /// What a step may stand for, by its type, its direction and the tables of the entities at its ends.
    fn step_options(&mut self, entities: &[Entity], step: &Step<'_>) -> Result<Vec<StepKind>> {
        let direction = step.pattern.direction;
        let (left, right) = (&entities[step.left], &entities[step.right]);
        self.check_roles(left, right, step)?;
        if step.length.is_some() {
            // What lies between the ends of several hops may be anything.
            let schema = Arc::clone(self.schema);
            let mut types = schema.hyperedge_tables();
            let is_role = |ty: &HyperedgeType| ty.roles.iter().any(|role| step.allows(&role.name));
            let roles = types.any(|(_, ty)| ty.declared && !ty.is_binary() && is_role(ty))
                || [left, right].iter().any(|end| {
                    end.labelled.is_some() && !self.types_with_roles(end, None, step).is_empty()
                });
            return Ok(match roles {
                true => vec![StepKind::Repeated],
                false => vec![StepKind::Edge],
            });
        }
        let mut options = Vec::new();
        if !self.edge_types(step).is_empty() {
            options.push(StepKind::Edge);
        }
        // An incidence has no properties.
        let has_properties = step.pattern.properties.as_ref();
        if has_properties
            .is_none_or(|map| matches!(&map.kind, ExprKind::Map(all) if all.is_empty()))
            || options.is_empty()
        {
            if direction != Direction::Left
                && !self.types_with_roles(left, Some(right), step).is_empty()
            {
                options.push(StepKind::Role { reversed: false });
            }
            if direction != Direction::Right
                && !self.types_with_roles(right, Some(left), step).is_empty()
            {
                options.push(StepKind::Role { reversed: true });
            }
        }
        if options.is_empty() {
            self.warn_of_turned_role(left, right, step);
            options.push(StepKind::Edge);
        }
        Ok(options)
    }

    /// A role that a step names must be one of the hyperedge's, where it is known to be a hyperedge.
    fn check_roles(&self, left: &Entity, right: &Entity, step: &Step<'_>) -> Result<()> {
        let Some(names) = step.names.as_ref().filter(|_| step.is_list) else {
            return Ok(());
        };
        let ends = match step.pattern.direction {
            Direction::Right => vec![left],
            Direction::Left => vec![right],
            Direction::Either => vec![left, right],
        };
        let known: Vec<_> = ends
            .into_iter()
            .filter_map(|end| self.known_types(end).map(|types| (end, types)))
            .collect();
        let Some((entity, types)) = known.first() else {
            return Ok(());
        };
        for name in names {
            let is_edge = self
                .schema
                .hyperedge_table(name)
                .is_some_and(|(_, ty)| ty.is_binary());
            let has_role = |ty: &HyperedgeType| ty.role(name).is_some();
            let is_role = known
                .iter()
                .any(|(_, types)| types.iter().any(|ty| has_role(ty)));
            // The other end of a step without direction may be the hyperedge that has the role.
            let other = match step.pattern.direction {
                Direction::Either if known.len() == 1 => {
                    let schema = self.schema.hyperedge_tables();
                    let declared = schema.filter(|(_, ty)| ty.declared);
                    declared.into_iter().any(|(_, ty)| has_role(ty))
                }
                _ => false,
            };
            // Several hops may go on from another hyperedge.
            let later = step.length.is_some_and(|length| length.most != Some(1)) && {
                let mut all = self.schema.hyperedge_tables();
                all.any(|(_, ty)| ty.declared && has_role(ty))
            };
            if is_edge || is_role || other || later {
                continue;
            }
            let roles: Vec<&str> = types
                .iter()
                .flat_map(|ty| ty.roles.iter().map(|role| role.name.as_str()))
                .collect();
            let message = format!(
                "`{}` has no role `{name}`{}; its roles are {}",
                entity.label,
                hint(name, roles.iter().copied()),
                roles.join(", ")
            );
            return Err(self.source.invalid(message, step.type_span()));
        }
        Ok(())
    }

    /// The declared types of an entity that is known to be a hyperedge.
    fn known_types(&self, entity: &Entity) -> Option<Vec<&HyperedgeType>> {
        let tables = match (&entity.labelled, &entity.bound) {
            (Some(tables), _) => tables,
            (None, Some(bound)) => bound.tables()?,
            (None, None) => return None,
        };
        let types: Option<Vec<&HyperedgeType>> = tables
            .iter()
            .map(|table| {
                let hyperedge_type = self.schema.table(*table).ok()?.hyperedge_type();
                hyperedge_type.filter(|ty| ty.declared)
            })
            .collect();
        types.filter(|types| !types.is_empty())
    }

    /// A step that finds nothing because its arrow points from the member to the hyperedge.
    fn warn_of_turned_role(&mut self, left: &Entity, right: &Entity, step: &Step<'_>) {
        let (hyperedge, member) = match step.pattern.direction {
            Direction::Right => (right, left),
            Direction::Left => (left, right),
            Direction::Either => return,
        };
        if !step.is_list
            || self
                .types_with_roles(hyperedge, Some(member), step)
                .is_empty()
        {
            return;
        }
        let names = step.names.iter().flatten().map(String::as_str);
        let message = format!(
            "nothing matches this: the role `{}` leads from the hyperedge to its member; turn the arrow round",
            names.collect::<Vec<_>>().join("|")
        );
        self.warn(message, step.type_span());
    }

    /// Leaves the entities at the ends of a step the tables that its kind allows; false where one has none left.
    fn narrow_ends(
        &self,
        entities: &mut [Entity],
        step: &Step<'_>,
        kind: StepKind,
    ) -> Result<bool> {
        let StepKind::Role { reversed } = kind else {
            return Ok(true);
        };
        let (hyperedge, member) = match reversed {
            true => (step.right, step.left),
            false => (step.left, step.right),
        };
        let other = &entities[member];
        let types = self.types_with_roles(&entities[hyperedge], Some(other), step);
        let mut allowed: Vec<TableId> = Vec::new();
        for table in &types {
            let Some(hyperedge_type) = self.schema.table(*table)?.hyperedge_type() else {
                continue;
            };
            for role in &hyperedge_type.roles {
                if step.allows(&role.name) {
                    allowed.extend(self.schema.member_tables(role).iter());
                }
            }
        }
        narrow(&mut entities[hyperedge].by_roles, types);
        narrow(&mut entities[member].as_member, allowed);
        let left = [hyperedge, member].map(|end| self.possible_tables(&entities[end]).is_empty());
        Ok(!left.contains(&true))
    }

    /// The tables that an entity may come from, as far as they are known.
    pub(super) fn possible_tables(&self, entity: &Entity) -> Vec<TableId> {
        let bound = entity.bound.as_ref().filter(|_| !entity.is_start);
        let mut tables: Vec<TableId> = match (bound, &entity.labelled) {
            (Some(bound), _) => bound.tables().map_or_else(Vec::new, |own| own.to_vec()),
            (None, Some(labelled)) => labelled.to_vec(),
            (None, None) => entity.unlabelled.to_vec(),
        };
        let narrower = [
            entity.labelled.as_deref(),
            entity.by_roles.as_deref(),
            entity.as_member.as_deref(),
        ];
        for own in narrower.into_iter().flatten() {
            tables.retain(|table| own.contains(table));
        }
        tables
    }

    /// The declared types that `entity` may have, and that have one of the step's roles, which may bind `member`.
    fn types_with_roles(
        &self,
        entity: &Entity,
        member: Option<&Entity>,
        step: &Step<'_>,
    ) -> Vec<TableId> {
        let members = member.map(|member| self.possible_tables(member));
        let fits = |table: &TableId| {
            let Ok(table) = self.schema.table(*table) else {
                return false;
            };
            let Some(ty) = table.hyperedge_type().filter(|ty| ty.declared) else {
                return false;
            };
            ty.roles.iter().any(|role| {
                step.allows(&role.name)
                    && members.as_ref().is_none_or(|members| {
                        let mut own = self.schema.member_tables(role).to_vec();
                        own.retain(|table| members.contains(table));
                        // A label without a table yet is no reason to refuse the role.
                        !own.is_empty() || members.is_empty()
                    })
            })
        };
        let mut types = self.possible_tables(entity);
        types.retain(fits);
        types
    }

    pub(super) fn step_roles(&self, hyperedge: &Entity, step: &Step<'_>) -> Vec<String> {
        if let Some(names) = step.names.as_ref().filter(|_| step.is_list) {
            return names.clone();
        }
        let mut roles: Vec<String> = Vec::new();
        let types = hyperedge
            .by_roles
            .iter()
            .flatten()
            .filter_map(|table| self.schema.table(*table).ok()?.hyperedge_type());
        for role in types.flat_map(|ty| &ty.roles) {
            if step.allows(&role.name) && !roles.contains(&role.name) {
                roles.push(role.name.clone());
            }
        }
        roles
    }

    /// The tables of the binary edge types that a step allows.
    pub(super) fn edge_types(&self, step: &Step<'_>) -> Vec<TableId> {
        self.schema
            .hyperedge_tables()
            .filter(|(_, ty)| ty.is_binary() && step.allows(&ty.name))
            .map(|(table, _)| table.id)
            .collect()
    }
}

/// Leaves `own` the tables that `allowed` has too.
pub(super) fn narrow(own: &mut Option<Vec<TableId>>, mut allowed: Vec<TableId>) {
    allowed.sort_unstable();
    allowed.dedup();
    let own = own.get_or_insert_with(|| allowed.clone());
    own.retain(|table| allowed.contains(table));
}
