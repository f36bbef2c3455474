//! The text form of logical plans: one line a node, inputs indented below.

use std::fmt;

use grism_core::with_stack;

use crate::{
    Apply, ApplyKind, CountExpand, CountIntersect, CountedHop, Direction, JoinKind, LogicalPlan,
    NamedExpr, PathExpand, PathSearch, PropertyRef, Repeat, RoleBinding, RoleSource, shown_column,
};

impl LogicalPlan {
    /// The node's own line.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Unit => "Unit".to_owned(),
            Self::Empty(_) => "Empty".to_owned(),
            Self::Argument(_) => "Argument".to_owned(),
            Self::Rows { .. } => "Rows".to_owned(),
            Self::NodeScan(scan) => format!(
                "NodeScan({}{}{}{})",
                named(&scan.variable, &scan.label),
                keys(&scan.properties),
                conditions(&scan.predicate),
                by_index(scan.index.as_ref())
            ),
            Self::HyperedgeScan(scan) => format!(
                "HyperedgeScan({}{}{}{}{})",
                named(&scan.variable, &scan.label),
                bindings(&scan.bindings),
                keys(&scan.properties),
                conditions(&scan.predicate),
                by_index(scan.index.as_ref())
            ),
            Self::EdgeExpand(expand) => {
                let (left, right) = expand.direction.arrows();
                let edge = expand.edge.as_deref().unwrap_or_default();
                let into = if expand.into { "Into" } else { "" };
                format!(
                    "Expand{into}(({}){left}[{}]{right}({}))",
                    expand.from,
                    named(edge, &expand.label),
                    expand.to
                )
            }
            Self::Components(components) => components.describe(),
            Self::CountExpand(expand) => expand.describe(),
            Self::WeightedCount(count) => count.describe(),
            Self::CountIntersect(count) => count.describe(),
            Self::RoleExpand(expand) => {
                let start = match &expand.from {
                    RoleSource::Member { column, roles, .. } => {
                        format!("({column})<-[{}]-", roles.join("|"))
                    }
                    RoleSource::Hyperedge => String::new(),
                };
                format!(
                    "RoleExpand({start}({}){})",
                    named(&expand.hyperedge, &expand.label),
                    bindings(&expand.bindings)
                )
            }
            Self::Fetch(fetch) => format!("Fetch({}{})", fetch.entity, keys(&fetch.properties)),
            Self::Filter { predicate, .. } => format!("Filter({predicate})"),
            Self::Project { expressions, .. } => format!("Project({})", aliased(expressions)),
            Self::Aggregate(aggregate) => {
                let calls = list(aggregate.aggregates.iter().map(|own| own.call.to_string()));
                let by = list(aggregate.keys.iter().map(|key| key.expression.to_string()));
                match (calls.is_empty(), by.is_empty()) {
                    (false, false) => format!("Aggregate({calls}, GROUP BY {by})"),
                    (false, true) => format!("Aggregate({calls})"),
                    _ => format!("Aggregate(GROUP BY {by})"),
                }
            }
            Self::PathExpand(expand) => expand.describe(),
            Self::Repeat(repeat) => repeat.describe(),
            Self::Hydrate { columns, .. } => format!("Hydrate({})", columns.join(", ")),
            Self::Distinct { .. } => "Distinct".to_owned(),
            Self::Sort { keys, fetch, .. } => {
                let keys = list(keys.iter().map(|key| {
                    format!(
                        "{}{}",
                        key.expression,
                        if key.descending { " DESC" } else { "" }
                    )
                }));
                match fetch {
                    Some(fetch) => format!("TopK({fetch}, {keys})"),
                    None => format!("Sort({keys})"),
                }
            }
            Self::Limit { skip, fetch, .. } => match (skip, fetch) {
                (0, Some(fetch)) => format!("Limit({fetch})"),
                (skip, Some(fetch)) => format!("Limit({fetch}, skip {skip})"),
                (skip, None) => format!("Skip({skip})"),
            },
            Self::Union { .. } => "Union".to_owned(),
            Self::IndexLookup(lookup) => lookup.describe(),
            Self::LoadRows(load) => load.describe(),
            Self::TableCall(call) => call.describe(),
            Self::Extension(extension) => extension.node.describe(),
            Self::Write(write) => write.describe(),
            Self::Unwind {
                expression,
                variable,
                ..
            } => format!("Unwind({expression} AS {variable})"),
            Self::Apply(Apply { kind, .. }) => match kind {
                ApplyKind::Inner => "Apply".to_owned(),
                ApplyKind::Optional => "Optional".to_owned(),
                ApplyKind::Semi => "SemiApply".to_owned(),
                ApplyKind::Anti => "AntiApply".to_owned(),
                ApplyKind::Mark(column) => format!("MarkApply({column})"),
                ApplyKind::Count(column) => format!("CountApply({column})"),
                ApplyKind::Collect { value, into } => format!("CollectApply({value} AS {into})"),
            },
            Self::Join(join) if join.on.is_empty() => "CrossJoin".to_owned(),
            Self::Join(join) => {
                let kind = match join.kind {
                    JoinKind::Inner => "Hash",
                    JoinKind::Semi => "Semi",
                    JoinKind::Anti => "Anti",
                };
                format!(
                    "{kind}Join({})",
                    list(
                        join.on
                            .iter()
                            .map(|(left, right)| format!("{left} = {right}"))
                    )
                )
            }
        }
    }

    fn fmt_indented(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        writeln!(f, "{}{}", "  ".repeat(depth), self.describe())?;
        for input in self.inputs() {
            with_stack(|| input.fmt_indented(f, depth + 1))?;
        }
        if let Some(subplan) = self.subplan() {
            with_stack(|| subplan.fmt_indented(f, depth + 1))?;
        }
        Ok(())
    }
}

