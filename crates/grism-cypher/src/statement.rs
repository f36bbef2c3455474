//! Statements: what the parser makes of an input, and what the facade runs.

use std::ops::Range;
use std::sync::Arc;

use grism_core::{Alteration, Constraint, FileOption, HyperedgeType, IndexDefinition, Result};

use crate::parser::parse_input;
use crate::{ExplainOptions, Query};

/// A statement and where it stands in the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it says.
    pub kind: StatementKind,
    /// The whole input.
    pub(crate) text: Arc<str>,
    /// Where the statement stands in the input, in bytes.
    pub span: Range<usize>,
}

/// What a statement says.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// An openCypher query.
    Query(Arc<Query>),
    /// `EXPLAIN …`.
    Explain {
        /// How it is explained.
        options: ExplainOptions,
        /// What is explained.
        query: Arc<Query>,
    },
    /// `CREATE HYPEREDGE TYPE …`.
    CreateHyperedgeType {
        /// The type.
        hyperedge_type: HyperedgeType,
        /// Nothing happens where it is declared already.
        if_not_exists: bool,
    },
    /// `DROP HYPEREDGE TYPE …`.
    DropHyperedgeType {
        /// Its name.
        name: String,
        /// Nothing happens where there is none.
        if_exists: bool,
    },
    /// `ALTER …`.
    Alter(Alteration),
    /// `CREATE INDEX …`.
    CreateIndex {
        /// The index.
        index: IndexDefinition,
        /// Nothing happens where there is one of its name.
        if_not_exists: bool,
    },
    /// `DROP INDEX …`.
    DropIndex {
        /// Its name.
        name: String,
        /// Nothing happens where there is none.
        if_exists: bool,
    },
    /// `CREATE CONSTRAINT …`.
    CreateConstraint {
        /// The constraint.
        constraint: Constraint,
        /// Nothing happens where there is one of its name, or the same one.
        if_not_exists: bool,
    },
    /// `DROP CONSTRAINT …`.
    DropConstraint {
        /// Its name.
        name: String,
        /// Nothing happens where it does not exist.
        if_exists: bool,
    },
    /// `OPTIMIZE`.
    Optimize,
    /// `VACUUM`, with what it keeps.
    Vacuum {
        /// Hours that snapshots stay at least; `None` is the default.
        retain_hours: Option<u64>,
        /// So many of the newest snapshots stay; `None` is the default.
        keep: Option<u64>,
    },
    /// `COPY … FROM …`.
    CopyFrom(CopyFrom),
    /// `COPY … TO …`.
    CopyTo(CopyTo),
    /// `SHOW …`.
    Show(ShowKind),
}

/// What an export writes.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyTo {
    /// The rows.
    pub source: Exported,
    /// The file.
    pub path: String,
    /// Further options: `FORMAT`, `COMPRESSION`, `DELIMITER`, `HEADER`.
    pub options: Vec<FileOption>,
}

/// The rows of an export.
#[derive(Clone, Debug, PartialEq)]
pub enum Exported {
    /// Those of a query.
    Query(Arc<Query>),
    /// The nodes of a label, or the hyperedges of a type.
    Named(String),
}

/// What a load reads.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyFrom {
    /// The label or hyperedge type.
    pub target: String,
    /// The files; where rows are grouped, each is a table with columns of its own.
    pub paths: Vec<String>,
    /// How rows become nodes or hyperedges.
    pub source: CopySource,
    /// Further options: `REJECT`, and those of files: `FORMAT`, `COMPRESSION`, `DELIMITER`, `QUOTE`, `HEADER`, `ENCODING`,
    /// `NULL`, `TYPE`, `DATE_FORMAT`, `TIMESTAMP_FORMAT`.
    pub options: Vec<FileOption>,
    /// What happens to a hyperedge whose member does not exist.
    pub missing: MissingMember,
    /// What happens to a row whose key is taken.
    pub on_conflict: OnConflict,
    /// What is not taken again; `None` takes everything.
    pub incremental: Option<CopyIncremental>,
}

/// How rows become entities.
#[derive(Clone, Debug, PartialEq)]
pub enum CopySource {
    /// Nodes, or the hyperedges of a type, whose roles are read from the columns of their names.
    Keyed {
        /// The key column, which stays a property.
        key: String,
    },
    /// Hyperedges, whose roles are read from these columns.
    Hyperedges {
        /// The key column, which stays a property.
        key: Option<String>,
        /// One entry a role; without any, each role is read from the column of its name.
        roles: Vec<RoleColumn>,
        /// The column whose values tell which rows are one hyperedge.
        group_by: Option<String>,
        /// What stands between members in a text.
        split: Option<String>,
    },
}

/// The column a role is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleColumn {
    /// The role.
    pub role: String,
    /// The label whose key the column holds; `None` takes the declared member type.
    pub label: Option<String>,
    /// The column.
    pub column: String,
}

/// What happens to a hyperedge whose member does not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MissingMember {
    /// The load fails.
    #[default]
    Error,
    /// The row goes to this file.
    Reject(String),
    /// A node with only its key comes into being.
    Create,
}

/// What happens to a row whose key is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// The load fails, or the row is rejected.
    #[default]
    Error,
    /// What is stored stays.
    Skip,
    /// What is stored gets the values of the row.
    Update,
}

/// What a load does not take again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyIncremental {
    /// Files that were taken.
    Files,
    /// Rows that are not above the greatest value of a column before.
    Above(String),
}

/// What SHOW lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShowKind {
    /// Labels with their counts.
    Labels,
    /// Hyperedge types with their roles and counts.
    HyperedgeTypes,
    /// Properties with their types.
    Properties,
    /// Snapshots.
    Snapshots,
    /// Indexes.
    Indexes,
    /// Constraints.
    Constraints,
    /// What is known of tables, roles and properties.
    Statistics,
    /// The functions that a query may call.
    Functions,
    /// The procedures that CALL may name.
    Procedures,
}

impl Statement {
    /// The statement's text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.get(self.span.clone()).unwrap_or_default()
    }
}

/// Reads the statements of `input`, which semicolons part.
///
/// # Errors
/// `InvalidQuery` with the place of the first thing that is wrong; `Unsupported` for what is known by name and not there
/// yet.
///
/// ```
/// use grism_cypher::{StatementKind, parse_statements};
///
/// let statements = parse_statements("MATCH (n:Person) RETURN n.name; EXPLAIN RETURN 1")?;
/// assert!(matches!(statements[0].kind, StatementKind::Query(_)));
/// assert!(matches!(statements[1].kind, StatementKind::Explain { .. }));
///
/// let error = parse_statements("MATCH (n:Person RETURN n").unwrap_err();
/// assert_eq!(error.kind(), grism_core::ErrorKind::InvalidQuery);
/// # Ok::<(), grism_core::Error>(())
/// ```
pub fn parse_statements(input: &str) -> Result<Vec<Statement>> {
    parse_input(input)
}
