//! Checking a snapshot: that its tables, its incidence lists and its statistics say the same, and that its constraints hold.

mod counts;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism_core::{
    Cardinality, CheckReport, Constraint, DegreeDistribution, EntityId, Error, HyperedgeType,
    ID_COLUMN, Incidence, Result, ScanRequest, SegmentKey, Snapshot, Table, TableId, stable_number,
};

use self::counts::{degree_problem, property_problems};
use crate::collector::StatisticsCollector;
use crate::constraints::violations;
use crate::incidences::collect_incidences;

/// Checks one snapshot: reads every value of every row.
///
/// # Errors
/// Those of a storage that cannot be read at all; what is wrong in the graph is in the report.
pub async fn check_snapshot(snapshot: &Arc<dyn Snapshot>) -> Result<CheckReport> {
    let mut checker = Checker {
        snapshot,
        report: CheckReport::of(snapshot.id()),
        alive: HashMap::new(),
    };
    let schema = Arc::clone(snapshot.schema());
    for table in schema.tables() {
        checker.rows(table).await?;
    }
    for table in schema.tables() {
        if let Some(ty) = table.hyperedge_type() {
            checker.members(table, ty).await?;
        }
    }
    for constraint in schema.constraints() {
        checker.constraint(constraint).await;
    }
    Ok(checker.report)
}

struct Checker<'a> {
    snapshot: &'a Arc<dyn Snapshot>,
    report: CheckReport,
    /// Which offsets of each table have a row, a bit each.
    alive: HashMap<TableId, Vec<u64>>,
}

/// What a set of incidences adds up to, whatever their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    count: u64,
    hash: u64,
}

impl Sum {
    fn add(&mut self, incidence: &Incidence) {
        let parts = [
            incidence.hyperedge,
            u64::from(incidence.position),
            incidence.opposite,
        ];
        let hash = parts
            .into_iter()
            .fold(stable_number(incidence.member), |hash, part| {
                stable_number(hash ^ part)
            });
        self.hash = self.hash.wrapping_add(hash);
        self.count += 1;
    }
}

