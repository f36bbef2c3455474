//! Pieces of the text as messages show them.

/// Longer pieces of the text are cut in messages, since the place shows them as well.
pub(super) const LONGEST_PIECE: usize = 40;

/// A piece of the text as a message shows it.
pub(super) fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST_PIECE).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
