//! Names as plans show them.

/// A name as plans show it: internal names are left out.
pub(crate) fn shown(name: &str) -> &str {
    if name.starts_with('#') { "" } else { name }
}

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
