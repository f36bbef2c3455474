//! Queries that write: clause by clause on one transaction, which becomes one commit.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, UInt32Array, UInt64Array};
use arrow::compute::{concat_batches, take};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use futures::TryStreamExt;
use grism_core::{
    Error, ErrorKind, GraphSchema, PathValue, Result, SnapshotId, Storage, Type, Value,
    cast_column, encode_any,
};
use grism_cypher::{
    BindContext, BindState, BoundWrite, Created, MergeWrite, Query, QueryPart, SetItem, Warning,
    WriteKind,
};
use grism_engine::{PhysicalSchema, PlannerConfig};
use grism_local::{LocalExecutor, LocalPhysicalPlanner};
use grism_logical::optimizer::optimize;
use grism_logical::{Column, LogicalExpr, LogicalPlan, PlanSchema, Rows};
use grism_storage::{Transaction, WriteCounts};

use crate::graph::CONFLICT_RETRIES;
use crate::query::{QueryOptions, QueryResult, constant, facts, now};

/// The column of row numbers beside the rows of a MERGE.
const ROW: &str = "#row";

/// Runs a query that writes, and commits what it wrote; again on the new snapshot where another writer was first.
pub(crate) async fn write_query(
    storage: &Arc<dyn Storage>,
    query: &Query,
    options: &QueryOptions,
) -> Result<QueryResult> {
    if !options.snapshot.is_latest() {
        return Err(Error::invalid_query("an old snapshot cannot be written to"));
    }
    let mut attempt = 0;
    loop {
        let snapshot = storage.snapshot(SnapshotId::default()).await?;
        let mut writer = Writer {
            storage,
            options,
            transaction: Transaction::new(snapshot),
            now: now(),
            warnings: Vec::new(),
        };
        let (schema, batches) = writer.run(query).await?;
        let counts = writer.transaction.counts();
        let changes = writer.transaction.finish()?;
        let committed = if counts.is_empty() {
            Ok(changes.base)
        } else {
            storage.commit(changes).await
        };
        match committed {
            Err(error) if error.kind() == ErrorKind::Conflict && attempt < CONFLICT_RETRIES => {
                attempt += 1;
            }
            Err(error) => return Err(error),
            Ok(_) => return Ok(result(schema, batches, writer.warnings, counts)),
        }
    }
}

fn result(
    schema: PlanSchema,
    batches: Vec<RecordBatch>,
    warnings: Vec<Warning>,
    counts: WriteCounts,
) -> QueryResult {
    let stream = futures::stream::iter(batches.into_iter().map(Ok));
    let mut result = QueryResult::new(
        PhysicalSchema::from(schema),
        Box::pin(stream),
        grism_engine::CancellationHandle::default(),
    );
    result.warnings = warnings;
    result.written = Some(counts);
    result
}

/// The rows that the clauses so far have found.
#[derive(Clone, Debug)]
struct Found {
    schema: PlanSchema,
    batch: RecordBatch,
}

impl Found {
    /// One row without columns, from which a query starts.
    fn unit() -> Result<Self> {
        let schema = PlanSchema::default();
        let arrow = PhysicalSchema::from(schema.clone());
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        let batch =
            RecordBatch::try_new_with_options(Arc::clone(arrow.arrow()), Vec::new(), &options)?;
        Ok(Self { schema, batch })
    }

    fn leaf(&self) -> LogicalPlan {
        LogicalPlan::Rows {
            schema: self.schema.clone(),
            rows: Rows::new(vec![self.batch.clone()]),
        }
    }

