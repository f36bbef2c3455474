//! `Internal`: the columns of a plan that no query names.

use std::fmt;

/// What stands before the name of an internal column. No variable of a query has a column of such a name: see
/// [`is_internal`].
const SIGIL: char = '#';

/// A column that planning makes for itself. All kinds are listed here, so that two makers never take one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Internal<'a> {
    /// A column that the binder makes for a part of the query; the number is the query's own.
    Bound {
        /// What it holds, for whoever reads plans.
        what: &'a str,
        /// Which of them.
        number: usize,
    },
    /// The only column of rows that are counted, or asked for, and not read.
    Row,
    /// The numbers of rows whose order counts.
    RowNumber,
    /// How many rows of a pattern a row stands for.
    Weight,
    /// What stands for a repeated part of a pattern, by its number, where patterns have edges.
    Group(usize),
    /// The relationships that the paths of a repeated part run through.
    GroupSteps(usize),
    /// The entities that these lead to.
    GroupEntities(usize),
    /// What each repetition of a part takes.
    GroupTaken {
        /// The part.
        group: usize,
        /// Which of what a repetition takes.
        number: usize,
    },
    /// As [`Self::GroupSteps`], of one repetition.
    HopSteps,
    /// As [`Self::GroupEntities`], of one repetition.
    HopEntities,
    /// As [`Self::GroupTaken`], of one repetition.
    HopTaken(usize),
    /// A list of a path that is followed from its end, before it is turned round.
    Reversed {
        /// The column of the list as it is wanted.
        column: &'a str,
        /// Which of the pattern's temporary columns.
        number: usize,
    },
    /// Where a step leads that must end at what another column holds.
    Reached {
        /// That column.
        variable: &'a str,
        /// Which of the pattern's temporary columns.
        number: usize,
    },
    /// The number of a component, of one of two entities.
    Component(usize),
    /// How long the path or list of another column is.
    LengthOf(&'a str),
    /// The number of the lists' entries that an expansion counts.
    Counted(usize),
    /// What the counts of a group's patterns add up to, for the sum of this name.
    TotalOf(&'a str),
    /// How many of them have a value, for the sum of this name.
    KnownOf(&'a str),
    /// The values of one argument of aggregates, each once in a group.
    Different,
    /// A key of groups that larger ones are made of.
    Grouped(usize),
    /// What an aggregate is made of where groups consist of smaller ones.
    GroupedPart {
        /// The aggregate.
        call: usize,
        /// Which part.
        part: usize,
    },
    /// The numbers of the outer rows that a subplan runs for.
    OuterRow(usize),
    /// What a value is grouped by that is equal to others of another form.
    GroupKey(usize),
    /// The value itself.
    GroupValue(usize),
    /// The only argument of an aggregate.
    Argument(usize),
    /// One of several arguments of an aggregate.
    ArgumentPart {
        /// The aggregate.
        call: usize,
        /// Which argument.
        place: usize,
    },
    /// What tells whether the arguments of an aggregate are equal to others.
    ArgumentKey(usize),
    /// A key of a join's left input that is no column there.
    LeftKey(usize),
    /// As [`Self::LeftKey`], of its right input.
    RightKey(usize),
    /// A key of an order that is no column.
    SortKey(usize),
    /// An operand of an expression that is compiled again for the types of its operands.
    Operand(usize),
}

impl Internal<'_> {
    /// The column's name.
    #[must_use]
    pub fn column(self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Internal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SIGIL}")?;
        match self {
            Self::Bound { what, number } => write!(f, "{what}{number}"),
            Self::Row => f.write_str("row"),
            Self::RowNumber => f.write_str("row_number"),
            Self::Weight => f.write_str("weight"),
            Self::Group(number) => write!(f, "group{number}"),
            Self::GroupSteps(number) => write!(f, "steps{number}"),
            Self::GroupEntities(number) => write!(f, "entities{number}"),
            Self::GroupTaken { group, number } => write!(f, "taken{group}_{number}"),
            Self::HopSteps => f.write_str("hop_steps"),
            Self::HopEntities => f.write_str("hop_entities"),
            Self::HopTaken(number) => write!(f, "hop_used{number}"),
            Self::Reversed { column, number } => write!(f, "{column}back{number}"),
            Self::Reached { variable, number } => write!(f, "{variable}~{number}"),
            Self::Component(number) => write!(f, "component{number}"),
            Self::LengthOf(column) => write!(f, "length_of{column}"),
            Self::Counted(number) => write!(f, "count_of{number}"),
            Self::TotalOf(name) => write!(f, "total_of{name}"),
            Self::KnownOf(name) => write!(f, "known_of{name}"),
            Self::Different => f.write_str("different"),
            Self::Grouped(number) => write!(f, "grouped{number}"),
            Self::GroupedPart { call, part } => write!(f, "part{call}.{part}"),
            Self::OuterRow(number) => write!(f, "row{number}"),
            Self::GroupKey(number) => write!(f, "key{number}"),
            Self::GroupValue(number) => write!(f, "value{number}"),
            Self::Argument(call) => write!(f, "argument{call}"),
            Self::ArgumentPart { call, place } => write!(f, "argument{call}.{place}"),
            Self::ArgumentKey(call) => write!(f, "argument{call}.key"),
            Self::LeftKey(number) => write!(f, "left{number}"),
            Self::RightKey(number) => write!(f, "right{number}"),
            Self::SortKey(number) => write!(f, "sort{number}"),
            Self::Operand(place) => write!(f, "{place}"),
        }
    }
}

/// Whether a column is internal.
#[must_use]
pub fn is_internal(column: &str) -> bool {
    column.starts_with(SIGIL)
}

/// The column's name for plans and messages; empty for an internal one.
#[must_use]
pub fn shown_column(column: &str) -> &str {
    if is_internal(column) { "" } else { column }
}

/// The column's name without what marks it as internal.
#[must_use]
pub fn plain_column(column: &str) -> &str {
    column.trim_start_matches(SIGIL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_columns_have_names_of_their_own_and_are_not_shown() {
        let columns = [
            Internal::Row,
            Internal::RowNumber,
            Internal::OuterRow(1),
            Internal::Group(1),
            Internal::GroupSteps(1),
            Internal::GroupTaken {
                group: 1,
                number: 1,
            },
            Internal::HopTaken(1),
            Internal::Different,
            Internal::Grouped(1),
            Internal::GroupedPart { call: 1, part: 1 },
            Internal::GroupKey(1),
            Internal::Argument(1),
            Internal::ArgumentPart { call: 1, place: 1 },
            Internal::ArgumentKey(1),
            Internal::LeftKey(1),
            Internal::Operand(1),
        ];
        let mut names: Vec<String> = columns.iter().map(|own| own.column()).collect();
        assert!(names.iter().all(|name| shown_column(name).is_empty()));
        assert!(names.iter().all(|name| !is_internal(plain_column(name))));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), columns.len());
        assert_eq!(shown_column("row1"), "row1");
    }
}
