//! Counts by two places, of which the first is pinned: rows come as its entities are gone through.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, UInt64Array};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use grism_core::{Error, MemoryReservation, Result};
use grism_logical::{WeightedCount, WeightedShape};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::super::exec::overflow;
use super::super::loops::{KnownLoops, lacks_loops};
use super::super::pass::Pass;
use super::count::pieces;
use super::counter::Counter;
use super::forest::{CommonTables, Forest, KnownRows};
use super::numbering::Numbering;
use crate::{MorselQueue, RecordBatchStream};

/// Batches a thread may be ahead of the consumer.
const AHEAD: usize = 2;

/// What the terms of a count are counted by.
struct Terms {
    forests: Vec<(i64, Arc<Forest>)>,
    pin: Numbering,
    root: Numbering,
    pieces: Vec<Range<u32>>,
    schema: SchemaRef,
    batch_rows: usize,
}

impl Pass {
    /// The rows of a count by two places: both entities, and the number of ways.
    ///
    /// # Errors
    /// Those of the storage; `ResourceExhausted` past the memory limit; `Cancelled`; `InvalidData` for a count past 64 bits.
    pub(in super::super) async fn pairs(
        mut self,
        count: &WeightedCount,
        schema: SchemaRef,
    ) -> Result<RecordBatchStream> {
        let tables = count.roots.iter().filter_map(|root| root.ty.tables());
        let tables: Vec<_> = tables.collect();
        let [pin, root] = tables[..] else {
            return Err(Error::internal("a count by pairs without two places"));
        };
        let (mut forests, mut known) = (Vec::new(), KnownRows::default());
        let mut loops = KnownLoops::default();
        for term in &count.terms {
            let WeightedShape::Cycles(pattern) = &term.shape else {
                return Err(Error::internal("a count by pairs without a pin"));
            };
            if lacks_loops(&term.shape, &mut self, &mut loops).await? {
                continue;
            }
            let common = CommonTables { pin, root };
            let forest = Forest::read(pattern, Some(common), &mut known, &mut self).await?;
            forests.push((term.factor, Arc::new(forest)));
        }
        let Some((_, first)) = forests.first() else {
            return Ok(futures::stream::empty().boxed());
        };
        let terms = Arc::new(Terms {
            pieces: pieces(first),
            forests,
            pin: Numbering::of(pin, &self)?,
            root: Numbering::of(root, &self)?,
            schema,
            batch_rows: self.context.query().config.batch_rows,
        });
        let threads = self.context.query().config.workers();
        match threads.min(terms.pieces.len()) {
            0 | 1 => self.in_turn(terms),
            threads => Ok(self.by_threads(terms, threads)),
        }
    }

    /// The rows as one thread counts them.
    fn in_turn(self, terms: Arc<Terms>) -> Result<RecordBatchStream> {
        let mut pairs = PairCounter::try_new(terms, &self)?;
        let counted = async_stream::try_stream! {
            let terms = Arc::clone(&pairs.terms);
            for piece in &terms.pieces {
                pairs.piece(piece)?;
                while let Some(batch) = pairs.full()? {
                    yield batch;
                }
            }
            if let Some(batch) = pairs.rest()? {
                yield batch;
            }
        };
        Ok(counted.boxed())
    }

    /// The rows as so many threads count them.
    fn by_threads(self, terms: Arc<Terms>, threads: usize) -> RecordBatchStream {
        let (sender, mut receiver) = mpsc::channel(AHEAD * threads);
        let queue = Arc::new(MorselQueue::new((0..terms.pieces.len()).collect()));
        let pass = Arc::new(self);
        let mut workers = JoinSet::new();
        for _ in 0..threads {
            let (sender, queue) = (sender.clone(), Arc::clone(&queue));
            let (terms, pass) = (Arc::clone(&terms), Arc::clone(&pass));
            workers.spawn(async move {
                let counted = send_pairs(terms, &pass, &queue, &sender).await;
                if let Err(error) = counted {
                    // Without a receiver nobody waits for the error.
                    let _ = sender.send(Err(error)).await;
                }
            });
        }
        drop(sender);
        let counted = async_stream::try_stream! {
            while let Some(batch) = receiver.recv().await {
                yield batch?;
            }
            while let Some(joined) = workers.join_next().await {
                joined.map_err(|_| Error::internal("a worker thread panicked"))?;
            }
        };
        counted.boxed()
    }
}

