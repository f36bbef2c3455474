//! What a pattern's order is decided by: its elements by number, and what the statistics tell of each.

use std::collections::HashMap;

use grism_core::{GraphSchema, GraphStatistics, SOURCE_ROLE, TARGET_ROLE, Tables};

use super::degrees::{Degree, End, incidences, note_met};
use super::progress::{Name, Progress, Step};
use super::{PatternEdge, PatternEntity, PatternGraph};

/// Plans one pattern.
pub(super) struct Planner<'a> {
    pub(super) graph: &'a PatternGraph,
    pub(super) schema: &'a GraphSchema,
    pub(super) statistics: &'a GraphStatistics,
    names: HashMap<&'a str, Name>,
    /// By name.
    facts: Vec<EntityFacts>,
    /// By name: the role steps of the hyperedge, in their order.
    roles_of: Vec<Vec<usize>>,
    pub(super) edges: Vec<EdgeFacts>,
    pub(super) roles: Vec<RoleFacts>,
    pub(super) filters: Vec<FilterFacts>,
}

/// What is known of the entities in a column.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntityFacts {
    /// The rows of its tables; 1 where it has none.
    pub(super) rows: f64,
    /// The share of them that predicates are expected to leave.
    pub(super) selectivity: f64,
}

/// What is known of a binary edge.
#[derive(Debug)]
pub(super) struct EdgeFacts {
    pub(super) variable: Name,
    pub(super) left: Name,
    pub(super) right: Name,
    /// From its left end to its right end.
    pub(super) from_left: Degree,
    pub(super) from_right: Degree,
    /// Edges between entities of the tables of both ends.
    pub(super) count: f64,
    /// The columns that the hops of a path read.
    pub(super) reads: Vec<Name>,
}

/// What is known of a role step.
#[derive(Debug)]
pub(super) struct RoleFacts {
    pub(super) hyperedge: Name,
    pub(super) member: Name,
    pub(super) incidence: Option<Name>,
    /// From the member to hyperedges.
    pub(super) degree: Degree,
    /// Members of one hyperedge.
    pub(super) members: f64,
}

/// What is known of a predicate on several elements.
#[derive(Debug)]
pub(super) struct FilterFacts {
    pub(super) columns: Vec<Name>,
    pub(super) selectivity: f64,
}

impl<'a> Planner<'a> {
    pub(super) fn new(
        graph: &'a PatternGraph,
        schema: &'a GraphSchema,
        statistics: &'a GraphStatistics,
    ) -> Self {
        let mut planner = Self {
            graph,
            schema,
            statistics,
            names: names(graph),
            facts: Vec::new(),
            roles_of: Vec::new(),
            edges: Vec::new(),
            roles: Vec::new(),
            filters: Vec::new(),
        };
        let known = graph.entities.iter().map(|entity| EntityFacts {
            rows: entity
                .ty
                .tables()
                .map_or(1.0, |tables| planner.rows_of(tables)),
            selectivity: entity.selectivity,
        });
        planner.facts = known.collect();
        let other = EntityFacts {
            rows: 1.0,
            selectivity: 1.0,
        };
        planner.facts.resize(planner.names.len(), other);
        planner.roles_of = vec![Vec::new(); planner.names.len()];
        for (index, role) in graph.roles.iter().enumerate() {
            let hyperedge = planner.name(&role.hyperedge);
            planner.roles_of[hyperedge].push(index);
        }
        planner.edges = graph
            .edges
            .iter()
            .map(|edge| planner.edge_facts(edge))
            .collect();
        planner.roles = (0..graph.roles.len())
            .map(|index| planner.role_facts(index))
            .collect();
        planner.filters = planner.filter_facts();
        planner.note_what_is_met();
        planner
    }

    /// A plan of one row, in which nothing is bound.
    pub(super) fn progress(&self) -> Progress {
        let steps = self.graph.edges.len() + self.graph.roles.len();
        Progress::new(self.names.len(), steps, self.graph.first_temporary)
    }

    /// The number of a column of the pattern.
    pub(super) fn name(&self, column: &str) -> Name {
        self.names[column]
    }

    /// The number of a column that need not be one of the pattern.
    pub(super) fn find(&self, column: &str) -> Option<Name> {
        self.names.get(column).copied()
    }

    /// The number of a role step among all steps.
    pub(super) fn role_step(&self, role: usize) -> Step {
        self.graph.edges.len() + role
    }

    pub(super) fn facts(&self, name: Name) -> EntityFacts {
        self.facts[name]
    }

