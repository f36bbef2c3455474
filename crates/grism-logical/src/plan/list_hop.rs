//! `ListHop`: one hop of a path that incidence lists alone lead along.

use grism_core::Tables;
use serde::{Deserialize, Serialize};

use super::{Direction, WeightedHop};

/// A chain of steps from an entity, none of which has a condition beside the tables it leads to.
///
/// ```text
/// (x:item)<-[:member]-(t:team)-[:member]->(y:item)      from items, to hyperedges by `member`, to members by `member`
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListHop {
    /// The tables of entities that it leads on from; `None` for any.
    pub from: Option<Tables>,
    /// At least one step.
    pub steps: Vec<ListStep>,
}

/// A step of a [`ListHop`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListStep {
    /// Tables of the hyperedges.
    pub tables: Tables,
    /// How it leads on.
    pub hop: WeightedHop,
    /// The tables that what it leads to must come from; `None` for any.
    pub to: Option<Tables>,
}

impl ListHop {
    /// The hop from the other end, where what it starts from may be an entity of any of `from`'s tables.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let mut ends: Vec<&Option<Tables>> = vec![&self.from];
        ends.extend(self.steps.iter().map(|step| &step.to));
        let last = ends.pop().cloned().flatten();
        let steps = self.steps.iter().rev().zip(ends.into_iter().rev());
        Self {
            from: last,
            steps: steps
                .map(|(step, to)| ListStep {
                    tables: step.tables.clone(),
                    hop: step.hop.reversed(),
                    to: to.clone(),
                })
                .collect(),
        }
    }

    /// Whether the hop leads back the way it came, so that what is reached from an entity reaches it.
    #[must_use]
    pub fn is_symmetric(&self) -> bool {
        *self == self.reversed()
    }

    /// Whether no relationship that some of these ways begins with is one that some of them ends with from its other side: a
    /// shortest way back to an entity then takes none twice.
    #[must_use]
    pub fn lead_one_way(ways: &[Self]) -> bool {
        let returns = |way: &Self, other: &Self| match (way.steps.first(), other.steps.last()) {
            (Some(first), Some(last)) => last.leads_back(first),
            _ => true,
        };
        ways.iter()
            .all(|way| ways.iter().all(|other| !returns(way, other)))
    }
}

impl ListStep {
    /// Whether the step may follow a relationship of `other` from its other side.
    fn leads_back(&self, other: &Self) -> bool {
        let shares_table = self.tables.iter().any(|own| other.tables.contains(own));
        let shares_role =
            |own: &[String], others: &[String]| own.iter().any(|role| others.contains(role));
        shares_table
            && match (&self.hop, &other.hop) {
                (WeightedHop::Edges(own), WeightedHop::Edges(other)) => {
                    *own == Direction::Both || own != other
                }
                (WeightedHop::ToHyperedges(own), WeightedHop::ToMembers(roles))
                | (WeightedHop::ToMembers(own), WeightedHop::ToHyperedges(roles)) => {
                    shares_role(own, roles)
                }
                _ => false,
            }
    }
}

impl WeightedHop {
    /// The step from its other end.
    #[must_use]
    pub fn reversed(&self) -> Self {
        match self {
            Self::Edges(direction) => Self::Edges(direction.reversed()),
            Self::ToHyperedges(roles) => Self::ToMembers(roles.clone()),
            Self::ToMembers(roles) => Self::ToHyperedges(roles.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use grism_core::{TableId, Tables};

    use super::*;

    fn tables(table: u16) -> Tables {
        Tables::from([TableId::try_new(table).unwrap()])
    }

    fn step(hop: WeightedHop, to: u16) -> ListStep {
        ListStep {
            tables: tables(9),
            hop,
            to: Some(tables(to)),
        }
    }

    #[test]
    fn a_hop_through_one_hyperedge_and_back_is_its_own_reverse() {
        let roles = |role: &str| vec![role.to_owned()];
        let hop = |from, back: &str, to| ListHop {
            from: Some(tables(from)),
            steps: vec![
                step(WeightedHop::ToHyperedges(roles("member")), 9),
                step(WeightedHop::ToMembers(roles(back)), to),
            ],
        };
        assert!(hop(1, "member", 1).is_symmetric());
        assert!(!hop(1, "head", 1).is_symmetric());
        assert!(!hop(1, "member", 2).is_symmetric());
        assert!(ListHop::lead_one_way(&[hop(1, "head", 1)]));
        assert!(!ListHop::lead_one_way(&[hop(1, "member", 1)]));
        let twice = hop(1, "head", 2).reversed().reversed();
        assert_eq!(twice, hop(1, "head", 2));
    }

    #[test]
    fn edges_lead_back_where_they_have_no_direction() {
        let edges = |direction| ListHop {
            from: None,
            steps: vec![ListStep {
                tables: tables(9),
                hop: WeightedHop::Edges(direction),
                to: None,
            }],
        };
        assert!(edges(Direction::Both).is_symmetric());
        assert!(!edges(Direction::Out).is_symmetric());
        assert_eq!(edges(Direction::Out).reversed(), edges(Direction::In));
        assert!(ListHop::lead_one_way(&[edges(Direction::Out)]));
        assert!(!ListHop::lead_one_way(&[edges(Direction::Both)]));
        assert!(!ListHop::lead_one_way(&[
            edges(Direction::Out),
            edges(Direction::In)
        ]));
    }
}
