//! Declarations: hyperedge types, indexes and constraints, made and dropped.

use grism_core::{
    ChangeSet, Constraint, Error, HyperedgeType, IndexDefinition, Result, Snapshot, SnapshotId,
    SnapshotSelector,
};
use grism_engine::CommitAttempts;

use crate::Graph;

/// Whether a declaration changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Made,
    Nothing,
}

impl Graph {
    /// Declares a hyperedge type.
    ///
    /// # Errors
    /// `InvalidData` where the name is taken or the roles do not make sense.
    pub async fn declare(&self, hyperedge_type: HyperedgeType) -> Result<SnapshotId> {
        let operation = format!("declare {}", hyperedge_type.name);
        self.commit_with(&operation, |changes, _| {
            changes.schema.declare(hyperedge_type.clone())?;
            Ok(Change::Made)
        })
        .await
    }

    /// Declares a hyperedge type unless it is declared already; then nothing is committed.
    ///
    /// # Errors
    /// `InvalidData` where a type of the name has other roles, the name is taken or the roles do not make sense.
    pub async fn declare_if_missing(&self, hyperedge_type: HyperedgeType) -> Result<SnapshotId> {
        let operation = format!("declare {}", hyperedge_type.name);
        self.commit_with(&operation, |changes, _| {
            let added = changes.schema.declare_if_missing(&hyperedge_type)?;
            Ok(added.map_or(Change::Nothing, |_| Change::Made))
        })
        .await
    }

    /// Drops a hyperedge type and its hyperedges; with `if_exists` nothing is committed where there is none of its name.
    ///
    /// # Errors
    /// `NotFound` where there is no such type; `Conflict` where its hyperedges are members of others.
    pub async fn drop_type(&self, name: &str, if_exists: bool) -> Result<SnapshotId> {
        self.commit_with(&format!("drop {name}"), |changes, snapshot| {
            let own = changes.schema.hyperedge_table(name);
            if if_exists && own.is_none() {
                return Ok(Change::Nothing);
            }
            let own = own.map(|(table, _)| table.id);
            for (id, table) in &snapshot.statistics().tables {
                let binds = table.roles.values().any(|role| {
                    own.is_some_and(|own| role.incidences.get(&own).is_some_and(|count| *count > 0))
                });
                if binds && Some(*id) != own {
                    let other = changes.schema.table(*id)?.display_name();
                    return Err(Error::invalid_data(format!(
                        "hyperedges of `{other}` bind some of `{name}`: delete them first"
                    )));
                }
            }
            for (_, other) in changes
                .schema
                .hyperedge_tables()
                .filter(|(_, other)| other.name != name)
            {
                if let Some(role) = other
                    .roles
                    .iter()
                    .find(|role| role.member.as_deref() == Some(name))
                {
                    let message = format!(
                        "`{name}` is what the role `{}` of `{}` binds: drop that first",
                        role.name, other.name
                    );
                    return Err(Error::invalid_data(message));
                }
            }
            changes.schema.drop_type(name)?;
            Ok(Change::Made)
        })
        .await
    }

    /// Makes an index; with `if_not_exists` nothing is committed where it is there already.
    ///
    /// # Errors
    /// `InvalidData` for a name that is taken, by another index where `if_not_exists` is set; `NotFound` for an unknown label,
    /// type or property.
    pub async fn create_index(
        &self,
        index: IndexDefinition,
        if_not_exists: bool,
    ) -> Result<SnapshotId> {
        self.commit_with(&format!("create index {}", index.name), |changes, _| {
            let mut known = changes.schema.indexes().iter();
            let known = known.find(|own| if_not_exists && own.name == index.name);
            match known {
                Some(known) if known.is_asked(&index) => Ok(Change::Nothing),
                Some(known) => Err(Error::invalid_data(format!(
                    "there is an index `{}` already, {} of `{}` of `{}`, and not {} of `{}` of `{}`",
                    known.name,
                    known.kind,
                    known.property,
                    known.label,
                    index.kind,
                    index.property,
                    index.label
                ))),
                None => {
                    changes.schema.add_index(index.clone())?;
                    Ok(Change::Made)
                }
            }
        })
        .await
    }

