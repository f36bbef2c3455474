//! Tables for the eye.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

/// So many rows, in words.
pub(crate) fn counted_rows(rows: usize) -> String {
    match rows {
        1 => "1 row".to_owned(),
        many => format!("{many} rows"),
    }
}

/// A table of the rows, within `width` columns of a terminal where that is given.
pub(super) fn table(
    names: &[String],
    rows: &[Vec<String>],
    are_numbers: &[bool],
    width: Option<u16>,
) -> String {
    let mut table = Table::new();
    table
        .load_preset(UTF8_FULL_CONDENSED)
        .set_header(names)
        .set_content_arrangement(ContentArrangement::Dynamic);
    match width {
        Some(width) => table.set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    for row in rows {
        let cells = row.iter().zip(are_numbers).map(|(text, is_number)| {
            let alignment = match is_number {
                true => CellAlignment::Right,
                false => CellAlignment::Left,
            };
            Cell::new(text).set_alignment(alignment)
        });
        table.add_row(cells);
    }
    table.to_string()
}
