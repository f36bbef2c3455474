//! What planners know of an operator: what it outputs, what it requires of its inputs, and how it splits in two.

use std::sync::Arc;

use grism_core::{EntityKind, GraphStatistics, Tables, with_stack};
use serde::{Deserialize, Serialize};

use crate::{OrderedBy, PhysicalOperator, PhysicalSchema};

/// How the rows of an output are spread over the tasks of its stage.
///
/// A stage with one task has every row there, whatever this says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// One task has all rows. The stage must have no other.
    Single,
    /// The rows come from one piece of work, which the first task that asks gets: other tasks of the stage have no row.
    OnePiece,
    /// Every row is in one of the tasks.
    Split,
    /// As `Split`, and rows that are equal in these columns are in one task, found by the hash of the columns in this order.
    Hash(Vec<String>),
    /// As `Split`, and rows that are equal in these columns are in one task, whichever that is: so are those of an entity that
    /// one task has scanned.
    Together(Vec<String>),
    /// Every task has all rows.
    Replicated,
}

impl Distribution {
    /// Whether one task has all rows.
    #[must_use]
    pub fn is_at_one_place(&self) -> bool {
        matches!(self, Self::Single | Self::OnePiece)
    }

    /// How rows are spread that are made of rows of both inputs: at one place where both inputs are, else as `spread`.
    pub(crate) fn joined(&self, other: &Self, spread: &Self) -> Self {
        match self.is_at_one_place() && other.is_at_one_place() {
            true => Self::Single,
            false => spread.clone(),
        }
    }
}

/// Whether rows leave before all have come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emission {
    /// Rows leave while rows come in.
    Streaming,
    /// All rows of an input come in before the first row leaves.
    Blocking,
}

/// What an operator outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanProperties {
    /// How the rows are spread over tasks.
    pub distribution: Distribution,
    /// The order of the rows of each task. Empty for no known order.
    pub ordering: Vec<OrderedBy>,
    /// Whether rows leave before all have come in.
    pub emission: Emission,
    /// At most how many rows there are; `None` where it is not known.
    pub rows: Option<u64>,
    /// The second phase that must still see these rows, as [`Phases`] names it; `None` for whole results.
    pub pending: Option<String>,
}

impl PlanProperties {
    /// Rows without order, of which nothing else is known.
    #[must_use]
    pub fn of(distribution: Distribution) -> Self {
        Self {
            distribution,
            ordering: Vec::new(),
            emission: Emission::Streaming,
            rows: None,
            pending: None,
        }
    }

    /// At most `rows` rows.
    #[must_use]
    pub fn with_rows(mut self, rows: Option<u64>) -> Self {
        self.rows = rows;
        self
    }

    /// All rows come in before the first leaves. Rows of a task that has none are then not nothing any more, but the
    /// result over nothing.
    #[must_use]
    pub fn blocking(mut self) -> Self {
        self.emission = Emission::Blocking;
        if self.distribution == Distribution::OnePiece {
            self.distribution = Distribution::Single;
        }
        self
    }

    /// The properties of an operator that outputs some of the rows of `input`, in their order and with their columns, or others
    /// beside them; columns of `input` that `schema` does not have are gone.
    #[must_use]
    pub fn filtered(input: &Self, schema: &PhysicalSchema) -> Self {
        Self::renamed(input, |column| {
            schema.columns().contains(column).then(|| column.to_owned())
        })
    }

    /// As [`Self::filtered`], for an operator that outputs any number of rows for each row of `input`, in any order.
    #[must_use]
    pub fn row_by_row(input: &Self, schema: &PhysicalSchema) -> Self {
        Self {
            ordering: Vec::new(),
            rows: None,
            ..Self::filtered(input, schema)
        }
    }

