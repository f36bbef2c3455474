//! From the part of a plan that is one pattern to its places, its steps, and what must differ among them.

use std::collections::BTreeMap;

use grism_core::{ScanPredicate, TableId, Tables, Type, with_stack};

use crate::optimizer::recognized::only_drops;
use crate::{
    BinaryOperator, Column, Direction, EdgeExpand, HyperedgeScan, LogicOperator, LogicalExpr,
    LogicalPlan, NodeScan, PlanSchema, RoleBinding, RoleExpand, RoleSource,
};

/// The most steps of a pattern that is looked at.
const MOST_STEPS: usize = 24;

/// A pattern. Places and steps are known by their numbers.
#[derive(Debug, Default)]
pub(super) struct Region {
    pub(super) places: Vec<Place>,
    pub(super) steps: Vec<Step>,
    pub(super) differences: Vec<Difference>,
    /// Places that must be the same, where steps close a cycle.
    pub(super) same: Vec<(usize, usize)>,
    /// The role step of each column of incidences.
    incidences: BTreeMap<String, usize>,
}

/// A node or hyperedge of the pattern.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) variable: String,
    pub(super) ty: Type,
    pub(super) label: String,
    pub(super) tables: Vec<TableId>,
    pub(super) predicate: ScanPredicate,
    /// What is asked of its entity alone.
    pub(super) conjuncts: Vec<LogicalExpr>,
}

/// A relationship of the pattern.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) kind: StepKind,
    /// The source of a directed edge, the hyperedge of a role.
    pub(super) from: usize,
    /// The target of a directed edge, the member of a role.
    pub(super) to: usize,
    pub(super) tables: Vec<TableId>,
    pub(super) label: String,
    /// The column of edges.
    pub(super) edge: Option<String>,
    /// What is asked of its edge alone.
    pub(super) conjuncts: Vec<LogicalExpr>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StepKind {
    /// A binary edge from its source to its target.
    Directed,
    /// A binary edge either way.
    Undirected,
    /// An incidence in one of these roles, in order.
    Role(Vec<String>),
}

/// Two parts of the pattern that must not be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    Steps(usize, usize),
    Places(usize, usize),
}

impl Region {
    /// The pattern that `plan` finds; `None` where it is not one pattern of places and single steps, of which every condition
    /// reads one place or one edge, or holds two of them apart.
    pub(super) fn of(plan: &LogicalPlan) -> Option<Self> {
        let mut region = Self::default();
        let mut conjuncts = Vec::new();
        region.add(plan, &mut conjuncts)?;
        let schema = region.schema();
        for conjunct in conjuncts {
            region.add_condition(conjunct, &schema)?;
        }
        (!region.steps.is_empty()).then_some(region)
    }

    /// The place of a column.
    pub(super) fn place(&self, column: &str) -> Option<usize> {
        self.places.iter().position(|own| own.variable == column)
    }

    /// The step of a column of edges.
    pub(super) fn step(&self, column: &str) -> Option<usize> {
        let is_own = |step: &Step| step.edge.as_deref() == Some(column);
        self.steps.iter().position(is_own)
    }

    /// The columns of places and edges.
    pub(super) fn schema(&self) -> PlanSchema {
        let places = self.places.iter();
        let places = places.map(|own| Column::new(&own.variable, own.ty.clone()));
        let edges = self.steps.iter().filter_map(|own| {
            let ty = Type::Hyperedge(own.tables.iter().copied().collect());
            Some(Column::new(own.edge.as_ref()?, ty))
        });
        PlanSchema::new(places.chain(edges).collect())
    }

    fn add(&mut self, plan: &LogicalPlan, conjuncts: &mut Vec<LogicalExpr>) -> Option<()> {
        match plan {
            LogicalPlan::Filter { input, predicate } => {
                conjuncts.extend(predicate.clone().conjuncts());
                with_stack(|| self.add(input, conjuncts))
            }
            LogicalPlan::Project { input, expressions } if only_drops(expressions) => {
                with_stack(|| self.add(input, conjuncts))
            }
            LogicalPlan::NodeScan(scan) => self.add_scan(scan),
            LogicalPlan::HyperedgeScan(scan) => self.add_star(scan),
            LogicalPlan::EdgeExpand(expand) => {
                with_stack(|| self.add(&expand.input, conjuncts))?;
                self.add_edge(expand)
            }
            LogicalPlan::RoleExpand(expand) => {
                with_stack(|| self.add(&expand.input, conjuncts))?;
                self.add_roles(expand)
            }
            _ => None,
        }
    }

