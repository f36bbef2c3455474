//! Expressions over known rows.

mod arithmetic;
mod choices;
mod comparisons;
mod datafusion_nodes;
mod lists;
mod membership;
mod rows;
