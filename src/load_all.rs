//! Many loads as one commit: files and tables of any number of labels and types.

use std::time::Instant;

use grism_core::{Error, HyperedgeType, Result, SnapshotSelector};
use grism_cypher::{StatementKind, parse_statements};
use grism_engine::CommitAttempts;
use grism_storage::{LoadPreview, ManyLoads, ManyReport, load_many_into, preview_many};

use crate::Graph;
use crate::graph::limited;

impl Graph {
    /// Loads nodes and hyperedges from any number of sources as one commit: nodes first, then hyperedges, those that others
    /// bind before these. Again on the new snapshot where another writer was first.
    ///
    /// # Errors
    /// As [`Self::load`], for every source that is wrong, by its name; then nothing is committed.
    pub async fn load_all(&self, loads: ManyLoads) -> Result<ManyReport> {
        let start = Instant::now();
        let storage = limited(&self.storage, loads.memory_limit);
        let mut attempts = CommitAttempts::of(&storage);
        let mut loads = loads;
        loop {
            loads.progress.restart();
            let again = loads.again();
            let turn = attempts.next().await?;
            let snapshot = storage.snapshot(SnapshotSelector::Newest).await?;
            let mut done = load_many_into(storage.as_ref(), &snapshot, loads).await?;
            if done.steps.is_empty() {
                return Ok(ManyReport {
                    loads: done.reports,
                    snapshot: snapshot.id(),
                    elapsed: start.elapsed(),
                });
            }
            if let Some(first) = done.steps.first_mut() {
                first.turn = turn;
            }
            let committed = storage.commit_steps(done.steps, Some(done.staged));
            match (committed.await, again) {
                (Err(error), Some(again)) if attempts.may_retry(&error) => loads = again,
                (Err(error), _) => return Err(error),
                (Ok(snapshot), _) => {
                    for load in &mut done.reports {
                        load.snapshot = Some(snapshot);
                    }
                    return Ok(ManyReport {
                        loads: done.reports,
                        snapshot,
                        elapsed: start.elapsed(),
                    });
                }
            }
        }
    }

    /// Checks many loads and shows what each would do, without doing any.
    ///
    /// # Errors
    /// As [`Self::load_all`], but for what only all rows show.
    pub async fn preview_all(&self, loads: ManyLoads) -> Result<Vec<LoadPreview>> {
        let storage = limited(&self.storage, loads.memory_limit);
        let snapshot = storage.snapshot(SnapshotSelector::Newest).await?;
        preview_many(snapshot.as_ref(), loads).await
    }
}

/// The hyperedge type `name` with roles as `CREATE HYPEREDGE TYPE` takes them: `organizer Person, attendee Person*`.
///
/// # Errors
/// `InvalidQuery` for a text that is not a list of roles.
pub fn hyperedge_type(name: &str, roles: &str) -> Result<HyperedgeType> {
    let roles = roles.trim();
    let inner = roles
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'));
    let quoted = name.replace('`', "``");
    let text = format!(
        "CREATE HYPEREDGE TYPE `{quoted}` ({})",
        inner.unwrap_or(roles)
    );
    let parsed =
        parse_statements(&text).map_err(|error| error.context(format!("the type {name}")))?;
    let mut statements = parsed.into_iter();
    match (statements.next().map(|own| own.kind), statements.next()) {
        (Some(StatementKind::CreateHyperedgeType { hyperedge_type, .. }), None) => {
            Ok(hyperedge_type)
        }
        _ => Err(Error::invalid_query(format!(
            "the type {name}: `{roles}` is not a list of roles"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_written_as_in_a_declaration() {
        for text in [
            "a Person, b Person*, `x y`",
            " (a Person, b Person*, `x y`) ",
        ] {
            let ty = hyperedge_type("M`1", text).unwrap();
            assert_eq!(ty.name, "M`1");
            let names: Vec<_> = ty.roles.iter().map(|role| role.name.as_str()).collect();
            assert_eq!(names, ["a", "b", "x y"]);
        }
        let wrong = hyperedge_type("M", "a Person) ; MATCH (n) DELETE (n").unwrap_err();
        assert!(wrong.to_string().contains("the type M"), "{wrong}");
    }
}
