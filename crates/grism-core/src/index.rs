//! Indexes: what is kept beside a property so that rows are found by it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result, Type, nearest};

/// What an index finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum IndexKind {
    /// Rows whose property equals a value, or lies between values: a B-tree.
    Range,
    /// Rows whose vector is near a given one.
    Vector {
        /// Numbers of a vector.
        dimensions: u32,
        /// What near means.
        metric: VectorMetric,
    },
    /// Rows whose text has given words.
    FullText,
}

/// How near two vectors are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VectorMetric {
    /// The angle between them: scores from 0 to 1, `(1 + cos) / 2`.
    #[default]
    Cosine,
    /// The distance `d` between their ends: scores from 0 to 1, `1 / (1 + d²)`.
    Euclidean,
    /// Their dot product, which is the score.
    Dot,
}

impl VectorMetric {
    const NAMES: [&str; 3] = ["cosine", "euclidean", "dot"];

    /// The metric called `name`, in any case.
    ///
    /// # Errors
    /// `Unsupported` for another name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name.to_ascii_lowercase().as_str() {
            "cosine" => Ok(Self::Cosine),
            "euclidean" | "l2" => Ok(Self::Euclidean),
            "dot" => Ok(Self::Dot),
            other => {
                let hint = nearest(other, Self::NAMES)
                    .map(|near| format!("; did you mean `{near}`?"))
                    .unwrap_or_default();
                Err(Error::unsupported(format!(
                    "the similarity `{other}`; cosine, euclidean and dot are known{hint}"
                )))
            }
        }
    }

    /// The score of two vectors of the same length, the greater the nearer. It is no number where 32-bit floats cannot
    /// tell how near they are: their distance or dot product is too large, or the angle of a vector is asked for whose
    /// length is too large or none.
    #[must_use]
    pub fn score(self, a: &[f32], b: &[f32]) -> f64 {
        let pairs = || a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
        let dot = || told(pairs().map(|(a, b)| a * b).sum::<f64>());
        match self {
            Self::Cosine => {
                let length = |vector: &[f32]| {
                    let squares = vector.iter().map(|own| f64::from(*own) * f64::from(*own));
                    let squares = told(squares.sum::<f64>());
                    if (squares as f32).is_normal() {
                        squares.sqrt()
                    } else {
                        f64::NAN
                    }
                };
                let cosine = dot() / (length(a) * length(b));
                (1.0 + cosine.clamp(-1.0, 1.0)) / 2.0
            }
            Self::Euclidean => {
                let squares = told(pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f64>());
                1.0 / (1.0 + squares)
            }
            Self::Dot => dot(),
        }
    }
}

/// The number, unless 32-bit floats do not reach it.
fn told(number: f64) -> f64 {
    if (number as f32).is_finite() {
        number
    } else {
        f64::NAN
    }
}

impl IndexKind {
    /// Whether the values of a property of the type can be in such an index.
    #[must_use]
    pub fn fits(self, ty: &Type) -> bool {
        match self {
            Self::Range => matches!(
                ty,
                Type::Bool
                    | Type::Int64
                    | Type::Float64
                    | Type::String
                    | Type::Date
                    | Type::LocalDateTime
                    | Type::DateTime
            ),
            Self::Vector { dimensions, .. } => *ty == Type::Vector(dimensions),
            Self::FullText => *ty == Type::String,
        }
    }
}

impl fmt::Display for VectorMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cosine => "cosine",
            Self::Euclidean => "euclidean",
            Self::Dot => "dot",
        })
    }
}

impl fmt::Display for IndexKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range => f.write_str("RANGE"),
            Self::Vector { dimensions, metric } => write!(f, "VECTOR({dimensions}, {metric})"),
            Self::FullText => f.write_str("FULLTEXT"),
        }
    }
}

/// An index as it was declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexDefinition {
    /// Its name, which no other index has.
    pub name: String,
    /// The label or hyperedge type of the rows.
    pub label: String,
    /// The property.
    pub property: String,
    /// What it finds.
    pub kind: IndexKind,
}

impl IndexDefinition {
    /// Whether `asked`, which has the same name, asks for this index; no dimensions stand for those of the vectors.
    #[must_use]
    pub fn is_asked(&self, asked: &Self) -> bool {
        let is_kind = match (self.kind, asked.kind) {
            (
                IndexKind::Vector { metric, .. },
                IndexKind::Vector {
                    dimensions: 0,
                    metric: own,
                },
            ) => metric == own,
            (own, asked) => own == asked,
        };
        is_kind && self.label == asked.label && self.property == asked.property
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_definitions() {
        let (a, b) = ([3.0, 0.0], [0.0, 4.0]);
        assert_eq!(VectorMetric::Cosine.score(&a, &b), 0.5);
        assert_eq!(VectorMetric::Cosine.score(&a, &a), 1.0);
        assert_eq!(VectorMetric::Euclidean.score(&a, &b), 1.0 / 26.0);
        assert_eq!(VectorMetric::Dot.score(&a, &a), 9.0);
        for vector in [[0.0, 0.0], [1e-30, 0.0], [1e30, 1.0]] {
            assert!(VectorMetric::Cosine.score(&a, &vector).is_nan());
        }
        assert!(VectorMetric::Euclidean.score(&a, &[1e30, 0.0]).is_nan());
    }
}
