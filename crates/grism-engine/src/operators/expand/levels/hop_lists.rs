//! `HopLists`: the incidence lists that the hops of a search follow, loaded as they are needed.

use std::sync::Arc;

use arrow::array::{Array, UInt64Array};
use grism_core::{
    CancellationHandle, EntityId, IdList, IncidenceSegment, MemoryManager, MemoryReservation,
    Result, SOURCE_ROLE, Snapshot, TARGET_ROLE, TableId, Tables,
};
use grism_logical::{Direction, ListHop, ListStep, WeightedHop};

use crate::ExecutionContextTrait;
use crate::operators::expand::expansion::{
    IncidenceReader, given_offsets, member_tables, segments_of,
};
use crate::operators::expand::node_numbers::NodeNumbers;
use crate::operators::expand::star::RoleColumn;

/// The ways that one hop may take.
#[derive(Debug)]
pub(super) struct HopLists {
    snapshot: Arc<dyn Snapshot>,
    reader: IncidenceReader,
    pub(super) ways: Vec<Way>,
    /// Entities that are expanded between two looks at cancellation.
    rows: usize,
    cancellation: CancellationHandle,
    memory: Arc<dyn MemoryManager>,
}

/// One way, of one step or more.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) from: Option<Tables>,
    pub(super) steps: Vec<Step>,
}

/// A step of a way.
#[derive(Debug)]
pub(super) struct Step {
    /// The tables that what it leads to must come from.
    to: Option<Tables>,
    reads: Reads,
}

#[derive(Debug)]
enum Reads {
    /// Lists of the entity that the step starts from.
    Lists(Vec<StepList>),
    /// The roles of a hyperedge, or, for so many hyperedges at once, the lists of all that these may bind.
    Roles {
        tables: Tables,
        roles: Vec<String>,
        back: Vec<StepList>,
        many: usize,
    },
}

#[derive(Debug)]
struct StepList {
    table: TableId,
    /// The number by which the reader knows the list.
    number: usize,
    role: String,
    leads_to: LeadsTo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LeadsTo {
    Hyperedges,
    Opposites,
    /// Self-loops stand in the other list too.
    OppositesWithoutLoops,
}

impl HopLists {
    pub(super) fn new(context: &Arc<dyn ExecutionContextTrait>, hops: &[ListHop]) -> Self {
        let snapshot = Arc::clone(&context.query().snapshot);
        let mut lists = 0;
        let mut step = |own: &ListStep| step_of(own, snapshot.as_ref(), &mut lists);
        let ways = hops.iter().map(|hop| Way {
            from: hop.from.clone(),
            steps: hop.steps.iter().map(&mut step).collect(),
        });
        let ways = ways.collect();
        Self {
            snapshot,
            reader: IncidenceReader::new(context),
            ways,
            rows: context.query().config.batch_rows,
            cancellation: context.query().cancellation.clone(),
            memory: context.memory_manager(),
        }
    }

