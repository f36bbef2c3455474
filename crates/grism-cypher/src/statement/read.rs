//! What a statement says, by its first words.

use grism_core::{IndexKind, Result, VectorMetric};
use open_cypher::{Token, TokenKind};

use super::tokens::Reader;
use super::{ExplainFormat, ExplainOptions, ShowKind, Statement, StatementKind};
use crate::source::Source;

pub(super) fn statement(input: &str, tokens: &[Token]) -> Result<Option<Statement>> {
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

impl Reader<'_> {
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
}