    fn of(columns: Vec<(Column, ArrayRef)>, rows: usize) -> Result<Self> {
        let (columns, arrays): (Vec<Column>, Vec<ArrayRef>) = columns.into_iter().unzip();
        let schema = PlanSchema::new(columns);
        let arrow = PhysicalSchema::from(schema.clone());
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(arrow.arrow()), arrays, &options)?;
        Ok(Self { schema, batch })
    }

    fn columns(&self) -> Vec<(Column, ArrayRef)> {
        self.schema
            .columns
            .iter()
            .cloned()
            .zip(self.batch.columns().iter().cloned())
            .collect()
    }

    fn column(&self, name: &str) -> Result<(&ArrayRef, &Type)> {
        let found = self.schema.columns.iter().position(|own| own.name == name);
        let index = found.ok_or_else(|| Error::internal(format!("there is no column `{name}`")))?;
        Ok((self.batch.column(index), &self.schema.columns[index].ty))
    }

    fn value(&self, name: &str, row: usize) -> Result<Value> {
        let (column, ty) = self.column(name)?;
        Value::from_typed(column, row, ty)
    }

    /// The columns called `names`.
    fn keep(&self, names: &[String]) -> Result<Self> {
        let names: HashSet<&String> = names.iter().collect();
        let columns = self
            .columns()
            .into_iter()
            .filter(|(column, _)| names.contains(&column.name))
            .collect();
        Self::of(columns, self.batch.num_rows())
    }

    fn with(&self, added: Vec<(Column, ArrayRef)>) -> Result<Self> {
        let mut columns = self.columns();
        let replaced: HashSet<&String> = added.iter().map(|(column, _)| &column.name).collect();
        columns.retain(|(own, _)| !replaced.contains(&own.name));
        columns.extend(added);
        Self::of(columns, self.batch.num_rows())
    }

    fn rows(&self, rows: &[u32]) -> Result<Self> {
        let places = UInt32Array::from(rows.to_vec());
        let columns = self
            .columns()
            .into_iter()
            .map(|(column, array)| Ok((column, take(&array, &places, None)?)))
            .collect::<Result<_>>()?;
        Self::of(columns, rows.len())
    }
}

struct Writer<'a> {
    storage: &'a Arc<dyn Storage>,
    options: &'a QueryOptions,
    transaction: Transaction,
    /// The instant that the statement's clocks show.
    now: Value,
    warnings: Vec<Warning>,
}

