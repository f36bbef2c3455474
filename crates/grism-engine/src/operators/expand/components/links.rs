//! The incidence lists that connect entities, and the sets that they make.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use grism_core::{EntityId, IncidenceSegment, Result, SOURCE_ROLE, Snapshot, TableId, Tables};
use grism_logical::{Direction, ListHop, WeightedHop};

use super::disjoint_sets::DisjointSets;
use crate::ExecutionContextTrait;
use crate::operators::expand::expansion::{given_offsets, member_tables, segments_of};
use crate::operators::expand::weighted_count::parallel::in_parallel;

/// Members whose lists are one piece of work.
const CHUNK: usize = 1 << 12;

/// Lists of one role, whose members are connected with what stands there.
#[derive(Clone, Debug)]
struct Links {
    table: TableId,
    role: String,
    connects: Connects,
    /// The tables of members that count.
    members: Vec<TableId>,
    /// The tables that what they are connected with must come from; `None` for any.
    to: Option<Tables>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connects {
    Hyperedges,
    Opposites,
}

/// The sets of entities that hops of these ways connect.
///
/// # Errors
/// `Cancelled`; `ResourceExhausted` past the memory limit; those of storage.
pub(super) async fn connected(
    ways: &[ListHop],
    context: &Arc<dyn ExecutionContextTrait>,
) -> Result<Arc<DisjointSets>> {
    let snapshot = Arc::clone(&context.query().snapshot);
    let links = links_of(ways, snapshot.as_ref());
    let sets = sets_of(&links, snapshot.as_ref(), context)?;
    let sets = Arc::new(sets);
    let shift = snapshot.segment_shift();
    for own in links {
        for table in own.members.clone() {
            for key in segments_of(table, snapshot.as_ref()) {
                context.query().cancellation.check()?;
                let lists = snapshot.incidences(own.table, &own.role, key).await?;
                let members = lists.members();
                // Few incidences are one piece of work, however far apart their members are.
                let size = if lists.hyperedges.len() <= CHUNK {
                    members.max(1)
                } else {
                    CHUNK
                };
                let starts = (0..members).step_by(size);
                let chunks = starts.map(|start| start..(start + size).min(members));
                let first = key.first(shift);
                let (sets, own) = (Arc::clone(&sets), own.clone());
                let link = move |(): &mut (), chunk: &Range<usize>| {
                    own.link(&sets, &lists, first, chunk.clone());
                    Ok(())
                };
                in_parallel(context, chunks.collect(), || Ok(()), link).await?;
            }
        }
    }
    Ok(sets)
}

fn links_of(ways: &[ListHop], snapshot: &dyn Snapshot) -> Vec<Links> {
    let mut links = Vec::new();
    for way in ways {
        let Some(step) = way.steps.first() else {
            continue;
        };
        let (roles, connects) = match &step.hop {
            WeightedHop::ToHyperedges(roles) => (roles.clone(), Connects::Hyperedges),
            WeightedHop::Edges(Direction::Out | Direction::Both) => {
                (vec![SOURCE_ROLE.to_owned()], Connects::Opposites)
            }
            // The way back is another one of them.
            WeightedHop::Edges(Direction::In) | WeightedHop::ToMembers(_) => continue,
        };
        for table in step.tables.iter() {
            for role in &roles {
                let own = Links {
                    table: *table,
                    role: role.clone(),
                    connects,
                    members: member_tables(*table, role, way.from.as_ref(), snapshot),
                    to: step.to.clone(),
                };
                links.push(own);
            }
        }
    }
    links
}

/// A set for each entity that may be connected with another one.
fn sets_of(
    links: &[Links],
    snapshot: &dyn Snapshot,
    context: &Arc<dyn ExecutionContextTrait>,
) -> Result<DisjointSets> {
    let mut tables = BTreeSet::new();
    for own in links {
        tables.extend(own.members.iter().copied());
        match own.connects {
            Connects::Hyperedges => tables.extend([own.table]),
            Connects::Opposites => {
                let schema = snapshot.schema();
                let entry = schema.table(own.table)?;
                let roles = entry.hyperedge_type().into_iter().flat_map(|ty| &ty.roles);
                tables.extend(roles.flat_map(|role| schema.member_tables(role).to_vec()));
                tables.extend(schema.entity_tables().iter().copied());
            }
        }
    }
    let sizes: Vec<(TableId, u64)> = tables
        .into_iter()
        .map(|table| (table, given_offsets(table, snapshot)))
        .collect();
    DisjointSets::try_new(&sizes, context.memory_manager())
}

impl Links {
    /// Connects members, counted from the first one of the segment, with what stands in their lists.
    fn link(
        &self,
        sets: &DisjointSets,
        lists: &IncidenceSegment,
        first: u64,
        members: Range<usize>,
    ) {
        let ids = match self.connects {
            Connects::Hyperedges => &lists.hyperedges,
            Connects::Opposites => &lists.opposites,
        };
        let allows = |id: u64| {
            let table = EntityId::from_raw(id).table();
            self.to.as_ref().is_none_or(|to| to.contains(&table))
        };
        let narrow = ids.narrow().and_then(|(upper, lower)| {
            let id = EntityId::from_raw(upper);
            let (first, entities) = sets.range(id.table()).filter(|_| id.offset() == 0)?;
            Some((upper, first, entities, lower))
        });
        for (local, range) in lists.lists(members) {
            let Some(member) = sets.number(first + local as u64) else {
                continue;
            };
            match narrow {
                Some((upper, _, _, _)) if !allows(upper) => return,
                Some((_, first, entities, lower)) => {
                    let others = lower[range].iter().filter(|own| **own < entities);
                    others.for_each(|own| sets.link(member, first + own));
                }
                None => {
                    let others = range.map(|place| ids.at(place)).filter(|id| allows(*id));
                    let others = others.filter_map(|id| sets.number(id));
                    others.for_each(|other| sets.link(member, other));
                }
            }
        }
    }
}
