//! Patterns that are looked for: the variables that they bind, and those that must be what their places ask for.

use grism_core::{Error, Result};

use super::known::Known;
use super::origin::Origin;
use super::query::Checker;
use crate::binder::type_names;
use crate::syntax::{
    GroupPattern, Name, PathElement, PathElementKind, PathPattern, RelationshipPattern,
};

/// What a place of a pattern asks of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Node,
    /// A relationship, or a list of them where it stands for several hops.
    Relationship {
        is_list: bool,
    },
}

/// The variables around a pattern, and those that it binds so far.
struct Binding<'k> {
    outer: &'k Known,
    own: Known,
}

impl Checker<'_> {
    /// The variables after the paths of one MATCH.
    pub(super) fn matched(self, known: &Known, paths: &[PathPattern]) -> Result<Known> {
        let own = self.bound_by(known, paths)?;
        let all = known.clone().with(&own);
        for path in paths {
            self.path_expressions(&all, path)?;
        }
        Ok(all)
    }

    /// The variables that the paths bind, or find bound.
    fn bound_by(self, known: &Known, paths: &[PathPattern]) -> Result<Known> {
        let mut binding = Binding {
            outer: known,
            own: Known::default(),
        };
        for path in paths {
            self.bind_path(&mut binding, path)?;
            if let Some(name) = &path.variable {
                if binding.own.has(&name.text) || known.has(&name.text) {
                    return Err(self.bound_already(name));
                }
                binding.own.put(&name.text, Origin::Path);
            }
        }
        Ok(binding.own)
    }

    fn bind_path(self, binding: &mut Binding<'_>, path: &PathPattern) -> Result<()> {
        for element in &path.elements {
            match &element.kind {
                PathElementKind::Node(node) => {
                    if let Some(name) = &node.variable {
                        self.bind_node(binding, name)?;
                    }
                }
                PathElementKind::Relationship(step) => {
                    if let Some(name) = &step.variable {
                        self.bind_step(binding, step, name)?;
                    }
                }
                PathElementKind::Group(group) if group.quantifier.is_none() => {
                    self.bind_path(binding, &group.path)?;
                }
                PathElementKind::Group(group) => self.bind_group(binding, group, element)?,
                PathElementKind::Shortest { path, .. } => self.bind_path(binding, path)?,
            }
        }
        Ok(())
    }

    fn bind_node(self, binding: &mut Binding<'_>, name: &Name) -> Result<()> {
        match (binding.own.find(&name.text), binding.outer.find(&name.text)) {
            (Some(Origin::Node), _) => Ok(()),
            (Some(Origin::Value), _) | (None, None) => {
                binding.own.put(&name.text, Origin::Node);
                Ok(())
            }
            (Some(_), _) => Err(self.bound_twice(name, "VariableTypeConflict")),
            (None, Some(origin)) => {
                self.fits(name, origin, Place::Node)?;
                // A relationship of a declared type stays one.
                let origin = match origin {
                    Origin::Value => Origin::Node,
                    other => other.clone(),
                };
                if origin == Origin::Node {
                    binding.own.put(&name.text, origin);
                }
                Ok(())
            }
        }
    }

    fn bind_step(
        self,
        binding: &mut Binding<'_>,
        step: &RelationshipPattern,
        name: &Name,
    ) -> Result<()> {
        let is_list = step.quantifier.is_some();
        match binding.own.find(&name.text) {
            None => {}
            Some(Origin::Relationship(_) | Origin::List(_)) => {
                return Err(self.bound_twice(name, "RelationshipUniquenessViolation"));
            }
            Some(_) => return Err(self.bound_twice(name, "VariableTypeConflict")),
        }
        if let Some(origin) = binding.outer.find(&name.text) {
            self.fits(name, origin, Place::Relationship { is_list })?;
        }
        let one = Origin::Relationship(named_types(step));
        let origin = match is_list {
            true => one.list(),
            false => one,
        };
        binding.own.put(&name.text, origin);
        Ok(())
    }

    /// The variables of a repeated path are lists outside of it, and its own.
    fn bind_group(
        self,
        binding: &mut Binding<'_>,
        group: &GroupPattern,
        element: &PathElement,
    ) -> Result<()> {
        let inner = self.bound_by(binding.outer, std::slice::from_ref(&group.path))?;
        for (name, origin) in inner.iter() {
            if binding.outer.has(name) {
                continue;
            }
            if binding.own.has(name) {
                let message = format!(
                    "the variable `{name}` of a repeated path is bound outside of it already"
                );
                return Err(self
                    .source
                    .invalid(message, element.span)
                    .with_code("SyntaxError:VariableAlreadyBound"));
            }
            binding.own.put(name, origin.clone().list());
        }
        Ok(())
    }

    /// The property maps and predicates of a path, which may read all variables of its pattern.
    pub(super) fn path_expressions(self, known: &Known, path: &PathPattern) -> Result<()> {
        for element in &path.elements {
            match &element.kind {
                PathElementKind::Node(node) => {
                    self.values(known, node.properties.iter().chain(&node.predicate))?;
                }
                PathElementKind::Relationship(step) => {
                    self.values(known, step.properties.iter().chain(&step.predicate))?;
                }
                PathElementKind::Group(group) => {
                    let inner = match group.quantifier {
                        None => known.clone(),
                        Some(_) => known.clone().with(&self.names_of_group(group)),
                    };
                    self.path_expressions(&inner, &group.path)?;
                    self.values(&inner, &group.predicate)?;
                }
                PathElementKind::Shortest { path, .. } => self.path_expressions(known, path)?,
            }
        }
        Ok(())
    }

    /// The variables of a repeated path as they are within it.
    fn names_of_group(self, group: &GroupPattern) -> Known {
        let alone = self.bound_by(&Known::default(), std::slice::from_ref(&group.path));
        alone.unwrap_or_default()
    }

    /// Refuses a variable that cannot be what its place asks for.
    pub(super) fn fits(self, name: &Name, origin: &Origin, place: Place) -> Result<()> {
        let fits = match (place, origin) {
            (_, Origin::Value) | (Place::Node, Origin::Node) => true,
            (Place::Node, Origin::Relationship(types)) => self.may_be_entity(types.as_deref()),
            (Place::Relationship { is_list }, Origin::Relationship(_)) => !is_list,
            // The edges of a declared type are what a node pattern with this type finds.
            (Place::Relationship { is_list: false }, Origin::Node) => self.may_be_entity(None),
            (Place::Relationship { is_list: true }, Origin::List(item)) => {
                matches!(**item, Origin::Relationship(_) | Origin::Value)
                    || (**item == Origin::Node && self.may_be_entity(None))
            }
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let wanted = match place {
            Place::Node => "a node or a hyperedge",
            Place::Relationship { .. } => "a relationship",
        };
        let message = match (place, origin) {
            (Place::Relationship { is_list: true }, _) => format!(
                "`{}` is {}, not a list of relationships",
                name.text,
                origin.name()
            ),
            _ => format!("`{}` is {}, not {wanted}", name.text, origin.name()),
        };
        Err(self
            .source
            .invalid(message, name.span)
            .with_code("SyntaxError:VariableTypeConflict"))
    }

    /// Whether a relationship of one of these types, `None` for any, is an entity too: that of a declared type is.
    fn may_be_entity(self, types: Option<&[String]>) -> bool {
        let mut all = self.schema.hyperedge_tables();
        all.any(|(_, ty)| {
            let named = types.is_none_or(|types| types.contains(&ty.name));
            ty.declared && ty.is_binary() && named
        })
    }

    fn bound_twice(self, name: &Name, code: &str) -> Error {
        let message = format!("the variable `{}` is bound twice", name.text);
        self.source
            .invalid(message, name.span)
            .with_code(format!("SyntaxError:{code}"))
    }
}

/// The types that a relationship pattern names; `None` where it may have any.
pub(super) fn named_types(step: &RelationshipPattern) -> Option<Vec<String>> {
    let names = type_names(step.labels.as_ref()?)?;
    Some(names.into_iter().map(|name| name.text.clone()).collect())
}
