//! `LabelPlan`: what a load knows of the entities of a label or type that it binds.

use std::sync::Arc;

use grism_core::TableId;

use super::keys::KeyIndex;

/// The entities of one label or type that roles bind.
pub(super) struct LabelPlan {
    pub(super) label: String,
    pub(super) index: Arc<KeyIndex>,
    /// Where new entities go, and the property that is their key.
    pub(super) table: TableId,
    pub(super) key: String,
    /// The column of that property.
    pub(super) key_column: String,
    pub(super) next_offset: u64,
    /// Why members that are missing cannot be created; `None` where they can.
    pub(super) not_created: Option<String>,
}
