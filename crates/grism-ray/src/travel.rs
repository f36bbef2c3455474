//! The form in which tasks travel to workers: MessagePack with names.
//!
//! A plan nests as deeply as its query, so neither writing nor reading may be bound to the depth of a stack or to a fixed
//! number of levels, as readers of JSON are.

use grism_core::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::TaskSpec;

impl TaskSpec {
    /// The task as bytes, for a worker of the same version.
    ///
    /// # Errors
    /// `Internal` for an operator that cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut writer = rmp_serde::Serializer::new(&mut bytes).with_struct_map();
        self.serialize(serde_stacker::Serializer::new(&mut writer))
            .map_err(|error| Error::internal(format!("a task that cannot be sent: {error}")))?;
        Ok(bytes)
    }

    /// The task that [`TaskSpec::to_bytes`] made the bytes of.
    ///
    /// # Errors
    /// `Internal` for other bytes, and for an operator that this process does not know.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
        reader.set_max_depth(usize::MAX);
        Self::deserialize(serde_stacker::Deserializer::new(&mut reader))
            .map_err(|error| Error::internal(format!("a task that cannot be read: {error}")))
    }
}
