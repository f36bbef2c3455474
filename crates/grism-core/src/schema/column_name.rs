//! Names of columns: those of roles and properties, in characters that every storage and file takes.

use std::borrow::Cow;
use std::fmt::Write;

/// The name of the column of a role or property called `name`. Different names have different columns.
///
/// It is the name itself where that has only letters, digits, spaces, `_`, `-` and characters past ASCII, and does not begin
/// with `_`, as the columns of Grism and of its storages do. The bytes of other characters become `%` and two hexadecimal
/// digits. What stays does not depend on the version of Unicode, since most roles are stored without their columns.
///
/// ```text
/// name -> name    _distance -> %5Fdistance    a.b -> a%2Eb    50% -> 50%25
/// ```
pub(super) fn column_name(name: &str) -> Cow<'_, str> {
    let stays = |place: usize, character: char| match character {
        '_' => place > 0,
        ' ' | '-' => true,
        other => other.is_ascii_alphanumeric() || other > '\u{9F}',
    };
    if !name.is_empty() && name.char_indices().all(|(place, own)| stays(place, own)) {
        return Cow::Borrowed(name);
    }
    if name.is_empty() {
        return Cow::Borrowed("%");
    }
    let mut column = String::with_capacity(name.len() + 8);
    let mut bytes = [0; 4];
    for (place, character) in name.char_indices() {
        if stays(place, character) {
            column.push(character);
            continue;
        }
        for byte in character.encode_utf8(&mut bytes).bytes() {
            // Writing to a string does not fail.
            let _ = write!(column, "%{byte:02X}");
        }
    }
    Cow::Owned(column)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::column_name;

    #[test]
    fn plain_names_are_their_columns() {
        for name in [
            "name",
            "Größe",
            "birth place",
            "x_1",
            "a-b",
            "名前",
            "\u{1F600}",
            "7",
        ] {
            assert_eq!(column_name(name), name);
        }
    }

    #[test]
    fn other_names_are_written_in_plain_characters() {
        let expected = [
            ("", "%"),
            ("_id", "%5Fid"),
            ("a.b", "a%2Eb"),
            ("a`b\\c", "a%60b%5Cc"),
            ("x~2", "x%7E2"),
            ("#x", "%23x"),
            ("50%", "50%25"),
            ("a\u{85}b", "a%C2%85b"),
        ];
        for (name, column) in expected {
            assert_eq!(column_name(name), column);
        }
    }

    #[test]
    fn no_two_names_share_a_column() {
        let names = [
            "a.b", "a%2Eb", "a%252Eb", "_a", "%5Fa", "", "%", "%25", "a b", "a%20b",
        ];
        let columns: BTreeSet<_> = names.iter().map(|name| column_name(name)).collect();
        assert_eq!(columns.len(), names.len());
    }
}
