//! The quantifiers `all`, `any`, `none` and `single`.

use std::sync::Arc;

use arrow::array::{Array, BooleanArray};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use grism_core::{ErrorKind, Result, Type};
use grism_functions::{Budget, Operand};
use grism_logical::{LogicalExpr, Quantifier};

use super::inner::{Inner, compile_list};
use super::lists::{Elements, Lists};
use crate::PhysicalSchema;
use crate::expr::compile::compile_as;
use crate::expr::node::{Kind, Node, OwnExpr, children, evaluate};

/// `all`, `any`, `none` and `single`.
#[derive(Debug)]
pub(in crate::expr) struct Quantified {
    quantifier: Quantifier,
    inner: Inner,
    predicate: Node,
}

impl Quantified {
    pub(in crate::expr) fn compile(
        quantifier: Quantifier,
        list: &LogicalExpr,
        variable: &str,
        predicate: &LogicalExpr,
        input: &PhysicalSchema,
    ) -> Result<Node> {
        let (list, item) = compile_list(list, input)?;
        let inner = Inner::new(&[predicate], &[(variable, &item)], input)?;
        let kind = Self {
            quantifier,
            predicate: compile_as(predicate, &inner.schema, &Type::Bool)?,
            inner,
        };
        Ok(OwnExpr::node(kind, vec![list], DataType::Boolean))
    }

    /// Adds what the predicate says of some elements.
    fn count(&self, batch: &RecordBatch, elements: Elements, counts: &mut [Counts]) -> Result<()> {
        let mark = Budget::current().mark();
        let inner = self
            .inner
            .batch(batch, &elements.rows, vec![elements.items])?;
        let flags = evaluate(&self.predicate, &inner)?.into_column(inner.num_rows())?;
        Budget::current().release_to(mark, 0);
        let flags = Operand::column(flags).booleans()?;
        for (element, row) in elements.rows.values().iter().enumerate() {
            let counts = &mut counts[*row as usize];
            match flags.is_valid(element).then(|| flags.value(element)) {
                Some(true) => counts.yes += 1,
                Some(false) => counts.no += 1,
                None => counts.unknown += 1,
            }
        }
        Ok(())
    }

    /// The first elements of all rows, then the second ones of those that are not settled, and so on.
    fn one_after_the_other(
        &self,
        batch: &RecordBatch,
        lists: &Lists,
        counts: &mut [Counts],
    ) -> Result<()> {
        let mut open: Vec<u32> = (0..lists.rows as u32).collect();
        for position in 0.. {
            open.retain(|row| {
                let row = *row as usize;
                position < lists.length(row) && !counts[row].is_settled(self.quantifier)
            });
            if open.is_empty() {
                break;
            }
            let places = open
                .iter()
                .map(|row| (lists.start(*row as usize) + position) as u32)
                .collect();
            let elements = lists.elements(open.clone(), places)?;
            self.count(batch, elements, counts)?;
        }
        Ok(())
    }
}

impl Kind for Quantified {
    fn name(&self) -> &'static str {
        self.quantifier.as_str()
    }

    fn evaluate(&self, nodes: &[Node], batch: &RecordBatch) -> Result<Operand> {
        let [list] = children(nodes)?;
        let lists = Lists::of(list, batch)?;
        let mut counts = vec![Counts::default(); lists.rows];
        let counted = lists.for_each_part(|elements| self.count(batch, elements, &mut counts));
        if let Err(error) = counted {
            if error.kind() == ErrorKind::ResourceExhausted {
                return Err(error);
            }
            // Perhaps for an element behind the one that settles the answer.
            counts.fill(Counts::default());
            self.one_after_the_other(batch, &lists, &mut counts)?;
        }
        let answers: BooleanArray = counts
            .iter()
            .enumerate()
            .map(|(row, counts)| {
                if lists.is_null(row) {
                    return None;
                }
                counts.answer(self.quantifier)
            })
            .collect();
        Ok(Operand::column(Arc::new(answers)))
    }
}

/// How often a predicate is true, false and unknown in one list.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    yes: u32,
    no: u32,
    unknown: u32,
}

impl Counts {
    /// Whether no further element changes the answer.
    fn is_settled(self, quantifier: Quantifier) -> bool {
        match quantifier {
            Quantifier::All => self.no > 0,
            Quantifier::Any | Quantifier::None => self.yes > 0,
            Quantifier::Single => self.yes > 1,
        }
    }

    fn answer(self, quantifier: Quantifier) -> Option<bool> {
        let sure = self.unknown == 0;
        match quantifier {
            Quantifier::All if self.no > 0 => Some(false),
            Quantifier::All => sure.then_some(true),
            Quantifier::Any if self.yes > 0 => Some(true),
            Quantifier::Any => sure.then_some(false),
            Quantifier::None if self.yes > 0 => Some(false),
            Quantifier::None => sure.then_some(true),
            Quantifier::Single if self.yes > 1 => Some(false),
            Quantifier::Single => sure.then_some(self.yes == 1),
        }
    }
}