    /// Drops an index; with `if_exists` nothing is committed where there is none of its name.
    ///
    /// # Errors
    /// `NotFound` where there is none.
    pub async fn drop_index(&self, name: &str, if_exists: bool) -> Result<SnapshotId> {
        self.commit_with(&format!("drop index {name}"), |changes, _| {
            let mut known = changes.schema.indexes().iter();
            if if_exists && !known.any(|own| own.name == name) {
                return Ok(Change::Nothing);
            }
            changes.schema.drop_index(name)?;
            Ok(Change::Made)
        })
        .await
    }

    /// Makes a constraint; with `if_not_exists` nothing is committed where it is there already, under whatever name.
    ///
    /// # Errors
    /// `InvalidData` for a name that another constraint has, and where the graph does not keep it, with a value that breaks it.
    pub async fn create_constraint(
        &self,
        constraint: Constraint,
        if_not_exists: bool,
    ) -> Result<SnapshotId> {
        let operation = format!("create constraint {}", constraint.name);
        self.commit_with(&operation, |changes, _| {
            let asked = changes.schema.resolved_constraint(&constraint);
            let known = changes.schema.constraints().iter();
            let is_known = known.clone().any(|own| own.is_same_rule(&asked));
            let other = known.clone().find(|own| own.name == asked.name);
            match other.filter(|other| !other.is_same_rule(&asked)) {
                Some(other) => Err(Error::invalid_data(format!(
                    "there is a constraint `{}` already, {other}, and not {asked}",
                    other.name
                ))),
                None if if_not_exists && is_known => Ok(Change::Nothing),
                None => {
                    changes.schema.add_constraint(&asked)?;
                    Ok(Change::Made)
                }
            }
        })
        .await
    }

    /// Drops a constraint; with `if_exists` nothing is committed where none has the name.
    ///
    /// # Errors
    /// `NotFound` where none has it.
    pub async fn drop_constraint(&self, name: &str, if_exists: bool) -> Result<SnapshotId> {
        self.commit_with(&format!("drop constraint {name}"), |changes, _| {
            let mut known = changes.schema.constraints().iter();
            if if_exists && !known.any(|own| own.name == name) {
                return Ok(Change::Nothing);
            }
            changes.schema.drop_constraint(name)?;
            Ok(Change::Made)
        })
        .await
    }

    /// Commits what `change` does, if anything, again on the new snapshot where another writer was first.
    async fn commit_with(
        &self,
        operation: &str,
        change: impl Fn(&mut ChangeSet, &dyn Snapshot) -> Result<Change>,
    ) -> Result<SnapshotId> {
        let mut attempts = CommitAttempts::of(&self.storage);
        loop {
            let turn = attempts.next().await?;
            let snapshot = self.storage.snapshot(SnapshotSelector::Newest).await?;
            let mut changes = ChangeSet::new(snapshot.as_ref(), (**snapshot.schema()).clone())
                .with_operation(operation);
            changes.turn = turn;
            if change(&mut changes, snapshot.as_ref())? == Change::Nothing {
                return Ok(snapshot.id());
            }
            match self.storage.commit(changes).await {
                Err(error) if attempts.may_retry(&error) => {}
                other => return other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use grism_core::{Cardinality, ErrorKind, Role};

    use super::*;

    #[tokio::test]
    async fn a_type_is_declared_once_and_another_of_its_name_refused() {
        let graph = Graph::in_memory();
        let band = |cardinality| HyperedgeType {
            name: "BAND".to_owned(),
            roles: vec![Role::new("player", None, cardinality)],
            declared: true,
        };
        let first = graph.declare_if_missing(band(Cardinality::Many)).await;
        let again = graph.declare_if_missing(band(Cardinality::Many)).await;
        assert_eq!(first.unwrap(), again.unwrap());
        assert_eq!(graph.history().await.unwrap().len(), 2);
        let other = graph.declare_if_missing(band(Cardinality::One)).await;
        let error = other.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().contains("BAND (player*)"), "{error}");
        assert!(graph.declare(band(Cardinality::Many)).await.is_err());
        assert_eq!(graph.history().await.unwrap().len(), 2);
    }
}
