//! Searches without an index: every row is scored. Graphs in memory are searched so, and rows that a transaction changed.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float32Type, UInt64Type};
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use grism_core::{
    EntityId, Error, ID_COLUMN, IndexKind, IndexSearch, LABELS_COLUMN, Result, SearchHit,
    SearchTarget, Snapshot, Table, TableId, Value,
};
use lance_index::scalar::InvertedIndexParams;
use lance_index::scalar::inverted::tokenizer::document_tokenizer::LanceTokenizer;
use lance_index::scalar::inverted::{Language, MemBM25Scorer, Scorer};

use crate::all_rows::all_rows;
use crate::columns::has_label;

/// Hits that are gathered beside the wanted ones before the worse are dropped.
const SLACK: usize = 4096;

/// How texts become words: lower case without accents, split at what is no letter or digit, stemmed, and without the
/// stop words of English.
pub(crate) fn text_parameters() -> InvertedIndexParams {
    InvertedIndexParams::new("simple".to_owned(), Language::English)
        .lower_case(true)
        .stem(true)
        .remove_stop_words(true)
        .ascii_folding(true)
}

/// Whether a search is one of its index's kind.
///
/// # Errors
/// `InvalidData` where it is not, or the vector has other dimensions.
fn check_target(search: &IndexSearch) -> Result<()> {
    let index = &search.index;
    match (&index.kind, &search.target) {
        (IndexKind::FullText, SearchTarget::Text(_)) => Ok(()),
        (IndexKind::Vector { dimensions, .. }, SearchTarget::Vector(vector))
            if vector.len() == *dimensions as usize =>
        {
            Ok(())
        }
        (kind, _) => Err(Error::invalid_data(format!(
            "the index `{}` is {kind}, and something else is looked for",
            index.name
        ))),
    }
}

/// Scores every row of a table. Where the property holds values of several types by now, those that fit the index count.
///
/// # Errors
/// `InvalidData` where a vector of other dimensions is looked for.
pub(crate) async fn scan_search(
    snapshot: &dyn Snapshot,
    table: TableId,
    search: &IndexSearch,
) -> Result<Vec<SearchHit>> {
    let entry = snapshot.schema().table(table)?;
    check_target(search)?;
    let property = entry.property(&search.index.property);
    let Some(property) = property.filter(|_| search.count > 0) else {
        return Ok(Vec::new());
    };
    let mut columns = vec![property.column().to_owned()];
    let changes_labels = entry.changed_labels.contains(&search.index.label);
    if changes_labels {
        columns.push(LABELS_COLUMN.to_owned());
    }
    let mut hits = match (&search.index.kind, &search.target) {
        (IndexKind::Vector { metric, .. }, SearchTarget::Vector(wanted)) => {
            let mut hits = Vec::new();
            let mut batches = all_rows(snapshot, table, &columns);
            while let Some(batch) = batches.try_next().await? {
                for (row, offset) in labelled_rows(&batch, entry, search)? {
                    if let Some(vector) = vector_at(&batch, property.column(), row)?
                        && vector.len() == wanted.len()
                    {
                        let score = metric.score(wanted, &vector);
                        hits.push(SearchHit { offset, score });
                    }
                }
                if hits.len() > search.count.saturating_add(SLACK) {
                    SearchHit::keep_best(&mut hits, search.count);
                }
            }
            hits
        }
        (_, SearchTarget::Text(text)) => {
            let mut words = Words::new(text)?;
            let mut batches = all_rows(snapshot, table, &columns);
            while let Some(batch) = batches.try_next().await? {
                for (row, offset) in labelled_rows(&batch, entry, search)? {
                    if let Some(text) = text_at(&batch, property.column(), row)? {
                        words.read(&text, offset);
                    }
                }
            }
            words.hits()
        }
        _ => Vec::new(),
    };
    SearchHit::keep_best(&mut hits, search.count);
    Ok(hits)
}

/// The vector of a row; `None` for null, for what is none, and for one of numbers that are not finite.
pub(crate) fn vector_at(batch: &RecordBatch, column: &str, row: usize) -> Result<Option<Vec<f32>>> {
    let Some(column) = batch.column_by_name(column) else {
        return Ok(None);
    };
    let vector: Option<Vec<f32>> = if let Some(vectors) = column.as_fixed_size_list_opt() {
        let numbers = vectors.is_valid(row).then(|| vectors.value(row));
        numbers.and_then(|numbers| {
            let numbers = numbers.as_primitive_opt::<Float32Type>()?;
            (numbers.null_count() == 0).then(|| numbers.values().to_vec())
        })
    } else if let Value::List(items) = Value::from_array(column, row)? {
        items.iter().map(Value::to_vector_element).collect()
    } else {
        None
    };
    Ok(vector.filter(|vector| vector.iter().all(|number| number.is_finite())))
}

