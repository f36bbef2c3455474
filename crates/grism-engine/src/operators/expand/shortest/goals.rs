//! `Goals`: the rows of a batch by the node that their paths start from.

use std::collections::HashMap;

use arrow::array::{Array, UInt64Array};

/// Targets of one start up to which each is searched for from both ends; past it one search from the start alone finds all.
const FEW_TARGETS: usize = 8;

/// What is looked for from one start.
#[derive(Debug, Default)]
pub(crate) struct Goals {
    pub(crate) start: u64,
    /// Rows that want a path to every node.
    pub(crate) open: Vec<u32>,
    /// Rows that want paths to one node.
    pub(crate) targets: Vec<(u32, u64)>,
}

impl Goals {
    /// The rows of a batch by their starts, in the order in which these come first. A row without a start or a target is
    /// in none, and neither is one with a target that `is_left_out`.
    pub(crate) fn by_start(
        starts: &UInt64Array,
        targets: Option<&UInt64Array>,
        is_left_out: impl Fn(u64, u64) -> bool,
    ) -> Vec<Self> {
        let mut places = HashMap::new();
        let mut goals: Vec<Self> = Vec::new();
        for row in (0..starts.len()).filter(|row| starts.is_valid(*row)) {
            let start = starts.value(row);
            let target = match targets {
                Some(targets) if targets.is_null(row) => continue,
                Some(targets) if is_left_out(start, targets.value(row)) => continue,
                Some(targets) => Some(targets.value(row)),
                None => None,
            };
            let place = *places.entry(start).or_insert(goals.len());
            if place == goals.len() {
                goals.push(Self {
                    start,
                    ..Self::default()
                });
            }
            match target {
                Some(target) => goals[place].targets.push((row as u32, target)),
                None => goals[place].open.push(row as u32),
            }
        }
        goals
    }

    /// Whether nothing is looked for any more.
    pub(crate) fn are_reached(&self) -> bool {
        self.open.is_empty() && self.targets.is_empty()
    }

    /// Takes out the targets that are searched for from both ends, with their rows: those of a start that has few of them.
    pub(crate) fn take_few(&mut self) -> Vec<(u64, Vec<u32>)> {
        if !self.open.is_empty() {
            return Vec::new();
        }
        let mut places = HashMap::new();
        let mut few: Vec<(u64, Vec<u32>)> = Vec::new();
        for (row, target) in self
            .targets
            .iter()
            .filter(|(_, target)| *target != self.start)
        {
            let place = *places.entry(*target).or_insert(few.len());
            if place == FEW_TARGETS {
                return Vec::new();
            }
            if place == few.len() {
                few.push((*target, Vec::new()));
            }
            few[place].1.push(*row);
        }
        self.targets.retain(|(_, target)| *target == self.start);
        few
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_together_by_start_and_those_without_one_are_left_out() {
        let starts = UInt64Array::from(vec![Some(7), None, Some(3), Some(7), Some(3)]);
        let targets = UInt64Array::from(vec![Some(1), Some(1), Some(3), Some(2), None]);
        let goals = Goals::by_start(&starts, Some(&targets), |start, target| start == target);
        let shown: Vec<_> = goals
            .iter()
            .map(|own| (own.start, own.targets.clone()))
            .collect();
        assert_eq!(shown, [(7, vec![(0, 1), (3, 2)])]);
        let goals = Goals::by_start(&starts, None, |_, _| false);
        let shown: Vec<_> = goals
            .iter()
            .map(|own| (own.start, own.open.clone()))
            .collect();
        assert_eq!(shown, [(7, vec![0, 3]), (3, vec![2, 4])]);
    }
}