impl Writer<'_> {
    /// Runs every branch; the columns and rows of the result.
    async fn run(&mut self, query: &Query) -> Result<(PlanSchema, Vec<RecordBatch>)> {
        let mut branches = Vec::new();
        for branch in 0..query.branches() {
            branches.push(self.branch(query, branch).await?);
        }
        if branches.len() == 1 {
            let only = branches.swap_remove(0);
            return Ok((only.schema, vec![only.batch]));
        }
        let names: Vec<&str> = branches[0].schema.names().collect();
        for other in &branches[1..] {
            if !other.schema.names().eq(names.iter().copied()) {
                return Err(Error::invalid_query(
                    "the branches of a UNION need the same columns in the same order",
                )
                .with_code("SyntaxError:DifferentColumnsInUnion"));
            }
        }
        let leaves = branches.iter().map(|branch| Arc::new(branch.leaf()));
        let inputs = LogicalPlan::same_types(leaves.collect())?;
        let mut plan = LogicalPlan::Union { inputs };
        if query.is_distinct_union() {
            plan = LogicalPlan::Distinct {
                input: Arc::new(plan),
            };
        }
        let found = self.evaluate(&plan).await?;
        Ok((found.schema, vec![found.batch]))
    }

    async fn branch(&mut self, query: &Query, branch: usize) -> Result<Found> {
        let mut state = BindState::default();
        let mut rows = Found::unit()?;
        let mut returned = false;
        for part in query.parts(branch) {
            let schema = Arc::new(self.transaction.schema().clone());
            let snapshot = self.transaction.snapshot();
            let statistics = Arc::clone(grism_core::Snapshot::statistics(&snapshot));
            let context = BindContext {
                schema: &schema,
                statistics: &statistics,
                parameters: &self.options.parameters,
                procedures: &self.options.procedures,
                now: &self.now,
                constant: &constant,
            };
            match &part {
                QueryPart::Write { clause, patterns } => {
                    let write =
                        query.bind_write(branch, *clause, patterns.as_ref(), &state, context)?;
                    rows = self.write(&write, rows).await?;
                    state = BindState {
                        scope: self.typed_scope(&write, &rows),
                        columns: rows.schema.clone(),
                        counter: write.counter,
                    };
                }
                part => {
                    let bound = query.bind_read(branch, part, &state, context)?;
                    self.warnings.extend(bound.warnings);
                    rows = self.evaluate(&bound.plan.with_rows(&rows.leaf())?).await?;
                    state = bound.state;
                    returned = matches!(part, QueryPart::Return(_));
                }
            }
        }
        if returned {
            return Ok(rows);
        }
        // A query that ends with a write has no columns and no rows.
        Found::of(Vec::new(), 0)
    }

    /// The variables after a write, with the types of the columns that hold them.
    fn typed_scope(&self, write: &BoundWrite, rows: &Found) -> grism_cypher::Scope {
        let mut scope = write.scope.clone();
        for variable in &mut scope.variables {
            if let Some(column) = rows.schema.find(&variable.column) {
                variable.ty = column.ty.clone();
            }
        }
        scope
    }

    /// The rows of a plan over the graph as it is now.
    async fn evaluate(&self, plan: &LogicalPlan) -> Result<Found> {
        if let LogicalPlan::Rows { schema, rows } = plan
            && let [batch] = rows.batches()
        {
            return Ok(Found {
                schema: schema.clone(),
                batch: batch.clone(),
            });
        }
        let snapshot = Arc::new(self.transaction.snapshot());
        let optimized = optimize(plan.clone(), facts(snapshot.as_ref()))?;
        let planner = LocalPhysicalPlanner::with_config(PlannerConfig {
            threads: self.options.runtime.threads,
        });
        let plan = planner.plan(&optimized)?;
        let schema = plan.root.schema().clone();
        let executor = LocalExecutor::with_config(self.options.runtime.clone());
        let run = executor.execute_at(plan, Arc::clone(self.storage), snapshot)?;
        let batches: Vec<RecordBatch> = run.into_stream().try_collect().await?;
        Ok(Found {
            batch: concat(&schema, &batches)?,
            schema: schema.columns().clone(),
        })
    }

    async fn write(&mut self, write: &BoundWrite, rows: Found) -> Result<Found> {
        let before: Vec<String> = rows.schema.names().map(str::to_owned).collect();
        match &write.kind {
            WriteKind::Create(created) => {
                let rows = self.evaluate(&write.plan.with_rows(&rows.leaf())?).await?;
                let made = self.create(created, &rows, None).await?;
                rows.keep(&before)?.with(made)
            }
            WriteKind::Merge(merge) => self.merge(write, merge, rows, &before).await,
            WriteKind::Set(items) => {
                self.set(&write.plan, items, &rows).await?;
                Ok(rows)
            }
            WriteKind::Delete { targets, detach } => {
                let computed = self.evaluate(&write.plan.with_rows(&rows.leaf())?).await?;
                self.delete(targets, *detach, &computed).await?;
                Ok(rows)
            }
        }
    }

    /// Creates what a pattern says for each row, or for those of `only`; the columns of what was created.
    async fn create(
        &mut self,
        created: &Created,
        rows: &Found,
        only: Option<&[bool]>,
    ) -> Result<Vec<(Column, ArrayRef)>> {
        let count = rows.batch.num_rows();
        let mut ids: BTreeMap<&str, Vec<Option<u64>>> = BTreeMap::new();
        for entity in &created.entities {
            ids.insert(&entity.column, vec![None; count]);
        }
        for edge in &created.edges {
            ids.insert(&edge.column, vec![None; count]);
        }
        let wanted = |row: usize| only.is_none_or(|only| only[row]);
        for row in (0..count).filter(|row| wanted(*row)) {
            for entity in &created.entities {
                let id = match &entity.hyperedge_type {
                    Some(name) => self.transaction.create_hyperedge(name)?,
                    None => self.transaction.create_node(&entity.labels)?,
                };
                if let Some(own) = ids.get_mut(entity.column.as_str()) {
                    own[row] = Some(id);
                }
                self.set_created(id, entity.properties.as_deref(), rows, row)?;
            }
            let find = |ids: &BTreeMap<&str, Vec<Option<u64>>>, column: &str| -> Result<u64> {
                let here = ids.get(column).and_then(|own| own[row]);
                let id = match here {
                    Some(id) => Some(id),
                    None => rows.value(column, row)?.entity_id(),
                };
                id.ok_or_else(|| Error::invalid_data("a relationship to null cannot be created"))
            };
            for edge in &created.edges {
                let (source, target) = (find(&ids, &edge.source)?, find(&ids, &edge.target)?);
                let id = self
                    .transaction
                    .create_edge(&edge.type_name, source, target)?;
                if let Some(own) = ids.get_mut(edge.column.as_str()) {
                    own[row] = Some(id);
                }
                self.set_created(id, edge.properties.as_deref(), rows, row)?;
            }
            for incidence in &created.incidences {
                let hyperedge = find(&ids, &incidence.hyperedge)?;
                let member = find(&ids, &incidence.member)?;
                self.transaction
                    .bind(hyperedge, &incidence.role, member)
                    .await?;
            }
        }
        let schema = self.transaction.schema();
        let mut made = Vec::new();
        for entity in &created.entities {
            let ty = match &entity.hyperedge_type {
                Some(name) => edge_type(schema, name),
                None => {
                    let mut labels = entity.labels.clone();
                    labels.sort_unstable();
                    labels.dedup();
                    let table = schema.node_table(&labels).map(|table| table.id);
                    Type::Node(table.into_iter().collect())
                }
            };
            made.push((
                Column::new(&entity.column, ty),
                id_array(&ids, &entity.column),
            ));
        }
        for edge in &created.edges {
            let ty = edge_type(schema, &edge.type_name);
            made.push((Column::new(&edge.column, ty), id_array(&ids, &edge.column)));
        }
        for (column, through) in &created.paths {
            let mut paths = Vec::with_capacity(count);
            for row in 0..count {
                let mut parts = Vec::new();
                for part in through {
                    let known = made.iter().find(|(own, _)| &own.name == part);
                    parts.push(match known {
                        Some((own, array)) => Value::from_typed(array, row, &own.ty)?,
                        None => rows.value(part, row)?,
                    });
                }
                paths.push(if parts.iter().any(Value::is_null) {
                    Value::Null
                } else {
                    path_of(parts)
                });
            }
            let array = Value::column(&paths, &Type::Path.to_arrow())?;
            made.push((Column::new(column, Type::Path), array));
        }
        Ok(made)
    }

    fn set_created(
        &mut self,
        id: u64,
        properties: Option<&str>,
        rows: &Found,
        row: usize,
    ) -> Result<()> {
        let Some(column) = properties else {
            return Ok(());
        };
        if let Value::Map(entries) = rows.value(column, row)? {
            for (key, value) in entries {
                if !value.is_null() {
                    self.transaction.set_property(id, &key, value)?;
                }
            }
        }
        Ok(())
    }

    async fn merge(
        &mut self,
        write: &BoundWrite,
        merge: &MergeWrite,
        rows: Found,
        before: &[String],
    ) -> Result<Found> {
        let numbers: Int64Array = (0..rows.batch.num_rows() as i64).collect();
        let numbered = rows.with(vec![(
            Column::new(ROW, Type::Int64),
            Arc::new(numbers) as ArrayRef,
        )])?;
        let plan = with_passed_through(&write.plan, &numbered)?;
        let searched = self.evaluate(&plan).await?;
        check_merge_keys(merge, &searched)?;
        // What an apply did not find stands behind what it did: rows go back to their order.
        let order = row_order(&searched)?;
        let searched = searched.rows(&order)?;
        let count = searched.batch.num_rows();
        let mut first_of: HashMap<Vec<u8>, usize> = HashMap::new();
        let (mut create, mut same) = (vec![false; count], vec![None; count]);
        let mut found = vec![false; count];
        for row in 0..count {
            if searched.value(&merge.found, row)? == Value::Bool(true) {
                found[row] = true;
                continue;
            }
            let key = merge_key(merge, &searched, row)?;
            match first_of.get(&key) {
                Some(first) => same[row] = Some(*first),
                None => {
                    first_of.insert(key, row);
                    create[row] = true;
                }
            }
        }
        let made = self
            .create(&merge.created, &searched, Some(&create))
            .await?;
        // A row that looked for the same as one before it gets what that one created.
        let places: UInt32Array = (0..count)
            .map(|row| Some(same[row].unwrap_or(row) as u32))
            .collect();
        let mut columns = Vec::new();
        for (column, array) in made {
            let array = take(&array, &places, None)?;
            let known = merge
                .variables
                .iter()
                .find(|(name, _)| name == &column.name);
            let Some((name, ty)) = known else {
                continue;
            };
            let wide = ty.unify(&column.ty);
            let (old, old_type) = searched.column(name)?;
            let old = cast_column(old, old_type, &wide)?;
            let new = cast_column(&array, &column.ty, &wide)?;
            let sources: Vec<(usize, usize)> = (0..count)
                .map(|row| (usize::from(!found[row]), row))
                .collect();
            let both = arrow::compute::interleave(&[old.as_ref(), new.as_ref()], &sources)?;
            columns.push((Column::new(name, wide), both));
        }
        let mut names = before.to_vec();
        names.extend(merge.variables.iter().map(|(name, _)| name.clone()));
        let all = searched.with(columns)?.keep(&names)?;
        let picked = |flag: &dyn Fn(usize) -> bool| -> Vec<u32> {
            (0..count)
                .filter(|row| flag(*row))
                .map(|row| row as u32)
                .collect()
        };
        if let Some((plan, items)) = &merge.on_create {
            let rows = all.rows(&picked(&|row| create[row]))?;
            self.set(plan, items, &rows).await?;
        }
        if let Some((plan, items)) = &merge.on_match {
            let rows = all.rows(&picked(&|row| !create[row]))?;
            self.set(plan, items, &rows).await?;
        }
        Ok(all)
    }

    /// Applies SET items. Where a value hangs on stored properties and an entity stands in several rows, the rows are
    /// taken one wave after the other, so that each sees what the one before it set.
    async fn set(&mut self, plan: &LogicalPlan, items: &[SetItem], rows: &Found) -> Result<()> {
        if rows.batch.num_rows() == 0 {
            return Ok(());
        }
        let reads = items
            .iter()
            .any(|item| matches!(item, SetItem::Property { reads: true, .. }));
        if items.len() > 1 && reads {
            // Each item sees what the one before it set.
            for item in items {
                Box::pin(self.set(plan, std::slice::from_ref(item), rows)).await?;
            }
            return Ok(());
        }
        let waves = if reads {
            self.waves(plan, items, rows).await?
        } else {
            vec![(0..rows.batch.num_rows() as u32).collect()]
        };
        for wave in waves {
            let part = rows.rows(&wave)?;
            let computed = self.evaluate(&plan.with_rows(&part.leaf())?).await?;
            for row in 0..computed.batch.num_rows() {
                for item in items {
                    self.set_item(item, &computed, row).await?;
                }
            }
        }
        Ok(())
    }

    async fn waves(
        &self,
        plan: &LogicalPlan,
        items: &[SetItem],
        rows: &Found,
    ) -> Result<Vec<Vec<u32>>> {
        let computed = self.evaluate(&plan.with_rows(&rows.leaf())?).await?;
        let mut waves: Vec<(HashSet<u64>, Vec<u32>)> = Vec::new();
        for row in 0..computed.batch.num_rows() {
            let mut ids = Vec::new();
            for item in items {
                if let SetItem::Property { entity, .. } = item {
                    ids.extend(computed.value(&entity.0, row)?.entity_id());
                }
            }
            let last_with = waves
                .iter()
                .rposition(|(known, _)| ids.iter().any(|id| known.contains(id)));
            let wave = last_with.map_or(0, |last| last + 1);
            if wave == waves.len() {
                waves.push((HashSet::new(), Vec::new()));
            }
            waves[wave].0.extend(ids);
            waves[wave].1.push(row as u32);
        }
        Ok(waves.into_iter().map(|(_, rows)| rows).collect())
    }

    async fn set_item(&mut self, item: &SetItem, rows: &Found, row: usize) -> Result<()> {
        let entity = match item {
            SetItem::Property { entity, .. }
            | SetItem::Properties { entity, .. }
            | SetItem::Labels { entity, .. } => &entity.0,
        };
        let target = rows.value(entity, row)?;
        let Some(id) = target.entity_id() else {
            if target.is_null() {
                return Ok(());
            }
            return Err(Error::invalid_data(format!(
                "SET needs a node or a hyperedge, not {}",
                target.type_name()
            ))
            .with_code("TypeError:InvalidArgumentType"));
        };
        match item {
            SetItem::Property { key, value, .. } => {
                let value = rows.value(&value.0, row)?;
                self.transaction.set_property(id, key, value)
            }
            SetItem::Properties { value, merge, .. } => match rows.value(&value.0, row)? {
                Value::Map(entries) => self.transaction.set_properties(id, &entries, *merge),
                Value::Null if *merge => Ok(()),
                Value::Null => self.transaction.set_properties(id, &BTreeMap::new(), false),
                other => Err(Error::invalid_data(format!(
                    "properties are a map, not {}",
                    other.type_name()
                ))
                .with_code("TypeError:InvalidArgumentType")),
            },
            SetItem::Labels { labels, remove, .. } => {
                self.transaction.set_labels(id, labels, *remove).await
            }
        }
    }

    async fn delete(
        &mut self,
        targets: &[(String, Type)],
        detach: bool,
        rows: &Found,
    ) -> Result<()> {
        let mut ids = Vec::new();
        let mut incidences = Vec::new();
        for row in 0..rows.batch.num_rows() {
            for (column, _) in targets {
                collect_targets(rows.value(column, row)?, &mut ids, &mut incidences)?;
            }
        }
        // From the last position on, so that those before keep theirs.
        incidences.sort_unstable();
        incidences.dedup();
        for (hyperedge, role, position) in incidences.into_iter().rev() {
            self.transaction.unbind(hyperedge, &role, position).await?;
        }
        self.transaction.delete(&ids, detach).await
    }
}

