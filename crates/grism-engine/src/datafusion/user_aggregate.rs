//! Aggregates that the user registered, for DataFusion's hash aggregate.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::Result;
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility,
};
use grism_functions::UserAggregate;

use super::user_group::{Counted, GroupForm, external};
use super::user_groups::Groups;
use crate::CancellationHandle;

/// The aggregate, and whether rows with equal arguments count once: then a key of them follows the arguments. It stops where
/// the query is cancelled.
pub(super) fn user_aggregate(
    function: &Arc<dyn UserAggregate>,
    counted: Counted,
    cancellation: &CancellationHandle,
) -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(UserUdaf {
        form: GroupForm {
            function: Arc::clone(function),
            counted,
            cancellation: cancellation.clone(),
        },
        signature: Signature::variadic_any(Volatility::Volatile),
    }))
}

#[derive(Debug)]
struct UserUdaf {
    form: GroupForm,
    signature: Signature,
}

impl PartialEq for UserUdaf {
    /// A plan is made with one set of functions, so that the name of a function tells which it is.
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() && self.form.counted == other.form.counted
    }
}

impl Eq for UserUdaf {}

impl Hash for UserUdaf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
        self.form.counted.hash(state);
    }
}

impl AggregateUDFImpl for UserUdaf {
    fn name(&self) -> &str {
        &self.form.function.signature().name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.form.function.signature().returns.to_arrow())
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let group = self.form.group(&types_of(&arguments)).map_err(external)?;
        Ok(Box::new(group))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::new(
            self.form.clone(),
            types_of(&arguments),
        )))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let inputs = arguments.input_fields.iter();
        let inputs: Vec<DataType> = inputs.map(|field| field.data_type().clone()).collect();
        let types = self.form.state_types(&inputs);
        let fields = types.into_iter().enumerate().map(|(place, ty)| {
            let name = format_state_name(arguments.name, &place.to_string());
            Arc::new(Field::new(name, ty, true))
        });
        Ok(fields.collect())
    }
}

fn types_of(arguments: &AccumulatorArgs<'_>) -> Vec<DataType> {
    let fields = arguments.expr_fields.iter();
    fields.map(|field| field.data_type().clone()).collect()
}