impl fmt::Display for LogicalPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_indented(f, 0)
    }
}

impl Direction {
    /// What stands at the left and at the right of a relationship in brackets.
    #[must_use]
    pub const fn arrows(self) -> (&'static str, &'static str) {
        match self {
            Self::Out => ("-", "->"),
            Self::In => ("<-", "-"),
            Self::Both => ("-", "-"),
        }
    }
}

impl CountExpand {
    /// The count in one line, as plans show it.
    #[must_use]
    pub fn describe(&self) -> String {
        let from = named(&self.from, "");
        let counted = match &self.hop {
            CountedHop::Edges(direction) => {
                let (left, right) = direction.arrows();
                format!("({from}){left}[{}]{right}()", named("", &self.label))
            }
            CountedHop::Roles(roles) => {
                format!(
                    "({from})<-[{}]-({})",
                    roles.join("|"),
                    named("", &self.label)
                )
            }
        };
        match self.except.len() {
            0 => format!("CountExpand({counted})"),
            bound => format!("CountExpand({counted}, without {bound} bound before)"),
        }
    }
}

impl CountIntersect {
    /// The count in one line, as plans show it.
    #[must_use]
    pub fn describe(&self) -> String {
        let steps = self.steps.iter().map(|step| {
            let (left, right) = step.direction.arrows();
            let (from, label) = (named(&step.from, ""), named("", &step.label));
            format!("({from}){left}[{label}]{right}()")
        });
        format!("CountIntersect({})", steps.collect::<Vec<_>>().join(", "))
    }
}

impl PathExpand {
    /// The expansion in one line, as plans show it.
    #[must_use]
    pub fn describe(&self) -> String {
        let (left, right) = self.direction.arrows();
        format!(
            "{}(({}){left}[{}{}]{right}{})",
            self.search,
            named(&self.from, ""),
            named(self.edges.as_deref().unwrap_or_default(), &self.label),
            repetitions(self.least, self.most),
            shown_end(&self.to, self.length.is_some())
        )
    }
}

impl Repeat {
    /// The repetition in one line, as plans show it.
    #[must_use]
    pub fn describe(&self) -> String {
        format!(
            "{}(({}) ({}){} {}{})",
            self.search,
            named(&self.from, ""),
            self.label,
            repetitions(self.least, self.most),
            shown_end(&self.to, self.length.is_some()),
            match &self.lists {
                Some(_) => "; by lists",
                None => "",
            }
        )
    }
}

/// The last entity of a path, and that the length of the path is counted.
fn shown_end(to: &str, has_length: bool) -> String {
    let end = format!("({})", named(to, ""));
    match has_length {
        true => format!("{end}; length"),
        false => end,
    }
}

impl fmt::Display for PathSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trails => f.write_str("PathExpand"),
            Self::Reach => f.write_str("ReachExpand"),
            Self::AnyShortest => f.write_str("ShortestPath"),
            Self::AllShortest => f.write_str("AllShortestPaths"),
            Self::Shortest(count) => write!(f, "Shortest {count} Paths"),
            Self::ShortestGroups(count) => write!(f, "Shortest {count} PathGroups"),
        }
    }
}

/// `*`, `*2`, `*2..5`.
fn repetitions(least: u64, most: Option<u64>) -> String {
    match (least, most) {
        (least, Some(most)) if least == most => format!("*{least}"),
        (1, None) => "*".to_owned(),
        (least, most) => {
            let most = most.map(|most| most.to_string()).unwrap_or_default();
            format!("*{least}..{most}")
        }
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

fn named(variable: &str, label: &str) -> String {
    let variable = shown_column(variable);
    if label.is_empty() {
        variable.to_owned()
    } else {
        format!("{variable}:{label}")
    }
}

fn keys(properties: &[PropertyRef]) -> String {
    if properties.is_empty() {
        return String::new();
    }
    format!(
        ", read {}",
        list(properties.iter().map(|property| property.key.clone()))
    )
}

/// The index that finds a scan's rows.
fn by_index(index: Option<&String>) -> String {
    index.map_or_else(String::new, |name| format!(", index {name}"))
}

fn conditions(predicate: &[grism_core::Comparison]) -> String {
    if predicate.is_empty() {
        return String::new();
    }
    format!(
        ", where {}",
        predicate
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" AND ")
    )
}

fn bindings(bindings: &[RoleBinding]) -> String {
    if bindings.is_empty() {
        return String::new();
    }
    let bound = bindings.iter().map(|binding| {
        let member = match shown_column(&binding.member) {
            "" => "_",
            member => member,
        };
        format!("{}={member}", binding.roles.join("|"))
    });
    format!(", roles {}", list(bound))
}

fn aliased(expressions: &[NamedExpr]) -> String {
    list(expressions.iter().map(|own| {
        let (text, name) = (own.expression.to_string(), &own.name);
        if &text == name {
            text
        } else {
            format!("{text} AS {name}")
        }
    }))
}
