//! `ALTER HYPEREDGE TYPE …` and `ALTER LABEL …`.

use grism_core::{Alteration, Result, SchemaChange, SchemaOwner, Unneeded};

use super::cursor::Parser;
use super::dialect::refused;

/// The words of a condition that lets pass what is missing, and what is there already.
const IF_EXISTS: [&str; 2] = ["IF", "EXISTS"];
const IF_NOT_EXISTS: [&str; 3] = ["IF", "NOT", "EXISTS"];

/// What other dialects call a property.
const PROPERTY_WORDS: [&str; 3] = ["PROPERTY", "COLUMN", "ATTRIBUTE"];

impl Parser<'_> {
    /// `[IF EXISTS] NAME [IF EXISTS]` and what becomes of the type, after ALTER HYPEREDGE TYPE.
    pub(super) fn alter_hyperedge_type(&mut self) -> Result<Alteration> {
        let (name, missing_owner) = self.altered("the name of a hyperedge type")?;
        let change = if self.words(&["ADD", "ROLE"]) {
            self.added_role()?
        } else if self.words(&["DROP", "ROLE"]) {
            let (name, missing) = self.altered("the name of a role")?;
            SchemaChange::DropRole { name, missing }
        } else if self.words(&["RENAME", "ROLE"]) {
            let (from, to, missing) = self.renamed("the name of a role")?;
            SchemaChange::RenameRole { from, to, missing }
        } else if let Some(change) = self.renaming()? {
            change
        } else {
            return Err(self.no_alteration(
                "ADD ROLE, DROP ROLE, RENAME ROLE, RENAME PROPERTY or RENAME TO",
                &["ADD", "DROP", "RENAME"],
                &["ROLE", "PROPERTY", "TO"],
            ));
        };
        Ok(Alteration {
            owner: SchemaOwner::HyperedgeType(name),
            missing_owner,
            change,
        })
    }

    /// `[IF EXISTS] Name [IF EXISTS]` and what becomes of the label, after ALTER LABEL.
    pub(super) fn alter_label(&mut self) -> Result<Alteration> {
        let (name, missing_owner) = self.altered("a label")?;
        let Some(change) = self.renaming()? else {
            let what = "RENAME TO or RENAME PROPERTY";
            return Err(self.no_alteration(what, &["RENAME"], &["TO", "PROPERTY"]));
        };
        Ok(Alteration {
            owner: SchemaOwner::Label(name),
            missing_owner,
            change,
        })
    }

    /// `RENAME TO name` or `RENAME PROPERTY [IF EXISTS] name TO name`, where one of them comes next.
    fn renaming(&mut self) -> Result<Option<SchemaChange>> {
        if self.words(&["RENAME", "TO"]) {
            return Ok(Some(SchemaChange::RenameTo(self.name("a new name")?.text)));
        }
        if self.words(&["RENAME", "PROPERTY"]) {
            let (from, to, missing) = self.renamed("the name of a property")?;
            return Ok(Some(SchemaChange::RenameProperty { from, to, missing }));
        }
        Ok(None)
    }

    /// `[IF NOT EXISTS] role [Label] [*|?]`; the condition may stand behind the name too.
    fn added_role(&mut self) -> Result<SchemaChange> {
        let before = self.words(&IF_NOT_EXISTS);
        let (role, behind) = self.conditional_role(&IF_NOT_EXISTS)?;
        let existing = unneeded(before || behind);
        Ok(SchemaChange::AddRole { role, existing })
    }

    /// `[IF EXISTS] name [IF EXISTS]`.
    fn altered(&mut self, what: &str) -> Result<(String, Unneeded)> {
        let before = self.words(&IF_EXISTS);
        let name = self.name(what)?.text;
        let behind = self.words(&IF_EXISTS);
        Ok((name, unneeded(before || behind)))
    }

    /// `[IF EXISTS] name [IF EXISTS] TO name`.
    fn renamed(&mut self, what: &str) -> Result<(String, String, Unneeded)> {
        let (from, missing) = self.altered(what)?;
        if !self.words(&["TO"]) {
            return Err(self.expected_words("TO and a new name", &["TO"]));
        }
        Ok((from, self.name("a new name")?.text, missing))
    }

    /// The error for an alteration that there is not, by the words that start one and those that follow.
    fn no_alteration(&mut self, what: &str, first: &[&str], second: &[&str]) -> grism_core::Error {
        for word in PROPERTY_WORDS {
            let known = [
                (
                    "ADD",
                    "a property needs no declaration: the first SET of it adds it",
                ),
                ("DROP", "write MATCH (n:Name) REMOVE n.property"),
                ("RENAME", "write RENAME PROPERTY name TO name"),
            ];
            for (verb, instead) in known {
                if self.are_words(&[verb, word]) {
                    let start = self.span();
                    self.at += 2;
                    let span = self.since(start);
                    return refused(self, &format!("{verb} {word}"), instead, span);
                }
            }
        }
        // The second word is the one that is wrong where the first is one of those.
        if first.iter().any(|word| self.is_word(0, word)) {
            self.at += 1;
            return self.expected_words(what, second);
        }
        self.expected_words(what, first)
    }
}

