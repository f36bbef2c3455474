//! `MeetingLevels`: the distance of two entities, by searches from both of them that meet.

use std::sync::Arc;

use grism_core::{MemoryManager, Result};
use grism_logical::ListHop;

use super::hop_lists::HopLists;
use super::level_search::LevelSearch;
use crate::ExecutionContextTrait;

/// Two searches that take turns, the one with fewer entities at its last level first: both together reach far fewer than
/// one alone.
#[derive(Debug)]
pub(super) struct MeetingLevels {
    from_start: LevelSearch,
    from_target: LevelSearch,
}

impl MeetingLevels {
    pub(super) fn new(
        context: &Arc<dyn ExecutionContextTrait>,
        hops: &[ListHop],
        memory: &Arc<dyn MemoryManager>,
    ) -> Self {
        let back: Vec<ListHop> = hops.iter().map(ListHop::reversed).collect();
        let search =
            |hops: &[ListHop]| LevelSearch::new(HopLists::new(context, hops), Arc::clone(memory));
        Self {
            from_start: search(hops),
            from_target: search(&back),
        }
    }

    /// The number of hops of a shortest path between two different entities, where one of at most `most` hops exists.
    ///
    /// # Errors
    /// Those of [`LevelSearch::grow`].
    pub(super) async fn length(
        &mut self,
        (start, target): (u64, u64),
        most: Option<u64>,
    ) -> Result<Option<u64>> {
        self.from_start.begin(start, false);
        self.from_target.begin(target, false);
        loop {
            let length = self.from_start.last() + self.from_target.last();
            let forward = self.from_start.level(self.from_start.last());
            let back = self.from_target.level(self.from_target.last());
            if forward.is_empty() || back.is_empty() || most.is_some_and(|most| length >= most) {
                return Ok(None);
            }
            let (own, other) = match forward.len() <= back.len() {
                true => (&mut self.from_start, &self.from_target),
                false => (&mut self.from_target, &self.from_start),
            };
            own.grow().await?;
            let last = own.level(own.last());
            let meets = last.iter().any(|entity| other.level_of(*entity).is_some());
            if meets {
                return Ok(Some(length + 1));
            }
        }
    }
}