fn collect_targets(
    value: Value,
    ids: &mut Vec<u64>,
    incidences: &mut Vec<(u64, String, usize)>,
) -> Result<()> {
    match value {
        Value::Null => {}
        Value::Node(node) => ids.push(node.id),
        Value::Hyperedge(hyperedge) => ids.push(hyperedge.id),
        Value::Incidence(incidence) => incidences.push((
            incidence.hyperedge.id,
            incidence.role.clone(),
            incidence.position as usize,
        )),
        Value::Path(path) => {
            for part in path.nodes.into_iter().chain(path.relationships) {
                collect_targets(part, ids, incidences)?;
            }
        }
        other => {
            return Err(
                Error::invalid_data(format!("{} cannot be deleted", other.type_name()))
                    .with_code("TypeError:InvalidArgumentType"),
            );
        }
    }
    Ok(())
}

fn edge_type(schema: &GraphSchema, name: &str) -> Type {
    let table = schema.hyperedge_table(name).map(|(table, _)| table.id);
    Type::Hyperedge(table.into_iter().collect())
}

fn id_array(ids: &BTreeMap<&str, Vec<Option<u64>>>, column: &str) -> ArrayRef {
    let own = ids.get(column).cloned().unwrap_or_default();
    Arc::new(UInt64Array::from(own))
}

