//! Searches by vector and text indexes. What an index finds is looked at again: vectors are scored as they are stored
//! now, and nodes that have the label of the index no more are left out.

use std::sync::Arc;

use arrow::array::{AsArray, Float32Array};
use arrow::datatypes::{Float32Type, UInt64Type};
use grism_core::{
    Error, IndexKind, IndexSearch, LABELS_COLUMN, Result, SearchHit, SearchTarget, Snapshot, Table,
    VectorMetric,
};
use lance::dataset::Dataset;
use lance_core::ROW_ID;
use lance_index::scalar::FullTextSearchQuery;
use lance_index::scalar::inverted::query::MatchQuery;
use lance_linalg::distance::DistanceType;

use crate::columns::has_label;
use crate::lance::place::error::from_lance;
use crate::search::vector_at;

/// Rows of a table up to which every part of a vector index is searched, so that nothing is missed.
const EXACT_ROWS: u64 = 1 << 16;
/// Rows that are asked for beside the wanted ones: those that score the same come in no order.
const SLACK: usize = 16;

/// The best rows of a table by the values of `column`, found by the index if `dataset` has it. Every row has a score,
/// indexed or not.
pub(in crate::lance) async fn index_search(
    snapshot: &dyn Snapshot,
    table: &Table,
    dataset: &Arc<Dataset>,
    column: &str,
    search: &IndexSearch,
) -> Result<Vec<SearchHit>> {
    let rows = snapshot.statistics().rows(table.id);
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    let is_filtered = table.changed_labels.contains(&search.index.label);
    let mut asked = search.count.saturating_add(SLACK).min(rows);
    loop {
        if asked == 0 {
            return Ok(Vec::new());
        }
        let mut hits = match (&search.index.kind, &search.target) {
            (IndexKind::Vector { metric, .. }, SearchTarget::Vector(wanted)) => {
                let found = nearest(dataset, column, *metric, wanted, asked, rows as u64).await?;
                let columns = [column.to_owned()];
                let vectors = snapshot.take(table.id, &found, &columns).await?;
                let score = |(row, offset): (usize, u64)| {
                    let vector = vector_at(&vectors, column, row)?;
                    let score = vector.map_or(f64::NAN, |own| metric.score(wanted, &own));
                    Ok(SearchHit { offset, score })
                };
                let hits = found.into_iter().enumerate().map(score);
                hits.collect::<Result<Vec<_>>>()?
            }
            (_, SearchTarget::Text(text)) => matching(dataset, column, text, asked).await?,
            _ => Vec::new(),
        };
        let is_all = hits.len() < asked || asked == rows;
        if is_filtered {
            let offsets: Vec<u64> = hits.iter().map(|hit| hit.offset).collect();
            let columns = [LABELS_COLUMN.to_owned()];
            let labels = snapshot.take(table.id, &offsets, &columns).await?;
            let labels = labels.column(0).as_list_opt::<i32>();
            let mut row = 0;
            hits.retain(|_| {
                row += 1;
                has_label(labels, row - 1, table, &search.index.label)
            });
        }
        SearchHit::keep_best(&mut hits, search.count);
        if hits.len() >= search.count || is_all {
            return Ok(hits);
        }
        asked = asked.saturating_mul(4).min(rows);
    }
}

/// The row ids of the nearest vectors.
async fn nearest(
    dataset: &Dataset,
    column: &str,
    metric: VectorMetric,
    wanted: &[f32],
    count: usize,
    rows: u64,
) -> Result<Vec<u64>> {
    let wanted = Float32Array::from(wanted.to_vec());
    let mut scan = dataset.scan();
    scan.nearest(column, &wanted, count)
        .map_err(from_lance)?
        .distance_metric(distance(metric))
        .refine(1);
    if rows <= EXACT_ROWS {
        scan.search_effort(1.0).map_err(from_lance)?;
    }
    scan.project(&[ROW_ID, "_distance"]).map_err(from_lance)?;
    let batch = scan.try_into_batch().await.map_err(from_lance)?;
    let ids = batch
        .column_by_name(ROW_ID)
        .and_then(|ids| ids.as_primitive_opt::<UInt64Type>());
    let ids = ids.ok_or_else(|| Error::internal("Lance did not return row ids"))?;
    Ok(ids.values().to_vec())
}

/// The rows whose texts have some of the words, with their scores.
async fn matching(
    dataset: &Dataset,
    column: &str,
    text: &str,
    count: usize,
) -> Result<Vec<SearchHit>> {
    let query = MatchQuery::new(text.to_owned()).with_column(Some(column.to_owned()));
    let limit = i64::try_from(count).unwrap_or(i64::MAX);
    let mut scan = dataset.scan();
    scan.full_text_search(FullTextSearchQuery::new_query(query.into()).limit(Some(limit)))
        .map_err(from_lance)?;
    scan.project(&[ROW_ID, "_score"]).map_err(from_lance)?;
    let batch = scan.try_into_batch().await.map_err(from_lance)?;
    let ids = batch
        .column_by_name(ROW_ID)
        .and_then(|ids| ids.as_primitive_opt::<UInt64Type>());
    let scores = batch
        .column_by_name("_score")
        .and_then(|scores| scores.as_primitive_opt::<Float32Type>());
    let (Some(ids), Some(scores)) = (ids, scores) else {
        return Err(Error::internal("Lance did not return row ids and scores"));
    };
    let pairs = ids.values().iter().zip(scores.values());
    let hit = |(offset, score): (&u64, &f32)| SearchHit {
        offset: *offset,
        score: f64::from(*score),
    };
    Ok(pairs.map(hit).collect())
}

/// How Lance calls a metric.
pub(in crate::lance) fn distance(metric: VectorMetric) -> DistanceType {
    match metric {
        VectorMetric::Cosine => DistanceType::Cosine,
        VectorMetric::Euclidean => DistanceType::L2,
        VectorMetric::Dot => DistanceType::Dot,
    }
}
