//! Searches by vector and text indexes: the best rows with their scores, instead of the rows that pass.

use crate::IndexDefinition;

/// What is looked for.
#[derive(Clone, Debug, PartialEq)]
pub enum SearchTarget {
    /// Rows whose vector is near this one.
    Vector(Vec<f32>),
    /// Rows whose text has some of these words.
    Text(String),
}

/// A search of one table by an index.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexSearch {
    /// The index, which the schema declares.
    pub index: IndexDefinition,
    /// What is looked for; a vector has the dimensions of the index.
    pub target: SearchTarget,
    /// How many rows are wanted, at most.
    pub count: usize,
}

/// A row that a search found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SearchHit {
    /// The row's offset in its table.
    pub offset: u64,
    /// How well it fits: more is better.
    pub score: f64,
}

impl SearchHit {
    /// Brings hits into order, the best first and equal ones by their offsets, and keeps `count` of them. Scores that
    /// are no numbers go.
    pub fn keep_best(hits: &mut Vec<Self>, count: usize) {
        hits.retain(|hit| !hit.score.is_nan());
        hits.sort_by(|a, b| {
            let by_score = b.score.total_cmp(&a.score);
            by_score.then(a.offset.cmp(&b.offset))
        });
        hits.truncate(count);
    }
}
