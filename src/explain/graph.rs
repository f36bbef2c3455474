//! An explained query as a graph of operators, for Graphviz and for Mermaid.

use std::fmt::Write as _;

use grism_cypher::ExplainOptions;
use grism_engine::OperatorId;

use super::explained::{Explained, ExplainedOperator, Shape};
use super::text::figures;

/// A graph in the language of Graphviz; rows flow from the bottom up.
pub(super) fn dot(explained: &Explained, options: &ExplainOptions) -> String {
    let mut text =
        "digraph plan {\n  rankdir=BT;\n  node [shape=box, fontname=\"monospace\"];\n".to_owned();
    for (number, (title, operators)) in groups(explained).into_iter().enumerate() {
        let indent = if title.is_empty() { "  " } else { "    " };
        if !title.is_empty() {
            let title = dot_text(&title);
            let _ = writeln!(
                text,
                "  subgraph cluster_{number} {{\n    label=\"{title}\";"
            );
        }
        for operator in operators {
            let lines: Vec<String> = lines(operator, options)
                .iter()
                .map(|own| dot_text(own))
                .collect();
            let _ = writeln!(
                text,
                "{indent}o{} [label=\"{}\"];",
                operator.id,
                lines.join("\\n")
            );
        }
        if !title.is_empty() {
            text.push_str("  }\n");
        }
    }
    for edge in edges(explained) {
        let label = edge.label();
        let label = match label.is_empty() {
            true => String::new(),
            false => format!(" [label=\"{}\", style=dashed]", dot_text(&label)),
        };
        let _ = writeln!(text, "  o{} -> o{}{label};", edge.from, edge.to);
    }
    text.push_str("}\n");
    text
}

/// A flowchart in the language of Mermaid.
pub(super) fn mermaid(explained: &Explained, options: &ExplainOptions) -> String {
    let mut text = "flowchart BT\n".to_owned();
    for (number, (title, operators)) in groups(explained).into_iter().enumerate() {
        if !title.is_empty() {
            let _ = writeln!(text, "  subgraph g{number} [\"{}\"]", mermaid_text(&title));
        }
        for operator in operators {
            let lines: Vec<String> = lines(operator, options)
                .iter()
                .map(|own| mermaid_text(own))
                .collect();
            let _ = writeln!(text, "    o{}[\"{}\"]", operator.id, lines.join("<br/>"));
        }
        if !title.is_empty() {
            text.push_str("  end\n");
        }
    }
    for edge in edges(explained) {
        let label = edge.label();
        let arrow = match label.is_empty() {
            true => "-->".to_owned(),
            false => format!("-. \"{}\" .->", mermaid_text(&label)),
        };
        let _ = writeln!(text, "  o{} {arrow} o{}", edge.from, edge.to);
    }
    text
}

/// The operators that belong together, with what their group is called; a plan alone has no name.
pub(super) fn groups(explained: &Explained) -> Vec<(String, &[ExplainedOperator])> {
    match &explained.shape {
        Shape::Plan => vec![(String::new(), &explained.operators[..])],
        Shape::Clauses(clauses) => {
            let plans = clauses.iter().flat_map(|clause| {
                let roots = clause.plans.iter();
                roots.map(|root| (clause.detail.clone(), explained.plan(*root)))
            });
            plans.collect()
        }
        Shape::Stages(stages) => {
            let stages = stages.iter().map(|stage| {
                let title = format!("Stage {}, {} tasks", stage.stage_id, stage.tasks);
                (title, explained.plan(stage.first_operator))
            });
            stages.collect()
        }
    }
}

/// Rows that flow from one operator to another.
pub(super) struct Edge {
    pub(super) from: OperatorId,
    pub(super) to: OperatorId,
    kind: EdgeKind,
}

enum EdgeKind {
    Input,
    Subplan,
    Exchange(String),
}

impl Edge {
    /// How the rows get there, where it is not to the next operator of the same plan.
    pub(super) fn label(&self) -> String {
        match &self.kind {
            EdgeKind::Input => String::new(),
            EdgeKind::Subplan => "for each row".to_owned(),
            EdgeKind::Exchange(name) => name.clone(),
        }
    }
}

/// Where rows flow.
pub(super) fn edges(explained: &Explained) -> Vec<Edge> {
    let mut edges = Vec::new();
    for operator in &explained.operators {
        let to = operator.id;
        let inputs = operator.inputs.iter().map(|from| Edge {
            from: *from,
            to,
            kind: EdgeKind::Input,
        });
        edges.extend(inputs);
        edges.extend(operator.subplan.map(|from| Edge {
            from,
            to,
            kind: EdgeKind::Subplan,
        }));
    }
    let Shape::Stages(stages) = &explained.shape else {
        return edges;
    };
    for stage in stages {
        for operator in explained.plan(stage.first_operator) {
            let input = operator.operator.stage_input();
            let Some(input) = input.and_then(|own| stage.inputs.get(own.number)) else {
                continue;
            };
            edges.extend(stages.get(input.stage_id).map(|from| Edge {
                from: from.first_operator,
                to: operator.id,
                kind: EdgeKind::Exchange(input.exchange.clone()),
            }));
        }
    }
    edges
}

/// What stands in the box of an operator: its line, then its figures.
pub(super) fn lines(operator: &ExplainedOperator, options: &ExplainOptions) -> Vec<String> {
    let mut lines = vec![operator.detail.clone()];
    lines.extend(figures(operator, options));
    lines
}

/// Text within quotes of Graphviz.
fn dot_text(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    text.replace(['\n', '\r'], " ")
}

/// Text within quotes of Mermaid, which knows entities.
fn mermaid_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '#' | '&' | '<' | '>' | '`' | ';' | '[' | ']' | '{' | '}' | '\\' => {
                let _ = write!(escaped, "#{};", u32::from(character));
            }
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
    fn text_cannot_end_its_quotes() {
        assert_eq!(dot_text("a \"b\" \\ c\nd"), "a \\\"b\\\" \\\\ c d");
        assert_eq!(mermaid_text("x < \"y\"; é"), "x #60; #34;y#34;#59; é");
    }
}
