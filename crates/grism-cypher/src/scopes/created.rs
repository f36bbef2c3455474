//! Patterns that are created: what is bound stays as it is, and everything else is new.

use grism_core::Result;

use super::known::Known;
use super::origin::Origin;
use super::pattern::{Place, named_types};
use super::query::Checker;
use crate::syntax::{NodePattern, PathElementKind, PathPattern, RelationshipPattern};

impl Checker<'_> {
    /// A path of CREATE, whose property maps read what is bound before each.
    pub(super) fn created(self, known: &mut Known, path: &PathPattern) -> Result<()> {
        let is_alone = path.elements.len() == 1;
        let mut between: Option<&RelationshipPattern> = None;
        for element in &path.elements {
            match &element.kind {
                PathElementKind::Node(node) => {
                    self.values(known, &node.properties)?;
                    self.create_node(known, node, is_alone)?;
                    if let Some(step) = between.take() {
                        self.values(known, &step.properties)?;
                        self.create_step(known, step)?;
                    }
                }
                PathElementKind::Relationship(step) => between = Some(step),
                // The binder refuses to create anything else.
                PathElementKind::Group(_) | PathElementKind::Shortest { .. } => {}
            }
        }
        self.create_path(known, path)
    }

    /// The path of MERGE, whose property maps may read what it binds.
    pub(super) fn merged(self, known: &mut Known, path: &PathPattern) -> Result<()> {
        let is_alone = path.elements.len() == 1;
        for element in &path.elements {
            if let PathElementKind::Node(node) = &element.kind {
                self.create_node(known, node, is_alone)?;
            }
        }
        for element in &path.elements {
            if let PathElementKind::Relationship(step) = &element.kind {
                self.create_step(known, step)?;
            }
        }
        self.path_expressions(known, path)?;
        self.create_path(known, path)
    }

    fn create_node(self, known: &mut Known, node: &NodePattern, is_alone: bool) -> Result<()> {
        let Some(name) = &node.variable else {
            return Ok(());
        };
        match known.find(&name.text) {
            None => known.put(&name.text, Origin::Node),
            Some(_) if node.labels.is_some() || node.properties.is_some() || is_alone => {
                return Err(self.bound_already(name));
            }
            Some(origin) => self.fits(name, origin, Place::Node)?,
        }
        Ok(())
    }

    fn create_step(self, known: &mut Known, step: &RelationshipPattern) -> Result<()> {
        let Some(name) = &step.variable else {
            return Ok(());
        };
        if known.has(&name.text) {
            return Err(self.bound_already(name));
        }
        known.put(&name.text, Origin::Relationship(named_types(step)));
        Ok(())
    }

    fn create_path(self, known: &mut Known, path: &PathPattern) -> Result<()> {
        let Some(name) = &path.variable else {
            return Ok(());
        };
        if known.has(&name.text) {
            return Err(self.bound_already(name));
        }
        known.put(&name.text, Origin::Path);
        Ok(())
    }
}