    fn add_scan(&mut self, scan: &NodeScan) -> Option<()> {
        if !scan.properties.is_empty() || scan.index.is_some() {
            return None;
        }
        let place = self.add_place(&scan.variable, &scan.ty, &scan.label, Some(&scan.tables))?;
        self.places[place]
            .predicate
            .extend(scan.predicate.iter().cloned());
        Some(())
    }

    fn add_star(&mut self, scan: &HyperedgeScan) -> Option<()> {
        if !scan.properties.is_empty() || scan.index.is_some() {
            return None;
        }
        let ty = Type::Hyperedge(Tables::clone(&scan.tables));
        let place = self.add_place(&scan.variable, &ty, &scan.label, None)?;
        self.places[place]
            .predicate
            .extend(scan.predicate.iter().cloned());
        self.add_bindings(place, &scan.bindings, self.steps.len())
    }

    fn add_edge(&mut self, expand: &EdgeExpand) -> Option<()> {
        let near = self.place(&expand.from)?;
        let far = match expand.into {
            true => self.place(&expand.to)?,
            false => self.add_place(&expand.to, &expand.to_type, "", expand.restrict.as_ref())?,
        };
        let (kind, from, to) = match expand.direction {
            Direction::Out => (StepKind::Directed, near, far),
            Direction::In => (StepKind::Directed, far, near),
            Direction::Both => (StepKind::Undirected, near, far),
        };
        let edge = expand.edge.clone();
        self.add_step(kind, (from, to), &expand.tables, &expand.label, edge)
    }

    fn add_roles(&mut self, expand: &RoleExpand) -> Option<()> {
        let first = self.steps.len();
        let RoleSource::Member {
            column,
            roles,
            incidence,
            repeats,
        } = &expand.from
        else {
            let hyperedge = self.place(&expand.hyperedge)?;
            let own = &mut self.places[hyperedge];
            own.tables.retain(|table| expand.tables.contains(table));
            return self.add_bindings(hyperedge, &expand.bindings, first);
        };
        let member = self.place(column)?;
        let ty = Type::Hyperedge(Tables::clone(&expand.tables));
        let hyperedge = self.add_place(&expand.hyperedge, &ty, &expand.label, None)?;
        self.add_role(hyperedge, member, roles, incidence.as_ref(), *repeats)?;
        self.add_bindings(hyperedge, &expand.bindings, first)
    }

    /// Adds the steps of a star, each two of which from the step `first` on bind different incidences.
    fn add_bindings(
        &mut self,
        hyperedge: usize,
        bindings: &[RoleBinding],
        first: usize,
    ) -> Option<()> {
        for binding in bindings {
            let restrict = binding.restrict.as_ref();
            let member = self.add_place(&binding.member, &binding.member_type, "", restrict)?;
            let incidence = binding.incidence.as_ref();
            self.add_role(
                hyperedge,
                member,
                &binding.roles,
                incidence,
                binding.repeats,
            )?;
        }
        for later in first..self.steps.len() {
            for earlier in first..later {
                if shares_role(&self.steps[later].kind, &self.steps[earlier].kind) {
                    self.differences.push(Difference::Steps(earlier, later));
                }
            }
        }
        Some(())
    }

    fn add_role(
        &mut self,
        hyperedge: usize,
        member: usize,
        roles: &[String],
        incidence: Option<&String>,
        repeats: bool,
    ) -> Option<()> {
        if repeats {
            return None;
        }
        if let Some(incidence) = incidence {
            self.incidences.insert(incidence.clone(), self.steps.len());
        }
        let mut roles = roles.to_vec();
        roles.sort_unstable();
        roles.dedup();
        let label = roles.join("|");
        let tables: Tables = self.places[hyperedge].tables.iter().copied().collect();
        let kind = StepKind::Role(roles);
        self.add_step(kind, (hyperedge, member), &tables, &label, None)
    }

    fn add_step(
        &mut self,
        kind: StepKind,
        (from, to): (usize, usize),
        tables: &Tables,
        label: &str,
        edge: Option<String>,
    ) -> Option<()> {
        self.steps.push(Step {
            kind,
            from,
            to,
            tables: tables.to_vec(),
            label: label.to_owned(),
            edge,
            conjuncts: Vec::new(),
        });
        (self.steps.len() <= MOST_STEPS).then_some(())
    }

    /// Adds a place, of which every variable is one.
    fn add_place(
        &mut self,
        variable: &str,
        ty: &Type,
        label: &str,
        restrict: Option<&Tables>,
    ) -> Option<usize> {
        if self.place(variable).is_some() {
            return None;
        }
        let mut tables = ty.tables()?.to_vec();
        tables.retain(|table| restrict.is_none_or(|own| own.contains(table)));
        tables.sort_unstable();
        tables.dedup();
        self.places.push(Place {
            variable: variable.to_owned(),
            ty: ty.clone(),
            label: label.to_owned(),
            tables,
            predicate: ScanPredicate::default(),
            conjuncts: Vec::new(),
        });
        Some(self.places.len() - 1)
    }