fn path_of(parts: Vec<Value>) -> Value {
    let (mut nodes, mut relationships) = (Vec::new(), Vec::new());
    for (place, part) in parts.into_iter().enumerate() {
        if place % 2 == 0 {
            nodes.push(part);
        } else {
            relationships.push(part);
        }
    }
    Value::Path(Box::new(PathValue {
        nodes,
        relationships,
    }))
}

fn concat(schema: &PhysicalSchema, batches: &[RecordBatch]) -> Result<RecordBatch> {
    if schema.columns().columns.is_empty() {
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        return Ok(RecordBatch::try_new_with_options(
            Arc::clone(schema.arrow()),
            Vec::new(),
            &options,
        )?);
    }
    Ok(concat_batches(schema.arrow(), batches)?)
}

/// The plan over numbered rows, with the column of numbers handed through its projections.
fn with_passed_through(plan: &LogicalPlan, rows: &Found) -> Result<LogicalPlan> {
    fn pass(plan: &LogicalPlan, leaf: &LogicalPlan) -> Result<LogicalPlan> {
        match plan {
            LogicalPlan::Argument(_) => Ok(leaf.clone()),
            LogicalPlan::Project { input, expressions } => {
                let input = Arc::new(pass(input, leaf)?);
                let mut expressions = expressions.clone();
                if input.schema()?.contains(ROW) {
                    expressions.push((LogicalExpr::column(ROW), ROW.to_owned()));
                }
                Ok(LogicalPlan::Project { input, expressions })
            }
            other => other.try_map_outer(&mut |input| pass(input, leaf)),
        }
    }
    pass(plan, &rows.leaf())
}

