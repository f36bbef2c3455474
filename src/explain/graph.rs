//! An explained query as a graph of operators, for Graphviz and for Mermaid.

use std::fmt::Write as _;

use grism_cypher::ExplainOptions;
use grism_engine::OperatorId;
use grism_ray::exchange_name;

use super::explained::{Explained, ExplainedClause, ExplainedOperator, ExplainedPlan, Shape};
use super::text::{clause_figures, figures};

/// A graph in the language of Graphviz; rows flow from the bottom up.
pub(super) fn dot(explained: &Explained, options: &ExplainOptions) -> String {
    let mut text =
        "digraph plan {\n  rankdir=BT;\n  node [shape=box, fontname=\"monospace\"];\n".to_owned();
    for (number, group) in groups(explained).into_iter().enumerate() {
        if let Some((number, clause)) = group.clause {
            let label = dot_lines(&clause_lines(clause, options));
            let _ = writeln!(text, "  c{number} [label=\"{label}\", style=bold];");
        }
        let indent = if group.title.is_empty() { "  " } else { "    " };
        if !group.title.is_empty() {
            let title = dot_text(&group.title);
            let _ = writeln!(
                text,
                "  subgraph cluster_{number} {{\n    label=\"{title}\";"
            );
        }
        for operator in group.operators {
            let label = dot_lines(&lines(operator, options));
            let _ = writeln!(text, "{indent}o{} [label=\"{label}\"];", operator.id);
        }
        if !group.title.is_empty() {
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
    for (from, to) in clause_edges(explained) {
        let _ = writeln!(text, "  {from} -> {to};");
    }
    text.push_str("}\n");
    text
}

/// A flowchart in the language of Mermaid.
pub(super) fn mermaid(explained: &Explained, options: &ExplainOptions) -> String {
    let mut text = "flowchart BT\n".to_owned();
    for (number, group) in groups(explained).into_iter().enumerate() {
        if let Some((number, clause)) = group.clause {
            let label = mermaid_lines(&clause_lines(clause, options));
            let _ = writeln!(text, "    c{number}[[\"{label}\"]]");
        }
        if !group.title.is_empty() {
            let title = mermaid_text(&group.title);
            let _ = writeln!(text, "  subgraph g{number} [\"{title}\"]");
        }
        for operator in group.operators {
            let label = mermaid_lines(&lines(operator, options));
            let _ = writeln!(text, "    o{}[\"{label}\"]", operator.id);
        }
        if !group.title.is_empty() {
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
    for (from, to) in clause_edges(explained) {
        let _ = writeln!(text, "  {from} --> {to}");
    }
    text
}

/// Operators that belong together.
#[derive(Default)]
pub(super) struct Group<'a> {
    /// The clause that begins with the group, and its number.
    pub(super) clause: Option<(usize, &'a ExplainedClause)>,
    /// What the group is called; empty for a plan of one process.
    pub(super) title: String,
    pub(super) operators: &'a [ExplainedOperator],
}

/// The operators of plans and stages, clause by clause.
pub(super) fn groups(explained: &Explained) -> Vec<Group<'_>> {
    match &explained.shape {
        Shape::Query(plan) => plan_groups(explained, plan),
        Shape::Clauses(clauses) => {
            let groups = clauses.iter().enumerate().flat_map(|(number, clause)| {
                let plans = clause.plans.iter();
                let mut groups: Vec<Group<'_>> = plans
                    .flat_map(|plan| plan_groups(explained, plan))
                    .collect();
                if groups.is_empty() {
                    groups.push(Group::default());
                }
                groups[0].clause = Some((number, clause));
                groups
            });
            groups.collect()
        }
    }
}

fn plan_groups<'a>(explained: &'a Explained, plan: &'a ExplainedPlan) -> Vec<Group<'a>> {
    let Some(stages) = &plan.stages else {
        return vec![Group {
            operators: explained.plan(plan.first),
            ..Group::default()
        }];
    };
    let stages = stages.stages.iter().map(|stage| Group {
        clause: None,
        title: format!("Stage {}, {} tasks", stage.stage_id, stage.tasks),
        operators: explained.plan(stage.first_operator),
    });
    stages.collect()
}

/// What stands in the box of a clause: its line, then what it did.
pub(super) fn clause_lines(clause: &ExplainedClause, options: &ExplainOptions) -> Vec<String> {
    let mut lines = vec![clause.detail.clone()];
    lines.extend(clause_figures(clause, options));
    lines
}

/// From the plans of a clause to the clause, and from each clause to the next, by the names of their boxes.
fn clause_edges(explained: &Explained) -> Vec<(String, String)> {
    let Shape::Clauses(clauses) = &explained.shape else {
        return Vec::new();
    };
    let mut edges = Vec::new();
    for (number, clause) in clauses.iter().enumerate() {
        let to = format!("c{number}");
        let plans = clause.plans.iter();
        edges.extend(plans.map(|plan| (format!("o{}", plan.root()), to.clone())));
        if let Some(before) = number.checked_sub(1) {
            edges.push((format!("c{before}"), to));
        }
    }
    edges
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
    for plan in explained.plans() {
        let stages = plan.stages.as_ref().map_or(&[][..], |plan| &plan.stages);
        for stage in stages {
            for operator in explained.plan(stage.first_operator) {
                let input = operator.operator.stage_input();
                let Some(input) = input.and_then(|own| stage.inputs.get(own.number)) else {
                    continue;
                };
                edges.extend(stages.get(input.stage_id).map(|from| Edge {
                    from: from.first_operator,
                    to: operator.id,
                    kind: EdgeKind::Exchange(exchange_name(input.mode, &input.partitioning)),
                }));
            }
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

fn dot_lines(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| dot_text(line)).collect();
    lines.join("\\n")
}

fn mermaid_lines(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| mermaid_text(line)).collect();
    lines.join("<br/>")
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