    /// As [`Self::filtered`], where `name` gives the output column that holds what a column of `input` held.
    #[must_use]
    pub fn renamed(input: &Self, name: impl Fn(&str) -> Option<String>) -> Self {
        let named = |keys: &[String]| keys.iter().map(|key| name(key)).collect();
        let distribution = match &input.distribution {
            Distribution::Hash(keys) => {
                let keys: Option<Vec<String>> = named(keys);
                keys.map_or(Distribution::Split, Distribution::Hash)
            }
            Distribution::Together(keys) => {
                let keys: Option<Vec<String>> = named(keys);
                keys.map_or(Distribution::Split, Distribution::Together)
            }
            other => other.clone(),
        };
        let ordering = input.ordering.iter().map_while(|own| {
            Some(OrderedBy {
                column: name(&own.column)?,
                descending: own.descending,
            })
        });
        Self {
            distribution,
            ordering: ordering.collect(),
            emission: Emission::Streaming,
            rows: input.rows,
            pending: input.pending.clone(),
        }
    }
}

/// How an operator needs the rows of one of its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequiredDistribution {
    /// As they are.
    Any,
    /// No row in two tasks.
    Disjoint,
    /// All in one task.
    Single,
    /// Rows that are equal in these columns in one task. Where two inputs of an operator are required by hash, rows whose
    /// columns are equal in order meet.
    Hash(Vec<String>),
    /// Each task's rows all before the next task's, by these columns.
    Range(Vec<OrderedBy>),
    /// In the task that holds the incidence lists of the entity, where these are too large to be everywhere.
    Adjacency {
        /// What the entity is.
        entity: EntityKind,
        /// The column of its id.
        column: String,
        /// The tables whose incidence lists are read.
        tables: Tables,
    },
    /// All in every task.
    Replicated,
}

/// The second phases whose first one an input may be, or must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcceptedPhase {
    /// Results of any phase, which are passed on.
    Any,
    /// Whole results.
    Whole,
    /// Whole results, or those of the first phase of this name.
    MayFinish(String),
    /// Those of the first phase of this name.
    Finishes(String),
}

/// What an operator requires of one of its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputRequirement {
    /// How the rows are spread.
    pub distribution: RequiredDistribution,
    /// The order of each task's rows. Empty for any.
    pub ordering: Vec<OrderedBy>,
    /// Whose first phase it may be.
    pub phase: AcceptedPhase,
    /// Why, as an exchange says that is inserted for it.
    pub reason: String,
}

impl InputRequirement {
    /// Whole results, spread in this way, in any order.
    #[must_use]
    pub fn of(distribution: RequiredDistribution, reason: impl Into<String>) -> Self {
        Self {
            distribution,
            ordering: Vec::new(),
            phase: AcceptedPhase::Whole,
            reason: reason.into(),
        }
    }

    /// Whole results as they are.
    #[must_use]
    pub fn any() -> Self {
        Self::of(RequiredDistribution::Any, String::new())
    }

    /// Ordered by these columns.
    #[must_use]
    pub fn ordered(mut self, ordering: Vec<OrderedBy>) -> Self {
        self.ordering = ordering;
        self
    }

    /// With these results of first phases.
    #[must_use]
    pub fn with_phase(mut self, phase: AcceptedPhase) -> Self {
        self.phase = phase;
        self
    }

    /// Whether an input of these properties meets the requirement. Several inputs that are required by hash must also agree: see
    /// [`unmet_requirement`].
    #[must_use]
    pub fn is_met_by(&self, input: &PlanProperties, tasks: StageTasks) -> bool {
        let is_spread = tasks == StageTasks::One || self.is_spread_as(&input.distribution);
        is_spread && self.is_ordered_by(input) && self.is_phase_of(input)
    }

    fn is_spread_as(&self, input: &Distribution) -> bool {
        match (&self.distribution, input) {
            (RequiredDistribution::Any | RequiredDistribution::Adjacency { .. }, _)
            | (RequiredDistribution::Replicated, Distribution::Replicated)
            | (RequiredDistribution::Single, Distribution::Single) => true,
            (RequiredDistribution::Disjoint, own) => *own != Distribution::Replicated,
            (
                RequiredDistribution::Hash(keys),
                Distribution::Hash(split) | Distribution::Together(split),
            ) => !split.is_empty() && split.iter().all(|key| keys.contains(key)),
            _ => false,
        }
    }