fn unneeded(passes: bool) -> Unneeded {
    match passes {
        true => Unneeded::Skip,
        false => Unneeded::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use crate::parser::tests::{failure, statement};

    /// The alteration, as the history shows it, with what may be missing.
    fn shown(text: &str) -> String {
        match statement(text) {
            Ok(crate::StatementKind::Alter(own)) => {
                let text = format!("{own}; {:?}", own);
                let owner = match own.owner {
                    grism_core::SchemaOwner::HyperedgeType(_) => "type",
                    grism_core::SchemaOwner::Label(_) => "label",
                };
                format!("{owner}: {own}, {} may pass", text.matches("Skip").count())
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn alterations() {
        for (text, expected) in [
            (
                "ALTER HYPEREDGE TYPE M ADD ROLE room Room?",
                "type: add role room to M, 0 may pass",
            ),
            (
                "ALTER HYPEREDGE TYPE IF EXISTS M ADD ROLE IF NOT EXISTS room",
                "type: add role room to M, 2 may pass",
            ),
            (
                "alter hyperedge type M if exists add role room if not exists Room*",
                "type: add role room to M, 2 may pass",
            ),
            (
                "ALTER HYPEREDGE TYPE M DROP ROLE IF EXISTS a",
                "type: drop role a of M, 1 may pass",
            ),
            (
                "ALTER HYPEREDGE TYPE M RENAME ROLE `a b` TO role",
                "type: rename role a b of M to role, 0 may pass",
            ),
            (
                "ALTER HYPEREDGE TYPE M RENAME PROPERTY IF EXISTS a TO b",
                "type: rename property a of M to b, 1 may pass",
            ),
            (
                "ALTER HYPEREDGE TYPE RENAME RENAME TO TO",
                "type: rename RENAME to TO, 0 may pass",
            ),
            (
                "ALTER LABEL A RENAME TO B",
                "label: rename A to B, 0 may pass",
            ),
            (
                "ALTER LABEL IF EXISTS A RENAME PROPERTY a TO b",
                "label: rename property a of A to b, 1 may pass",
            ),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn slips_in_alterations_are_named() {
        for (text, expected) in [
            (
                "ALTER HYPEREDGE TYPE M ADD room",
                "syntax error: unexpected `room`; expected ADD ROLE, DROP ROLE, RENAME ROLE, RENAME PROPERTY or RENAME TO",
            ),
            (
                "ALTER LABEL A DROP PROPERTY a",
                "DROP PROPERTY is not supported: write MATCH (n:Name) REMOVE n.property",
            ),
            (
                "ALTER LABEL A RENAME PROPERTY a AS b",
                "syntax error: unexpected `AS`; expected TO and a new name",
            ),
            (
                "ALTER TABLE A RENAME TO B",
                "ALTER TABLE is not supported: write ALTER LABEL or ALTER HYPEREDGE TYPE with RENAME TO, RENAME PROPERTY, ADD ROLE, RENAME ROLE or DROP ROLE; properties need no declaration",
            ),
        ] {
            assert_eq!(failure(text), expected, "{text}");
        }
    }
}