    /// Follows one step of one way from entities, which are of the tables it leads on from: `visit` is given each of them with
    /// each entity that a relationship leads to.
    ///
    /// # Errors
    /// `Cancelled`; those of storage.
    pub(super) async fn follow(
        &mut self,
        (way, step): (usize, usize),
        from: &[u64],
        visit: &mut (impl FnMut(u64, u64) + Send),
    ) -> Result<()> {
        let Self {
            snapshot,
            reader,
            ways,
            rows,
            cancellation,
            memory,
        } = self;
        let step = &ways[way].steps[step];
        if let Reads::Roles { back, many, .. } = &step.reads
            && from.len() >= *many
        {
            let wanted = Wanted::try_new(from, Arc::clone(memory))?;
            for list in back {
                for table in
                    member_tables(list.table, &list.role, step.to.as_ref(), snapshot.as_ref())
                {
                    for key in segments_of(table, snapshot.as_ref()) {
                        cancellation.check()?;
                        let lists = snapshot.incidences(list.table, &list.role, key).await?;
                        wanted.visit(&lists, key.first(snapshot.segment_shift()), visit);
                    }
                }
            }
            return Ok(());
        }
        for entities in from.chunks(*rows) {
            cancellation.check()?;
            match &step.reads {
                Reads::Lists(lists) => {
                    let ids = UInt64Array::from(entities.to_vec());
                    reader.begin_batch(&ids);
                    for list in lists {
                        let (number, role) = (list.number, list.role.as_str());
                        reader.load(number, list.table, role, &ids).await?;
                    }
                    for entity in entities {
                        for list in lists {
                            step.visit_list(list, *entity, reader, visit);
                        }
                    }
                }
                Reads::Roles { tables, roles, .. } => {
                    step.visit_members(tables, roles, entities, snapshot.as_ref(), visit)
                        .await?;
                }
            }
        }
        Ok(())
    }
}

impl Step {
    fn visit_list(
        &self,
        list: &StepList,
        entity: u64,
        reader: &IncidenceReader,
        visit: &mut impl FnMut(u64, u64),
    ) {
        let Some((segment, local)) = reader.segment(list.number, entity) else {
            return;
        };
        let ids: &IdList = match list.leads_to {
            LeadsTo::Hyperedges => &segment.hyperedges,
            LeadsTo::Opposites | LeadsTo::OppositesWithoutLoops => &segment.opposites,
        };
        let skipped = (list.leads_to == LeadsTo::OppositesWithoutLoops).then_some(entity);
        let places = segment.range(local);
        let Some((upper, lower)) = ids.narrow() else {
            for id in places.map(|place| ids.at(place)) {
                if Some(id) != skipped && self.allows(EntityId::from_raw(id).table()) {
                    visit(entity, id);
                }
            }
            return;
        };
        // All of them are of one table.
        if !self.allows(EntityId::from_raw(upper).table()) {
            return;
        }
        let ids = lower[places].iter().map(|lower| upper | u64::from(*lower));
        match skipped {
            None => ids.for_each(|id| visit(entity, id)),
            Some(skipped) => {
                let others = ids.filter(|id| *id != skipped);
                others.for_each(|id| visit(entity, id));
            }
        }
    }

