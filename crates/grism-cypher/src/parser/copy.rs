//! `COPY … FROM …` and `COPY … TO …`.

use std::sync::Arc;

use grism_core::{FileOption, Result};

use super::cursor::Parser;
use super::lexer::TokenKind;
use super::message::did_you_mean;
use super::shortened::shortened;
use crate::Query;
use crate::statement::{
    CopyFrom, CopyIncremental, CopySource, CopyTo, Exported, MissingMember, OnConflict, RoleColumn,
    StatementKind,
};

/// The options of COPY.
const OPTIONS: [&str; 18] = [
    "KEY",
    "ROLE",
    "GROUP BY",
    "SPLIT",
    "MISSING",
    "ON CONFLICT",
    "INCREMENTAL",
    "FORMAT",
    "COMPRESSION",
    "DELIMITER",
    "QUOTE",
    "HEADER",
    "NULL",
    "REJECT",
    "ENCODING",
    "DATE_FORMAT",
    "TIMESTAMP_FORMAT",
    "TYPE",
];

/// The first of them say how rows become entities.
const OF_LOADS: usize = 7;

impl Parser<'_> {
    /// A load or an export, after COPY.
    pub(super) fn copy(&mut self, text: &Arc<str>) -> Result<StatementKind> {
        let start = self.span();
        if self.take(TokenKind::LeftParenthesis) {
            let query = self.nested(Self::query)?;
            self.expect(TokenKind::RightParenthesis, "a clause or `)`")?;
            if !self.words(&["TO"]) {
                return Err(self.expected_words("TO", &["TO"]));
            }
            let query = Query::try_new(Arc::clone(text), query)?;
            return self.copy_to(Exported::Query(Arc::new(query)));
        }
        let what = "a label, a hyperedge type or a query in parentheses";
        let target = self.name(what)?.text;
        if self.words(&["TO"]) {
            return self.copy_to(Exported::Named(target));
        }
        if !self.words(&["FROM"]) {
            return Err(self.expected_words("FROM or TO", &["FROM", "TO"]));
        }
        let mut paths = vec![self.string("the path of a file, in quotes")?];
        while self.take(TokenKind::Comma) {
            paths.push(self.string("the path of a file, in quotes")?);
        }
        self.expect(
            TokenKind::LeftParenthesis,
            "`(KEY column)`, `(ROLE role FROM column, …)` or `(GROUP BY column)`",
        )?;
        let (mut key, mut roles, mut options, mut missing) =
            (None, Vec::new(), Vec::new(), MissingMember::Error);
        let (mut group_by, mut split) = (None, None);
        let (mut on_conflict, mut incremental) = (OnConflict::Error, None);
        loop {
            if self.words(&["KEY"]) {
                key = Some(self.name("a column")?.text);
            } else if self.words(&["ROLE"]) {
                roles.push(self.role_column()?);
            } else if self.words(&["GROUP", "BY"]) {
                group_by = Some(self.name("a column")?.text);
            } else if self.words(&["SPLIT"]) {
                split = Some(self.string("what stands between members, in quotes")?);
            } else if self.words(&["MISSING"]) {
                missing = self.missing_member()?;
            } else if self.words(&["ON", "CONFLICT"]) {
                on_conflict = self.on_conflict()?;
            } else if self.words(&["INCREMENTAL"]) {
                incremental = self.incremental()?;
            } else {
                self.copy_option(&mut options)?;
            }
            if !self.take(TokenKind::Comma) {
                break;
            }
        }
        self.expect(TokenKind::RightParenthesis, "`,` or `)`")?;
        let is_of_hyperedges = !roles.is_empty() || group_by.is_some() || split.is_some();
        let source = match (key, is_of_hyperedges) {
            (Some(key), false) => CopySource::Keyed { key },
            (key, true) => CopySource::Hyperedges {
                key,
                roles,
                group_by,
                split,
            },
            (None, false) => {
                let message = "COPY needs KEY, ROLE, GROUP BY or SPLIT";
                return Err(self.source.invalid(message, start));
            }
        };
        Ok(StatementKind::CopyFrom(CopyFrom {
            target,
            paths,
            source,
            options,
            missing,
            on_conflict,
            incremental,
        }))
    }

    /// `role FROM column [KEY label]`, after ROLE.
    fn role_column(&mut self) -> Result<RoleColumn> {
        let role = self.name("a role")?.text;
        if !self.words(&["FROM"]) {
            return Err(self.expected_words("FROM and a column", &["FROM"]));
        }
        let column = self.name("a column")?.text;
        let label = match self.words(&["KEY"]) {
            true => Some(self.name("a label")?.text),
            false => None,
        };
        Ok(RoleColumn {
            role,
            label,
            column,
        })
    }

    fn missing_member(&mut self) -> Result<MissingMember> {
        if self.words(&["CREATE"]) {
            Ok(MissingMember::Create)
        } else if self.words(&["ERROR"]) {
            Ok(MissingMember::Error)
        } else if self.words(&["REJECT"]) {
            let path = self.string("the path of the reject file, in quotes")?;
            Ok(MissingMember::Reject(path))
        } else {
            let words = ["ERROR", "CREATE", "REJECT"];
            Err(self.expected_words("ERROR, CREATE or REJECT 'file'", &words))
        }
    }

    fn on_conflict(&mut self) -> Result<OnConflict> {
        for (word, found) in [
            ("ERROR", OnConflict::Error),
            ("SKIP", OnConflict::Skip),
            ("UPDATE", OnConflict::Update),
        ] {
            if self.words(&[word]) {
                return Ok(found);
            }
        }
        let words = ["ERROR", "SKIP", "UPDATE"];
        Err(self.expected_words("ERROR, SKIP or UPDATE", &words))
    }

    /// `true`, `false` or a growing column, after INCREMENTAL. A column of one of these names is written in backquotes.
    fn incremental(&mut self) -> Result<Option<CopyIncremental>> {
        if self.words(&["TRUE"]) {
            Ok(Some(CopyIncremental::Files))
        } else if self.words(&["FALSE"]) {
            Ok(None)
        } else {
            let column = self.name("true, false or a column whose values grow")?.text;
            Ok(Some(CopyIncremental::Above(column)))
        }
    }

    fn copy_to(&mut self, source: Exported) -> Result<StatementKind> {
        let path = self.string("the path of a file, in quotes")?;
        let mut options = Vec::new();
        if self.take(TokenKind::LeftParenthesis) {
            self.comma_separated(|parser| parser.copy_option(&mut options))?;
            self.expect(TokenKind::RightParenthesis, "`,` or `)`")?;
        }
        Ok(StatementKind::CopyTo(CopyTo {
            source,
            path,
            options,
        }))
    }

    /// An option of how files are read, as COPY has them.
    pub(super) fn file_option(&mut self, options: &mut Vec<FileOption>) -> Result<()> {
        let span = self.span();
        self.copy_option(options)?;
        match options.last() {
            Some(own) if own.name == "REJECT" => {
                let message = "REJECT is an option of COPY … FROM";
                Err(self.source.invalid(message, span))
            }
            _ => Ok(()),
        }
    }

    fn copy_option(&mut self, options: &mut Vec<FileOption>) -> Result<()> {
        let span = self.span();
        let name = self.name("an option")?.text.to_ascii_uppercase();
        if !OPTIONS[OF_LOADS..].contains(&name.as_str()) {
            let message = match OPTIONS.contains(&name.as_str()) {
                true => format!("{name} is an option of COPY … FROM"),
                false => {
                    let hint = did_you_mean(&name, &OPTIONS);
                    format!("COPY has no option {}{hint}", shortened(&name))
                }
            };
            return Err(self.source.invalid(message, span));
        }
        let column = match name.as_str() {
            "TYPE" => Some(self.name("a column")?.text),
            _ => None,
        };
        let is_again = |own: &&FileOption| own.name == name && own.column == column;
        if name != "NULL" && options.iter().any(|own| is_again(&own)) {
            let message = format!("the option {name} is given twice");
            return Err(self.source.invalid(message, span));
        }
        let value = match self.is(TokenKind::String) {
            true => self.string("a value")?,
            false => self.name("a value")?.text,
        };
        options.push(FileOption {
            name,
            column,
            value,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{failure, statement};

    /// Options as they are written.
    fn options(options: &[grism_core::FileOption]) -> String {
        let shown = options.iter().map(|option| {
            let column = option.column.as_deref().unwrap_or_default();
            format!(" {}{column}={}", option.name, option.value)
        });
        shown.collect()
    }

    /// The load or export that a text is, in the form of Rust.
    fn shown(text: &str) -> String {
        match statement(text) {
            Ok(crate::StatementKind::CopyFrom(copy)) => {
                let mut text = format!(
                    "{} {:?} {:?}{} {:?}",
                    copy.target,
                    copy.paths,
                    copy.source,
                    options(&copy.options),
                    copy.missing
                );
                if copy.on_conflict != crate::OnConflict::Error || copy.incremental.is_some() {
                    text += &format!(" {:?} {:?}", copy.on_conflict, copy.incremental);
                }
                text
            }
            Ok(crate::StatementKind::CopyTo(copy)) => {
                let source = match copy.source {
                    crate::Exported::Query(_) => "a query".to_owned(),
                    crate::Exported::Named(name) => name,
                };
                format!("{source} to {}{}", copy.path, options(&copy.options))
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn loads_and_exports() {
        for (text, expected) in [
            (
                "COPY A FROM 'a.csv' (KEY id)",
                r#"A ["a.csv"] Keyed { key: "id" } Error"#,
            ),
            (
                "copy A from 'a.csv' (key id, delimiter ';', header true, missing create)",
                r#"A ["a.csv"] Keyed { key: "id" } DELIMITER=; HEADER=true Create"#,
            ),
            (
                "COPY M FROM 'a' (ROLE r FROM c KEY L, ROLE s FROM d, MISSING REJECT 'b')",
                r#"M ["a"] Hyperedges { key: None, roles: [RoleColumn { role: "r", label: Some("L"), column: "c" }, RoleColumn { role: "s", label: None, column: "d" }], group_by: None, split: None } Reject("b")"#,
            ),
            (
                "copy M from 'a', 'b' (group by `of m`, split '; ', format csv)",
                r#"M ["a", "b"] Hyperedges { key: None, roles: [], group_by: Some("of m"), split: Some("; ") } FORMAT=csv Error"#,
            ),
            (
                "copy M from 'a' (key doi, role r from c, on conflict update, incremental true)",
                r#"M ["a"] Hyperedges { key: Some("doi"), roles: [RoleColumn { role: "r", label: None, column: "c" }], group_by: None, split: None } Error Update Some(Files)"#,
            ),
            (
                "COPY A FROM 'a' (KEY id, ON CONFLICT SKIP, INCREMENTAL `false`)",
                r#"A ["a"] Keyed { key: "id" } Error Skip Some(Above("false"))"#,
            ),
            ("COPY A TO 'a.csv'", "A to a.csv"),
            (
                "COPY (MATCH (n) RETURN n) TO 'a' (FORMAT parquet)",
                "a query to a FORMAT=parquet",
            ),
            (
                "COPY A FROM 'a' (KEY id, NULL 'NA', null '-', TYPE `b d` 'date %d.%m.%Y', encoding latin1)",
                r#"A ["a"] Keyed { key: "id" } NULL=NA NULL=- TYPEb d=date %d.%m.%Y ENCODING=latin1 Error"#,
            ),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn slips_in_copy_are_named() {
        for (text, expected) in [
            (
                "COPY A FORM 'a' (KEY id)",
                "syntax error: unexpected `FORM`; expected FROM or TO; did you mean FROM?",
            ),
            (
                "COPY A FROM 'a' (FORMAT csv)",
                "COPY needs KEY, ROLE, GROUP BY or SPLIT",
            ),
            (
                "COPY A FROM 'a' (KEY id, ON CONFLICT SKIPP)",
                "syntax error: unexpected `SKIPP`; expected ERROR, SKIP or UPDATE; did you mean SKIP?",
            ),
            (
                "COPY A TO 'a' (SPLIT ';')",
                "SPLIT is an option of COPY … FROM",
            ),
            (
                "COPY A FROM 'a' (KEY id, DELIMITR ';')",
                "COPY has no option DELIMITR; did you mean DELIMITER?",
            ),
            (
                "COPY A FROM 'a' (KEY id, QUOTE '|', QUOTE '#')",
                "the option QUOTE is given twice",
            ),
            (
                "LOAD FROM 'a' (REJECT 'b') AS row RETURN 1",
                "REJECT is an option of COPY … FROM",
            ),
            ("COPY A TO 'a' (KEY id)", "KEY is an option of COPY … FROM"),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
