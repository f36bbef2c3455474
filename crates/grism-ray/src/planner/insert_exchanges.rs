//! Inserts exchanges from the leaves up: which operator asks for which rule.

use std::sync::Arc;

use grism_core::{EntityKind, Result, with_stack};
use grism_engine::PhysicalOperator;
use grism_engine::operators::{
    AdjacencyExpandExec, CrossJoinExec, HashAggregateExec, HashJoinExec, HyperedgeScanExec,
    LimitExec, NodeScanExec, ProjectExec, RoleExpandExec, SortExec, UnionExec, UnitExec,
};

use super::DistributedPlanner;
use super::placed::{Placed, Spread};
use crate::validate::renamed;

impl DistributedPlanner {
    pub(super) fn insert_exchanges(&self, operator: &Arc<dyn PhysicalOperator>) -> Result<Placed> {
        with_stack(|| self.place(operator))
    }

    fn place(&self, operator: &Arc<dyn PhysicalOperator>) -> Result<Placed> {
        let any = operator.as_any();
        if any.is::<NodeScanExec>() || any.is::<HyperedgeScanExec>() {
            return Ok(Placed {
                operator: Arc::clone(operator),
                spread: Spread::Split(None),
            });
        }
        if any.is::<UnitExec>() || operator.children().is_empty() {
            return Ok(Placed {
                operator: Arc::clone(operator),
                spread: Spread::Single,
            });
        }
        if let Some(aggregate) = any.downcast_ref::<HashAggregateExec>() {
            return self.aggregate(operator, aggregate);
        }
        if let Some(sort) = any.downcast_ref::<SortExec>() {
            return self.sort(operator, sort);
        }
        if let Some(limit) = any.downcast_ref::<LimitExec>() {
            return self.limit(operator, limit);
        }
        if let Some(join) = any.downcast_ref::<HashJoinExec>() {
            return self.hash_join(operator, join);
        }
        if any.is::<CrossJoinExec>() {
            return self.cross_join(operator);
        }
        if any.is::<UnionExec>() {
            return self.union(operator);
        }
        let mut child = self.insert_exchanges(operator.children()[0])?;
        if let Some(expand) = any.downcast_ref::<AdjacencyExpandExec>() {
            child = self.route(child, expand.from(), EntityKind::Node, expand.tables());
        } else if let Some(expand) = any.downcast_ref::<RoleExpandExec>() {
            let (column, is_hyperedge) = expand.start();
            let entity = if is_hyperedge {
                EntityKind::Hyperedge
            } else {
                EntityKind::Node
            };
            child = self.route(child, column, entity, expand.tables());
        }
        let spread = match (&child.spread, any.downcast_ref::<ProjectExec>()) {
            (Spread::Split(Some(keys)), Some(project)) => Spread::Split(renamed(keys, project)),
            (spread, _) => spread.clone(),
        };
        Ok(Placed {
            operator: operator.with_new_children(vec![child.operator])?,
            spread,
        })
    }
}
