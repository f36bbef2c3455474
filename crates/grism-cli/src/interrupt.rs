//! Ctrl-C: the first one cancels what runs, a second one ends the command.

use std::future::Future;
use std::time::Duration;

use grism::{CancellationHandle, Error, Result};

/// How long what was cancelled may take to end by itself, which tells whether it was committed.
const GRACE: Duration = Duration::from_millis(150);

/// The exit code of a command that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// What a further Ctrl-C does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// It ends the process.
    Ends,
    /// Nothing: it is a key of the shell.
    IsIgnored,
}

/// Runs `work`, which stops with `cancellation`, until it is done or Ctrl-C.
///
/// # Errors
/// Those of the work; `Cancelled`.
pub(crate) async fn until_interrupt<T>(
    cancellation: &CancellationHandle,
    again: Again,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let handle = cancellation.clone();
    let listening = tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if handle.is_cancelled() && again == Again::Ends {
                std::process::exit(INTERRUPTED);
            }
            handle.cancel();
        }
    });
    let mut work = std::pin::pin!(work);
    let done = tokio::select! {
        done = &mut work => done,
        _ = cancellation.cancelled() => {
            let ended = tokio::time::timeout(GRACE, work).await;
            ended.unwrap_or_else(|_| Err(Error::cancelled()))
        }
    };
    listening.abort();
    done
}