impl Checker<'_> {
    fn name(&self, table: TableId) -> String {
        match self.snapshot.schema().table(table) {
            Ok(table) => table.display_name(),
            Err(_) => format!("table {table}"),
        }
    }

    async fn scanned(
        &mut self,
        table: &Table,
        columns: Vec<String>,
        mut visit: impl FnMut(&mut Self, RecordBatch) -> Result<()>,
    ) -> Result<()> {
        for range in self.snapshot.scan_ranges(table.id) {
            let request = ScanRequest {
                columns: columns.clone(),
                predicate: Vec::new(),
                range: range.clone(),
                batch_rows: 1 << 13,
            };
            let mut batches = match self.snapshot.scan(request).await {
                Ok(batches) => batches,
                Err(error) => {
                    let name = table.display_name();
                    self.report
                        .note(format!("{name}, {}: {error}", range.piece));
                    continue;
                }
            };
            loop {
                match batches.try_next().await {
                    Ok(Some(batch)) => visit(self, batch)?,
                    Ok(None) => break,
                    Err(error) => {
                        let name = table.display_name();
                        self.report
                            .note(format!("{name}, {}: {error}", range.piece));
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads every value of a table; counts its rows and notes their offsets.
    async fn rows(&mut self, table: &Table) -> Result<()> {
        let statistics = self
            .snapshot
            .statistics()
            .tables
            .get(&table.id)
            .cloned()
            .unwrap_or_default();
        let roles = table.hyperedge_type().map(HyperedgeType::role_columns);
        let columns = roles.unwrap_or_default().into_iter();
        let columns = columns.chain(table.properties.iter().map(|own| own.column().to_owned()));
        let words = usize::try_from(statistics.next_offset.div_ceil(64))
            .map_err(|_| Error::internal("a table past the memory"))?;
        let mut alive = vec![0u64; words];
        let mut rows = 0;
        let mut found = StatisticsCollector::default();
        let name = table.display_name();
        self.scanned(table, columns.collect(), |own, batch| {
            found.add_rows(table, &batch)?;
            for id in ids(&batch)?.values() {
                let id = EntityId::from_raw(*id);
                let offset = id.offset();
                let word = alive.get_mut((offset / 64) as usize);
                match word.filter(|_| offset < statistics.next_offset && id.table() == table.id) {
                    None => own
                        .report
                        .note(format!("{name}: the row {offset} lies past the end")),
                    Some(word) if *word >> (offset % 64) & 1 == 1 => {
                        own.report
                            .note(format!("{name}: the row {offset} stands twice"));
                    }
                    Some(word) => *word |= 1 << (offset % 64),
                }
            }
            rows += batch.num_rows() as u64;
            Ok(())
        })
        .await?;
        if rows != statistics.rows {
            self.report.note(format!(
                "{name}: {rows} rows, the statistics say {}",
                statistics.rows
            ));
        }
        for (property, told) in &statistics.properties {
            for problem in property_problems(told, &found.take(property)) {
                self.report.note(format!("{name}.{property}: {problem}"));
            }
        }
        if table.hyperedge_type().is_some() {
            self.report.hyperedges += rows;
        } else {
            self.report.nodes += rows;
        }
        self.alive.insert(table.id, alive);
        Ok(())
    }

    /// Compares the roles of a table with the incidence lists, and looks for their members.
    async fn members(&mut self, table: &Table, ty: &HyperedgeType) -> Result<()> {
        let mut of_rows: BTreeMap<String, BTreeMap<TableId, Sum>> = BTreeMap::new();
        self.scanned(table, ty.role_columns(), |own, batch| {
            let ids = ids(&batch)?.clone();
            let offset_of = |row: usize| EntityId::from_raw(ids.value(row)).offset();
            let mut bound: HashMap<&str, u64> = HashMap::new();
            let found = collect_incidences(table.id, ty, std::slice::from_ref(&batch), &offset_of)?;
            for (role, incidences) in &found {
                let sums = of_rows.entry(role.clone()).or_default();
                for incidence in incidences {
                    let member = EntityId::from_raw(incidence.member);
                    sums.entry(member.table()).or_default().add(incidence);
                    if !own.is_alive(member) {
                        own.report.note(format!(
                            "{}: the row {} binds as {role} the row {} of {}, which does not exist",
                            ty.name,
                            EntityId::from_raw(incidence.hyperedge).offset(),
                            member.offset(),
                            own.name(member.table())
                        ));
                    }
                }
                *bound.entry(role).or_insert(0) += incidences.len() as u64;
            }
            for role in &ty.roles {
                let count = bound.get(role.name.as_str()).copied().unwrap_or_default();
                if role.cardinality == Cardinality::One && count < batch.num_rows() as u64 {
                    own.report.note(format!(
                        "{}: {} rows leave the required role {} unbound",
                        ty.name,
                        batch.num_rows() as u64 - count,
                        role.name
                    ));
                }
            }
            Ok(())
        })
        .await?;
        for role in &ty.roles {
            let rows = of_rows.remove(&role.name).unwrap_or_default();
            self.lists(table, ty, &role.name, &rows).await?;
        }
        Ok(())
    }

    async fn lists(
        &mut self,
        table: &Table,
        ty: &HyperedgeType,
        role: &str,
        rows: &BTreeMap<TableId, Sum>,
    ) -> Result<()> {
        let shift = self.snapshot.segment_shift();
        let statistics = self.snapshot.statistics();
        let told = statistics
            .tables
            .get(&table.id)
            .and_then(|own| own.roles.get(role))
            .map(|own| own.incidences.clone())
            .unwrap_or_default();
        let members: Vec<TableId> = self.snapshot.schema().tables().map(|own| own.id).collect();
        let mut degrees = DegreeDistribution::default();
        for members in members {
            let next = statistics
                .tables
                .get(&members)
                .map_or(0, |own| own.next_offset);
            let mut sum = Sum::default();
            for segment in 0..next.div_ceil(1 << shift) {
                let key = SegmentKey {
                    table: members,
                    segment,
                };
                let lists = match self.snapshot.incidences(table.id, role, key).await {
                    Ok(lists) => lists,
                    Err(error) => {
                        self.report
                            .note(format!("{}.{role}, segment {segment}: {error}", ty.name));
                        continue;
                    }
                };
                let own = lists.lists(0..lists.members());
                own.for_each(|(_, places)| degrees.add(places.len() as u64));
                let incidences = lists.incidences(key.first(shift));
                incidences.for_each(|own| sum.add(&own));
            }
            self.report.incidences += sum.count;
            let of_rows = rows.get(&members).copied().unwrap_or_default();
            let name = self.name(members);
            if sum != of_rows {
                self.report.note(format!(
                    "{}.{role}: the incidence lists of {name} hold {} incidences, the hyperedges {}{}",
                    ty.name,
                    sum.count,
                    of_rows.count,
                    if sum.count == of_rows.count {
                        ", and not the same"
                    } else {
                        ""
                    }
                ));
            }
            let told = told.get(&members).copied().unwrap_or_default();
            if told != of_rows.count {
                self.report.note(format!(
                    "{}.{role}: {} incidences with {name}, the statistics say {told}",
                    ty.name, of_rows.count
                ));
            }
        }
        let told = statistics.role(table.id, role);
        let told = told.and_then(|own| own.degrees.as_ref());
        if let Some(problem) = told.and_then(|told| degree_problem(told, &degrees)) {
            self.report.note(format!("{}.{role}: {problem}", ty.name));
        }
        Ok(())
    }

    /// Looks for entities that a constraint does not allow, which graphs may have that were written before constraints were kept.
    async fn constraint(&mut self, constraint: &Constraint) {
        let name = &constraint.name;
        match violations(self.snapshot.as_ref(), constraint).await {
            Ok(found) if found.is_empty() => {}
            Ok(found) => {
                let rule = constraint.rule;
                self.report
                    .note(format!("the constraint `{name}` ({rule}): {found}"));
            }
            Err(error) => self.report.note(format!(
                "the constraint `{name}` cannot be checked: {error}"
            )),
        }
    }

    fn is_alive(&self, id: EntityId) -> bool {
        self.alive
            .get(&id.table())
            .and_then(|alive| alive.get((id.offset() / 64) as usize))
            .is_some_and(|word| word >> (id.offset() % 64) & 1 == 1)
    }
}

fn ids(batch: &RecordBatch) -> Result<&arrow::array::UInt64Array> {
    batch
        .column_by_name(ID_COLUMN)
        .and_then(|ids| ids.as_primitive_opt::<UInt64Type>())
        .ok_or_else(|| Error::internal("a scan without ids"))
}