/// The places of rows in the order of their numbers.
fn row_order(found: &Found) -> Result<Vec<u32>> {
    let (numbers, _) = found.column(ROW)?;
    let numbers = numbers
        .as_any()
        .downcast_ref::<Int64Array>()
        .ok_or_else(|| Error::internal("row numbers of another type"))?;
    let mut order: Vec<u32> = (0..numbers.len() as u32).collect();
    order.sort_by_key(|row| numbers.value(*row as usize));
    Ok(order)
}

/// A property that is null is found nowhere, and cannot be created either.
fn check_merge_keys(merge: &MergeWrite, rows: &Found) -> Result<()> {
    let entities = merge.created.entities.iter();
    let properties = entities
        .filter_map(|entity| entity.properties.as_ref())
        .chain(
            merge
                .created
                .edges
                .iter()
                .filter_map(|edge| edge.properties.as_ref()),
        );
    for column in properties {
        for row in 0..rows.batch.num_rows() {
            if let Value::Map(entries) = rows.value(column, row)?
                && let Some((key, _)) = entries.iter().find(|(_, value)| value.is_null())
            {
                return Err(Error::invalid_query(format!(
                    "MERGE cannot look for the property `{key}`, which is null"
                ))
                .with_code("SemanticError:MergeReadOwnWrites"));
            }
        }
    }
    Ok(())
}

/// What a row of a MERGE looks for, as bytes.
fn merge_key(merge: &MergeWrite, rows: &Found, row: usize) -> Result<Vec<u8>> {
    let undirected = merge.created.edges.iter().find(|edge| edge.undirected);
    let mut values = Vec::new();
    for (column, _) in &merge.keys {
        values.push((column, rows.value(column, row)?));
    }
    if let Some(edge) = undirected {
        // An edge in either direction: the ends have no order.
        let ends: Vec<usize> = values
            .iter()
            .enumerate()
            .filter(|(_, (column, _))| **column == edge.source || **column == edge.target)
            .map(|(place, _)| place)
            .collect();
        if let [first, second] = ends[..]
            && values[first].1.entity_id() > values[second].1.entity_id()
        {
            let (a, b) = (values[first].1.clone(), values[second].1.clone());
            values[first].1 = b;
            values[second].1 = a;
        }
    }
    let list = Value::List(values.into_iter().map(|(_, value)| value).collect());
    grism_core::key_of_any(&encode_any(&list))
}
