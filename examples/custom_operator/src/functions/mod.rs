//! Functions that queries call by their names, one of each kind.

mod logistic;
mod median_of;
mod steps;

use std::sync::Arc;

use grism_functions::UserDefined;

pub use logistic::Logistic;
pub use median_of::MedianOf;
pub use steps::Steps;

/// The functions, to be registered with a graph.
#[must_use]
pub fn functions() -> Vec<UserDefined> {
    vec![
        UserDefined::Scalar(Arc::new(Logistic::default())),
        UserDefined::Aggregate(Arc::new(MedianOf::default())),
        UserDefined::Table(Arc::new(Steps::default())),
    ]
}