    /// The entity in a column; `None` for a column that holds none.
    pub(super) fn entity(&self, name: Name) -> Option<&'a PatternEntity> {
        self.graph.entities.get(name)
    }

    pub(super) fn tables_of(&self, name: Name) -> Option<&'a Tables> {
        self.entity(name)?.ty.tables()
    }

    /// The role steps of a hyperedge.
    pub(super) fn roles_of(&self, hyperedge: Name) -> &[usize] {
        &self.roles_of[hyperedge]
    }

    fn rows_of(&self, tables: &Tables) -> f64 {
        let rows = tables.iter().map(|table| self.statistics.rows(*table));
        rows.map(|rows| rows as f64).sum()
    }

    /// The degrees of the entities `name`, of whose incidences a step takes about `taken` in all.
    fn degree(&self, name: Name, types: &Tables, roles: &[&str], taken: f64) -> Degree {
        let own = (self.tables_of(name), self.facts(name).rows);
        Degree::of(self.statistics, own, types, roles, taken)
    }

    fn edge_facts(&self, edge: &'a PatternEdge) -> EdgeFacts {
        let (left, right) = (self.name(&edge.left), self.name(&edge.right));
        let reads = edge.path.iter().flat_map(|path| &path.reads);
        // The nodes between the ends of a path may be of any label.
        let count = match edge.path {
            None => self.edges_between(edge, left, right),
            Some(_) => incidences(
                self.statistics,
                &edge.tables,
                &edge.roles_at(&edge.left),
                None,
            ),
        };
        let degree = |end, name| self.degree(name, &edge.tables, &edge.roles_at(end), count);
        EdgeFacts {
            variable: self.name(&edge.variable),
            left,
            right,
            from_left: degree(&edge.left, left),
            from_right: degree(&edge.right, right),
            count,
            reads: reads.map(|column| self.name(column)).collect(),
        }
    }

    /// About how many edges lead from the entities of one end to those of the other. Of each type it is known how many lead
    /// from each table, and how many to each: those of one table are taken to lead to the others as all do.
    fn edges_between(&self, edge: &PatternEdge, left: Name, right: Name) -> f64 {
        let mut edges = 0.0;
        let from = edge.roles_at(&edge.left);
        let (left, right) = (self.tables_of(left), self.tables_of(right));
        for table in edge.tables.iter() {
            let count = |role, members| incidences(self.statistics, &[*table], &[role], members);
            for role in &from {
                let opposite = if *role == SOURCE_ROLE {
                    TARGET_ROLE
                } else {
                    SOURCE_ROLE
                };
                let all = count(opposite, None);
                let wanted = count(opposite, right);
                let starts = count(role, left);
                edges += starts * wanted / all.max(1.0);
            }
        }
        edges
    }

    fn role_facts(&self, index: usize) -> RoleFacts {
        let step = &self.graph.roles[index];
        let (hyperedge, member) = (self.name(&step.hyperedge), self.name(&step.member));
        let roles: Vec<&str> = step.roles.iter().map(String::as_str).collect();
        let own = self.tables_of(hyperedge);
        let types = own.cloned().unwrap_or_default();
        let bound = match own {
            Some(types) => incidences(self.statistics, types, &roles, self.tables_of(member)),
            None => 1.0,
        };
        RoleFacts {
            hyperedge,
            member,
            incidence: step.incidence.as_deref().map(|column| self.name(column)),
            degree: self.degree(member, &types, &roles, bound),
            members: bound / self.facts(hyperedge).rows.max(1.0),
        }
    }

    fn filter_facts(&self) -> Vec<FilterFacts> {
        let filters = self.graph.filters.iter().filter_map(|filter| {
            let columns = filter.columns.iter().map(|column| self.find(column));
            Some(FilterFacts {
                columns: columns.collect::<Option<_>>()?,
                selectivity: filter.selectivity,
            })
        });
        filters.collect()
    }

    /// Notes for each end of a step which others lead to the same entity.
    fn note_what_is_met(&mut self) {
        let mut ends: Vec<Vec<End<'_>>> = Vec::new();
        ends.resize_with(self.names.len(), Vec::new);
        for (step, edge) in self.graph.edges.iter().enumerate() {
            if edge.path.is_some() {
                continue;
            }
            let facts = &self.edges[step];
            let ends_of_edge = [
                (&edge.left, &facts.from_left),
                (&edge.right, &facts.from_right),
            ];
            for (column, degree) in ends_of_edge {
                let (name, roles) = (self.name(column), edge.roles_at(column));
                ends[name].push(End {
                    step,
                    tables: &edge.tables,
                    roles,
                    spread: degree.spread(),
                });
            }
        }
        for (index, role) in self.graph.roles.iter().enumerate() {
            let Some(tables) = self.tables_of(self.name(&role.hyperedge)) else {
                continue;
            };
            ends[self.name(&role.member)].push(End {
                step: self.role_step(index),
                tables,
                roles: role.roles.iter().map(String::as_str).collect(),
                spread: self.roles[index].degree.spread(),
            });
        }
        for (name, met) in ends.iter().enumerate().filter(|(_, met)| met.len() > 1) {
            for end in met {
                let edges = self.edges.len();
                let degree = match self.edges.get_mut(end.step) {
                    Some(edge) if edge.left == name => &mut edge.from_left,
                    Some(edge) => &mut edge.from_right,
                    None => &mut self.roles[end.step - edges].degree,
                };
                note_met(degree, end, met);
            }
        }
    }
}

/// Numbers for the columns of a pattern, of its entities first.
fn names(graph: &PatternGraph) -> HashMap<&str, Name> {
    let entities = graph.entities.iter().map(|entity| &entity.variable);
    let of_edges = graph.edges.iter().flat_map(|edge| {
        let reads = edge.path.iter().flat_map(|path| &path.reads);
        [&edge.left, &edge.right, &edge.variable]
            .into_iter()
            .chain(reads)
    });
    let of_roles = graph.roles.iter().flat_map(|role| {
        let ends = [&role.hyperedge, &role.member];
        ends.into_iter().chain(&role.incidence)
    });
    let mut names = HashMap::new();
    for column in entities.chain(of_edges).chain(of_roles) {
        let next = names.len();
        names.entry(column.as_str()).or_insert(next);
    }
    names
}