    fn is_ordered_by(&self, input: &PlanProperties) -> bool {
        input.ordering.starts_with(&self.ordering)
    }

    fn is_phase_of(&self, input: &PlanProperties) -> bool {
        match (&self.phase, &input.pending) {
            (AcceptedPhase::Any, _)
            | (AcceptedPhase::Whole | AcceptedPhase::MayFinish(_), None) => true,
            (AcceptedPhase::MayFinish(own) | AcceptedPhase::Finishes(own), Some(pending)) => {
                own == pending
            }
            (AcceptedPhase::Whole, Some(_)) | (AcceptedPhase::Finishes(_), None) => false,
        }
    }
}

/// An operator as two: one that each task runs over its own rows, and one over the outputs of all of these.
#[derive(Debug)]
pub struct Phases {
    /// What each task runs, in place of the operator.
    pub local: Arc<dyn PhysicalOperator>,
    /// How its outputs come together.
    pub between: InputRequirement,
    /// What runs over the outputs, with `local` as its input; `None` where they are the result already.
    pub global: Option<Arc<dyn PhysicalOperator>>,
}

/// The properties of the plan that ends at `operator`, from its leaves up.
#[must_use]
pub fn derive_properties(
    operator: &Arc<dyn PhysicalOperator>,
    statistics: &GraphStatistics,
) -> PlanProperties {
    let inputs = operator.children().into_iter();
    let inputs = inputs.map(|child| with_stack(|| derive_properties(child, statistics)));
    operator.properties(&inputs.collect::<Vec<_>>(), statistics)
}

/// Whether a stage has tasks beside one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageTasks {
    /// All rows are in one task, whatever is said of their distribution.
    One,
    /// Rows are where their distribution says.
    Several,
}

/// Why inputs of these properties do not meet what the operator requires in any of its alternatives; `None` where they do.
#[must_use]
pub fn unmet_requirement(
    operator: &dyn PhysicalOperator,
    inputs: &[PlanProperties],
    tasks: StageTasks,
) -> Option<String> {
    let alternatives = operator.alternatives();
    let mut reasons = alternatives
        .iter()
        .map(|requirements| unmet_alternative(requirements, inputs, tasks));
    // The first alternative is told of where none is met.
    let Some(first) = reasons.next() else {
        return Some("states no requirement".to_owned());
    };
    let first = first?;
    match reasons.any(|reason| reason.is_none()) {
        true => None,
        false => Some(first),
    }
}

fn unmet_alternative(
    requirements: &[InputRequirement],
    inputs: &[PlanProperties],
    tasks: StageTasks,
) -> Option<String> {
    if requirements.len() != inputs.len() {
        return Some(format!(
            "states requirements for {} inputs, and has {}",
            requirements.len(),
            inputs.len()
        ));
    }
    let by_hash = requirements
        .iter()
        .filter(|own| matches!(own.distribution, RequiredDistribution::Hash(_)));
    let must_agree = tasks == StageTasks::Several && by_hash.count() > 1;
    for (place, (requirement, input)) in requirements.iter().zip(inputs).enumerate() {
        let agrees = match (&requirement.distribution, &input.distribution) {
            (RequiredDistribution::Hash(keys), Distribution::Hash(split)) if must_agree => {
                keys == split
            }
            // Two inputs that each are together somewhere do not meet.
            (RequiredDistribution::Hash(_), Distribution::Together(_)) => !must_agree,
            _ => true,
        };
        if !agrees || !requirement.is_met_by(input, tasks) {
            return Some(format!(
                "requires {:?} of its input {place}, which is {:?}",
                requirement, input
            ));
        }
    }
    None
}