    fn add_condition(&mut self, conjunct: LogicalExpr, schema: &PlanSchema) -> Option<()> {
        if let Some(difference) = self.difference(&conjunct) {
            if !self.differences.contains(&difference) {
                self.differences.push(difference);
            }
            return Some(());
        }
        if let Some(same) = self.same(&conjunct) {
            self.same.push(same);
            return Some(());
        }
        // It is asked of entities that the pattern does not reach too.
        if conjunct.is_volatile() || conjunct.may_fail(schema) {
            return None;
        }
        let columns = conjunct.columns();
        let mut columns = columns.iter();
        let (Some(column), None) = (columns.next(), columns.next()) else {
            return None;
        };
        if let Some(place) = self.place(column) {
            let own = &mut self.places[place];
            match &conjunct {
                LogicalExpr::TableIn { entity, tables }
                    if **entity == LogicalExpr::Column(own.variable.clone()) =>
                {
                    own.tables.retain(|table| tables.contains(table));
                }
                _ => own.conjuncts.push(conjunct),
            }
            return Some(());
        }
        let step = self.step(column)?;
        self.steps[step].conjuncts.push(conjunct);
        Some(())
    }

    /// The places that a condition makes one, where it does only that.
    fn same(&self, conjunct: &LogicalExpr) -> Option<(usize, usize)> {
        let LogicalExpr::Binary {
            operator: BinaryOperator::Equal,
            left,
            right,
        } = conjunct
        else {
            return None;
        };
        match (&**left, &**right) {
            (LogicalExpr::Column(a), LogicalExpr::Column(b)) => {
                Some((self.place(a)?, self.place(b)?))
            }
            _ => None,
        }
    }

    /// What a condition holds apart, where it does only that.
    fn difference(&self, conjunct: &LogicalExpr) -> Option<Difference> {
        match conjunct {
            LogicalExpr::Binary {
                operator: BinaryOperator::NotEqual,
                left,
                right,
            } => {
                let (LogicalExpr::Column(a), LogicalExpr::Column(b)) = (&**left, &**right) else {
                    return None;
                };
                let of_places = || Some((self.place(a)?, self.place(b)?));
                let of_steps = || Some((self.step(a)?, self.step(b)?));
                let places = of_places().map(|(a, b)| Difference::Places(a.min(b), a.max(b)));
                places.or_else(|| of_steps().map(|(a, b)| Difference::Steps(a.min(b), a.max(b))))
            }
            LogicalExpr::Logic {
                operator: LogicOperator::Or,
                operands,
            } => self.different_incidences(operands),
            _ => None,
        }
    }

    /// The steps of `h <> g OR i.role <> j.role OR i.position <> j.position`, where `i` is an incidence of `h`, `j` of `g`.
    fn different_incidences(&self, operands: &[LogicalExpr]) -> Option<Difference> {
        let [hyperedges, roles, positions] = operands else {
            return None;
        };
        let (i, j) = different_fields(roles, "role")?;
        if different_fields(positions, "position")? != (i, j) {
            return None;
        }
        let (a, b) = (*self.incidences.get(i)?, *self.incidences.get(j)?);
        let own = Difference::Places(
            self.steps[a].from.min(self.steps[b].from),
            self.steps[a].from.max(self.steps[b].from),
        );
        (self.difference(hyperedges)? == own).then(|| Difference::Steps(a.min(b), a.max(b)))
    }
}

/// Whether two steps may bind the same incidence of one hyperedge.
fn shares_role(a: &StepKind, b: &StepKind) -> bool {
    match (a, b) {
        (StepKind::Role(a), StepKind::Role(b)) => a.iter().any(|role| b.contains(role)),
        _ => false,
    }
}

/// The columns of `a.key <> b.key`.
fn different_fields<'a>(expression: &'a LogicalExpr, key: &str) -> Option<(&'a str, &'a str)> {
    let LogicalExpr::Binary {
        operator: BinaryOperator::NotEqual,
        left,
        right,
    } = expression
    else {
        return None;
    };
    let field = |expression: &'a LogicalExpr| match expression {
        LogicalExpr::Field { base, key: own } if own == key => match &**base {
            LogicalExpr::Column(column) => Some(column.as_str()),
            _ => None,
        },
        _ => None,
    };
    Some((field(left)?, field(right)?))
}
