//! Names as plans show them.

pub(crate) use grism_logical::shown_column as shown;

/// `variable:label`, with either part left out where it says nothing.
pub(crate) fn named(variable: &str, label: &str) -> String {
    let variable = shown(variable);
    if label.is_empty() {
        variable.to_owned()
    } else {
        format!("{variable}:{label}")
    }
}

pub(crate) fn comma_separated(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
}
