//! What expressions need besides the columns of their rows: columns to be made, and aggregates.

use std::collections::BTreeSet;

use grism_core::{Result, Type};
use grism_logical::{
    AggregateCall, ApplyKind, Column, LogicalExpr, LogicalPlan, NamedAggregate, NamedExpr,
    PlanSchema, infer_type,
};

use crate::binder::Notes;

/// A column that must be made before an expression can be evaluated.
#[derive(Debug)]
pub(crate) enum Pending {
    /// By running a subplan for each row.
    Apply(Box<LogicalPlan>, ApplyKind),
    /// By evaluating an expression.
    Column(NamedExpr),
    /// By reading the contents of the entities within a dynamically typed expression, so many levels of members deep.
    Hydrate(NamedExpr, u8),
}

impl Pending {
    /// Whether this makes the column.
    pub(crate) fn makes(&self, column: &str) -> bool {
        match self {
            Self::Column(own) | Self::Hydrate(own, _) => own.name == column,
            Self::Apply(_, ApplyKind::Mark(name) | ApplyKind::Count(name)) => name == column,
            Self::Apply(_, ApplyKind::Collect { into, .. }) => into == column,
            Self::Apply(..) => false,
        }
    }

    fn reads(&self) -> BTreeSet<String> {
        match self {
            Self::Apply(..) => BTreeSet::new(),
            Self::Column(own) | Self::Hydrate(own, _) => own.expression.columns(),
        }
    }

    /// Adds the column that this makes.
    fn add_column(&self, schema: &mut PlanSchema) -> Result<()> {
        match self {
            Self::Apply(_, ApplyKind::Mark(name)) => schema.put(Column::new(name, Type::Bool)),
            Self::Apply(_, ApplyKind::Count(name)) => schema.put(Column::new(name, Type::Int64)),
            Self::Apply(subplan, ApplyKind::Collect { value, into }) => {
                let inner = subplan.schema()?;
                let item = inner.find(value).map_or(Type::Null, |own| own.ty.clone());
                schema.put(Column::new(into, item.list()));
            }
            Self::Apply(..) => {}
            Self::Hydrate(own, _) => schema.put(Column::new(&own.name, Type::Any)),
            Self::Column(own) => {
                let ty = infer_type(&own.expression, schema)?;
                schema.put(Column::new(&own.name, ty));
            }
        }
        Ok(())
    }
}

/// What the expressions of one operator need, in the order in which it has to be made.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// Columns made below the operator that evaluates the expressions.
    below: Vec<Pending>,
    /// Columns that read aggregates, made above the aggregation.
    above_aggregation: Vec<Pending>,
    /// The aggregates; `None` where none may stand.
    aggregates: Option<Vec<NamedAggregate>>,
}

/// What was needed at a moment, to tell what a part of an expression adds.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    below: usize,
    above_aggregation: usize,
    warnings: usize,
}

