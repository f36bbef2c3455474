//! Reading the rows of a load: one thread reads, several parse, and the rows come out in their order.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use grism_core::{Error, ErrorKind, Result};
use tokio::runtime::Handle;

use super::budget::{Budget, Held};
use super::input::Input;
use super::notes::Notes;
use super::options::LoadProgress;
use super::parsed::Parsed;
use super::pieces::Piece;
use super::reader::Reader;
use super::telling::Telling;
use crate::shares::Shares;

/// What becomes of a piece, and its share of the memory that pieces may take.
type Done<T> = (Result<Vec<T>>, Held);

/// Reads `input`, has `convert` make something of every batch on several threads, and gives the results to `take` in the
/// order of the rows. What there is to say of the input that is no error comes back.
///
/// # Errors
/// The first one of reading, converting or taking; `Cancelled` where the progress says so.
pub(super) fn read<T: Send>(
    input: Input,
    telling: &Arc<Telling>,
    progress: &Arc<LoadProgress>,
    runtime: &Handle,
    shares: Shares,
    convert: impl Fn(Parsed) -> Result<T> + Sync,
    mut take: impl FnMut(T) -> Result<()>,
) -> Result<Notes> {
    let parsers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (to_parsers, pieces) = sync_channel::<(u64, Piece, Held)>(2);
    // The receiver goes when a parser finds nobody to take its results, so that the reader does not wait for ever.
    let pieces = Mutex::new(Some(pieces));
    let (to_taker, results) = sync_channel::<(u64, Done<T>)>(2 * parsers);
    // As many pieces of the usual size as the channels and the parsers take; of larger ones fewer.
    let budget = Budget::new((4 + 3 * parsers) * shares.piece_bytes());
    thread::scope(|scope| {
        let reader = scope
            .spawn(move || Reader::new(to_parsers, budget, telling, progress, runtime).read(input));
        for _ in 0..parsers {
            let (out, pieces, convert) = (to_taker.clone(), &pieces, &convert);
            scope.spawn(move || {
                while let Some((number, piece, held)) = received(pieces) {
                    let result = piece
                        .parse(telling)
                        .and_then(|parsed| parsed.into_iter().map(convert).collect());
                    if out.send((number, (result, held))).is_err() {
                        lock(pieces).take();
                        break;
                    }
                }
            });
        }
        drop(to_taker);
        let taken = in_order(results, progress, &mut take);
        let read = reader
            .join()
            .unwrap_or_else(|_| Err(Error::internal("the reader of a load panicked")));
        taken.and(read)
    })
}

/// The error of a load that was told to end.
pub(super) fn cancelled() -> Error {
    Error::new(
        ErrorKind::Cancelled,
        "the load was cancelled; nothing was committed",
    )
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn received<T>(pieces: &Mutex<Option<Receiver<T>>>) -> Option<T> {
    lock(pieces).as_ref()?.recv().ok()
}

/// Takes results in the order of their numbers. The receiver goes with the first error.
fn in_order<T>(
    results: Receiver<(u64, Done<T>)>,
    progress: &LoadProgress,
    take: &mut impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let mut waiting: BTreeMap<u64, Done<T>> = BTreeMap::new();
    let mut next = 0;
    for (number, done) in results {
        if progress.is_cancelled() {
            return Err(cancelled());
        }
        waiting.insert(number, done);
        while let Some((result, _held)) = waiting.remove(&next) {
            for one in result? {
                take(one)?;
            }
            next += 1;
        }
    }
    Ok(())
}
