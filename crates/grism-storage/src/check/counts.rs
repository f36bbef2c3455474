//! What is wrong with statistics, beside those that reading everything gives.

use std::cmp::Ordering;

use grism_core::{DegreeDistribution, PropertyStatistics, Value, order_values};

/// What is wrong with the statistics of a property, which `found` are the true ones of.
pub(super) fn property_problems(
    told: &PropertyStatistics,
    found: &PropertyStatistics,
) -> Vec<String> {
    let mut problems = Vec::new();
    if told.values != found.values {
        problems.push(format!(
            "{} values, the statistics say {}",
            found.values, told.values
        ));
    }
    let bounds = [
        ("least", &found.least, &told.least, Ordering::Less),
        (
            "greatest",
            &found.greatest,
            &told.greatest,
            Ordering::Greater,
        ),
    ];
    for (name, found, own, outer) in bounds {
        if !holds(own.as_ref(), found.as_ref(), outer, told.is_exact) {
            problems.push(format!(
                "the {name} value is {}, the statistics say {}",
                shown(found.as_ref()),
                shown(own.as_ref())
            ));
        }
    }
    let (own, found) = (told.distinct.as_ref(), found.distinct.as_ref());
    let is_true = match (own, found) {
        (Some(own), Some(found)) if !told.is_exact => own.may_contain(found),
        _ => own == found,
    };
    if !is_true {
        problems.push("the statistics were made of other values".to_owned());
    }
    problems
}

/// Whether a bound is the true one, or one that lies outside of it where it need not be exact.
fn holds(told: Option<&Value>, found: Option<&Value>, outer: Ordering, is_exact: bool) -> bool {
    match (told, found) {
        (Some(told), Some(found)) => match order_values(told, found) {
            Some(Ordering::Equal) => true,
            order => !is_exact && order == Some(outer),
        },
        (None, None) => true,
        (Some(_), None) => !is_exact,
        (None, Some(_)) => false,
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "none".to_owned(), Value::to_string)
}

/// What is wrong with the degrees of a role, which `found` are the true ones of.
pub(super) fn degree_problem(
    told: &DegreeDistribution,
    found: &DegreeDistribution,
) -> Option<String> {
    if told.is_exact && told != found {
        return Some(format!(
            "the degrees of {} members are others than the statistics say",
            found.members
        ));
    }
    (told.greatest < found.greatest).then(|| {
        format!(
            "a member with {} incidences, the statistics say that none has more than {}",
            found.greatest, told.greatest
        )
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;

    use super::*;

    fn statistics(values: Vec<i64>) -> PropertyStatistics {
        let mut found = PropertyStatistics::default();
        found.add_column(&Int64Array::from(values));
        found
    }

    #[test]
    fn what_the_statistics_say_wrongly_is_told() {
        let found = statistics(vec![1, 2, 3]);
        assert!(property_problems(&found, &found).is_empty());
        let wrong = [
            statistics(vec![1, 2]),
            statistics(vec![1, 2, 9]),
            statistics(vec![0, 2, 3]),
        ];
        for told in wrong {
            assert!(!property_problems(&told, &found).is_empty(), "{told:?}");
        }
        let mut bounds = statistics(vec![0, 1, 2, 3, 9]);
        bounds.remove(2);
        assert!(property_problems(&bounds, &found).is_empty());
        let mut narrow = statistics(vec![1, 2, 2, 2]);
        narrow.remove(1);
        assert_eq!(property_problems(&narrow, &found).len(), 2);
        let (told, found) = (
            DegreeDistribution::of(&[1, 2]),
            DegreeDistribution::of(&[1, 1]),
        );
        assert!(degree_problem(&told, &told).is_none());
        assert!(degree_problem(&told, &found).is_some());
    }
}
