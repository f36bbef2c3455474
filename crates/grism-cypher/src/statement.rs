//! Grism's own statements around openCypher: declarations, loads, SHOW and EXPLAIN, split at semicolons.

use std::collections::BTreeMap;

use grism_core::{
    Cardinality, Error, HyperedgeType, IndexDefinition, IndexKind, Result, Role, VectorMetric,
    nearest,
};
use open_cypher::{Span, Token, TokenKind, lex};

use crate::source::Source;

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

fn statement(input: &str, tokens: &[Token]) -> Result<Option<Statement>> {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        return Ok(None);
    };
    let offset = first.span.start;
    let text = input[offset..last.span.end].to_owned();
    let source = Source {
        text: input,
        whole: input,
        offset: 0,
    };
    let mut reader = Reader {
        source,
        tokens,
        at: 0,
    };
    let kind = reader.statement(offset)?;
    Ok(Some(Statement { kind, text, offset }))
}

/// Reads the tokens of one statement.
struct Reader<'a> {
    source: Source<'a>,
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Reader<'a> {
    fn statement(&mut self, offset: usize) -> Result<StatementKind> {
        if self.words(&["EXPLAIN"]) {
            let options = self.explain_options()?;
            let Some(token) = self.tokens.get(self.at) else {
                return Err(self.expected("a query"));
            };
            return Ok(StatementKind::Explain {
                options,
                query: token.span.start - offset,
            });
        }
        if self.words(&["CREATE", "HYPEREDGE", "TYPE"]) {
            let hyperedge_type = self.hyperedge_type()?;
            return self.end(StatementKind::CreateHyperedgeType(hyperedge_type));
        }
        if self.words(&["DROP", "HYPEREDGE", "TYPE"]) {
            let name = self.name("the name of a hyperedge type")?;
            return self.end(StatementKind::DropHyperedgeType(name));
        }
        if self.words(&["COPY"]) {
            return self.copy();
        }
        if self.words(&["SHOW"]) {
            let kind = self.show()?;
            return self.end(StatementKind::Show(kind));
        }
        if self.words(&["CREATE", "INDEX"]) || self.words(&["CREATE", "RANGE", "INDEX"]) {
            let kind = self.create_index(IndexKind::Range)?;
            return self.end(kind);
        }
        if self.words(&["CREATE", "VECTOR", "INDEX"]) {
            let kind = self.create_index(IndexKind::Vector {
                dimensions: 0,
                metric: VectorMetric::default(),
            })?;
            return self.end(kind);
        }
        if self.words(&["CREATE", "FULLTEXT", "INDEX"]) {
            let kind = self.create_index(IndexKind::FullText)?;
            return self.end(kind);
        }
        for other in ["TEXT", "POINT", "LOOKUP"] {
            if self.words(&["CREATE", other, "INDEX"]) {
                let what = format!("CREATE {other} INDEX");
                return Err(self.source.unsupported(what, self.tokens[0].span));
            }
        }
        if self.words(&["DROP", "INDEX"]) {
            let name = self.name("the name of an index")?;
            let if_exists = self.words(&["IF", "EXISTS"]);
            return self.end(StatementKind::DropIndex { name, if_exists });
        }
        if self.words(&["OPTIMIZE"]) {
            return self.end(StatementKind::Optimize);
        }
        if self.words(&["VACUUM"]) {
            let kind = self.vacuum()?;
            return self.end(kind);
        }
        Ok(StatementKind::Query)
    }

    fn explain_options(&mut self) -> Result<ExplainOptions> {
        let mut options = ExplainOptions::default();
        loop {
            if self.words(&["ANALYZE"]) {
                options.analyze = true;
            } else if self.words(&["DISTRIBUTED"]) {
                options.distributed = true;
            } else if self.words(&["VERBOSE"]) {
                options.verbose = true;
            } else if self.peek(TokenKind::LeftParen)
                && self.text_at(self.at + 1).eq_ignore_ascii_case("FORMAT")
            {
                self.at += 2;
                let span = self.span();
                options.format = match self.name("a format")?.to_ascii_uppercase().as_str() {
                    "TEXT" => ExplainFormat::Text,
                    "JSON" => ExplainFormat::Json,
                    other => {
                        return Err(self
                            .source
                            .unsupported(format!("EXPLAIN (FORMAT {other})"), span));
                    }
                };
                self.punctuation(TokenKind::RightParen, "`)`")?;
            } else {
                return Ok(options);
            }
        }
    }

    /// `[name] [IF NOT EXISTS] FOR (n:Label) ON (n.property) [OPTIONS {…}]`, or `FOR ()-[r:TYPE]-() ON (r.property)`; of a
    /// full-text index `ON EACH [n.property]` too.
    fn create_index(&mut self, kind: IndexKind) -> Result<StatementKind> {
        let named = !self.text_at(self.at).eq_ignore_ascii_case("FOR")
            && !self.text_at(self.at).eq_ignore_ascii_case("IF");
        let name = if named {
            Some(self.name("the name of the index")?)
        } else {
            None
        };
        let if_not_exists = self.words(&["IF", "NOT", "EXISTS"]);
        if !self.words(&["FOR"]) {
            return Err(self.expected("FOR (n:Label)"));
        }
        self.punctuation(TokenKind::LeftParen, "`(`")?;
        let is_edge = self.take(TokenKind::RightParen);
        if is_edge {
            self.text("-")?;
            self.text("[")?;
        }
        let variable = self.name("a variable")?;
        self.punctuation(TokenKind::Colon, "`:` and a label")?;
        let label = self.name("a label or a type")?;
        if is_edge {
            self.text("]")?;
            self.text("-")?;
            self.punctuation(TokenKind::LeftParen, "`()`")?;
        }
        self.punctuation(TokenKind::RightParen, "`)`")?;
        if !self.words(&["ON"]) {
            return Err(self.expected("ON (variable.property)"));
        }
        let in_list = kind == IndexKind::FullText && self.words(&["EACH"]);
        if in_list {
            self.text("[")?;
        }
        let in_brackets = !in_list && self.take(TokenKind::LeftParen);
        let span = self.span();
        if self.name("the variable")? != variable {
            return Err(self
                .source
                .invalid(format!("expected the variable `{variable}`"), span));
        }
        self.text(".")?;
        let property = self.name("a property")?;
        if self.peek(TokenKind::Comma) {
            let what = "an index of several properties";
            return Err(self.source.unsupported(what, self.span()));
        }
        if in_brackets {
            self.punctuation(TokenKind::RightParen, "`)`")?;
        }
        if in_list {
            self.text("]")?;
        }
        let kind = if self.words(&["OPTIONS"]) {
            self.index_options(kind)?
        } else {
            kind
        };
        Ok(StatementKind::CreateIndex {
            index: IndexDefinition {
                name: name.unwrap_or_else(|| format!("{label}_{property}")),
                label,
                property,
                kind,
            },
            if_not_exists,
        })
    }

    /// `{dimensions: 384, similarity: 'cosine'}`; the names that Neo4j has for these, within `indexConfig`, do as well.
    fn index_options(&mut self, kind: IndexKind) -> Result<IndexKind> {
        let mut kind = kind;
        self.text("{")?;
        while !self.take_text("}") {
            let span = self.span();
            let name = self.name("the name of an option")?;
            self.punctuation(TokenKind::Colon, "`:` and a value")?;
            kind = match (name.as_str(), kind) {
                ("indexConfig", _) => self.index_options(kind)?,
                ("dimensions" | "vector.dimensions", IndexKind::Vector { metric, .. }) => {
                    let number = self.number("a number of dimensions")?;
                    let dimensions = u32::try_from(number).ok();
                    let dimensions = dimensions.filter(|own| (1..=1 << 16).contains(own));
                    let text = "a vector has from 1 to 65,536 numbers";
                    let dimensions = dimensions.ok_or_else(|| self.source.invalid(text, span))?;
                    IndexKind::Vector { dimensions, metric }
                }
                (
                    "similarity" | "vector.similarity_function",
                    IndexKind::Vector { dimensions, .. },
                ) => {
                    let text = self.string("the name of a similarity")?;
                    let metric = VectorMetric::from_name(&text)?;
                    IndexKind::Vector { dimensions, metric }
                }
                _ => {
                    let what = format!("the option `{name}` of {kind} indexes");
                    return Err(self.source.unsupported(what, span));
                }
            };
            if !self.take_text(",") && self.text_at(self.at) != "}" {
                return Err(self.expected("`,` or `}`"));
            }
        }
        Ok(kind)
    }

    /// Takes one token by its text, where it is there.
    fn take_text(&mut self, wanted: &str) -> bool {
        let is_there = self.text_at(self.at) == wanted;
        self.at += usize::from(is_there);
        is_there
    }

    /// `[RETAIN hours HOURS] [KEEP number SNAPSHOTS]`.
    fn vacuum(&mut self) -> Result<StatementKind> {
        let (mut retain_hours, mut keep) = (None, None);
        loop {
            if self.words(&["RETAIN"]) {
                retain_hours = Some(self.number("a number of hours")?);
                if !self.words(&["HOURS"]) {
                    return Err(self.expected("HOURS"));
                }
            } else if self.words(&["KEEP"]) {
                keep = Some(self.number("a number of snapshots")?);
                if !self.words(&["SNAPSHOTS"]) {
                    return Err(self.expected("SNAPSHOTS"));
                }
            } else {
                return Ok(StatementKind::Vacuum { retain_hours, keep });
            }
        }
    }

    fn number(&mut self, what: &str) -> Result<u64> {
        let parsed = self.text_at(self.at).parse();
        let number = parsed.map_err(|_| self.expected(what))?;
        self.at += 1;
        Ok(number)
    }

    /// Takes one token by its text.
    fn text(&mut self, wanted: &str) -> Result<()> {
        if self.text_at(self.at) == wanted {
            self.at += 1;
            return Ok(());
        }
        Err(self.expected(&format!("`{wanted}`")))
    }

    fn hyperedge_type(&mut self) -> Result<HyperedgeType> {
        let name = self.name("the name of the hyperedge type")?;
        self.punctuation(TokenKind::LeftParen, "`(`")?;
        let mut roles = Vec::new();
        loop {
            let role = self.name("the name of a role")?;
            let is_name = self.tokens.get(self.at).is_some_and(|token| {
                matches!(
                    token.kind,
                    TokenKind::Identifier | TokenKind::EscapedIdentifier | TokenKind::Keyword(_)
                )
            });
            let member = if is_name {
                Some(self.name("a label")?)
            } else {
                None
            };
            let cardinality = if self.take(TokenKind::Star) {
                Cardinality::Many
            } else if self.take(TokenKind::Question) {
                Cardinality::Optional
            } else {
                Cardinality::One
            };
            roles.push(Role {
                name: role,
                member,
                cardinality,
            });
            if !self.take(TokenKind::Comma) {
                break;
            }
        }
        self.punctuation(TokenKind::RightParen, "`,` or `)`")?;
        Ok(HyperedgeType {
            name,
            roles,
            declared: true,
        })
    }

    fn copy(&mut self) -> Result<StatementKind> {
        if self.peek(TokenKind::LeftParen) {
            let query = self.in_parentheses()?;
            if !self.words(&["TO"]) {
                return Err(self.expected("TO"));
            }
            return self.copy_to(Exported::Query(query));
        }
        let target = self.name("a label, a hyperedge type or a query in parentheses")?;
        if self.words(&["TO"]) {
            return self.copy_to(Exported::Named(target));
        }
        if !self.words(&["FROM"]) {
            return Err(self.expected("FROM"));
        }
        let path = self.string("the path of a file, in quotes")?;
        self.punctuation(
            TokenKind::LeftParen,
            "`(KEY column)` or `(ROLE role FROM column, …)`",
        )?;
        let (mut key, mut roles, mut options, mut missing) =
            (None, Vec::new(), BTreeMap::new(), MissingMember::Error);
        loop {
            if self.words(&["KEY"]) {
                key = Some(self.name("a column")?);
            } else if self.words(&["ROLE"]) {
                let role = self.name("a role")?;
                if !self.words(&["FROM"]) {
                    return Err(self.expected("FROM and a column"));
                }
                let column = self.name("a column")?;
                let label = if self.words(&["KEY"]) {
                    Some(self.name("a label")?)
                } else {
                    None
                };
                roles.push(RoleColumn {
                    role,
                    label,
                    column,
                });
            } else if self.words(&["MISSING"]) {
                missing = if self.words(&["CREATE"]) {
                    MissingMember::Create
                } else if self.words(&["ERROR"]) {
                    MissingMember::Error
                } else if self.words(&["REJECT"]) {
                    MissingMember::Reject(self.string("the path of the reject file, in quotes")?)
                } else {
                    return Err(self.expected("ERROR, CREATE or REJECT 'file'"));
                };
            } else {
                self.copy_option(&mut options)?;
            }
            if !self.take(TokenKind::Comma) {
                break;
            }
        }
        self.punctuation(TokenKind::RightParen, "`,` or `)`")?;
        let source = match (key, roles.is_empty()) {
            (Some(key), true) => CopySource::Nodes { key },
            (None, false) => CopySource::Hyperedges { roles },
            _ => {
                return Err(self.source.invalid(
                    "COPY needs either KEY or at least one ROLE",
                    self.tokens[0].span,
                ));
            }
        };
        self.end(StatementKind::CopyFrom(CopyFrom {
            target,
            path,
            source,
            options,
            missing,
        }))
    }

    /// The text between the parenthesis here and the one that closes it.
    fn in_parentheses(&mut self) -> Result<String> {
        let start = self.span().end;
        let mut depth = 0usize;
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            match token.kind {
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen if depth == 1 => {
                    let span = Span::new(start, token.span.start);
                    return Ok(self.source.slice(span).to_owned());
                }
                TokenKind::RightParen => depth -= 1,
                _ => {}
            }
        }
        Err(self.expected("`)`"))
    }

    fn copy_to(&mut self, source: Exported) -> Result<StatementKind> {
        let path = self.string("the path of a file, in quotes")?;
        let mut options = BTreeMap::new();
        if self.take(TokenKind::LeftParen) {
            loop {
                self.copy_option(&mut options)?;
                if !self.take(TokenKind::Comma) {
                    break;
                }
            }
            self.punctuation(TokenKind::RightParen, "`,` or `)`")?;
        }
        self.end(StatementKind::CopyTo(CopyTo {
            source,
            path,
            options,
        }))
    }

    fn copy_option(&mut self, options: &mut BTreeMap<String, String>) -> Result<()> {
        const KNOWN: [&str; 10] = [
            "KEY",
            "ROLE",
            "MISSING",
            "FORMAT",
            "COMPRESSION",
            "DELIMITER",
            "QUOTE",
            "HEADER",
            "NULL",
            "REJECT",
        ];
        let span = self.span();
        let name = self.name("an option")?.to_ascii_uppercase();
        if !KNOWN[3..].contains(&name.as_str()) {
            let hint = nearest(&name, KNOWN)
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            return Err(self
                .source
                .invalid(format!("COPY has no option {name}{hint}"), span));
        }
        let value = if self.peek(TokenKind::String) {
            self.string("a value")?
        } else {
            self.name("a value")?
        };
        options.insert(name, value);
        Ok(())
    }

    fn show(&mut self) -> Result<ShowKind> {
        const KNOWN: &str = "LABELS, HYPEREDGE TYPES, PROPERTIES, INDEXES, STATISTICS or SNAPSHOTS";
        let span = self.span();
        if self.words(&["HYPEREDGE", "TYPES"]) {
            return Ok(ShowKind::HyperedgeTypes);
        }
        let what = self.name(KNOWN)?;
        match what.to_ascii_uppercase().as_str() {
            "LABELS" => Ok(ShowKind::Labels),
            "PROPERTIES" => Ok(ShowKind::Properties),
            "SNAPSHOTS" => Ok(ShowKind::Snapshots),
            "INDEXES" => Ok(ShowKind::Indexes),
            "STATISTICS" => Ok(ShowKind::Statistics),
            "PROCEDURES" | "FUNCTIONS" => {
                Err(self.source.unsupported(format!("SHOW {what}"), span))
            }
            _ => {
                let message = format!("there is no SHOW {what}; expected {KNOWN}");
                Err(self.source.invalid(message, span))
            }
        }
    }

    fn end(&self, kind: StatementKind) -> Result<StatementKind> {
        if self.at < self.tokens.len() {
            Err(self.expected("the end of the statement"))
        } else {
            Ok(kind)
        }
    }

    fn span(&self) -> Span {
        let end = self.tokens.last().map_or(0, |token| token.span.end);
        self.tokens
            .get(self.at)
            .map_or(Span::empty(end), |token| token.span)
    }

    fn expected(&self, what: &str) -> Error {
        self.source
            .invalid(format!("syntax error: expected {what}"), self.span())
    }

    fn text_at(&self, at: usize) -> &'a str {
        self.tokens
            .get(at)
            .map_or("", |token| self.source.slice(token.span))
    }

    fn peek(&self, kind: TokenKind) -> bool {
        self.tokens
            .get(self.at)
            .is_some_and(|token| token.kind == kind)
    }

    fn take(&mut self, kind: TokenKind) -> bool {
        let found = self.peek(kind);
        self.at += usize::from(found);
        found
    }

    fn punctuation(&mut self, kind: TokenKind, what: &str) -> Result<()> {
        if self.take(kind) {
            Ok(())
        } else {
            Err(self.expected(what))
        }
    }

    /// Takes all of `words`, in any case, or nothing.
    fn words(&mut self, words: &[&str]) -> bool {
        let found = words
            .iter()
            .enumerate()
            .all(|(index, word)| self.text_at(self.at + index).eq_ignore_ascii_case(word));
        self.at += if found { words.len() } else { 0 };
        found
    }

    fn name(&mut self, what: &str) -> Result<String> {
        let text = self.text_at(self.at);
        let Some(token) = self.tokens.get(self.at) else {
            return Err(self.expected(what));
        };
        self.at += 1;
        match token.kind {
            TokenKind::Identifier | TokenKind::Keyword(_) => Ok(text.to_owned()),
            TokenKind::EscapedIdentifier => Ok(text[1..text.len() - 1].replace("``", "`")),
            _ => {
                self.at -= 1;
                Err(self.expected(what))
            }
        }
    }

    fn string(&mut self, what: &str) -> Result<String> {
        if !self.peek(TokenKind::String) {
            return Err(self.expected(what));
        }
        let text = self.text_at(self.at);
        self.at += 1;
        let mut value = String::new();
        let mut characters = text[1..text.len() - 1].chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some('n') => value.push('\n'),
                    Some('t') => value.push('\t'),
                    Some(other) => value.push(other),
                    None => {}
                },
                other => value.push(other),
            }
        }
        Ok(value)
    }
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