/// Sends the rows of pieces from the queue; ends early where nobody receives them.
async fn send_pairs(
    terms: Arc<Terms>,
    pass: &Pass,
    queue: &MorselQueue,
    sender: &mpsc::Sender<Result<RecordBatch>>,
) -> Result<()> {
    let mut pairs = PairCounter::try_new(Arc::clone(&terms), pass)?;
    while let Some(number) = queue.take() {
        pairs.piece(&terms.pieces[number])?;
        while let Some(batch) = pairs.full()? {
            if sender.send(Ok(batch)).await.is_err() {
                return Ok(());
            }
        }
        tokio::task::consume_budget().await;
    }
    if let Some(batch) = pairs.rest()? {
        // The consumer may have enough.
        let _ = sender.send(Ok(batch)).await;
    }
    Ok(())
}

/// What a thread counts pairs with.
struct PairCounter {
    terms: Arc<Terms>,
    counters: Vec<(i64, Counter)>,
    /// Of one entity of the pin: the count by the number of the entity at the root, and which have been added to.
    counts: Vec<i64>,
    touched: Vec<u32>,
    /// Rows that no batch has yet.
    pins: Vec<u64>,
    roots: Vec<u64>,
    ways: Vec<i64>,
    _memory: MemoryReservation,
}

impl PairCounter {
    fn try_new(terms: Arc<Terms>, pass: &Pass) -> Result<Self> {
        let entities = terms.root.count();
        let bytes = entities * (size_of::<i64>() + size_of::<u32>());
        let memory = MemoryReservation::try_new(pass.memory(), bytes)?;
        let counters = terms.forests.iter().map(|(factor, forest)| {
            let forest = Arc::clone(forest);
            Ok((
                *factor,
                Counter::try_new(forest, pass.cancellation(), pass.memory())?,
            ))
        });
        Ok(Self {
            counters: counters.collect::<Result<_>>()?,
            counts: vec![0; entities],
            touched: Vec::new(),
            pins: Vec::new(),
            roots: Vec::new(),
            ways: Vec::new(),
            _memory: memory,
            terms,
        })
    }

    /// Counts for some entities of the pin.
    fn piece(&mut self, entities: &Range<u32>) -> Result<()> {
        for entity in entities.clone() {
            let (counts, touched) = (&mut self.counts, &mut self.touched);
            let terms = &self.terms;
            let same = terms.root.number(terms.pin.id(entity));
            for ((factor, counter), (_, forest)) in self.counters.iter_mut().zip(&terms.forests) {
                // Where both places coincide, an entity comes with its number at the pin, and is counted by that at the root.
                let is_merged = forest.root == 0;
                counter.pin(entity, |root, ways| {
                    let root = match (is_merged, same) {
                        (false, _) => root,
                        (true, Some(same)) => same,
                        (true, None) => return Ok(()),
                    };
                    let ways = i64::try_from(ways).ok();
                    let added = ways.and_then(|ways| ways.checked_mul(*factor));
                    let count = &mut counts[root as usize];
                    // One that is back at 0 comes twice, and has nothing to be taken the second time.
                    if *count == 0 {
                        touched.push(root);
                    }
                    *count = added
                        .and_then(|added| count.checked_add(added))
                        .ok_or_else(overflow)?;
                    Ok(())
                })?;
            }
            let pin = self.terms.pin.id(entity);
            for root in touched.drain(..) {
                let count = std::mem::take(&mut counts[root as usize]);
                if count > 0 {
                    self.pins.push(pin);
                    self.roots.push(self.terms.root.id(root));
                    self.ways.push(count);
                }
            }
        }
        Ok(())
    }

    /// A batch of as many rows as batches have; `None` where there are not so many.
    fn full(&mut self) -> Result<Option<RecordBatch>> {
        match self.ways.len() >= self.terms.batch_rows {
            true => self.batch(self.terms.batch_rows).map(Some),
            false => Ok(None),
        }
    }

    /// The last rows, fewer than a batch has.
    fn rest(&mut self) -> Result<Option<RecordBatch>> {
        match self.ways.len() {
            0 => Ok(None),
            rows => self.batch(rows).map(Some),
        }
    }

    fn batch(&mut self, rows: usize) -> Result<RecordBatch> {
        fn last<T>(values: &mut Vec<T>, rows: usize) -> Vec<T> {
            values.split_off(values.len() - rows)
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from(last(&mut self.pins, rows))),
            Arc::new(UInt64Array::from(last(&mut self.roots, rows))),
            Arc::new(Int64Array::from(last(&mut self.ways, rows))),
        ];
        Ok(RecordBatch::try_new(
            Arc::clone(&self.terms.schema),
            columns,
        )?)
    }
}
