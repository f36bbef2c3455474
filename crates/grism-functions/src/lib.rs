//! The functions that a query may call: their names, arguments, types, kernels and documentation, in one registry.
//!
//! The binder, `SHOW FUNCTIONS`, the reference page and the engine read the same [`Function`]. A function is added by one
//! definition in the file of its family, and one line in the list of that family.

mod budget;
mod call;
mod conversion;
mod definition;
mod entity;
mod internal_name;
mod list;
mod null;
mod numeric;
mod operand;
mod parameter;
mod reference;
mod registry;
mod returns;
mod shared;
mod statistic;
mod temporal;
mod text;
mod user;

pub use budget::Budget;
pub use call::Call;
pub use conversion::{TO_BOOLEAN, TO_FLOAT, TO_INTEGER, TO_STRING, format_value};
pub use definition::{
    Binding, Category, EntityFunction, Example, Failure, Function, Kernel, Passes, Stability,
    Visibility,
};
pub use entity::{
    ARITY, AS_LIST, ELEMENT_ID, END_NODE, ENTITY, GET, HAS_LABELS, ID, KEYS, KIND, LABELS, LENGTH,
    MEMBERS, MERGE, NODES, PATH, POSITION, PROPERTIES, PROPERTY_MAP, RELATIONSHIPS, ROLES,
    START_NODE, TYPE, get, map_ids,
};
pub use list::{HEAD, LAST, RANGE, REVERSE, SIZE, Steps, TAIL, element, offsets_of, parts_of};
pub use null::{COALESCE, KEY, NULL_IF};
pub use numeric::{ABS, FLOAT_KEY, RAND, SQRT, float_key};
pub use operand::{Operand, aligned, computed_rows, map_rows};
pub use parameter::{Accepts, Parameter, Presence, expect, wrong_type};
pub use reference::FunctionRef;
pub use registry::{built_in, built_in_functions};
pub use returns::Returns;
pub use shared::{
    MOST_BYTES_AT_ONCE, SharedValues, compact_shared, concat_columns, may_be_large, mean_bytes,
    shared_type, take_rows, taken_bytes,
};
pub use statistic::{
    AVG_OF, AggregateFunction, AggregateRef, DISTINCT_OF, PERCENTILE_CONT, PERCENTILE_DISC, ST_DEV,
    ST_DEV_P, SUM_OF,
};
pub use temporal::{
    DATE, DATE_TIME, DATE_TIME_TRUNCATE, DURATION, TIME, TemporalOperator, arithmetic, component,
};
pub use text::check_text_length;
pub use user::{
    Collected, Functions, GivenEntities, Nulls, TableBatches, TableFunction, TableSignature,
    UserAccumulator, UserAggregate, UserDefined, UserFunction, UserParameter, UserSignature,
    fitting,
};

#[cfg(test)]
mod tests;
