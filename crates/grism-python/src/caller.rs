//! `Caller`: a thread of Python that waits for a query, and works on it itself until it would have to wait.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::ThreadId;
use std::time::Instant;

use grism::{CancellationHandle, Error, QueryOptions, Result};
use pyo3::prelude::*;
use tokio::runtime::Runtime;

use crate::error::to_python;
use crate::runtime::{SIGNAL_CHECK, Waiting, is_ended, runtime, wait};

/// What a query waits for on behalf of Python.
type Work<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// Where the work of a query begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// On the thread that asks.
    Here,
    /// On the runtime: what takes long without a look at whether it has to stop.
    OnRuntime,
}

/// Waits for the work of one query.
///
/// A query that reads little is done before another thread would have begun with it. So the thread that asks polls the work first,
/// and hands it to the runtime where it is not done then. As long as it polls, the operators are what looks for signals: they look
/// at the query's cancellation once a batch and within long loops.
///
/// ```text
/// thread of Python   poll ──┬─► done
///                           └─ not yet: wait for signals and for the runtime, which polls from here on
/// ```
pub(crate) struct Caller {
    begin: Begin,
    /// Stops what Python waits for, with `watch` called for each look at it.
    cancellation: CancellationHandle,
    watch: Arc<SignalWatch>,
}

impl Caller {
    /// The caller of a query that runs with these options, which get what stops it.
    pub(crate) fn of(options: &mut QueryOptions, begin: Begin) -> Self {
        let watch = Arc::new(SignalWatch {
            polls: AtomicBool::new(false),
            turn: Mutex::default(),
            cancellation: options.cancellation.clone(),
        });
        let looking = Arc::clone(&watch);
        let cancellation = options.cancellation.watched(move || looking.look());
        options.cancellation = cancellation.clone();
        Self {
            begin,
            cancellation,
            watch,
        }
    }

    /// Waits for `work` without holding the interpreter; Ctrl-C cancels the query.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        py: Python<'_>,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> PyResult<T> {
        let runtime = runtime()?;
        let mut work: Work<T> = Box::pin(work);
        let polled = match self.begin {
            Begin::Here => py.detach(|| {
                let waiting = Waiting::begin();
                let polled = self.watch.poll(runtime, &mut work);
                waiting.end(|| self.cancellation.cancel());
                polled
            }),
            Begin::OnRuntime => Ok(Poll::Pending),
        };
        match polled {
            Ok(Poll::Ready(value)) => value.map_err(to_python),
            Ok(Poll::Pending) => wait(py, Some(&self.cancellation), work),
            Err(error) => {
                // It may hold much.
                py.detach(|| drop(work));
                Err(error)
            }
        }
    }
}

/// Looks for signals while a thread of Python polls.
struct SignalWatch {
    /// Whether a thread polls: all threads of a query look here, and most find that none does.
    polls: AtomicBool,
    turn: Mutex<Option<Polling>>,
    cancellation: CancellationHandle,
}

/// The thread that polls.
struct Polling {
    thread: ThreadId,
    looked: Instant,
    /// What a handler of a signal raised.
    interrupt: Option<PyErr>,
}

impl SignalWatch {
    /// Polls `work` on this thread.
    ///
    /// # Errors
    /// What a handler of a signal raised; `Internal` for a panic.
    fn poll<T>(&self, runtime: &Runtime, work: &mut Work<T>) -> PyResult<Poll<Result<T>>> {
        let Some(turn) = self.begin() else {
            return Ok(Poll::Pending);
        };
        let _entered = runtime.enter();
        // Nobody is to be woken: what is pending is polled again by the runtime.
        let mut nobody = Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut nobody)));
        match turn.end() {
            Some(interrupt) => Err(interrupt),
            None => polled.map_err(|_| to_python(Error::internal("a query panicked"))),
        }
    }

    /// Begins to look; `None` where a poll is under way: in another thread, or below in this one.
    fn begin(&self) -> Option<Turn<'_>> {
        if self.polls.swap(true, Ordering::AcqRel) {
            return None;
        }
        *self.turn() = Some(Polling {
            thread: std::thread::current().id(),
            looked: Instant::now(),
            interrupt: None,
        });
        Some(Turn(self))
    }

    /// Called by whoever looks at the cancellation, on any thread.
    fn look(&self) {
        if !self.polls.load(Ordering::Acquire) || !self.is_time() {
            return;
        }
        if is_ended() {
            self.cancellation.cancel();
            return;
        }
        // The interpreter may be about to go, and then has no signals any more.
        let found = Python::try_attach(|py| py.check_signals());
        if let Some(Err(interrupt)) = found {
            if let Some(polling) = &mut *self.turn() {
                polling.interrupt = Some(interrupt);
            }
            self.cancellation.cancel();
        }
    }

    /// Whether this is the thread that polls, and it has not looked for signals for a while.
    fn is_time(&self) -> bool {
        match &mut *self.turn() {
            Some(polling)
                if polling.looked.elapsed() >= SIGNAL_CHECK
                    && polling.thread == std::thread::current().id() =>
            {
                polling.looked = Instant::now();
                true
            }
            _ => false,
        }
    }

    fn turn(&self) -> MutexGuard<'_, Option<Polling>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A poll by a thread of Python.
struct Turn<'a>(&'a SignalWatch);

impl Turn<'_> {
    /// What a handler of a signal raised in the meantime.
    fn end(self) -> Option<PyErr> {
        self.0.turn().take().and_then(|polling| polling.interrupt)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.polls.store(false, Ordering::Release);
    }
}
