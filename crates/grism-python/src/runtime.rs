//! The tokio runtime of the process, and waiting that hears Ctrl-C.

use std::future::Future;
use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use grism::{CancellationHandle, Error, Result};
use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};

use crate::error::to_python;

/// How often a waiting thread looks for signals.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// Binding and planning recurse as deep as a query is long; memory is only used as far as they do.
const STACK_BYTES: usize = 256 << 20;

/// The runtime that everything runs on.
pub(crate) fn runtime() -> PyResult<&'static Runtime> {
    static RUNTIME: OnceLock<std::io::Result<Runtime>> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            Builder::new_multi_thread()
                .enable_all()
                .thread_name("grism")
                .thread_stack_size(STACK_BYTES)
                .build()
        })
        .as_ref()
        .map_err(|error| to_python(Error::unavailable(format!("no threads: {error}"))))
}

/// Waits for `future` without holding the interpreter; Ctrl-C cancels through `cancellation`.
pub(crate) fn wait<T: Send + 'static>(
    py: Python<'_>,
    cancellation: Option<&CancellationHandle>,
    future: impl Future<Output = Result<T>> + Send + 'static,
) -> PyResult<T> {
    let (sender, receiver) = channel();
    let receiver = std::sync::Mutex::new(receiver);
    let task = runtime()?.spawn(async move {
        let _ = sender.send(future.await);
    });
    loop {
        let step = py.detach(|| {
            receiver
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .recv_timeout(SIGNAL_CHECK)
        });
        match step {
            Ok(value) => return value.map_err(to_python),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(to_python(Error::internal("a task of the runtime panicked")));
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Err(interrupt) = py.check_signals() {
                    if let Some(cancellation) = cancellation {
                        cancellation.cancel();
                    }
                    task.abort();
                    return Err(interrupt);
                }
            }
        }
    }
}
