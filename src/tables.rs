//! Tables in memory that queries read by `LOAD FROM`: those that are registered with a graph by a name, and those that are
//! values of parameters.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use grism_core::{
    BatchStream, ChangeSet, Error, MemoryManager, Result, RowOrigin, Snapshot, SnapshotId,
    SnapshotInfo, SnapshotSelector, Storage, StorageDescriptor, Turn, nearest,
};
use grism_storage::{ImportSource, source_rows};

use crate::Graph;

/// A table whose rows a query reads, each time that it is read.
pub trait RowTable: Send + Sync {
    /// The rows.
    ///
    /// # Errors
    /// `InvalidQuery` for a stream that was read before, and those of the table.
    fn source(&self) -> Result<ImportSource>;
}

/// Tables by their names.
pub(crate) type NamedTables = BTreeMap<String, Arc<dyn RowTable>>;

/// The tables that a query may read.
#[derive(Clone, Default)]
pub struct Tables {
    /// Those that are registered with the graph.
    pub(crate) named: NamedTables,
    parameters: NamedTables,
    parameter_names: BTreeSet<String>,
}

impl Tables {
    /// Adds the table that is the value of a parameter.
    pub fn add_parameter(&mut self, name: String, table: Arc<dyn RowTable>) {
        self.parameter_names.insert(name.clone());
        self.parameters.insert(name, table);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.named.is_empty() && self.parameters.is_empty()
    }

    /// The parameters that are tables.
    pub(crate) fn parameter_names(&self) -> &BTreeSet<String> {
        &self.parameter_names
    }

    /// The storage as queries see it that may read the tables.
    pub(crate) fn over(&self, storage: &Arc<dyn Storage>) -> Arc<dyn Storage> {
        if self.is_empty() {
            return Arc::clone(storage);
        }
        Arc::new(TableStorage {
            inner: Arc::clone(storage),
            tables: self.clone(),
        })
    }
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tables")
            .field("named", &self.named.keys())
            .field("parameters", &self.parameter_names)
            .finish()
    }
}

impl Graph {
    /// Gives a table a name, by which queries over this graph read it: `LOAD FROM 'name' AS row`. Another table of the name is
    /// forgotten.
    ///
    /// # Errors
    /// `InvalidQuery` for an empty name.
    pub fn register(&self, name: &str, table: Arc<dyn RowTable>) -> Result<()> {
        if name.is_empty() {
            return Err(Error::invalid_query("a table needs a name"));
        }
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        tables.insert(name.to_owned(), table);
        Ok(())
    }

    /// Forgets the table that is registered under a name.
    ///
    /// # Errors
    /// `NotFound` where it does not exist.
    pub fn unregister(&self, name: &str) -> Result<()> {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        if tables.remove(name).is_some() {
            return Ok(());
        }
        let hint = nearest(name, tables.keys().map(String::as_str));
        let hint = hint.map(|near| format!("; did you mean `{near}`?"));
        Err(Error::not_found(format!(
            "no table is registered as `{name}`{}",
            hint.unwrap_or_default()
        )))
    }
}

/// A storage of whose queries some read tables.
#[derive(Clone, Debug)]
struct TableStorage {
    inner: Arc<dyn Storage>,
    tables: Tables,
}

#[async_trait]
impl Storage for TableStorage {
    fn descriptor(&self) -> StorageDescriptor {
        self.inner.descriptor()
    }

    fn memory(&self) -> &Arc<dyn MemoryManager> {
        self.inner.memory()
    }

    fn with_memory(&self, memory: Arc<dyn MemoryManager>) -> Arc<dyn Storage> {
        Arc::new(Self {
            inner: self.inner.with_memory(memory),
            ..self.clone()
        })
    }

    async fn snapshot(&self, which: SnapshotSelector) -> Result<Arc<dyn Snapshot>> {
        self.inner.snapshot(which).await
    }

    async fn commit_steps(
        &self,
        steps: Vec<ChangeSet>,
        staged: Option<Arc<dyn Snapshot>>,
    ) -> Result<SnapshotId> {
        self.inner.commit_steps(steps, staged).await
    }

    async fn stage(
        &self,
        base: &Arc<dyn Snapshot>,
        changes: &ChangeSet,
    ) -> Result<Arc<dyn Snapshot>> {
        self.inner.stage(base, changes).await
    }

    async fn turn(&self) -> Result<Turn> {
        self.inner.turn().await
    }

    async fn check_there(&self, snapshot: &Arc<dyn Snapshot>) -> Result<()> {
        self.inner.check_there(snapshot).await
    }

    async fn history(&self) -> Result<Vec<SnapshotInfo>> {
        self.inner.history().await
    }

    async fn rows(&self, source: &RowOrigin) -> Result<BatchStream> {
        let (table, name) = match source {
            RowOrigin::Parameter(name) => (self.tables.parameters.get(name), format!("${name}")),
            RowOrigin::Named(file) => {
                let table = self.tables.named.get(&file.name);
                if table.is_some()
                    && let Some(option) = file.options.first()
                {
                    return Err(Error::invalid_query(format!(
                        "{} is an option of files, and '{}' is a registered table",
                        option.name, file.name
                    )));
                }
                (table, format!("'{}'", file.name))
            }
            RowOrigin::Records(_) => (None, String::new()),
        };
        let Some(table) = table else {
            return self.inner.rows(source).await;
        };
        // A query over a database runs there.
        let table = Arc::clone(table);
        let rows = tokio::task::spawn_blocking(move || table.source()).await;
        let rows = rows.map_err(|error| Error::internal(format!("a table failed: {error}")))?;
        let rows = rows.map_err(|error| error.context(&name))?;
        source_rows(rows, &name, self.memory()).await
    }

    fn image(&self, id: SnapshotId) -> Option<Result<Vec<u8>>> {
        self.inner.image(id)
    }
}