    async fn visit_members(
        &self,
        tables: &Tables,
        roles: &[String],
        hyperedges: &[u64],
        snapshot: &dyn Snapshot,
        visit: &mut (impl FnMut(u64, u64) + Send),
    ) -> Result<()> {
        let mut rest = hyperedges;
        while let Some(first) = rest.first() {
            let table = EntityId::from_raw(*first).table();
            let is_other = |id: &u64| EntityId::from_raw(*id).table() != table;
            let own = rest.iter().position(is_other).unwrap_or(rest.len());
            let (own, others) = rest.split_at(own);
            rest = others;
            if !tables.contains(&table) {
                continue;
            }
            let entry = snapshot.schema().table(table)?;
            let has_role = |role: &String| {
                let own = entry.hyperedge_type();
                own.is_some_and(|own| own.role(role).is_some())
            };
            let wanted: Vec<String> = roles.iter().filter(|own| has_role(own)).cloned().collect();
            let offsets: Vec<u64> = own
                .iter()
                .map(|id| EntityId::from_raw(*id).offset())
                .collect();
            let taken = snapshot.take(table, &offsets, &wanted).await?;
            for column in taken.columns().iter().filter_map(RoleColumn::of) {
                let members = column.ids();
                for (at, hyperedge) in own.iter().enumerate() {
                    for place in column.places(at).filter(|place| members.is_valid(*place)) {
                        let member = members.value(place);
                        if self.allows(EntityId::from_raw(member).table()) {
                            visit(*hyperedge, member);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn allows(&self, table: TableId) -> bool {
        self.to.as_ref().is_none_or(|own| own.contains(&table))
    }
}

fn step_of(step: &ListStep, snapshot: &dyn Snapshot, lists: &mut usize) -> Step {
    let reads = match &step.hop {
        WeightedHop::ToMembers(roles) => {
            let back = roles.iter();
            let back = back.map(|role| (role.as_str(), LeadsTo::Hyperedges));
            let back = lists_of(step, back.collect(), snapshot, lists);
            Reads::Roles {
                tables: step.tables.clone(),
                roles: roles.clone(),
                many: many(step, &back, snapshot),
                back,
            }
        }
        WeightedHop::ToHyperedges(roles) => {
            let roles = roles
                .iter()
                .map(|role| (role.as_str(), LeadsTo::Hyperedges));
            Reads::Lists(lists_of(step, roles.collect(), snapshot, lists))
        }
        WeightedHop::Edges(direction) => {
            let roles = match direction {
                Direction::Out => vec![(SOURCE_ROLE, LeadsTo::Opposites)],
                Direction::In => vec![(TARGET_ROLE, LeadsTo::Opposites)],
                Direction::Both => vec![
                    (SOURCE_ROLE, LeadsTo::Opposites),
                    (TARGET_ROLE, LeadsTo::OppositesWithoutLoops),
                ],
            };
            Reads::Lists(lists_of(step, roles, snapshot, lists))
        }
    };
    Step {
        to: step.to.clone(),
        reads,
    }
}

/// Hyperedges from which on the lists of all members are read sooner than what each hyperedge binds.
fn many(step: &ListStep, lists: &[StepList], snapshot: &dyn Snapshot) -> usize {
    let given = |table: &TableId| given_offsets(*table, snapshot);
    let hyperedges: u64 = step.tables.iter().map(given).sum();
    let members = lists
        .iter()
        .flat_map(|list| member_tables(list.table, &list.role, step.to.as_ref(), snapshot));
    let members: u64 = members.map(|table| given(&table)).sum();
    (hyperedges / 8).max(members / 64) as usize
}

/// Hyperedges whose members are looked for in the lists of all members.
struct Wanted {
    hyperedges: NodeNumbers,
    _memory: MemoryReservation,
}

impl Wanted {
    fn try_new(hyperedges: &[u64], memory: Arc<dyn MemoryManager>) -> Result<Self> {
        let mut wanted = NodeNumbers::default();
        for hyperedge in hyperedges {
            wanted.set(*hyperedge, 1);
        }
        Ok(Self {
            _memory: MemoryReservation::try_new(memory, wanted.bytes())?,
            hyperedges: wanted,
        })
    }

    /// Calls `visit` with each of the hyperedges and each member of a segment that it binds; the first of these is `first`.
    fn visit(&self, lists: &IncidenceSegment, first: u64, visit: &mut impl FnMut(u64, u64)) {
        for (local, places) in lists.lists(0..lists.members()) {
            let hyperedges = places.map(|place| lists.hyperedges.at(place));
            for hyperedge in hyperedges.filter(|id| self.hyperedges.get(*id) > 0) {
                visit(hyperedge, first + local as u64);
            }
        }
    }
}

/// The lists of these roles, of the tables that have them.
fn lists_of(
    step: &ListStep,
    roles: Vec<(&str, LeadsTo)>,
    snapshot: &dyn Snapshot,
    lists: &mut usize,
) -> Vec<StepList> {
    let mut own = Vec::new();
    for table in step.tables.iter() {
        for (role, leads_to) in &roles {
            let entry = snapshot.schema().table(*table).ok();
            let ty = entry.and_then(|entry| entry.hyperedge_type());
            if ty.is_some_and(|ty| ty.role(role).is_some()) {
                own.push(StepList {
                    table: *table,
                    number: *lists,
                    role: (*role).to_owned(),
                    leads_to: *leads_to,
                });
                *lists += 1;
            }
        }
    }
    own
}
