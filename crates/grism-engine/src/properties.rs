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
    /// Every task has all rows.
    Replicated,
}

impl Distribution {
    /// Whether one task has all rows.
    #[must_use]
    pub fn is_at_one_place(&self) -> bool {
        matches!(self, Self::Single | Self::OnePiece)
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
        let distribution = match &input.distribution {
            Distribution::Hash(keys) => {
                let keys: Option<Vec<String>> = keys.iter().map(|key| name(key)).collect();
                keys.map_or(Distribution::Split, Distribution::Hash)
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
            (RequiredDistribution::Hash(keys), Distribution::Hash(split)) => {
                !split.is_empty() && split.iter().all(|key| keys.contains(key))
            }
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
