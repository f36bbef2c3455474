//! What a variable stands for, as far as the clause that binds it tells.

/// What a variable stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// What a node pattern binds: a node, or a hyperedge of a declared type.
    Node,
    /// What a relationship pattern binds, with the types that it names; `None` for any.
    Relationship(Option<Vec<String>>),
    /// What a path pattern binds.
    Path,
    /// A list of such things.
    List(Box<Self>),
    /// Anything.
    Value,
}

impl Origin {
    pub(super) fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    /// What an element of it is.
    pub(super) fn item(self) -> Self {
        match self {
            Self::List(item) => *item,
            _ => Self::Value,
        }
    }

    /// What it is where it may be either.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Relationship(Some(mut own)), Self::Relationship(Some(more))) => {
                own.extend(more);
                Self::Relationship(Some(own))
            }
            (Self::Relationship(_), Self::Relationship(_)) => Self::Relationship(None),
            (Self::List(own), Self::List(other)) => own.or(*other).list(),
            (own, other) if own == other => own,
            _ => Self::Value,
        }
    }

    /// What a message calls it.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Node => "a node",
            Self::Relationship(_) => "a relationship",
            Self::Path => "a path",
            Self::List(_) => "a list",
            Self::Value => "a value",
        }
    }
}
