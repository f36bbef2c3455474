//! The known name that an unknown one is nearest to, as a piece of a message.

use grism_core::nearest;

/// `; did you mean …?`, or nothing.
pub(crate) fn hint<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    nearest(name, known)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}
