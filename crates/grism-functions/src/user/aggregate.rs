//! `UserAggregate`: an aggregate that a user registers.

use std::fmt;

use arrow::array::ArrayRef;
use grism_core::{Result, Type, Value};
use serde::{Deserialize, Serialize};

use super::UserSignature;

/// An aggregate that a user registers.
///
/// With `#[typetag::serde]` on its implementation it travels within plans, to any process that links the implementation.
#[typetag::serde(tag = "aggregate")]
pub trait UserAggregate: fmt::Debug + Send + Sync {
    /// The name, the arguments, and the type of the value.
    fn signature(&self) -> &UserSignature;

    /// The types of the parts of a group's state, where states of parts of a group can be merged: threads and tasks then
    /// aggregate what they have, and states move. `None` brings all rows of a group to one place first.
    fn state(&self) -> Option<Vec<Type>>;

    /// What becomes of rows in which an argument is null.
    fn nulls(&self) -> Nulls {
        Nulls::Skipped
    }

    /// Runs `work`, which computes many groups. A lock that each of them takes is taken here once.
    fn together(&self, work: &mut dyn FnMut()) {
        work();
    }

    /// A group without rows.
    ///
    /// # Errors
    /// What the function cannot do.
    fn accumulator(&self) -> Result<Box<dyn UserAccumulator>>;
}

/// What becomes of rows in which an argument is null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Nulls {
    /// They are left out, as `sum` and `collect` leave them out.
    #[default]
    Skipped,
    /// The function gets them.
    Passed,
}

/// One group of a [`UserAggregate`].
pub trait UserAccumulator: fmt::Debug + Send + Sync {
    /// Adds `rows` rows: columns of the Arrow types of the parameters' types.
    ///
    /// # Errors
    /// What the function cannot compute; `InvalidData` where a value is to blame.
    fn update(&mut self, arguments: &[ArrayRef], rows: usize) -> Result<()>;

    /// The state: a column of one row for each of the types in [`UserAggregate::state`]. It is asked for only where there are
    /// such types.
    ///
    /// # Errors
    /// What the function cannot compute.
    fn state(&mut self) -> Result<Vec<ArrayRef>>;

    /// Adds the groups whose states are the rows of these columns.
    ///
    /// # Errors
    /// As [`Self::update`].
    fn merge(&mut self, states: &[ArrayRef]) -> Result<()>;

    /// The value of the group, which fits the type that the function returns.
    ///
    /// # Errors
    /// As [`Self::update`].
    fn finish(&mut self) -> Result<Value>;

    /// Bytes held, about.
    fn bytes(&self) -> usize;
}
