//! The tokio runtime of the process, waiting that hears Ctrl-C, and what a fork and the interpreter's end mean for both.

use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use grism::{CancellationHandle, Error, Result};
use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};

use crate::error::to_python;

/// How often a waiting thread looks for signals.
pub(crate) const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// How long the interpreter's end waits for the queries of other threads to be cancelled.
const END_WAIT: Duration = Duration::from_secs(1);

/// The runtime, and the process whose threads it has.
static RUNTIME: OnceLock<(u32, std::io::Result<Runtime>)> = OnceLock::new();

/// Threads of Python that wait for the runtime.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// The thread that ends the interpreter, once it has begun to.
static ENDING: OnceLock<ThreadId> = OnceLock::new();

/// The runtime that everything runs on.
///
/// # Errors
/// `Unavailable` in a process that was forked from one that used it: a fork takes none of its threads along, and locks
/// that they held stay locked.
pub(crate) fn runtime() -> PyResult<&'static Runtime> {
    let (owner, runtime) = RUNTIME.get_or_init(|| {
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .thread_name("grism")
            .build();
        (std::process::id(), runtime)
    });
    if *owner != std::process::id() {
        return Err(to_python(Error::unavailable(
            "this process was forked from one that used Grism, whose threads it does not have: start it by spawn, as \
             multiprocessing.set_start_method(\"spawn\") or multiprocessing_context=\"spawn\" do, and open the graph in it",
        )));
    }
    runtime
        .as_ref()
        .map_err(|error| to_python(Error::unavailable(format!("no threads: {error}"))))
}

/// Whether the process was forked from one that used the runtime.
pub(crate) fn is_forked() -> bool {
    RUNTIME
        .get()
        .is_some_and(|(owner, _)| *owner != std::process::id())
}

/// Waits for `future` without holding the interpreter; Ctrl-C cancels through `cancellation`.
pub(crate) fn wait<T: Send + 'static>(
    py: Python<'_>,
    cancellation: Option<&CancellationHandle>,
    future: impl Future<Output = Result<T>> + Send + 'static,
) -> PyResult<T> {
    let runtime = runtime()?;
    let (sender, receiver) = channel();
    let receiver = std::sync::Mutex::new(receiver);
    let task = runtime.spawn(async move {
        let _ = sender.send(future.await);
    });
    let cancel = || {
        if let Some(cancellation) = cancellation {
            cancellation.cancel();
        }
        task.abort();
    };
    loop {
        let step = py.detach(|| {
            let waiting = Waiting::begin();
            let step = receiver
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .recv_timeout(SIGNAL_CHECK);
            waiting.end(cancel);
            step
        });
        match step {
            Ok(value) => return value.map_err(to_python),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(to_python(Error::internal("a task of the runtime panicked")));
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Err(interrupt) = py.check_signals() {
                    cancel();
                    return Err(interrupt);
                }
            }
        }
    }
}

/// A time for which a thread waits or works without holding the interpreter.
pub(crate) struct Waiting(());

impl Waiting {
    /// Begins it, on a thread that does not hold the interpreter.
    pub(crate) fn begin() -> Self {
        WAITING.fetch_add(1, Ordering::SeqCst);
        Self(())
    }

    /// Ends it. Where the interpreter ends, it calls `cancel` and never returns.
    pub(crate) fn end(self, cancel: impl FnOnce()) {
        let ends = is_ended();
        if ends {
            cancel();
        }
        drop(self);
        if ends {
            park();
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether the interpreter ends, and this is not the thread that ends it.
pub(crate) fn is_ended() -> bool {
    ENDING
        .get()
        .is_some_and(|ending| *ending != std::thread::current().id())
}

/// Never returns: a daemon thread must not touch an interpreter that is going, and goes with the process.
fn park() -> ! {
    loop {
        std::thread::park();
    }
}

/// Cancels what other threads wait for; called as the interpreter ends, when only daemon threads are left.
#[pyfunction]
pub(crate) fn end(py: Python<'_>) {
    if is_forked() {
        return;
    }
    ENDING.get_or_init(|| std::thread::current().id());
    py.detach(|| {
        let begun = Instant::now();
        while WAITING.load(Ordering::SeqCst) > 0 && begun.elapsed() < END_WAIT {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
}