/// What follows from the other properties, for whoever looks at one operator alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorCaps {
    /// Rows leave while rows come in.
    pub streaming: bool,
    /// All rows of an input must have come in before the first leaves.
    pub blocking: bool,
    /// Running it on any split of its inputs, and uniting the outputs, gives the same bag.
    pub parallel_safe: bool,
}

impl dyn PhysicalOperator {
    /// What the operator can do over inputs that are split in any way.
    #[must_use]
    pub fn capabilities(&self) -> OperatorCaps {
        let inputs = vec![PlanProperties::of(Distribution::Split); self.children().len()];
        let own = self.properties(&inputs, &GraphStatistics::default());
        let streaming = own.emission == Emission::Streaming;
        OperatorCaps {
            streaming,
            blocking: !streaming,
            parallel_safe: own.distribution != Distribution::Single
                && unmet_requirement(self, &inputs, StageTasks::Several).is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use grism_core::Type;
    use grism_logical::{Column, PlanSchema};

    use super::*;

    fn schema(names: &[&str]) -> PhysicalSchema {
        let columns = names.iter().map(|name| Column::new(*name, Type::Int64));
        PlanSchema::new(columns.collect()).into()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn ordering(names: &[&str]) -> Vec<OrderedBy> {
        names
            .iter()
            .map(|name| OrderedBy::ascending(*name))
            .collect()
    }

    fn split_by(keys: &[&str]) -> PlanProperties {
        PlanProperties::of(Distribution::Hash(names(keys)))
    }

    #[test]
    fn rows_are_split_by_a_column_and_ordered_by_it_as_long_as_it_is_there() {
        let input = PlanProperties {
            ordering: ordering(&["a", "b", "c"]),
            ..split_by(&["a", "b"])
        };
        let all = PlanProperties::filtered(&input, &schema(&["c", "b", "a"]));
        assert_eq!(all, input);
        let without = PlanProperties::filtered(&input, &schema(&["a", "c"]));
        assert_eq!(without.distribution, Distribution::Split);
        // What comes behind a column that is gone orders nothing.
        assert_eq!(without.ordering, ordering(&["a"]));
        let renamed = PlanProperties::renamed(&input, |name| Some(format!("{name}2")));
        assert_eq!(
            renamed.distribution,
            Distribution::Hash(names(&["a2", "b2"]))
        );
        let any_number =
            PlanProperties::row_by_row(&input.with_rows(Some(3)), &schema(&["a", "b"]));
        assert!(any_number.ordering.is_empty() && any_number.rows.is_none());
    }

    #[test]
    fn what_sees_all_rows_of_one_piece_is_at_one_place() {
        let piece = PlanProperties::of(Distribution::OnePiece);
        assert_eq!(piece.clone().blocking().distribution, Distribution::Single);
        assert_eq!(
            split_by(&["a"]).blocking().distribution,
            split_by(&["a"]).distribution
        );
        assert!(piece.distribution.is_at_one_place());
    }

    #[test]
    fn equal_rows_meet_where_the_split_is_by_some_of_the_keys() {
        let by = |keys: &[&str]| {
            InputRequirement::of(RequiredDistribution::Hash(names(keys)), "rows meet")
        };
        let several = StageTasks::Several;
        assert!(by(&["a", "b"]).is_met_by(&split_by(&["b"]), several));
        assert!(by(&["a", "b"]).is_met_by(&split_by(&["b", "a"]), several));
        assert!(!by(&["a"]).is_met_by(&split_by(&["a", "b"]), several));
        assert!(!by(&["a"]).is_met_by(&split_by(&[]), several));
        let together = |keys: &[&str]| PlanProperties::of(Distribution::Together(names(keys)));
        assert!(by(&["a", "b"]).is_met_by(&together(&["b"]), several));
        assert!(!by(&["a"]).is_met_by(&together(&["a", "b"]), several));
        let without = PlanProperties::filtered(&together(&["a"]), &schema(&["b"]));
        assert_eq!(without.distribution, Distribution::Split);
        for other in [
            Distribution::Split,
            Distribution::OnePiece,
            Distribution::Single,
            Distribution::Replicated,
        ] {
            assert!(!by(&["a"]).is_met_by(&PlanProperties::of(other), several));
        }
        // One task has all rows, however they are spread.
        assert!(by(&["a"]).is_met_by(&PlanProperties::of(Distribution::Split), StageTasks::One));
    }

    #[test]
    fn rows_that_every_task_has_are_not_disjoint() {
        let disjoint = InputRequirement::of(RequiredDistribution::Disjoint, "");
        let met = |distribution| {
            disjoint.is_met_by(&PlanProperties::of(distribution), StageTasks::Several)
        };
        assert!(met(Distribution::Split) && met(Distribution::OnePiece));
        assert!(!met(Distribution::Replicated));
        let single = InputRequirement::of(RequiredDistribution::Single, "");
        let piece = PlanProperties::of(Distribution::OnePiece);
        assert!(
            !single.is_met_by(&piece, StageTasks::Several),
            "other tasks have the result over nothing"
        );
    }

    #[test]
    fn an_order_is_met_by_a_longer_one_and_by_no_other() {
        let ordered = InputRequirement::any().ordered(ordering(&["a", "b"]));
        let met = |by: &[&str]| {
            let input = PlanProperties {
                ordering: ordering(by),
                ..PlanProperties::of(Distribution::Split)
            };
            ordered.is_met_by(&input, StageTasks::Several)
        };
        assert!(met(&["a", "b"]) && met(&["a", "b", "c"]));
        assert!(!met(&["a"]) && !met(&["b", "a"]) && !met(&[]));
    }

    #[test]
    fn results_of_a_first_phase_are_taken_by_their_second_alone() {
        let own = "groups of a".to_owned();
        let pending = |phase: Option<&String>| PlanProperties {
            pending: phase.cloned(),
            ..PlanProperties::of(Distribution::Split)
        };
        let other = "the first 3 rows of each task".to_owned();
        // For whole results, for those of the own first phase, and for those of another one.
        for (phase, wanted) in [
            (AcceptedPhase::Any, [true, true, true]),
            (AcceptedPhase::Whole, [true, false, false]),
            (AcceptedPhase::MayFinish(own.clone()), [true, true, false]),
            (AcceptedPhase::Finishes(own.clone()), [false, true, false]),
        ] {
            let requirement = InputRequirement::any().with_phase(phase);
            let inputs = [None, Some(&own), Some(&other)].map(pending);
            let met = inputs.map(|input| requirement.is_met_by(&input, StageTasks::One));
            assert_eq!(met, wanted, "{:?}", requirement.phase);
        }
    }

    #[test]
    fn the_inputs_of_a_join_are_split_alike() {
        let by = |keys: &[&str]| {
            InputRequirement::of(RequiredDistribution::Hash(names(keys)), "rows meet")
        };
        let requirements = [by(&["a", "b"]), by(&["c", "d"])];
        let unmet = |left: &[&str], right: &[&str], tasks| {
            let inputs = [split_by(left), split_by(right)];
            unmet_alternative(&requirements, &inputs, tasks)
        };
        assert_eq!(unmet(&["a", "b"], &["c", "d"], StageTasks::Several), None);
        // Each would do alone, and equal rows would be in different tasks.
        assert!(unmet(&["a"], &["d"], StageTasks::Several).is_some());
        assert!(unmet(&["b", "a"], &["c", "d"], StageTasks::Several).is_some());
        assert_eq!(unmet(&["a"], &["d"], StageTasks::One), None);
        let together = |keys: &[&str]| PlanProperties::of(Distribution::Together(names(keys)));
        let inputs = [together(&["a", "b"]), together(&["c", "d"])];
        assert!(unmet_alternative(&requirements, &inputs, StageTasks::Several).is_some());
        assert!(unmet_alternative(&requirements, &inputs, StageTasks::One).is_none());
        assert!(unmet_alternative(&requirements, &[split_by(&["a"])], StageTasks::One).is_some());
    }
}
