//! The order of many loads: in stages, each of which finds what it binds in the snapshot of the one before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use grism_core::{Error, GraphSchema, Result};

use super::job::LoadJob;
use crate::import::LoadTarget;
use crate::import::role_columns::with_roles;

/// The numbers of the loads of each stage.
///
/// # Errors
/// `InvalidQuery` where types bind each other in a circle.
pub(super) fn stages(schema: &GraphSchema, jobs: &[LoadJob]) -> Result<Vec<Vec<usize>>> {
    let mut rounds: HashMap<&str, usize> = HashMap::new();
    let is_nodes = |job: &LoadJob| matches!(job.target, LoadTarget::Nodes { .. });
    let mut stage_of = vec![0; jobs.len()];
    // Loads of one label follow each other, since the second one must know the keys of the first.
    for (place, job) in jobs.iter().enumerate().filter(|(_, job)| is_nodes(job)) {
        let round = rounds.entry(job.target.name()).or_default();
        stage_of[place] = *round;
        *round += 1;
    }
    let nodes = rounds.values().copied().max().unwrap_or_default();
    let heights = heights(schema, jobs)?;
    let mut next = nodes;
    let highest = heights.values().copied().max().unwrap_or_default();
    for height in 0..=highest {
        let mut rounds: HashMap<&str, usize> = HashMap::new();
        let own = |job: &LoadJob| !is_nodes(job) && heights.get(job.target.name()) == Some(&height);
        for (place, job) in jobs.iter().enumerate().filter(|(_, job)| own(job)) {
            let round = rounds.entry(job.target.name()).or_default();
            stage_of[place] = next + *round;
            *round += 1;
        }
        next += rounds.values().copied().max().unwrap_or_default();
    }
    let mut stages: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, stage) in stage_of.into_iter().enumerate() {
        stages.entry(stage).or_default().push(place);
    }
    Ok(stages.into_values().collect())
}

/// How many others of the types each type needs below it.
fn heights(schema: &GraphSchema, jobs: &[LoadJob]) -> Result<HashMap<String, usize>> {
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for job in jobs {
        if let LoadTarget::Hyperedges { name, .. } = &job.target {
            let labels = bound_labels(schema, &job.target);
            needs.entry(name.clone()).or_default().extend(labels);
        }
    }
    let types: BTreeSet<String> = needs.keys().cloned().collect();
    let mut heights: HashMap<String, usize> = HashMap::new();
    let mut height = 0;
    while heights.len() < types.len() {
        let is_ready = |name: &&String| {
            let needed = needs.get(*name).into_iter().flatten();
            !heights.contains_key(*name)
                && needed
                    .filter(|other| other != name && types.contains(*other))
                    .all(|other| heights.contains_key(other))
        };
        let ready: Vec<String> = types.iter().filter(is_ready).cloned().collect();
        if ready.is_empty() {
            let left = types.iter().filter(|name| !heights.contains_key(*name));
            let left: Vec<String> = left.map(|name| format!("`{name}`")).collect();
            return Err(Error::invalid_query(format!(
                "{} bind each other, so none of them can be loaded first: load one of them without the role, in another load",
                left.join(" and ")
            )));
        }
        heights.extend(ready.into_iter().map(|name| (name, height)));
        height += 1;
    }
    Ok(heights)
}

/// The labels and types that a load binds.
fn bound_labels(schema: &GraphSchema, target: &LoadTarget) -> Vec<String> {
    let target = with_roles(schema, target);
    let LoadTarget::Hyperedges { name, roles } = target.as_ref() else {
        return Vec::new();
    };
    let ty = schema.hyperedge_table(name).map(|(_, ty)| ty);
    let labels = roles.iter().filter_map(|(role, source)| {
        let declared = || ty.and_then(|ty| ty.role(role)?.member.clone());
        source.label.clone().or_else(declared)
    });
    labels.collect()
}

/// How many sets of keys loads of one stage hold: those of what they bind, each read once, and those of what they load.
pub(super) fn count_indexes(schema: &GraphSchema, jobs: &[LoadJob]) -> usize {
    let mut labels = BTreeSet::new();
    let mut own = 0;
    for job in jobs {
        let is_keyed = job.options.key.is_some() || job.options.group_by.is_some();
        let is_nodes = matches!(job.target, LoadTarget::Nodes { .. });
        own += usize::from(is_keyed || is_nodes);
        labels.extend(bound_labels(schema, &job.target));
    }
    own + labels.len()
}

#[cfg(test)]
mod tests {
    use grism_core::{HyperedgeType, Role};

    use super::*;
    use crate::import::{ImportSource, LoadOptions, RoleSource};

    fn hyperedges(name: &str, binds: &[&str]) -> LoadJob {
        let source = |label: &&str| {
            let source = RoleSource {
                label: Some((*label).to_owned()),
                column: "x".to_owned(),
            };
            (format!("of {label}"), source)
        };
        job(LoadTarget::Hyperedges {
            name: name.to_owned(),
            roles: binds.iter().map(source).collect(),
        })
    }

    fn nodes(label: &str) -> LoadJob {
        job(LoadTarget::Nodes {
            label: label.to_owned(),
            key: "id".to_owned(),
        })
    }

    fn job(target: LoadTarget) -> LoadJob {
        LoadJob {
            target,
            source: ImportSource::Batches(Vec::new()),
            options: LoadOptions::default(),
        }
    }

    #[test]
    fn nodes_come_first_and_hyperedges_before_those_that_bind_them() {
        let jobs = [
            hyperedges("CLAIM", &["MEETING", "A"]),
            hyperedges("MEETING", &["A"]),
            nodes("A"),
            hyperedges("KNOWS", &["A", "B"]),
            nodes("B"),
            nodes("A"),
        ];
        let found = stages(&GraphSchema::default(), &jobs).unwrap();
        assert_eq!(found, [vec![2, 4], vec![5], vec![1, 3], vec![0]]);
    }

    #[test]
    fn declared_members_count_and_circles_are_refused() {
        let mut schema = GraphSchema::default();
        let mut role: Role = HyperedgeType::binary_edge("X").roles[0].clone();
        role.member = Some("B".to_owned());
        let mut ty = HyperedgeType::binary_edge("A");
        ty.roles = vec![role];
        schema.declare(ty).unwrap();
        let first = || LoadJob {
            target: LoadTarget::Hyperedges {
                name: "A".to_owned(),
                roles: BTreeMap::new(),
            },
            ..hyperedges("A", &[])
        };
        let found = stages(&schema, &[first(), hyperedges("B", &["C"])]).unwrap();
        assert_eq!(found, [vec![1], vec![0]]);
        let refused = stages(&schema, &[first(), hyperedges("B", &["A"])]).unwrap_err();
        assert!(refused.to_string().contains("`A` and `B`"), "{refused}");
    }
}
