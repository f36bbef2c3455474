//! Grism's own statements around openCypher: declarations, loads, SHOW and EXPLAIN, split at semicolons.

mod copy;
mod declare;
mod read;
mod tokens;

use std::collections::BTreeMap;

use grism_core::{Error, HyperedgeType, IndexDefinition, Result};
use open_cypher::{Token, TokenKind, lex};

use self::read::statement;

/// A statement and where it stands in the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it says.
    pub kind: StatementKind,
    /// The statement's text.
    pub text: String,
    /// Byte offset of the text in the input.
    pub offset: usize,
}

/// What a statement says.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// An openCypher query.
    Query,
    /// `EXPLAIN …`: the query's text starts at this byte of the statement.
    Explain {
        /// How it is explained.
        options: ExplainOptions,
        /// Where the query starts within the statement.
        query: usize,
    },
    /// `CREATE HYPEREDGE TYPE …`.
    CreateHyperedgeType(HyperedgeType),
    /// `DROP HYPEREDGE TYPE …`.
    DropHyperedgeType(String),
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
    pub options: BTreeMap<String, String>,
}

/// The rows of an export.
#[derive(Clone, Debug, PartialEq)]
pub enum Exported {
    /// Those of a query.
    Query(String),
    /// The nodes of a label, or the hyperedges of a type.
    Named(String),
}

/// How a query is explained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExplainOptions {
    /// Run it, and add what was measured.
    pub analyze: bool,
    /// Show stages and exchanges.
    pub distributed: bool,
    /// Show the logical plan before and after the optimizer too.
    pub verbose: bool,
    /// The form of the output.
    pub format: ExplainFormat,
}

/// The form of an explained plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExplainFormat {
    /// Indented text.
    #[default]
    Text,
    /// JSON.
    Json,
}

/// What a load reads.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyFrom {
    /// The label or hyperedge type.
    pub target: String,
    /// The file.
    pub path: String,
    /// How rows become nodes or hyperedges.
    pub source: CopySource,
    /// Further options: `FORMAT`, `COMPRESSION`, `DELIMITER`, `QUOTE`, `HEADER`, `NULL`, `REJECT`.
    pub options: BTreeMap<String, String>,
    /// What happens to a hyperedge whose member does not exist.
    pub missing: MissingMember,
}

/// How rows become entities.
#[derive(Clone, Debug, PartialEq)]
pub enum CopySource {
    /// Nodes, known by this column.
    Nodes {
        /// The key column, which stays a property.
        key: String,
    },
    /// Hyperedges, whose roles are read from these columns.
    Hyperedges {
        /// One entry a role.
        roles: Vec<RoleColumn>,
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
    /// What is known of tables, roles and properties.
    Statistics,
}

/// Splits `input` at its semicolons and reads what is Grism's own of each statement.
///
/// # Errors
/// `InvalidQuery` with the place; `Unsupported` for a statement that is known but not there yet.
pub fn parse_statements(input: &str) -> Result<Vec<Statement>> {
    let mut statements = Vec::new();
    let mut current: Vec<Token> = Vec::new();
    for token in lex(input).tokens {
        if token.kind == TokenKind::Semicolon {
            statements.extend(statement(input, &std::mem::take(&mut current))?);
        } else if !token.is_trivia() {
            current.push(token);
        }
    }
    statements.extend(statement(input, &current)?);
    if statements.is_empty() {
        return Err(Error::invalid_query("the query is empty"));
    }
    Ok(statements)
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_split_and_read() {
        let input = "CREATE HYPEREDGE TYPE M (a Person, b Person*, c?); MATCH (n) RETURN ';' AS x;\nEXPLAIN DISTRIBUTED RETURN 1";
        let statements = parse_statements(input).unwrap();
        assert_eq!(statements.len(), 3);
        let StatementKind::CreateHyperedgeType(declared) = &statements[0].kind else {
            panic!()
        };
        assert_eq!(declared.to_string(), "M (a Person, b Person*, c?)");
        assert_eq!(statements[1].kind, StatementKind::Query);
        let StatementKind::Explain { options, query } = &statements[2].kind else {
            panic!()
        };
        assert!(options.distributed && !options.analyze);
        assert_eq!(&statements[2].text[*query..], "RETURN 1");
    }

    #[test]
    fn a_mistaken_statement_names_its_place() {
        let error = parse_statements("COPY Airline FROM 'a.csv' (KEYS carrier)").unwrap_err();
        assert_eq!(
            error.location().map(|place| (place.line, place.column)),
            Some((1, 28))
        );
        assert!(error.message().contains("did you mean KEY?"), "{error}");
    }
}
