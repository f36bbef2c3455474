//! Expansions, which make columns of edges, members and paths.

use grism_core::Result;
use std::collections::BTreeSet;

use super::Pruner;
use super::inputs::with_argument;
use super::lengths::{length_of_path, length_of_repeat};
use super::needs::Needs;
use crate::{
    Column, Components, CountExpand, CountIntersect, EdgeExpand, LogicalPlan, PathExpand, Repeat,
    RoleExpand, RoleSource, SharedPlan,
};

impl Pruner<'_> {
    pub(super) fn prune_edge_expand(
        &self,
        expand: &EdgeExpand,
        needs: Needs,
    ) -> Result<LogicalPlan> {
        let edge = expand
            .edge
            .clone()
            .filter(|edge| needs.columns.contains(edge));
        let mut below = needs.without(expand.edge.iter().chain([&expand.to]));
        below.column(&expand.from);
        if expand.into {
            below.column(&expand.to);
        }
        Ok(LogicalPlan::EdgeExpand(EdgeExpand {
            input: self.prune_and_trim(&expand.input, below)?,
            edge,
            ..expand.clone()
        }))
    }

    pub(super) fn prune_count_expand(
        &self,
        expand: &CountExpand,
        needs: Needs,
    ) -> Result<LogicalPlan> {
        let mut below = needs.without([&expand.count]);
        below.column(&expand.from);
        below.columns.extend(expand.except.iter().cloned());
        Ok(LogicalPlan::CountExpand(CountExpand {
            input: self.prune_and_trim(&expand.input, below)?,
            ..expand.clone()
        }))
    }

    pub(super) fn prune_components(
        &self,
        components: &Components,
        needs: Needs,
    ) -> Result<LogicalPlan> {
        let mut below = needs.without([&components.component]);
        below.column(&components.entity);
        Ok(LogicalPlan::Components(Components {
            input: self.prune_and_trim(&components.input, below)?,
            ..components.clone()
        }))
    }

    pub(super) fn prune_count_intersect(
        &self,
        count: &CountIntersect,
        needs: Needs,
    ) -> Result<LogicalPlan> {
        let mut below = needs.without([&count.count]);
        below.columns.extend(count.read().cloned());
        Ok(LogicalPlan::CountIntersect(CountIntersect {
            input: self.prune_and_trim(&count.input, below)?,
            ..count.clone()
        }))
    }

    pub(super) fn prune_role_expand(
        &self,
        expand: &RoleExpand,
        needs: Needs,
    ) -> Result<LogicalPlan> {
        let taken: &[String] = match &expand.from {
            RoleSource::Member { roles, .. } => roles,
            RoleSource::Hyperedge => &[],
        };
        let bindings = self.prune_bindings(&expand.bindings, taken, &expand.tables, &needs);
        let mut from = expand.from.clone();
        let mut produced: Vec<String> = expand
            .bindings
            .iter()
            .map(|binding| binding.member.clone())
            .collect();
        produced.extend(
            expand
                .bindings
                .iter()
                .filter_map(|binding| binding.incidence.clone()),
        );
        let mut wanted = None;
        if let RoleSource::Member {
            column, incidence, ..
        } = &mut from
        {
            produced.push(expand.hyperedge.clone());
            produced.extend(incidence.clone());
            *incidence = incidence
                .take()
                .filter(|incidence| needs.columns.contains(incidence));
            wanted = Some(column.clone());
        }
        let mut below = needs.without(&produced);
        below.column(wanted.as_deref().unwrap_or(&expand.hyperedge));
        let input = self.prune_and_trim(&expand.input, below)?;
        Ok(LogicalPlan::RoleExpand(RoleExpand {
            input,
            from,
            bindings,
            ..expand.clone()
        }))
    }

    pub(super) fn prune_path_expand(
        &self,
        expand: &PathExpand,
        needs: Needs,
    ) -> Result<LogicalPlan> {
        let kept = |column: &Option<String>| {
            column
                .clone()
                .filter(|column| needs.columns.contains(column))
        };
        let length = length_of_path(expand, &needs);
        let edges = kept(&expand.edges);
        let nodes = expand.nodes.clone();
        let nodes = nodes.filter(|own| needs.columns.contains(own) || needs.lengths.contains(own));
        let made = expand.edges.iter().chain(&expand.nodes);
        let mut below = needs.without(made.chain([&expand.to]));
        below.column(&expand.from);
        if let Some(target) = &expand.target {
            below.column(target);
        }
        let values = expand.properties.iter().map(|(_, value)| value);
        let (input, values) = self.with(&expand.input, values, below)?;
        let properties = expand
            .properties
            .iter()
            .zip(values)
            .map(|((property, _), value)| (property.clone(), value))
            .collect();
        Ok(LogicalPlan::PathExpand(PathExpand {
            input,
            edges,
            nodes,
            length,
            properties,
            ..expand.clone()
        }))
    }

    pub(super) fn prune_repeat(&self, repeat: &Repeat, needs: Needs) -> Result<LogicalPlan> {
        let length = length_of_repeat(repeat, &needs);
        let mut collected = repeat.collected.clone();
        collected.retain(|list| {
            let measured = length.as_ref().is_some_and(|(_, own)| own == &list.into);
            let is_needed = |names: &BTreeSet<String>| names.contains(&list.into);
            !measured && (is_needed(&needs.columns) || is_needed(&needs.lengths))
        });
        let made = repeat.collected.iter().map(|list| &list.into);
        let mut below = needs.without(made.chain([&repeat.to]));
        below.column(&repeat.from);
        below.columns.extend(repeat.target.clone());
        let mut names: BTreeSet<String> = repeat.used.iter().cloned().collect();
        names.extend(collected.iter().map(|list| list.column.clone()));
        names.insert(repeat.end.clone());
        let hop = self.prune(&repeat.hop, Needs::of(names.iter().cloned()))?;
        let names: Vec<String> = names.into_iter().collect();
        let hop = hop.keep_columns(&names)?;
        let mut read = hop.argument_columns();
        let outer = repeat.input.schema()?;
        read.retain(|name| outer.contains(name) && name != &repeat.start);
        below.columns.extend(read);
        let input = self.prune_and_trim(&repeat.input, below)?;
        let mut argument = input.schema()?.columns.clone();
        argument.push(Column::new(&repeat.start, repeat.start_type.clone()));
        Ok(LogicalPlan::Repeat(Repeat {
            input,
            hop: SharedPlan::new(with_argument(&hop, &argument)?),
            collected,
            length: length.map(|(length, _)| length),
            ..repeat.clone()
        }))
    }
}
