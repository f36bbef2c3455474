//! Words that complete what is typed.

use grism::{Graph, QueryOptions, Result, SnapshotSelector, Value};

use super::command::COMMANDS;

const KEYWORDS: [&str; 55] = [
    "ADD ROLE",
    "ALTER",
    "AND",
    "AS",
    "ASC",
    "CALL",
    "CASE",
    "CONSTRAINT",
    "CONTAINS",
    "COPY",
    "CREATE",
    "DELETE",
    "DESC",
    "DETACH",
    "DISTINCT",
    "DROP",
    "DROP ROLE",
    "ELSE",
    "END",
    "ENDS WITH",
    "EXISTS",
    "EXPLAIN",
    "HYPEREDGE TYPE",
    "IF EXISTS",
    "IF NOT EXISTS",
    "IN",
    "INDEX",
    "IS NOT NULL",
    "IS NULL",
    "LABEL",
    "LIMIT",
    "LOAD CSV",
    "MATCH",
    "MERGE",
    "NOT",
    "OPTIMIZE",
    "OPTIONAL MATCH",
    "OR",
    "ORDER BY",
    "REMOVE",
    "RENAME PROPERTY",
    "RENAME ROLE",
    "RENAME TO",
    "REQUIRE",
    "RETURN",
    "SET",
    "SHOW",
    "SKIP",
    "STARTS WITH",
    "THEN",
    "UNION",
    "UNWIND",
    "WHEN",
    "WHERE",
    "WITH",
];

/// The names that a graph has, for completion.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Labels, hyperedge types and roles.
    kinds: Vec<String>,
    properties: Vec<String>,
    functions: Vec<String>,
}

impl Names {
    /// Those of the newest snapshot.
    pub(super) async fn of(graph: &Graph) -> Result<Self> {
        let snapshot = graph.snapshot(SnapshotSelector::Newest).await?;
        let schema = snapshot.schema();
        let mut names = Self {
            kinds: schema.labels().into_iter().map(str::to_owned).collect(),
            ..Self::default()
        };
        for (_, ty) in schema.hyperedge_tables() {
            names.kinds.push(ty.name.clone());
            names
                .kinds
                .extend(ty.roles.iter().map(|role| role.name.clone()));
        }
        for table in schema.tables() {
            let properties = table.properties.iter().map(|own| own.name.clone());
            names.properties.extend(properties);
        }
        let shown = graph
            .query("SHOW FUNCTIONS", &QueryOptions::default())
            .await?;
        for batch in shown.collect().await? {
            for row in 0..batch.num_rows() {
                if let Value::String(name) = Value::from_array(batch.column(0), row)? {
                    names.functions.push(format!("{name}("));
                }
            }
        }
        for all in [
            &mut names.kinds,
            &mut names.properties,
            &mut names.functions,
        ] {
            all.sort();
            all.dedup();
        }
        Ok(names)
    }

    /// Where the word begins that ends at `cursor`, and what it may become, in order.
    pub(super) fn candidates(&self, line: &[char], cursor: usize) -> (usize, Vec<String>) {
        let is_word = |own: &&char| own.is_alphanumeric() || **own == '_';
        let length = line[..cursor].iter().rev().take_while(is_word).count();
        let start = cursor - length;
        let typed = &line[start..cursor];
        let before = start.checked_sub(1).map(|place| line[place]);
        if before == Some('.') && start == 1 {
            let commands = COMMANDS.iter().map(|command| command.name.to_owned());
            return (start, fitting(typed, commands));
        }
        let keywords = || KEYWORDS.iter().map(|word| (*word).to_owned());
        let found = match before {
            Some(':' | '|' | '&' | '!') => fitting(typed, self.kinds.iter().cloned()),
            Some('.') => fitting(typed, self.properties.iter().cloned()),
            Some('$') => Vec::new(),
            _ => {
                let names = [&self.functions, &self.kinds, &self.properties];
                let names = names.into_iter().flatten().cloned();
                fitting(typed, keywords().chain(names))
            }
        };
        (start, found)
    }
}

/// The names that begin as the word that was typed does, in any case.
fn fitting(typed: &[char], names: impl Iterator<Item = String>) -> Vec<String> {
    let typed: String = typed.iter().collect();
    let typed = typed.to_lowercase();
    let mut found: Vec<String> = names
        .filter(|name| name.to_lowercase().starts_with(&typed))
        .collect();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(line: &str) -> (usize, Vec<String>) {
        let names = Names {
            kinds: vec!["Person".to_owned(), "Plane".to_owned()],
            properties: vec!["name".to_owned(), "nation".to_owned()],
            functions: vec!["nullIf(".to_owned()],
        };
        let line: Vec<char> = line.chars().collect();
        names.candidates(&line, line.len())
    }

    #[test]
    fn what_stands_before_a_word_says_which_names_fit() {
        assert_eq!(
            candidates("MATCH (n:p"),
            (9, vec!["Person".to_owned(), "Plane".to_owned()])
        );
        assert_eq!(
            candidates("MATCH (n:Person|pl"),
            (16, vec!["Plane".to_owned()])
        );
        assert_eq!(candidates("RETURN n.NAM"), (9, vec!["name".to_owned()]));
        assert_eq!(candidates("RETURN $na"), (8, Vec::new()));
        assert_eq!(candidates(".sch"), (1, vec!["schema".to_owned()]));
        let (start, found) = candidates("WHERE n");
        assert_eq!(start, 6);
        assert_eq!(found, ["NOT", "nullIf(", "name", "nation"]);
    }

    #[test]
    fn keywords_are_completed_in_any_case_and_words_of_any_letters_begin_where_they_do() {
        assert_eq!(
            candidates("optional"),
            (0, vec!["OPTIONAL MATCH".to_owned()])
        );
        assert_eq!(candidates("RETURN größ"), (7, Vec::new()));
    }
}
