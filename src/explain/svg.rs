//! An explained query as a picture that needs nothing beside it: boxes for operators, lines for rows.

use std::collections::HashMap;
use std::fmt::Write as _;

use grism_cypher::ExplainOptions;
use grism_engine::OperatorId;

use super::explained::{Explained, ExplainedOperator};
use super::graph::{clause_lines, edges, groups, lines};

/// Pixels of a character of the monospaced font, of a line, and around text.
const CHARACTER: usize = 7;
const LINE: usize = 16;
const PADDING: usize = 8;
const GAP: usize = 28;
/// Characters of a line, beyond which it is cut; the whole line is the title of the box.
const MOST_CHARACTERS: usize = 60;

struct PlacedBox<'a> {
    operator: &'a ExplainedOperator,
    lines: Vec<String>,
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

/// The picture: a column for each level of nesting of inputs, plans one below the other.
pub(super) fn svg(explained: &Explained, options: &ExplainOptions) -> String {
    let (mut body, mut boxes) = (String::new(), Vec::new());
    let (mut y, mut width) = (GAP, 0);
    for group in groups(explained) {
        let mut titles = match group.clause {
            Some((_, clause)) => clause_lines(clause, options),
            None => Vec::new(),
        };
        titles.extend((!group.title.is_empty()).then_some(group.title));
        for title in titles {
            let title = cut(&title);
            width = width.max(2 * PADDING + title.chars().count() * CHARACTER);
            let _ = writeln!(
                body,
                "<text x=\"{PADDING}\" y=\"{y}\" font-weight=\"bold\">{}</text>",
                escaped(&title)
            );
            y += LINE;
        }
        for operator in group.operators {
            let placed = placed(operator, lines(operator, options), explained, y);
            y += placed.height + GAP;
            width = width.max(placed.x + placed.width + GAP);
            boxes.push(placed);
        }
    }
    let places: HashMap<OperatorId, &PlacedBox<'_>> =
        boxes.iter().map(|own| (own.operator.id, own)).collect();
    for edge in edges(explained) {
        if let (Some(from), Some(to)) = (places.get(&edge.from), places.get(&edge.to)) {
            write_edge(&mut body, from, to, &edge.label());
        }
    }
    for own in &boxes {
        write_box(&mut body, own);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{y}\" viewBox=\"0 0 {width} {y}\" \
         font-family=\"monospace\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{body}</svg>\n"
    )
}

/// The box of an operator. An only input stands right below the operator that reads it; several are moved to the right.
fn placed<'a>(
    operator: &'a ExplainedOperator,
    lines: Vec<String>,
    explained: &Explained,
    y: usize,
) -> PlacedBox<'a> {
    let lines: Vec<String> = lines.iter().map(|line| cut(line)).collect();
    let longest = lines.iter().map(|line| line.chars().count()).max();
    let height = lines.len() * LINE + PADDING;
    PlacedBox {
        x: (1 + branches_above(operator, explained)) * 3 * PADDING,
        y,
        width: longest.unwrap_or_default() * CHARACTER + 2 * PADDING,
        height,
        lines,
        operator,
    }
}

/// How many operators with several inputs stand above one within its plan.
fn branches_above(operator: &ExplainedOperator, explained: &Explained) -> usize {
    let mut depth = operator.depth;
    let before = &explained.operators[..operator.id.0 as usize];
    let mut branches = 0;
    for above in before.iter().rev() {
        if depth == 0 {
            break;
        }
        if above.depth < depth {
            depth = above.depth;
            branches += usize::from(above.below().count() > 1);
        }
    }
    branches.min(40)
}

fn write_box(body: &mut String, own: &PlacedBox<'_>) {
    let PlacedBox {
        x,
        y,
        width,
        height,
        ..
    } = own;
    let _ = writeln!(
        body,
        "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\" fill=\"#f4f6fb\" \
         stroke=\"#44506b\"/>",
        escaped(&own.operator.detail)
    );
    for (row, line) in own.lines.iter().enumerate() {
        let _ = writeln!(
            body,
            "<text x=\"{}\" y=\"{}\">{}</text>",
            x + PADDING,
            y + (row + 1) * LINE - 2,
            escaped(line)
        );
    }
    body.push_str("</g>\n");
}

fn write_edge(body: &mut String, from: &PlacedBox<'_>, to: &PlacedBox<'_>, label: &str) {
    let (upper, lower) = if from.y < to.y {
        (from, to)
    } else {
        (to, from)
    };
    let bottom = upper.y + upper.height;
    let is_next = bottom + GAP == lower.y && label.is_empty();
    // A line to a box further below goes down in the gap to the left of the boxes between.
    let left = match lower.x > upper.x {
        true => lower.x,
        false => upper.x.min(lower.x),
    };
    let (gap, side) = (left - PADDING, lower.y + PADDING);
    let points = if is_next {
        let x = lower.x + 2 * PADDING;
        format!("{x},{bottom} {x},{}", lower.y)
    } else if gap > upper.x {
        format!("{gap},{bottom} {gap},{side} {},{side}", lower.x)
    } else {
        let (x, start) = (upper.x, upper.y + PADDING);
        format!("{x},{start} {gap},{start} {gap},{side} {},{side}", lower.x)
    };
    let dashed = match label.is_empty() {
        true => "",
        false => " stroke-dasharray=\"4 3\"",
    };
    let _ = writeln!(
        body,
        "<polyline points=\"{points}\" fill=\"none\" stroke=\"#44506b\"{dashed}/>"
    );
    if !label.is_empty() {
        let _ = writeln!(
            body,
            "<text x=\"{}\" y=\"{}\" fill=\"#44506b\">{}</text>",
            lower.x,
            lower.y - PADDING,
            escaped(label)
        );
    }
}

fn cut(line: &str) -> String {
    if line.chars().count() <= MOST_CHARACTERS {
        return line.to_owned();
    }
    let mut cut: String = line.chars().take(MOST_CHARACTERS - 1).collect();
    cut.push('…');
    cut
}

/// Text of XML, without the characters that XML has no place for.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            character if character.is_control() => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_no_markup() {
        assert_eq!(
            escaped("<script>'\"&\u{0}"),
            "&lt;script&gt;&#39;&quot;&amp; "
        );
        assert_eq!(cut(&"é".repeat(80)).chars().count(), MOST_CHARACTERS);
    }
}
