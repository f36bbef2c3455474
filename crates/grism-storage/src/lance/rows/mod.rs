//! Single Lance datasets: how rows are read from them and written into them, in versions that only our log names.

pub(super) mod dataset;
pub(super) mod new_dataset;
pub(super) mod physical;
pub(super) mod plain_rows;
pub(super) mod predicate;
pub(super) mod write_rows;
