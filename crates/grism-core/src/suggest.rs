//! The nearest known name, for messages.

/// The candidate most like `name`, where one is near enough to be what the user meant.
///
/// ```
/// use grism_core::nearest;
///
/// assert_eq!(nearest("Persn", ["Plane", "Person"]), Some("Person"));
/// assert_eq!(nearest("Airport", ["Plane", "Person"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| {
            *distance <= candidate.chars().count().max(name.chars().count()) / 3
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