impl Needs {
    /// The needs of a projection, in which aggregates may stand.
    pub(crate) fn of_projection() -> Self {
        Self {
            aggregates: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// Whether no column has to be made below.
    pub(crate) fn is_empty(&self) -> bool {
        self.below.is_empty()
    }

    /// Takes the columns that have to be made below, in their order.
    pub(crate) fn take_below(&mut self) -> Vec<Pending> {
        std::mem::take(&mut self.below)
    }

    /// How many different aggregates there are so far.
    pub(crate) fn aggregate_count(&self) -> usize {
        self.aggregates.as_ref().map_or(0, Vec::len)
    }

    /// Takes the aggregates, and the columns that are made above them. None may stand afterwards.
    pub(crate) fn take_aggregation(&mut self) -> (Vec<NamedAggregate>, Vec<Pending>) {
        (
            self.aggregates.take().unwrap_or_default(),
            std::mem::take(&mut self.above_aggregation),
        )
    }

    /// Asks for a column below the operator, or above its aggregation where it reads aggregates.
    pub(crate) fn pend(&mut self, pending: Pending) {
        let is_above = |column: &String| {
            self.is_aggregate(column) || self.above_aggregation.iter().any(|own| own.makes(column))
        };
        if pending.reads().iter().any(is_above) {
            self.above_aggregation.push(pending);
        } else {
            self.below.push(pending);
        }
    }

    /// Asks for a subplan to be run for each row, below any aggregation.
    pub(super) fn apply(&mut self, subplan: LogicalPlan, kind: ApplyKind) {
        self.below.push(Pending::Apply(Box::new(subplan), kind));
    }

    /// Whether the column is that of an aggregate.
    pub(super) fn is_aggregate(&self, column: &str) -> bool {
        let mut aggregates = self.aggregates.iter().flatten();
        aggregates.any(|own| own.name == column)
    }

    /// The column that holds `expression` with the contents of its entities, where it was asked for already.
    pub(super) fn hydrated(&self, expression: &LogicalExpr, depth: u8) -> Option<&str> {
        let mut all = self.below.iter().chain(&self.above_aggregation);
        all.find_map(|pending| match pending {
            Pending::Hydrate(own, known) if &own.expression == expression && *known == depth => {
                Some(own.name.as_str())
            }
            _ => None,
        })
    }

    /// Forbids aggregates, and returns those there are; `None` where none could stand. [`Self::allow_aggregates`] undoes this.
    pub(super) fn forbid_aggregates(&mut self) -> Option<Vec<NamedAggregate>> {
        self.aggregates.take()
    }

    /// Allows aggregates again, with those there were.
    pub(super) fn allow_aggregates(&mut self, aggregates: Vec<NamedAggregate>) {
        self.aggregates = Some(aggregates);
    }

    /// The column of an aggregate's result; equal aggregates share one.
    pub(super) fn aggregate_column(&mut self, call: AggregateCall, notes: &mut Notes) -> String {
        let aggregates = self.aggregates.get_or_insert_default();
        if let Some(own) = aggregates.iter().find(|own| own.call == call) {
            return own.name.clone();
        }
        let column = notes.fresh("aggregate");
        aggregates.push(call.named(&column));
        column
    }

    /// Adds every column that is needed.
    pub(super) fn add_columns(&self, schema: &mut PlanSchema) -> Result<()> {
        self.add_columns_below(schema)?;
        let Some(aggregates) = &self.aggregates else {
            return Ok(());
        };
        for own in aggregates {
            let ty = own.call.result_type(schema)?;
            schema.put(Column::new(&own.name, ty));
        }
        let mut above = self.above_aggregation.iter();
        above.try_for_each(|pending| pending.add_column(schema))
    }

    /// Adds the columns that are made below.
    pub(super) fn add_columns_below(&self, schema: &mut PlanSchema) -> Result<()> {
        let mut below = self.below.iter();
        below.try_for_each(|pending| pending.add_column(schema))
    }

    pub(crate) fn mark(&self, notes: &Notes) -> Mark {
        Mark {
            below: self.below.len(),
            above_aggregation: self.above_aggregation.len(),
            warnings: notes.warnings.len(),
        }
    }

    /// Forgets what was asked for, and warned of, since `mark`.
    pub(crate) fn rewind(&mut self, mark: Mark, notes: &mut Notes) {
        self.below.truncate(mark.below);
        self.above_aggregation.truncate(mark.above_aggregation);
        notes.warnings.truncate(mark.warnings);
    }

    /// Whether anything was asked for since `mark`.
    pub(crate) fn grew_since(&self, mark: Mark) -> bool {
        self.below.len() > mark.below || self.above_aggregation.len() > mark.above_aggregation
    }

    /// Whether a column that was asked for since `mark` reads `column`.
    pub(super) fn is_read_since(&self, mark: Mark, column: &str) -> bool {
        let below = self.below[mark.below..].iter();
        let mut all = below.chain(&self.above_aggregation[mark.above_aggregation..]);
        all.any(|pending| pending.reads().contains(column))
    }
}
