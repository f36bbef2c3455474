//! What a rule of the optimizer changed, as lines of the plan before and after.

use serde::Serialize;

/// Lines of a plan, beyond which lines are compared from both ends only.
const MOST_COMPARED: usize = 400;

/// What one rule changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleChange {
    /// The rule.
    pub name: &'static str,
    /// The lines of the plan that went, indented as they were.
    pub removed: Vec<String>,
    /// The lines that came in their place.
    pub added: Vec<String>,
}

/// What the rule `name` changed between two texts of a plan; `None` where it changed nothing.
pub(super) fn change_between(name: &'static str, before: &str, after: &str) -> Option<RuleChange> {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (removed, added) = different_lines(&lines(before), &lines(after));
    (!removed.is_empty() || !added.is_empty()).then_some(RuleChange {
        name,
        removed,
        added,
    })
}

/// The lines that only one of two plans has. Indentation does not count: it changes with whatever comes above.
fn different_lines(before: &[String], after: &[String]) -> (Vec<String>, Vec<String>) {
    let same = |(a, b): &(&String, &String)| a.trim_start() == b.trim_start();
    let head = before.iter().zip(after).take_while(same).count();
    let (before, after) = (&before[head..], &after[head..]);
    let tail = before
        .iter()
        .rev()
        .zip(after.iter().rev())
        .take_while(same)
        .count();
    let before = &before[..before.len() - tail];
    let after = &after[..after.len() - tail];
    if before.len().max(after.len()) > MOST_COMPARED {
        return (before.to_vec(), after.to_vec());
    }
    let lengths = common_lengths(before, after);
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    let (mut i, mut j) = (0, 0);
    while i < before.len() || j < after.len() {
        let is_same =
            i < before.len() && j < after.len() && before[i].trim_start() == after[j].trim_start();
        if is_same {
            (i, j) = (i + 1, j + 1);
        } else if j == after.len() || (i < before.len() && lengths[i + 1][j] >= lengths[i][j + 1]) {
            removed.push(before[i].clone());
            i += 1;
        } else {
            added.push(after[j].clone());
            j += 1;
        }
    }
    (removed, added)
}

/// How many lines the ends of two plans from two places on have in common, in order.
fn common_lengths(before: &[String], after: &[String]) -> Vec<Vec<usize>> {
    let mut lengths = vec![vec![0; after.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            lengths[i][j] = if before[i].trim_start() == after[j].trim_start() {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn only_lines_that_differ_are_told() {
        let before = lines(&["Project(a)", "  Filter(x)", "    Scan(n)"]);
        let after = lines(&["Project(a)", "  Scan(n; where x)"]);
        let (removed, added) = different_lines(&before, &after);
        assert_eq!(removed, lines(&["  Filter(x)", "    Scan(n)"]));
        assert_eq!(added, lines(&["  Scan(n; where x)"]));
    }

    #[test]
    fn lines_that_moved_in_only_are_the_same() {
        let before = lines(&["A", "  B", "    C"]);
        let after = lines(&["A", "  New", "    B", "      C"]);
        assert_eq!(
            different_lines(&before, &after),
            (Vec::new(), lines(&["  New"]))
        );
        assert_eq!(different_lines(&before, &before), (Vec::new(), Vec::new()));
    }
}
