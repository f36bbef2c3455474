//! Bounds of texts, which are cut where they are long.
//!
//! They are cut after a number of characters and not of bytes: then the bounds of some texts are the bounds of their
//! least and their greatest, however the texts are divided into pieces.

use crate::Value;

/// Characters that are kept of a text.
const KEPT: usize = 64;

/// The text, or its beginning, which is below it.
pub(super) fn lower_bound(text: &str) -> Value {
    Value::String(beginning(text).to_owned())
}

/// The text, or the least text above everything that begins like it.
pub(super) fn upper_bound(text: &str) -> Value {
    let kept = beginning(text);
    let bound = if kept.len() < text.len() {
        above(kept)
    } else {
        None
    };
    Value::String(bound.unwrap_or_else(|| text.to_owned()))
}

fn beginning(text: &str) -> &str {
    match text.char_indices().nth(KEPT) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// The least text above all that begin with `text`; `None` where there is none.
fn above(text: &str) -> Option<String> {
    let mut characters = text.char_indices().rev();
    let (place, last) = characters.find(|(_, character)| *character != char::MAX)?;
    let next = (last..=char::MAX).nth(1)?;
    Some(format!("{}{next}", &text[..place]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: &Value) -> &str {
        let Value::String(text) = value else { panic!() };
        text
    }

    #[test]
    fn a_long_text_lies_between_its_bounds() {
        let ends = ["", "z", "\u{D7FF}", "\u{10FFFF}"];
        for end in ends {
            let long = format!("{}{end}{end}", "a".repeat(KEPT - 1));
            let (lower, upper) = (lower_bound(&long), upper_bound(&long));
            assert!(text(&lower) <= long.as_str() && long.as_str() <= text(&upper));
            assert!(text(&lower).chars().count() <= KEPT && text(&upper).chars().count() <= KEPT);
        }
        let greatest = "\u{10FFFF}".repeat(KEPT + 1);
        assert_eq!(text(&upper_bound(&greatest)), greatest);
    }

    proptest! {
        #[test]
        fn bounds_keep_the_order_of_texts(a in "[aé\u{10FFFF}]{60,70}", b in "[aé\u{10FFFF}]{60,70}") {
            let (least, greatest) = if a <= b { (&a, &b) } else { (&b, &a) };
            let order = |bound: fn(&str) -> Value| {
                let (low, high) = (bound(least), bound(greatest));
                text(&low) <= text(&high)
            };
            prop_assert!(order(lower_bound) && order(upper_bound));
        }
    }
}