/// The text of a row; `None` for null, and for what is none.
fn text_at<'a>(batch: &'a RecordBatch, column: &str, row: usize) -> Result<Option<Cow<'a, str>>> {
    let Some(column) = batch.column_by_name(column) else {
        return Ok(None);
    };
    if let Some(texts) = column.as_string_opt::<i32>() {
        return Ok(texts.is_valid(row).then(|| texts.value(row).into()));
    }
    Ok(match Value::from_array(column, row)? {
        Value::String(text) => Some(text.into()),
        _ => None,
    })
}

/// The rows of a batch that have the label of the index, with their offsets.
fn labelled_rows(
    batch: &RecordBatch,
    table: &Table,
    search: &IndexSearch,
) -> Result<Vec<(usize, u64)>> {
    let ids = batch
        .column_by_name(ID_COLUMN)
        .and_then(|ids| ids.as_primitive_opt::<UInt64Type>());
    let ids = ids.ok_or_else(|| Error::internal("a scan without ids"))?;
    let labels = batch
        .column_by_name(LABELS_COLUMN)
        .and_then(|labels| labels.as_list_opt::<i32>());
    let offsets = ids
        .values()
        .iter()
        .map(|id| EntityId::from_raw(*id).offset());
    let rows = offsets.enumerate();
    Ok(rows
        .filter(|(row, _)| has_label(labels, *row, table, &search.index.label))
        .collect())
}

/// The words that are looked for, and what was read of the texts.
struct Words {
    analyzer: Box<dyn LanceTokenizer>,
    /// In the order of the text that is looked for, repeated as there.
    wanted: Vec<String>,
    /// Texts with at least one word, and the words of all of them.
    texts: usize,
    words: u64,
    /// How many texts have a wanted word.
    with_word: HashMap<String, usize>,
    /// Texts with wanted words: offset, number of words, and how often each wanted word stands there.
    found: Vec<(u64, u32, Vec<u32>)>,
}

impl Words {
    fn new(text: &str) -> Result<Self> {
        let mut analyzer = text_parameters()
            .build()
            .map_err(|error| Error::internal(error.to_string()))?;
        let mut wanted = Vec::new();
        let mut words = analyzer.token_stream_for_search(text);
        while let Some(word) = words.next() {
            wanted.push(word.text.clone());
        }
        drop(words);
        Ok(Self {
            analyzer,
            wanted,
            texts: 0,
            words: 0,
            with_word: HashMap::new(),
            found: Vec::new(),
        })
    }

    fn read(&mut self, text: &str, offset: u64) {
        let mut length = 0;
        let mut counts = vec![0; self.wanted.len()];
        let mut words = self.analyzer.token_stream_for_doc(text);
        while let Some(word) = words.next() {
            length += 1;
            for (wanted, count) in self.wanted.iter().zip(&mut counts) {
                *count += u32::from(*wanted == word.text);
            }
        }
        drop(words);
        if length == 0 {
            return;
        }
        self.texts += 1;
        self.words += u64::from(length);
        if counts.iter().all(|count| *count == 0) {
            return;
        }
        let mut counted: Vec<&String> = Vec::new();
        for (word, count) in self.wanted.iter().zip(&counts) {
            if *count > 0 && !counted.contains(&word) {
                counted.push(word);
                *self.with_word.entry(word.clone()).or_insert(0) += 1;
            }
        }
        self.found.push((offset, length, counts));
    }

    /// Scores by BM25, as Lance's indexes do.
    fn hits(self) -> Vec<SearchHit> {
        let scorer = MemBM25Scorer::new(self.words, self.texts, self.with_word);
        let weights: Vec<f32> = self
            .wanted
            .iter()
            .map(|word| scorer.query_weight(word))
            .collect();
        let hit = |(offset, length, counts): (u64, u32, Vec<u32>)| {
            let parts = weights.iter().zip(counts);
            let parts = parts.filter(|(_, count)| *count > 0);
            let score: f32 = parts
                .map(|(weight, count)| weight * scorer.doc_weight(count, length))
                .sum();
            SearchHit {
                offset,
                score: f64::from(score),
            }
        };
        self.found.into_iter().map(hit).collect()
    }
}
