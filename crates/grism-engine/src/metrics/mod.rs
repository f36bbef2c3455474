//! What operators did, by operator, on every runtime.

mod metered_stream;
mod operator_id;
mod operator_meter;
mod operator_metrics;
mod operator_run;
mod query_id;
mod query_metrics;

pub(crate) use metered_stream::metered_stream;
pub use operator_id::{OperatorId, OperatorIds};
pub use operator_meter::OperatorMeter;
pub use operator_metrics::{OperatorMetrics, OwnTime, add_metrics};
pub use operator_run::OperatorRun;
pub use query_id::new_query_id;
pub use query_metrics::{MetricsSink, QueryMetrics};
